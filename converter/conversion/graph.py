"""The operators of a .tflite file as conversion needs them: with the names of their tensors, and what carries weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from converter.inspection.flat import FlatGraph, FlatOperator, read_flat

WHOLE = ("int32", "int64")


@dataclass(frozen=True, slots=True)
class Operator:
    """One node: builtin operator ("CUSTOM" and `custom` for others), names of its tensors, `constants` those of its inputs that carry
    data, `bytes` how many these have (shapes, axes and int8's biases, all whole numbers, left out). `floats`: its outputs are
    float32."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: tuple[str, ...]
    bytes: int
    floats: bool
    custom: str = ""


def operators(content: bytes) -> tuple[Operator, ...]:
    """All nodes of all graphs, in the file's order. Raises ModelError for what is no .tflite file."""
    return tuple(_operator(graph, node) for graph, node in read_flat(content, "this .tflite file").operators())


def _operator(graph: FlatGraph, node: FlatOperator) -> Operator:
    inputs = [graph.tensors[index] for index in node.inputs if index >= 0]
    outputs = [graph.tensors[index] for index in node.outputs if index >= 0]
    constants = [tensor for tensor in inputs if tensor.constant]
    return Operator(
        "CUSTOM" if node.custom else node.name, tuple(t.name for t in inputs), tuple(t.name for t in outputs),
        tuple(t.name for t in constants), sum(t.bytes for t in constants if t.dtype not in WHOLE),
        any(t.dtype == "float32" for t in outputs), node.name if node.custom else "")


def conversions(graph: Sequence[Operator]) -> int:
    """How often numbers change between float and integers."""
    return sum(operator.name in ("QUANTIZE", "DEQUANTIZE") for operator in graph)
