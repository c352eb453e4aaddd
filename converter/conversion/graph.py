"""What a .tflite file is made of, as plain data: operators with their versions and tensors' names, and how a delegate splits it.

Read through the schema that LiteRT ships; nothing is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from edge_face.errors import MissingExtraError, ModelError
from edge_face.vision.runtime import Interpreter


@dataclass(frozen=True, slots=True)
class Operator:
    """One node: builtin operator ("CUSTOM" and `custom` for others), its version, names of its tensors, `constants` those of its
    inputs that carry data, `bytes` how many these have (shapes, axes and int8's biases, all int32, left out). `floats`: its outputs
    are float32."""

    name: str
    version: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    constants: tuple[str, ...]
    bytes: int
    floats: bool
    custom: str = ""


def _schema() -> Any:
    try:
        from ai_edge_litert import schema_py_generated
    except ImportError as error:
        raise MissingExtraError("ai-edge-litert", "convert") from error
    return schema_py_generated


@cache
def builtin_names() -> dict[int, str]:
    """Operators by their code in the schema."""
    return {code: name for name, code in vars(_schema().BuiltinOperator).items() if not name.startswith("_")}


def operators(content: bytes) -> tuple[Operator, ...]:
    """All nodes of all graphs, in the file's order. Raises ModelError for what is no .tflite file."""
    schema = _schema()
    if content[4:8] != b"TFL3":
        raise ModelError("this is no .tflite file: its identifier TFL3 is missing")
    try:
        model = schema.ModelT.InitFromPackedBuf(content, 0)
        return tuple(_operator(schema, model, graph, node) for graph in model.subgraphs for node in graph.operators)
    except Exception as error:  # a damaged offset shows as any of struct.error, IndexError, TypeError...
        raise ModelError(f"this .tflite file is damaged ({type(error).__name__}): make it again") from error


def _operator(schema: Any, model: Any, graph: Any, node: Any) -> Operator:
    code = model.operatorCodes[node.opcodeIndex]
    # The older field holds one byte; codes above 127 are in the newer one (schema.fbs).
    name = builtin_names().get(max(code.builtinCode, code.deprecatedBuiltinCode), "UNKNOWN")
    inputs = [graph.tensors[index] for index in _indices(node.inputs) if index >= 0]
    outputs = [graph.tensors[index] for index in _indices(node.outputs) if index >= 0]
    constants = [tensor for tensor in inputs if _length(model.buffers[tensor.buffer])]
    weights = [tensor for tensor in constants if tensor.type not in (schema.TensorType.INT32, schema.TensorType.INT64)]
    return Operator(
        name, int(code.version), _names(inputs), _names(outputs), _names(constants),
        sum(_length(model.buffers[tensor.buffer]) for tensor in weights),
        any(tensor.type == schema.TensorType.FLOAT32 for tensor in outputs),
        (code.customCode or b"").decode("utf-8", "replace"))


def _indices(values: Any) -> list[int]:
    return [] if values is None else [int(value) for value in values]


def _length(buffer: Any) -> int:
    return int(buffer.size) or (0 if buffer.data is None else len(buffer.data))


def _names(tensors: Iterable[Any]) -> tuple[str, ...]:
    return tuple((tensor.name or b"").decode("utf-8", "replace") for tensor in tensors)


def delegated(content: bytes, name: str = "the file") -> tuple[int, tuple[str, ...]]:
    """How many stretches of nodes the delegate (XNNPACK) takes, and the operators that stay outside. Raises ModelError.

    Each border between the two costs copies, and what is outside runs on slow kernels.
    """
    nodes = Interpreter(content, name=name).nodes()
    own = [node for node in nodes if node[0] != "DELEGATE"]
    taken = [node for node in nodes if node[0] == "DELEGATE"]
    # A delegate's node gives what its nodes gave to others; inner tensors are found by walking back from it.
    made_by = {tensor: index for index, (_, _, outputs) in enumerate(own) for tensor in outputs}
    inside: set[int] = set()
    for _, inputs, outputs in taken:
        stop, todo = set(inputs), [made_by[tensor] for tensor in outputs if tensor in made_by]
        while todo:
            index = todo.pop()
            if index in inside:
                continue
            inside.add(index)
            todo += [made_by[tensor] for tensor in own[index][1] if tensor in made_by and tensor not in stop]
    return len(taken), tuple(operator for index, (operator, _, _) in enumerate(own) if index not in inside)


def conversions(graph: Sequence[Operator]) -> int:
    """How often numbers change between float and integers."""
    return sum(operator.name in ("QUANTIZE", "DEQUANTIZE") for operator in graph)
