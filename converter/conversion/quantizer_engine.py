"""ai-edge-quantizer: int8 from a float32 .tflite file, operator by operator, each by its own rule.

It leaves float what it has no int8 rule for (PReLU, LeakyReLU), where TFLiteConverter gives an int8 kernel that no delegate takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from converter.contract import Array
from converter.conversion.feeding import Feed
from converter.conversion.graph import Operator
from converter.conversion.layers import pattern
from converter.conversion.quiet import Hush
from converter.conversion.tflite_engine import Step
from edge_face.errors import MissingExtraError

SLOW_IN_INT8 = ("HARD_SWISH",)
"""Operators that the quantizer would do in int8, but whose int8 kernel no delegate takes: they stay float."""
Ranges = dict[str, dict[str, Array]]


def _package() -> Any:
    try:
        from ai_edge_quantizer import calibrator, qtyping, quantizer, recipe_manager
        from ai_edge_quantizer.utils import qsv_utils
    except ImportError as error:
        raise MissingExtraError("ai-edge-quantizer", "convert") from error
    return calibrator, qtyping, quantizer, recipe_manager, qsv_utils


def recipe(graph: Sequence[Operator], bytes_in: bool, keep: Sequence[str]) -> list[dict[str, Any]]:
    """static_wi8_ai8 with exceptions: float32 stay all outputs, the operators that are slow in int8 and those whose output tensors are in
    `keep`; inputs become uint8 with `bytes_in`, else stay float32 too (the package has one rule for all inputs). Later rules win."""
    _, qtyping, _, recipe_manager, _ = _package()
    names, tensors = qtyping.TFLOperationName, qtyping.TensorQuantizationConfig
    rules = recipe_manager.RecipeManager()
    rules.add_static_config(regex=".*", operation_name=names.ALL_SUPPORTED, activation_num_bits=8, weight_num_bits=8)
    if keep:
        rules.add_quantization_config(pattern(keep), names.ALL_SUPPORTED, algorithm_key="no_quantize")
    for name in SLOW_IN_INT8:
        if any(operator.name == name for operator in graph):
            rules.add_quantization_config(".*", names[name], algorithm_key="no_quantize")
    if bytes_in:
        byte = tensors(num_bits=8, symmetric=False, granularity=qtyping.QuantGranularity.TENSORWISE, dtype=qtyping.TensorDataType.UINT)
        weight = tensors(num_bits=8, symmetric=True, granularity=qtyping.QuantGranularity.CHANNELWISE, dtype=qtyping.TensorDataType.INT)
        rules.add_quantization_config(".*", names.INPUT, qtyping.OpQuantizationConfig(
            activation_tensor_config=byte, weight_tensor_config=weight, compute_precision=qtyping.ComputePrecision.INTEGER))
    else:
        rules.add_quantization_config(".*", names.INPUT, algorithm_key="no_quantize")
    rules.add_quantization_config(".*", names.OUTPUT, algorithm_key="no_quantize")
    return list(rules.get_quantization_recipe())


def only(outputs: Sequence[str]) -> list[dict[str, Any]]:
    """static_wi8_ai8 for nothing but the operators with these output tensors."""
    _, qtyping, _, recipe_manager, _ = _package()
    names = qtyping.TFLOperationName
    rules = recipe_manager.RecipeManager()
    rules.add_static_config(regex=pattern(outputs), operation_name=names.ALL_SUPPORTED, activation_num_bits=8, weight_num_bits=8)
    for end in (names.INPUT, names.OUTPUT):
        rules.add_quantization_config(".*", end, algorithm_key="no_quantize")
    return list(rules.get_quantization_recipe())


def input_tensors(content: bytes) -> dict[str, str]:
    """Names of the input tensors by their names in the signature."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content)
    runner = interpreter.get_signature_runner(next(iter(interpreter.get_signature_list())))
    return {name: str(details["name"]) for name, details in runner.get_input_details().items()}


def calibrate(content: bytes, examples: Feed, hush: Hush, step: Step) -> Ranges:
    """Least and greatest value of every tensor over all examples; of picture inputs 0 and 255. Noisy.

    Least and greatest rather than the package's moving average, which depends on the order of the pictures.
    """
    calibrator, _, _, recipe_manager, qsv_utils = _package()
    from ai_edge_litert.interpreter import Interpreter

    key = next(iter(Interpreter(model_content=content).get_signature_list()))
    seen = calibrator.Calibrator(
        memoryview(content), num_threads=1, mode=calibrator.CalibrationMode.CALIBRATION_PROFILER_BASED,
        qsv_update_func=qsv_utils.min_max_update)
    for number, example in enumerate(examples):
        seen.calibrate({key: [example]}, recipe_manager.RecipeManager())
        if number:
            with hush.lifted():
                step()
    ranges: Ranges = dict(seen.get_model_qsvs())
    tensors = input_tensors(content)
    for name in examples.pictures:
        ranges[tensors[name]] = {"min": np.array([0.0], np.float32), "max": np.array([255.0], np.float32)}
    return ranges


def quantize(content: bytes, rules: list[dict[str, Any]], ranges: Ranges) -> bytes:
    """The int8 file by these rules and ranges. Noisy."""
    _, _, quantizer, _, _ = _package()
    work = quantizer.Quantizer(content, rules)
    return bytes(work.quantize({name: dict(span) for name, span in ranges.items()}, enable_progress_report=False).quantized_model)
