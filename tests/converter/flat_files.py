"""Small .tflite files for tests, sound or damaged on purpose, by LiteRT's own schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

TYPES = {"float32": np.float32, "int8": np.int8, "int32": np.int32, "uint8": np.uint8}


class Graph:
    """Tensors and nodes as they are added; `tensor`, `constant` and `node` give the new tensor's index."""

    def __init__(self) -> None:
        self.tensors: list[dict[str, Any]] = []
        self.nodes: list[dict[str, Any]] = []

    def tensor(self, shape: tuple[int, ...], dtype: str = "float32", *, data: bytes = b"", signature: tuple[int, ...] = (),
               scale: float = 0.0, zero_point: int = 0) -> int:
        self.tensors.append({"shape": shape, "dtype": dtype, "data": data, "signature": signature, "scale": scale, "zero": zero_point})
        return len(self.tensors) - 1

    def constant(self, shape: tuple[int, ...], dtype: str = "float32") -> int:
        return self.tensor(shape, dtype, data=np.ones(shape, TYPES[dtype]).tobytes())

    def node(self, operator: str, inputs: Sequence[int], shape: tuple[int, ...], *, dtype: str = "float32", version: int = 1,
             adjoint: bool = False, signature: tuple[int, ...] = (), scale: float = 0.0, zero_point: int = 0) -> int:
        output = self.tensor(shape, dtype, signature=signature, scale=scale, zero_point=zero_point)
        self.nodes.append({"operator": operator, "version": version, "inputs": list(inputs), "output": output, "adjoint": adjoint})
        return output


def build(graphs: Sequence[Graph], inputs: Sequence[int], outputs: Sequence[int], *, signature: Mapping[str, int] | None = None,
          damage: Mapping[str, int] | None = None, code: tuple[str, int] | None = None) -> bytes:
    """The file. `signature`: names of the inputs (outputs are called y); `damage`: what is falsified, and to what; `code`: an operator and
    version that no node uses."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    wrong = damage or {}
    codes = sorted({(node["operator"], node["version"]) for graph in graphs for node in graph.nodes} | ({code} if code else set()))
    model = schema.ModelT()
    model.version, model.description = wrong.get("version", 3), b"made by a test"
    model.buffers = [schema.BufferT()]
    model.operatorCodes = [_code(schema, wrong.get("code", getattr(schema.BuiltinOperator, name)), version) for name, version in codes]
    model.subgraphs = []
    for graph in graphs[:wrong.get("graphs", len(graphs))]:
        made = schema.SubGraphT()
        made.tensors = [_tensor(schema, model, index, each, wrong) for index, each in enumerate(graph.tensors)]
        made.inputs, made.outputs = (list(inputs), list(outputs)) if graph is graphs[0] else ([], [])
        made.operators = []
        for node in graph.nodes:
            operator = schema.OperatorT()
            operator.opcodeIndex = wrong.get("opcode_index", codes.index((node["operator"], node["version"])))
            operator.inputs = [wrong.get("input", node["inputs"][0]), *node["inputs"][1:]]
            operator.outputs = [node["output"]]
            _options(schema, operator, node)
            made.operators.append(operator)
        model.subgraphs.append(made)
    if signature is not None:
        model.signatureDefs = [_signature(schema, signature, outputs, wrong)]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _code(schema: Any, number: int, version: int) -> Any:
    code = schema.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = number, min(number, 127), version
    return code


def _tensor(schema: Any, model: Any, index: int, given: Mapping[str, Any], wrong: Mapping[str, int]) -> Any:
    tensor = schema.TensorT()
    tensor.name = f"t{index}".encode()
    tensor.shape = [wrong.get("side", given["shape"][0]), *given["shape"][1:]]
    if given["signature"]:
        tensor.shapeSignature = list(given["signature"])
    tensor.type = getattr(schema.TensorType, given["dtype"].upper())
    tensor.buffer = 0
    if given["scale"]:
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = [given["scale"]], [given["zero"]]
    if given["data"]:
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(given["data"], np.uint8)
        tensor.buffer = wrong.get("buffer", len(model.buffers))
        model.buffers.append(buffer)
    return tensor


def _options(schema: Any, operator: Any, node: Mapping[str, Any]) -> None:
    if node["operator"] == "BATCH_MATMUL":
        operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.BatchMatMulOptions, schema.BatchMatMulOptionsT()
        operator.builtinOptions.adjX = node["adjoint"]
    elif node["operator"] == "FULLY_CONNECTED":
        operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
        operator.builtinOptions = schema.FullyConnectedOptionsT()


def _signature(schema: Any, inputs: Mapping[str, int], outputs: Sequence[int], wrong: Mapping[str, int]) -> Any:
    def entry(name: str, index: int) -> Any:
        made = schema.TensorMapT()
        made.name, made.tensorIndex = name.encode(), index
        return made

    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs = [entry(name, wrong.get("signature_tensor", index)) for name, index in inputs.items()]
    signature.outputs = [entry("y", outputs[0])]
    return signature


def small_net() -> bytes:
    """4 -> 6 -> ReLU -> 3, all weights one: it runs."""
    graph = Graph()
    x = graph.tensor((1, 4))
    hidden = graph.node("RELU", [graph.node("FULLY_CONNECTED", [x, graph.constant((6, 4))], (1, 6))], (1, 6))
    y = graph.node("FULLY_CONNECTED", [hidden, graph.constant((3, 6))], (1, 3))
    return build([graph], [x], [y], signature={"x": x})


def lone_operators(versions: int) -> dict[tuple[str, int], bytes]:
    """{(operator, version): a file that has nothing but that operator's code}, of every operator of the schema up to that version."""
    from ai_edge_litert import schema_py_generated as schema

    graph = Graph()
    x = graph.tensor((1, 2))
    names = {number: name for name, number in vars(schema.BuiltinOperator).items() if isinstance(number, int) and name != "CUSTOM"}
    return {(name, version): build([graph], [x], [x], code=(name, version))
            for name in names.values() for version in range(1, versions + 1)}
