"""What a .tflite file says of itself, read with the flatbuffer schema that LiteRT ships.

Every length and offset is checked against the file before it is followed, so that a damaged file is a ModelError here and
never gets as far as the runtime, which trusts what it is given.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from edge_face.errors import MissingExtraError, ModelError

IDENTIFIER = b"TFL3"
NOT_QUANTIZED: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class FlatTensor:
    """One tensor. `scales`, `zero_points`: none, one, or one for each channel of `axis`; `shape` has -1 where a side is not fixed;
    `bytes` of constant data, 0 for what is computed; `buffer` tells tensors apart that share their data."""

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int | None
    bytes: int
    buffer: int

    @property
    def constant(self) -> bool:
        return self.bytes > 0

    @property
    def elements(self) -> int:
        """How many numbers it holds; 0 where a side is not fixed."""
        count = 1
        for side in self.shape:
            count *= max(side, 0)
        return count


@dataclass(frozen=True, slots=True)
class FlatOperator:
    """One node: its operator's name (of a custom one, what the file calls it) and version, tensors by index, -1 for one left out.
    `adjoint`: whether BATCH_MATMUL turns its first input."""

    name: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    custom: bool = False
    adjoint: bool = False


@dataclass(frozen=True, slots=True)
class FlatGraph:
    """One subgraph; the first is the model, others are bodies of loops and branches."""

    tensors: tuple[FlatTensor, ...]
    operators: tuple[FlatOperator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature: its key, and tensors of graph `graph` by the names that callers use."""

    key: str
    graph: int
    inputs: Mapping[str, int]
    outputs: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FlatModel:
    """A whole file of `bytes`. `least_runtime`: the oldest TensorFlow Lite that its converter says it needs, such as "1.14.0", or empty."""

    graphs: tuple[FlatGraph, ...]
    signatures: tuple[Signature, ...]
    description: str
    bytes: int
    least_runtime: str

    def operators(self) -> Iterator[tuple[FlatGraph, FlatOperator]]:
        """All nodes of all graphs."""
        return ((graph, operator) for graph in self.graphs for operator in graph.operators)

    @property
    def weight_bytes(self) -> int:
        """Bytes of constant data, what several tensors share counted once."""
        return sum({tensor.buffer: tensor.bytes for graph in self.graphs for tensor in graph.tensors}.values())


def read_flat(content: bytes, name: str = "the model") -> FlatModel:
    """Reads the structure of a .tflite file; `name` is what errors call it.

    Raises ModelError with the reason for what is no such file or is damaged, MissingExtraError without flatbuffers.
    """
    schema = schema_of_litert()
    if len(content) < 16 or content[4:8] != IDENTIFIER:
        raise ModelError(f"{name} is damaged or no TFLite model (it does not begin with {IDENTIFIER.decode()}): name a .tflite file")
    try:
        return _Reader(schema, content).model()
    except _Damage as error:
        reason = str(error)
    except (struct.error, IndexError, ValueError, TypeError, OverflowError, MemoryError) as error:
        reason = f"an offset leads out of the file: {type(error).__name__}"
    raise ModelError(f"{name} is damaged or no TFLite model ({reason}): copy or convert it again")


def schema_of_litert() -> Any:
    """The schema's module. Raises MissingExtraError where flatbuffers or LiteRT is not installed."""
    try:
        import flatbuffers  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("flatbuffers", "convert") from error
    try:
        from ai_edge_litert import schema_py_generated
    except ImportError as error:
        raise MissingExtraError("ai-edge-litert", "convert") from error
    return schema_py_generated


class _Damage(Exception):
    """Why a file cannot be right, in a few words."""


@cache
def _names(kind: Any) -> dict[int, str]:
    """An enumeration of the schema, turned round: {3: "CONV_2D"}."""
    return {value: key for key, value in vars(kind).items() if isinstance(value, int)}


def _text(raw: bytes | None) -> str:
    return "" if raw is None else raw.decode("utf-8", errors="replace")


class _Reader:
    """Walks one file. `_left` bounds the whole walk: no honest file has more list entries than bytes."""

    def __init__(self, schema: Any, content: bytes) -> None:
        self._schema, self._content, self._left = schema, content, len(content)

    def model(self) -> FlatModel:
        root = self._schema.Model.GetRootAs(self._content, 0)
        if root.Version() != 3:
            raise _Damage(f"schema version {root.Version()}, not 3")
        codes = [self._code(code) for code in self._each(root.OperatorCodesLength(), root.OperatorCodes)]
        sizes = [self._data(buffer) for buffer in self._each(root.BuffersLength(), root.Buffers)]
        graphs = tuple(self._graph(graph, codes, sizes) for graph in self._each(root.SubgraphsLength(), root.Subgraphs))
        if not graphs:
            raise _Damage("it has no graph")
        signatures = tuple(self._signature(each, graphs) for each in self._each(root.SignatureDefsLength(), root.SignatureDefs))
        return FlatModel(graphs, signatures, _text(root.Description()), len(self._content), self._least_runtime(root, len(sizes)))

    def _least_runtime(self, root: Any, buffers: int) -> str:
        for each in self._each(root.MetadataLength(), root.Metadata):
            if not 0 <= each.Buffer() < buffers:
                raise _Damage("its metadata name a buffer that there is not")
            if each.Name() == b"min_runtime_version" and root.Buffers(each.Buffer()).DataLength():
                return bytes(root.Buffers(each.Buffer()).DataAsNumpy()).rstrip(b"\0").decode("ascii", errors="replace")[:32]
        return ""

    def _count(self, length: int) -> int:
        self._left -= length + 1
        if self._left < 0:
            raise _Damage("it has more entries than bytes")
        return length

    def _each(self, length: int, get: Callable[[int], Any]) -> Iterator[Any]:
        for index in range(self._count(length)):
            entry = get(index)
            if entry is None:
                raise _Damage("an entry is missing")
            yield entry

    def _numbers(self, length: int, get: Callable[[], Any]) -> list[Any]:
        """A vector of numbers; numpy refuses one that reaches beyond the file."""
        return list(np.asarray(get()).tolist()) if self._count(length) else []

    def _data(self, buffer: Any) -> int:
        """Bytes of a buffer: in the flatbuffer, or behind it in files beyond 2 GB."""
        if buffer.Offset() > 1:
            if buffer.Offset() + buffer.Size() > len(self._content):
                raise _Damage("its data reach beyond its end: it was cut off")
            return int(buffer.Size())
        length = buffer.DataLength()
        if length > len(self._content):
            raise _Damage("its data reach beyond its end: it was cut off")
        return len(buffer.DataAsNumpy()) if length else 0

    def _code(self, code: Any) -> tuple[str, int, bool]:
        # Operators beyond 127 do not fit the older field, which then says 127.
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        name = _names(self._schema.BuiltinOperator).get(number)
        if name is None:
            raise _Damage(f"operator {number} is not known")
        return (_text(code.CustomCode()) or "CUSTOM", code.Version(), True) if name == "CUSTOM" else (name, code.Version(), False)

    def _graph(self, graph: Any, codes: list[tuple[str, int, bool]], sizes: list[int]) -> FlatGraph:
        tensors = tuple(self._tensor(index, tensor, sizes)
                        for index, tensor in enumerate(self._each(graph.TensorsLength(), graph.Tensors)))
        operators = tuple(self._operator(each, codes, len(tensors)) for each in self._each(graph.OperatorsLength(), graph.Operators))
        return FlatGraph(tensors, operators, self._indices(graph.InputsLength(), graph.InputsAsNumpy, 0, len(tensors)),
                         self._indices(graph.OutputsLength(), graph.OutputsAsNumpy, 0, len(tensors)))

    def _indices(self, length: int, get: Callable[[], Any], low: int, count: int) -> tuple[int, ...]:
        found = tuple(self._numbers(length, get))
        if not all(low <= index < count for index in found):
            raise _Damage(f"a tensor is named that is not one of its {count}")
        return found

    def _tensor(self, index: int, tensor: Any, sizes: list[int]) -> FlatTensor:
        dtype = _names(self._schema.TensorType).get(tensor.Type())
        buffer = tensor.Buffer()
        if dtype is None or not 0 <= buffer < len(sizes):
            raise _Damage(f"tensor {index} has a type or a buffer that there is not")
        shape = tuple(self._numbers(tensor.ShapeLength(), tensor.ShapeAsNumpy))
        signature = tuple(self._numbers(tensor.ShapeSignatureLength(), tensor.ShapeSignatureAsNumpy))
        if min((0, *shape)) < 0 or min((0, *signature)) < -1 or len(signature) not in (0, len(shape)):
            raise _Damage(f"tensor {index} has the shape {list(shape)}")
        scales, zeros, axis = self._quantization(tensor.Quantization())
        return FlatTensor(index, _text(tensor.Name()), signature or shape, dtype.lower(), scales, zeros, axis, sizes[buffer], buffer)

    def _quantization(self, given: Any) -> tuple[tuple[float, ...], tuple[int, ...], int | None]:
        if given is None:
            return NOT_QUANTIZED, NOT_QUANTIZED, None
        scales = tuple(self._numbers(given.ScaleLength(), given.ScaleAsNumpy))
        zeros = tuple(self._numbers(given.ZeroPointLength(), given.ZeroPointAsNumpy))
        return scales, zeros, int(given.QuantizedDimension()) if len(scales) > 1 else None

    def _operator(self, given: Any, codes: list[tuple[str, int, bool]], tensors: int) -> FlatOperator:
        if not 0 <= given.OpcodeIndex() < len(codes):
            raise _Damage("an operator is named that is not in its list")
        name, version, custom = codes[given.OpcodeIndex()]
        adjoint = False
        if name == "BATCH_MATMUL" and given.BuiltinOptions() is not None:
            options = self._schema.BatchMatMulOptions()
            options.Init(given.BuiltinOptions().Bytes, given.BuiltinOptions().Pos)
            adjoint = bool(options.AdjX())
        return FlatOperator(name, version, self._indices(given.InputsLength(), given.InputsAsNumpy, -1, tensors),
                            self._indices(given.OutputsLength(), given.OutputsAsNumpy, 0, tensors), custom, adjoint)

    def _signature(self, given: Any, graphs: tuple[FlatGraph, ...]) -> Signature:
        graph = int(given.SubgraphIndex())
        if not 0 <= graph < len(graphs):
            raise _Damage("a signature names a graph that there is not")
        sides = []
        for length, get in ((given.InputsLength(), given.Inputs), (given.OutputsLength(), given.Outputs)):
            side = {_text(each.Name()): int(each.TensorIndex()) for each in self._each(length, get)}
            if not all(0 <= index < len(graphs[graph].tensors) for index in side.values()):
                raise _Damage("a signature names a tensor that there is not")
            sides.append(side)
        return Signature(_text(given.SignatureKey()), graph, sides[0], sides[1])
