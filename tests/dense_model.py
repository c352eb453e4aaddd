"""Networks of one dense layer as .tflite files, written by LiteRT's own schema, so that tests need no TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def dense_model(weights: Array, bias: Array, shape: tuple[int, ...], *, activation: str = "", output_shape: tuple[int, ...] = (),
                output: str = "output", source: str = "input") -> bytes:
    """`weights` (units, inputs), `bias` (units,); `shape` of the input without the batch; `activation` "softmax", "sigmoid" or
    none; `output_shape` (without the batch) where it is not (units,)."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    units = len(bias)
    constants = [np.asarray(weights, np.float32), np.asarray(bias, np.float32)]
    shapes: list[tuple[int, ...]] = [(1, *shape), constants[0].shape, (units,), (1, units)]
    nodes: list[tuple[str, list[int], int, Any]] = [("FULLY_CONNECTED", [0, 1, 2], 3, schema.FullyConnectedOptionsT())]
    if activation:
        options = schema.SoftmaxOptionsT() if activation == "softmax" else None
        if options is not None:
            options.beta = 1.0
        shapes.append((1, units))
        nodes.append(({"softmax": "SOFTMAX", "sigmoid": "LOGISTIC"}[activation], [3], 4, options))
    if output_shape:
        reshape = schema.ReshapeOptionsT()
        reshape.newShape = [1, *output_shape]
        shapes.append((1, *output_shape))
        nodes.append(("RESHAPE", [len(shapes) - 2], len(shapes) - 1, reshape))

    model: Any = schema.ModelT()
    model.version, model.buffers, model.operatorCodes = 3, [schema.BufferT()], []
    graph = schema.SubGraphT()
    graph.tensors, graph.operators = [], []
    for number, sides in enumerate(shapes):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = f"t{number}".encode(), list(sides), schema.TensorType.FLOAT32
        if number in (1, 2):
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(constants[number - 1]).tobytes(), np.uint8)
            model.buffers.append(buffer)
            tensor.buffer = len(model.buffers) - 1
        graph.tensors.append(tensor)
    for number, (name, inputs, result, options) in enumerate(nodes):
        code = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
        model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = number, inputs, [result]
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            operator.builtinOptionsType, operator.builtinOptions = getattr(schema.BuiltinOptions, kind), options
        graph.operators.append(operator)
    graph.inputs, graph.outputs = [0], [len(shapes) - 1]
    model.subgraphs = [graph]
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs, signature.outputs = [_entry(schema, source, 0)], [_entry(schema, output, len(shapes) - 1)]
    model.signatureDefs = [signature]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _entry(schema: Any, name: str, index: int) -> Any:
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name.encode(), index
    return entry


def perturbed(content: bytes, strength: float, seed: int = 0) -> bytes:
    """The same file with noise on its larger float32 constants, `strength` of their own deviation."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    rng = np.random.default_rng(seed)
    for tensor in (tensor for graph in model.subgraphs for tensor in graph.tensors):
        data = model.buffers[tensor.buffer].data
        if tensor.type == schema.TensorType.FLOAT32 and data is not None and len(data) > 256:
            values = np.frombuffer(bytes(data), np.float32)
            noisy = values + strength * values.std() * rng.standard_normal(len(values)).astype(np.float32)
            model.buffers[tensor.buffer].data = np.frombuffer(noisy.astype(np.float32).tobytes(), np.uint8)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
