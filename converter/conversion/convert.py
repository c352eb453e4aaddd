"""A float model to one TFLite file of a precision, by the engine that does it best."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np

from converter.contract import Candidate, Material, Precision, SourceModel
from converter.conversion import quantizer_engine, tflite_engine
from converter.conversion.feeding import Feed, feed
from converter.conversion.fold import folded
from converter.conversion.graph import conversions, operators
from converter.conversion.groups import packed
from converter.conversion.layers import flat_layers, outputs_of
from converter.conversion.quiet import Hush, quiet, tensorflow
from converter.conversion.refusals import UNROLL, refusing
from converter.inspection.delegate import partitions
from edge_face.errors import ModelError
from edge_face.vision.runtime import Interpreter

Engine = Literal["auto", "tflite", "quantizer"]
Say = Callable[[str], None]
STAYS = frozenset({
    "ADD", "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "LEAKY_RELU", "LOGISTIC", "MAX_POOL_2D",
    "MEAN", "MUL", "PAD", "RELU", "RELU6", "RESHAPE", "RESIZE_BILINEAR", "SOFTMAX", "SPLIT", "STRIDED_SLICE", "SUB", "TANH", "TRANSPOSE",
    "TRANSPOSE_CONV"})
"""Operators that both engines make the same of, or that TFLiteConverter does better (LEAKY_RELU stays int8): nothing to compare."""


def convert(model: SourceModel, precision: Precision, calibration: Material | None, *, keep_float: Sequence[str] = (),
            engine: Engine = "auto", say: Say = lambda line: None, step: tflite_engine.Step = lambda: None) -> Candidate:
    """One file. For several of one model use `Conversion`, which exports and calibrates once. Raises ModelError."""
    with Conversion(model, calibration, say=say, step=step) as work:
        return work.make(precision, keep_float=keep_float, engine=engine)


class Conversion:
    """Several files of one model: `with Conversion(model, calibration) as work: work.make("int8")`.

    `calibration` is what int8 takes the activations' ranges from. Where all inputs are uint8 there (pictures), they are bytes in the int8
    file; otherwise inputs stay float32, as outputs always do. `say` gets a sentence for everything decided; `step` is called for each
    calibration example.
    """

    def __init__(self, model: SourceModel, calibration: Material | None, *, say: Say = lambda line: None,
                 step: tflite_engine.Step = lambda: None) -> None:
        self.model, self._say, self._step = model, say, step
        self._calibration = calibration
        self._home = tempfile.TemporaryDirectory(prefix="edge-face-convert-")
        self._float = b""
        self._calibrated = b""
        self._ranges: quantizer_engine.Ranges = {}
        self._unrolled: tuple[str, ...] = ()
        self._chosen: tuple[Engine, str] | None = None

    def __enter__(self) -> Conversion:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._home.cleanup()

    @property
    def _what(self) -> str:
        return self.model.path.name

    @property
    def _saved(self) -> Path:
        return Path(self._home.name) / "saved"

    def float32(self) -> bytes:
        """The float32 file, which everything else starts from. Raises ModelError."""
        if not self._float:
            tensorflow()
            with quiet(), refusing(self._what), unrolled(self.model.keras) as names, self._folded():
                self.model.export(self._saved)
                content = tflite_engine.plain(self._saved, "float32")
            self._unrolled = names
            for operator in operators(content):
                if operator.name == "WHILE":  # TFLiteConverter's int8 crashes on it, and no delegate takes it
                    raise ModelError(f"{self._what} cannot be converted: it has a recurrent layer that runs in a loop: {UNROLL}")
                if operator.name == "CUSTOM":
                    raise ModelError(f"{self._what} cannot be converted: no device runtime has its operator {operator.custom}: "
                                     "use other layers there")
            self._float = content
            self._check_finite(content)
        return self._float

    def make(self, precision: Precision, *, keep_float: Sequence[str] = (), engine: Engine = "auto") -> Candidate:
        """One file; `keep_float` names layers (of a SavedModel: scopes, tensors or operators) that stay float32 in int8. Raises
        ModelError."""
        content = self.float32()
        if precision == "int8":
            return self._int8(tuple(keep_float), engine)
        if keep_float:
            raise ModelError(f"only int8 can keep layers in float; {precision} was asked for, which computes in float everywhere")
        if precision != "float32":
            with quiet(), refusing(self._what):
                content = tflite_engine.plain(self._saved, precision)
        return self._candidate(precision, content, f"{_tensorflow_name()}, {precision}", {"engine": "tflite"}, ())

    def _int8(self, keep: tuple[str, ...], engine: Engine) -> Candidate:
        examples = self._feed()
        why = ""
        if engine == "auto":
            engine, why = self._choose(examples)
            if not keep:
                self._say(why)
        content = self._by(engine, examples, keep)
        name = _tensorflow_name() if engine == "tflite" else _named("ai-edge-quantizer")
        how = f"{name}, int8 by {len(examples)} calibration examples" + (f", {len(keep)} layers kept in float" if keep else "")
        recipe = {"engine": engine, "examples": len(examples), "calibration_sha256": _digest(examples), "keep_float": list(keep),
                  "ranges": "least and greatest value of each tensor"}
        return self._candidate("int8", content, how, recipe, keep, why)

    def _by(self, engine: Engine, examples: Feed, keep: tuple[str, ...], probe: bool = False) -> bytes:
        """The int8 file of one engine; of a `probe` only the structure counts, and its calibration is thrown away."""
        bytes_in = len(examples.pictures) == len(self.model.inputs)
        step = (lambda: None) if probe else self._step
        with quiet() as hush, refusing(self._what):
            if engine == "tflite":
                calibrated = (not probe and self._calibrated) or tflite_engine.calibrate(self._saved, examples, hush, step)
                if not probe:
                    self._calibrated = calibrated
                kept = outputs_of(keep, operators(calibrated), self.model.keras) if keep else ()
                return tflite_engine.quantize(calibrated, bytes_in, kept)
            graph = operators(self._float)
            ranges = quantizer_engine.calibrate(self._float, examples, hush, step) if probe else self._measured(examples, hush)
            rules = quantizer_engine.recipe(graph, bytes_in, outputs_of(keep, graph, self.model.keras) if keep else ())
            return quantizer_engine.quantize(self._float, rules, ranges)

    def ranges(self) -> quantizer_engine.Ranges:
        """The least and greatest value of every tensor of the float32 file over the calibration. Raises ModelError."""
        self.float32()
        with quiet() as hush, refusing(self._what):
            return self._measured(self._feed(), hush)

    def _measured(self, examples: Feed, hush: Hush) -> quantizer_engine.Ranges:
        self._ranges = self._ranges or quantizer_engine.calibrate(self._float, examples, hush, self._step)
        return self._ranges

    def _folded(self) -> contextlib.AbstractContextManager[Any]:
        """The model while its normalisations are folded; a SavedModel is taken as it is."""
        if self.model.keras is None:
            return contextlib.nullcontext()
        one = {spec.name: np.zeros((1, *spec.shape), spec.dtype) for spec in self.model.inputs}
        return folded(self.model.keras, packed(self.model, one))

    def _choose(self, examples: Feed) -> tuple[Engine, str]:
        """Which engine, and why: TFLiteConverter where every operator stays on the delegate in int8, else whichever breaks the net into
        fewer pieces, found by converting with a single example."""
        if self._chosen is not None:
            return self._chosen
        present = {operator.name for operator in operators(self._float)}
        chosen: tuple[Engine, str] = ("tflite", "TFLiteConverter: it does all of these operators in int8 as well as ai-edge-quantizer")
        if not present <= STAYS:
            chosen = self._compare(examples.first(1), sorted(present - STAYS))
        self._chosen = chosen
        return chosen

    def _compare(self, one: Feed, doubtful: list[str]) -> tuple[Engine, str]:
        costs: dict[Engine, tuple[int, int]] = {}
        failed = ""
        engines: tuple[Engine, ...] = ("tflite", "quantizer")
        names = {"tflite": "TFLiteConverter", "quantizer": "ai-edge-quantizer"}
        for engine in engines:
            try:
                content = self._by(engine, one, (), probe=True)
                parts = partitions(content)
                costs[engine] = parts.partitions + parts.nodes - parts.delegated, conversions(operators(content))
            except ModelError as error:
                failed = str(error)
        if not costs:
            raise ModelError(failed)
        best = min(costs, key=lambda engine: (costs[engine], engines.index(engine)))
        if len(costs) == 1:
            return best, f"{names[best]}: the other engine cannot convert this model"
        other = next(engine for engine in engines if engine != best)
        about = f" ({', '.join(doubtful)})"
        if costs[best][0] < costs[other][0]:
            return best, f"{names[best]}: it leaves the net in {costs[best][0]} pieces, {names[other]} in {costs[other][0]}{about}"
        if costs[best] < costs[other]:
            return best, f"{names[best]}: it changes less between float and int8{about}"
        return best, f"{names[best]}: both engines leave the net in {costs[best][0]} pieces{about}"

    def _feed(self) -> Feed:
        if self._calibration is None:
            raise ModelError(f"int8 of {self._what} needs calibration examples: pictures or inputs like those in use, best a few hundred")
        return feed(self.model, self._calibration)

    def _check_finite(self, content: bytes) -> None:
        """A net with a weight that is not a number gives nothing but that. Raises ModelError."""
        net = Interpreter(content, name=self._what)
        given = {tensor.name: np.full(tensor.shape, 0.5, tensor.dtype) for tensor in net.inputs}
        for name, value in net.run(given).items():
            if np.isnan(value).any():
                raise ModelError(f"{self._what} gives no number at output {name} for a plain input: "
                                 "it has weights that are not a number; take an earlier checkpoint")

    def _candidate(self, precision: Precision, content: bytes, how: str, recipe: dict[str, Any], keep: tuple[str, ...],
                   why: str = "") -> Candidate:
        said = [why] if why else []
        if self._unrolled:
            said.append(f"recurrent layers were unrolled over their fixed length: {', '.join(self._unrolled)}")
        Interpreter(content, name=f"the {precision} file of {self._what}")
        recipe = {**recipe, "precision": precision, "tensorflow": _version("tensorflow", "tensorflow-cpu"),
                  "ai_edge_quantizer": _version("ai-edge-quantizer")}
        return Candidate(precision, content, how, keep, recipe, tuple(said))


@contextlib.contextmanager
def unrolled(keras: Any) -> Iterator[tuple[str, ...]]:
    """The model's recurrent layers of fixed length unrolled meanwhile; gives their names. Nothing for a SavedModel (None)."""
    loops = [(layer.name, loop) for layer in (flat_layers(keras) if keras is not None else ()) for loop in _loops(layer)]
    for _, loop in loops:
        loop.unroll = True
    try:
        yield tuple(dict.fromkeys(name for name, _ in loops))
    finally:
        for _, loop in loops:
            loop.unroll = False


def _loops(layer: Any) -> list[Any]:
    """The layer itself, or both of a Bidirectional's, where it steps through a fixed length without being unrolled."""
    both = [getattr(layer, name) for name in ("forward_layer", "backward_layer") if hasattr(layer, name)]
    loops = [loop for loop in both or [layer] if getattr(loop, "unroll", None) is False]
    with contextlib.suppress(AttributeError, IndexError, TypeError, ValueError):
        return loops if layer.input.shape[1] is not None else []
    return []


def _digest(examples: Feed) -> str:
    total = hashlib.sha256()
    for name in sorted(examples.values):
        value = np.ascontiguousarray(examples.values[name])
        total.update(f"{name} {value.dtype} {value.shape}".encode())
        total.update(value.tobytes())
    return total.hexdigest()


def _version(*packages: str) -> str:
    for package in packages:
        with contextlib.suppress(PackageNotFoundError):
            return version(package)
    return ""


def _named(package: str) -> str:
    return f"{package} {_version(package)}"


def _tensorflow_name() -> str:
    found = _version("tensorflow", "tensorflow-cpu")
    return f"TFLiteConverter of TensorFlow {found}"
