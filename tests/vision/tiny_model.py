"""Writes TFLite files of a few operators, so that odd models can be tested without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema


@dataclass(frozen=True)
class Tensor:
    name: str
    shape: tuple[int, ...]
    kind: str = "FLOAT32"
    scale: float = 0.0
    zero: int = 0
    signature_shape: tuple[int, ...] | None = None


def build(tensors: Sequence[Tensor], operators: Sequence[tuple[str, str, str]], inputs: Sequence[str], outputs: Sequence[str],
          signatures: Sequence[dict[str, str]] = ()) -> bytes:
    """A model. `operators` are (builtin name, input, output); each signature maps its names to tensor names."""
    index = {tensor.name: number for number, tensor in enumerate(tensors)}
    graph = schema.SubGraphT()
    graph.tensors = [_tensor(tensor) for tensor in tensors]
    graph.inputs, graph.outputs = [index[n] for n in inputs], [index[n] for n in outputs]
    model: Any = schema.ModelT()
    model.version = 3
    codes = sorted({operator for operator, _, _ in operators})
    model.operatorCodes = []
    for code in codes:
        entry = schema.OperatorCodeT()
        entry.builtinCode = getattr(schema.BuiltinOperator, code)
        entry.deprecatedBuiltinCode = min(entry.builtinCode, 127)
        entry.version = 2 if code in ("DEQUANTIZE", "QUANTIZE") else 1
        model.operatorCodes.append(entry)
    graph.operators = []
    for code, source, target in operators:
        operator = schema.OperatorT()
        operator.opcodeIndex = codes.index(code)
        operator.inputs, operator.outputs = [index[source]], [index[target]]
        graph.operators.append(operator)
    model.subgraphs = [graph]
    model.buffers = [schema.BufferT()]
    model.signatureDefs = [_signature(number, names, index, inputs) for number, names in enumerate(signatures)]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(given: Tensor) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type = given.name.encode(), list(given.shape), getattr(schema.TensorType, given.kind)
    if given.signature_shape is not None:
        tensor.shapeSignature = list(given.signature_shape)
    if given.scale:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = [given.scale], [given.zero]
    return tensor


def _signature(number: int, names: dict[str, str], index: dict[str, int], inputs: Sequence[str]) -> Any:
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = f"call_{number}".encode(), 0
    signature.inputs, signature.outputs = [], []
    for name, tensor in names.items():
        entry = schema.TensorMapT()
        entry.name, entry.tensorIndex = name.encode(), index[tensor]
        (signature.inputs if tensor in inputs else signature.outputs).append(entry)
    return signature
