"""Multiply-accumulates and parameters of a .tflite file, counted from its shapes."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from converter.inspection.flat import FlatGraph, FlatModel, FlatOperator, FlatTensor

COUNTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "BATCH_MATMUL")
NUMBERS = ("float16", "float32", "float64", "bfloat16", "int8", "uint8", "int4", "int2", "uint4", "int16")


@dataclass(frozen=True, slots=True)
class Work:
    """`macs`: multiply-accumulates of one run; `by_operator`: the same by operator; `parameters`: numbers that were trained;
    `uncounted`: operators with weights that are not counted, by how many."""

    macs: int
    by_operator: dict[str, int]
    parameters: int
    uncounted: dict[str, int]


def work_of(model: FlatModel) -> Work:
    """Counts the first graph; bodies of loops run as often as the data say, so they are named as uncounted."""
    by_operator: Counter[str] = Counter()
    uncounted: Counter[str] = Counter()
    for number, graph in enumerate(model.graphs):
        for operator in graph.operators:
            count = macs_of(graph, operator) if number == 0 else None
            if count is not None:
                by_operator[operator.name] += count
            elif operator.name in COUNTED or _sums(graph, operator):
                uncounted[operator.name] += 1
    return Work(sum(by_operator.values()), dict(by_operator), parameters_of(model), dict(uncounted))


def macs_of(graph: FlatGraph, operator: FlatOperator) -> int | None:
    """Multiply-accumulates of one node, biases not counted; None of an operator that is not in COUNTED or not of fixed shape."""
    if operator.name not in COUNTED or not operator.outputs:
        return None
    tensors = [graph.tensors[index] if index >= 0 else None for index in operator.inputs]
    if len(tensors) < 2 or tensors[0] is None or tensors[1] is None:
        return None
    first, weights, output = tensors[0], tensors[1], graph.tensors[operator.outputs[0]]
    if not (first.shape and weights.shape and output.shape) or min(*first.shape, *weights.shape, *output.shape) < 0:
        return None
    if operator.name == "CONV_2D":  # weights: outputs, height, width, inputs of a group
        return output.elements * math.prod(weights.shape[1:])
    if operator.name == "DEPTHWISE_CONV_2D":  # weights: 1, height, width, outputs
        return output.elements * math.prod(weights.shape[1:3])
    if operator.name == "FULLY_CONNECTED":  # weights: outputs, inputs
        return output.elements * weights.shape[-1]
    if operator.name == "TRANSPOSE_CONV":  # inputs: the output's shape, weights (outputs, height, width, inputs), the picture
        picture = tensors[2] if len(tensors) > 2 else None
        return None if picture is None or min(picture.shape, default=-1) < 0 else picture.elements * math.prod(weights.shape[:3])
    if len(first.shape) < 2:
        return None
    return output.elements * first.shape[-2 if operator.adjoint else -1]


def parameters_of(model: FlatModel) -> int:
    """How many trained numbers the file holds: constants that are weights or biases, each once; shapes and indices are none."""
    found = {(tensor.buffer): tensor.elements for graph in model.graphs for tensor in graph.tensors if _trained(tensor)}
    return sum(found.values())


def _trained(tensor: FlatTensor) -> bool:
    # Integers of 32 and 64 bits are biases where they have a scale, else shapes, axes and indices.
    return tensor.constant and (tensor.dtype in NUMBERS or (tensor.dtype in ("int32", "int64") and bool(tensor.scales)))


def _sums(graph: FlatGraph, operator: FlatOperator) -> bool:
    """Has an operator a matrix of weights, so that it multiplies and adds?"""
    if operator.name in ("DEQUANTIZE", "QUANTIZE", "CAST", "RESHAPE", "TRANSPOSE", "GATHER", "CONCATENATION", "PACK", "PAD", "SELECT_V2",
                         "ADD", "SUB", "MUL", "DIV", "PRELU", "MAXIMUM", "MINIMUM"):
        return False
    tensors = [graph.tensors[index] for index in operator.inputs if index >= 0]
    return any(_trained(tensor) and len(tensor.shape) >= 2 and max(tensor.shape) > 1 for tensor in tensors)
