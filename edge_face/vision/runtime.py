"""Runs a TFLite file: LiteRT where it is installed, else tflite-runtime; tensors by name or shape, never by index.

A quantized input or output is scaled here and nowhere else: callers hand in pixels and get float32 back.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_face.errors import EdgeFaceError, MissingExtraError, ModelError
from edge_face.types import Floats

Array = npt.NDArray[Any]

RUNTIMES: tuple[tuple[str, str], ...] = (
    ("ai_edge_litert.interpreter", "ai-edge-litert"),
    ("tflite_runtime.interpreter", "tflite-runtime"),
)
"""Modules that bring `Interpreter`, the preferred one first, and the packages they come in."""


GREETING = b"Created TensorFlow Lite XNNPACK delegate"
# The runtime greets once in a process: after the first model nothing is held back any more.
_GREETED = threading.Event()
_GREETING_LOCK = threading.Lock()


class MissingRuntimeError(MissingExtraError):
    """Neither LiteRT nor tflite-runtime can be imported."""

    def __init__(self, reasons: str) -> None:
        EdgeFaceError.__init__(
            self, f"no TFLite runtime can be used ({reasons}): pip install ai-edge-litert (64-bit Linux, Python 3.11 to 3.13)")
        self.package, self.extra = "ai-edge-litert", ""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output: its name in the signature, static shape, and how integers mean numbers ((q - zero) scale)."""

    name: str
    index: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    zero_point: int

    @property
    def quantized(self) -> bool:
        return self.dtype.kind in "iu" and self.scale > 0.0

    @property
    def identity(self) -> bool:
        """Integers that stand for themselves: a uint8 input made for pixels 0 to 255."""
        return self.zero_point == 0 and abs(self.scale - 1.0) < 1e-3

    @property
    def shifted(self) -> bool:
        """int8 that stands for a pixel less 128."""
        return self.dtype == np.int8 and self.zero_point == -128 and abs(self.scale - 1.0) < 1e-3


def _load() -> tuple[ModuleType, str]:
    reasons: list[str] = []
    for module, package in RUNTIMES:
        try:
            return importlib.import_module(module), package
        except ImportError as error:
            reasons.append(f"{package}: {error}")
    raise MissingRuntimeError("; ".join(reasons))


def runtime_name() -> str:
    """Which runtime is used and its version, such as "ai-edge-litert 2.3.0". Raises MissingRuntimeError."""
    _, package = _load()
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:  # a runtime that the distribution brought without metadata
        return package


@contextlib.contextmanager
def _greeting_dropped() -> Iterator[None]:
    """Keeps LiteRT's greeting off a command's standard error: it is written by C++, once in a process, and no setting
    turns it off. Whatever else is written meanwhile is passed on."""
    with _GREETING_LOCK:
        try:
            saved, memory = os.dup(2), os.memfd_create("greeting")
        except (OSError, AttributeError):  # closed by a daemon, or not Linux: then it is said
            yield
            return
        with os.fdopen(memory, "rb") as held:
            os.dup2(held.fileno(), 2)
            try:
                yield
            finally:
                os.dup2(saved, 2)
                os.close(saved)
                held.seek(0)
                rest = b"".join(line for line in held if GREETING not in line)
                if rest:
                    os.write(2, rest)


class Interpreter:
    """One model with static shapes (batch 1). Not for several threads at once: one instance for each thread.

    `content` is the .tflite file, its digest already checked; `name` is what errors call it. Raises ModelError for
    a file that is no such model, MissingRuntimeError without a runtime.
    """

    def __init__(self, content: bytes, *, threads: int = 1, name: str = "the model") -> None:
        module, _ = _load()
        self._name = name
        try:
            with contextlib.nullcontext() if _GREETED.is_set() else _greeting_dropped():
                self._interpreter: Any = module.Interpreter(model_content=content, num_threads=threads)
                self._interpreter.allocate_tensors()
            _GREETED.set()
            self.inputs, self.outputs = self._tensors()
        except ModelError:
            raise
        except Exception as error:  # the runtime raises ValueError, RuntimeError and TypeError for damaged files
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(f"{name} is damaged or no TFLite model ({reason[:160]}): install or make the bundle again") from error
        for tensor in self.inputs:
            if not tensor.shape or tensor.shape[0] != 1:
                raise ModelError(f"{name}: input {tensor.name} has shape {tensor.shape}, not a fixed batch of 1: "
                                 "convert it with edge-face-convert quantize")

    def _tensors(self) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        signatures = self._interpreter.get_signature_list()
        if len(signatures) == 1:
            # The signature's own runner resizes and allocates on every call; its names with plain indices are quicker.
            runner = self._interpreter.get_signature_runner(next(iter(signatures)))
            inputs, outputs = runner.get_input_details(), runner.get_output_details()
        elif not signatures:
            inputs = {d["name"]: d for d in self._interpreter.get_input_details()}
            outputs = {d["name"]: d for d in self._interpreter.get_output_details()}
        else:
            raise ModelError(f"{self._name} has {len(signatures)} signatures: one is expected")
        return (tuple(self._tensor(n, d) for n, d in inputs.items()), tuple(self._tensor(n, d) for n, d in outputs.items()))

    def _tensor(self, name: str, details: Mapping[str, Any]) -> Tensor:
        if any(side < 1 for side in details.get("shape_signature", details["shape"])):
            raise ModelError(f"{self._name}: {name} has a shape that is not fixed ({list(details['shape_signature'])}): "
                             "convert it with edge-face-convert quantize")
        scale, zero = details["quantization"]
        return Tensor(name, int(details["index"]), tuple(int(s) for s in details["shape"]), np.dtype(details["dtype"]),
                      float(scale), int(zero))

    def output_names(self, wanted: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
        """Maps each wanted name to an output of this model: by its name, else by a shape that only one output has.

        Raises ModelError when a wanted output cannot be told for certain.
        """
        names = {tensor.name: tensor for tensor in self.outputs}
        found: dict[str, str] = {}
        for name, shape in wanted.items():
            if name in names:
                if names[name].shape != shape:
                    raise ModelError(f"{self._name}: output {name} has shape {names[name].shape}, its manifest says {shape}")
                found[name] = name
                continue
            alike = [tensor.name for tensor in self.outputs if tensor.shape == shape]
            if len(alike) != 1 or sum(other == shape for other in wanted.values()) != 1:
                raise ModelError(f"{self._name} has no output {name} and {len(alike)} outputs of shape {shape}: "
                                 f"it has {', '.join(f'{t.name} {t.shape}' for t in self.outputs)}")
            found[name] = alike[0]
        return found

    def nodes(self) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
        """The runtime's nodes as operator, input and output tensors by index (-1 for one left out): first those of the file, then one
        DELEGATE for each stretch of them that a delegate has taken over. Of the first graph."""
        # The only way in Python to see the delegates; ai-edge-litert 2.3 and tflite-runtime 2.14 both have it.
        return [(str(node["op_name"]), tuple(map(int, node["inputs"])), tuple(map(int, node["outputs"])))
                for node in self._interpreter._get_ops_details()]

    def run(self, values: Array | Mapping[str, Array]) -> dict[str, Floats]:
        """Runs the model once. `values`: the only input, or inputs by name, each of the input's shape (the batch
        axis may be left out) in real units (pixels, not quanta). Gives copies of all outputs by name, float32."""
        given = values if isinstance(values, Mapping) else {self.inputs[0].name: values}
        if given.keys() != {tensor.name for tensor in self.inputs}:
            raise ModelError(f"{self._name} takes the inputs {', '.join(t.name for t in self.inputs)}, not {', '.join(given)}")
        for tensor in self.inputs:
            self._set(tensor, given[tensor.name])
        try:
            self._interpreter.invoke()
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{self._name} cannot be run: {str(error).splitlines()[0][:160]}") from error
        return {tensor.name: self._get(tensor) for tensor in self.outputs}

    def _set(self, tensor: Tensor, value: Array) -> None:
        if value.shape != tensor.shape and value.shape != tensor.shape[1:]:
            raise ModelError(f"{self._name}: input {tensor.name} takes shape {tensor.shape}, not {value.shape}")
        if tensor.shifted and value.dtype == np.uint8:
            value = np.bitwise_xor(value, np.uint8(128)).view(np.int8)  # less 128, at the price of a copy
        elif tensor.quantized and not (tensor.identity and value.dtype == tensor.dtype):
            limits = np.iinfo(tensor.dtype)
            quanta = np.rint(value / np.float32(tensor.scale)) + tensor.zero_point
            value = np.clip(quanta, limits.min, limits.max)
        # The view of the tensor's own memory lives in this expression only: a view kept would forbid invoke().
        np.copyto(self._interpreter.tensor(tensor.index)(), value.reshape(tensor.shape), casting="unsafe")

    def _get(self, tensor: Tensor) -> Floats:
        value = self._interpreter.get_tensor(tensor.index)
        if tensor.quantized:
            value = (value.astype(np.float32) - np.float32(tensor.zero_point)) * np.float32(tensor.scale)
        numbers: Floats = np.asarray(value, np.float32)
        return numbers
