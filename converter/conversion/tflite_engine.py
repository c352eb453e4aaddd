"""TFLiteConverter and its quantizer: a SavedModel to float32, float16, dynamic range, or int8 by calibration.

int8 is done in the converter's own two steps, calibrate and quantize, so that one calibration serves many tries of mixed precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from converter.contract import Array, Precision
from converter.conversion.feeding import Feed
from converter.conversion.quiet import Hush, tensorflow

Step = Callable[[], None]


def plain(saved: Path, precision: Precision) -> bytes:
    """A file whose activations stay float: "float32", "float16" (weights) or "dynamic" (weights in int8). Noisy."""
    tf = tensorflow()
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


def calibrate(saved: Path, examples: Feed, hush: Hush, step: Step) -> bytes:
    """The float model with the range of every tensor noted in it: least and greatest value over all examples. Noisy."""
    tf = tensorflow()
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]

    def representative() -> Iterator[dict[str, Array]]:
        for number, example in enumerate(examples):
            yield example
            if number:
                with hush.lifted():
                    step()

    converter.representative_dataset = representative
    # What tf.lite.experimental.QuantizationDebugger sets to get at the calibrated model (TF 2.19 to 2.21).
    converter._experimental_calibrate_only = True
    return bytes(converter.convert())


def quantize(calibrated: bytes, bytes_in: bool, keep: Sequence[str]) -> bytes:
    """int8 from a calibrated model, float32 out. `bytes_in`: inputs are int8 rather than float32, a pixel less 128; `keep`: output
    tensors of operators that stay float. Noisy."""
    tf = tensorflow()
    from tensorflow.lite.python import convert

    options: dict[str, Any] = {"denylisted_nodes": list(keep)} if keep else {}
    return bytes(convert.mlir_quantize(calibrated, # uint8 would need an operator that no delegate takes: a fifth of a detector's time.
                                       input_data_type=tf.int8 if bytes_in else tf.float32,
                                       output_data_type=tf.float32, **options))
