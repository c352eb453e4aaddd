"""A model from a TensorFlow SavedModel's folder, by its signature."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from converter.contract import Array, Floats, Kind, TensorSpec
from converter.manifest import weights_digest
from converter.sources.backend import keras_on_tensorflow, reason
from converter.sources.names import LAYER, clean_inputs, clean_outputs
from converter.sources.rebuild import DTYPES
from converter.sources.signature import Call, export_call, run_call
from edge_face.errors import ModelError, UsageError

DEFAULT = "serving_default"
FORBIDDEN = frozenset({"ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "EagerPyFunc", "PyFuncStateless", "LookupTableImportV2",
                       "InitializeTableFromTextFile", "InitializeTableFromTextFileV2", "SaveV2Slices", "PrintV2", "ShellExecute"})
"""Operators with which a graph could read and write files or call Python."""


@dataclass(eq=False)
class SavedSource:
    """See `converter.contract.SourceModel`. `loaded` is what TensorFlow loaded, `signature` its function, `given` and `gives`
    the signature's own names of inputs and outputs; pixels 0 to 255 are brought to `pixels`, and "softmax" or "sigmoid" is
    put behind it by `ending`. `single`: it takes a batch of 1 only."""

    path: Path
    kind: Kind
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    record: Mapping[str, Any]
    weights_sha256: str
    said: tuple[str, ...]
    keras: Any
    loaded: Any
    signature: Any
    given: tuple[str, ...]
    gives: tuple[str, ...]
    operators: tuple[str, ...]
    pixels: tuple[float, float] | None = None
    ending: str = ""
    single: bool = False
    _traced: list[Any] = field(default_factory=list, init=False, repr=False)

    def run(self, values: Mapping[str, Array]) -> dict[str, Floats]:
        """Float outputs by name for inputs by name, each (n, *shape). Raises ModelError for inputs of another shape."""
        return run_call(self, self._call(), values, self._traced, self.single)

    def export(self, folder: Path) -> None:
        """Writes a SavedModel with a batch of 1 and one signature "serving_default" with these very names. Raises ModelError."""
        export_call(self, self._call(), self.signature.variables, folder)

    def with_pixels(self, low: float, high: float) -> SavedSource:
        """The same with pixels 0 to 255 brought to `low` to `high` first."""
        return replace(self, pixels=(low, high), inputs=(replace(self.inputs[0], dtype="float32"),),
                       said=(*self.said, f"a layer in front brings pixels from 0 to 255 to {low:g} to {high:g}"))

    def with_ending(self, kind: str) -> SavedSource:
        """The same with a "softmax" or "sigmoid" behind its only output."""
        return replace(self, ending=kind,
                       said=(*self.said, f"it ends in raw scores (logits): a {kind} behind it makes probabilities of them"))

    def _call(self) -> Call:
        _, tf = keras_on_tensorflow()
        wanted = self.signature.structured_input_signature[1]

        def call(values: Mapping[str, Any]) -> dict[str, Any]:
            fed = {}
            for own, spec in zip(self.given, self.inputs, strict=True):
                value = values[spec.name]
                if self.pixels is not None:
                    value = tf.cast(value, tf.float32) * ((self.pixels[1] - self.pixels[0]) / 255.0) + self.pixels[0]
                fed[own] = tf.cast(value, wanted[own].dtype)
            found = self.signature(**fed)
            end = {"softmax": tf.nn.softmax, "sigmoid": tf.nn.sigmoid}.get(self.ending, tf.identity)
            return {spec.name: end(found[own]) for own, spec in zip(self.gives, self.outputs, strict=True)}

        return call


def load_saved_model(path: Path, size: tuple[int, int] | None) -> SavedSource:
    """The model in a SavedModel's folder, made fit. Raises EdgeFaceError."""
    _, tf = keras_on_tensorflow()
    from converter.conversion.quiet import quiet

    operators = _operators(path)
    if bad := sorted(FORBIDDEN & set(operators)):
        raise ModelError(f"{path} has the operator {bad[0]}, which reaches files or Python code, and is not loaded: export the network "
                         "alone, without its reading of files")
    try:
        with quiet():
            loaded = tf.saved_model.load(str(path))
        signatures = dict(loaded.signatures)
    except Exception as error:  # TensorFlow raises its own kinds, OSError and AttributeError
        raise ModelError(f"{path} is no SavedModel that can be loaded ({reason(error)}): export it again with "
                         "model.export('folder')") from error
    if not signatures:
        raise ModelError(f"{path} has no signature that says what goes in and comes out: export it with model.export('folder')")
    if DEFAULT not in signatures and len(signatures) > 1:
        raise ModelError(f"{path} has several signatures ({', '.join(sorted(signatures))}) and none called {DEFAULT}: export the one you "
                         "mean under that name")
    signature = signatures.get(DEFAULT) or next(iter(signatures.values()))
    digest = _weights(path, tf)
    wanted = signature.structured_input_signature[1]
    given = tuple(sorted(wanted))
    inputs, said, single = _inputs(path, wanted, given, size)
    gives = tuple(sorted(signature.structured_outputs))
    names = clean_outputs(gives, [bool(LAYER.match(name.lower())) for name in gives])
    source = SavedSource(path, "savedmodel", inputs, tuple(TensorSpec(name, ()) for name in names), {}, digest, said, None, loaded,
                         signature, given, gives, operators, single=single)
    source.outputs = _outputs(source, tf)
    _check_repeatable(source)
    return source


def _inputs(path: Path, wanted: Mapping[str, Any], given: tuple[str, ...],
            size: tuple[int, int] | None) -> tuple[tuple[TensorSpec, ...], tuple[str, ...], bool]:
    """The inputs, what was settled, and whether the signature takes a batch of 1 only."""
    specs, said, batches = [], [], set()
    for name, own in zip(clean_inputs(given), given, strict=True):
        tensor = wanted[own]
        if tensor.shape.rank is None:
            raise ModelError(f"{path}: the input {own} has no shape at all: export the model from an input with one")
        if tensor.dtype.name not in DTYPES:
            raise ModelError(f"{path}: the input {own} is {tensor.dtype.name}, which a device cannot take: export the model with one of "
                             f"{', '.join(DTYPES)}")
        batch, *rest = tensor.shape.as_list() or [None]
        batches.add(batch)
        if len(rest) == 3 and None in rest[:2] and rest[2] is not None:
            if size is None:
                raise UsageError(f"{path} takes pictures of any size, and a device runs one: say --size WxH")
            rest = [size[1] if rest[0] is None else rest[0], size[0] if rest[1] is None else rest[1], rest[2]]
            said.append(f"the input {name} is fixed to {'x'.join(map(str, rest))} (height, width, channels)")
        if None in rest:
            raise ModelError(f"{path}: the input {own} has an open length ({tensor.shape}): export the model with a fixed one")
        if size is not None and len(rest) == 3 and (rest[1], rest[0]) != size:
            raise ModelError(f"{path} is exported for pictures of {rest[1]}x{rest[0]}: leave --size out, or export it for "
                             f"{size[0]}x{size[1]}")
        specs.append(TensorSpec(name, tuple(int(side) for side in rest), tensor.dtype.name))
    fixed = {batch for batch in batches if batch is not None}
    if fixed - {1}:
        raise ModelError(f"{path} is exported for a batch of {max(fixed)}, and a device runs one picture at a time: export it for any "
                         "batch, or for 1")
    return tuple(specs), tuple(said), bool(fixed)


def _outputs(source: SavedSource, tf: Any) -> tuple[TensorSpec, ...]:
    """The outputs' shapes, from a run on zeros: a signature may leave them open."""
    fed = {spec.name: tf.zeros((1, *spec.shape), spec.dtype) for spec in source.inputs}
    try:
        found = source._call()(fed)
    except Exception as error:
        raise ModelError(f"{source.path} cannot be run ({reason(error)}): export it again with model.export('folder')") from error
    outputs = []
    for spec in source.outputs:
        value = found[spec.name]
        if value.dtype.name == "string" or value.shape.rank == 0 or value.shape[0] != 1:
            raise ModelError(f"{source.path}: the output {spec.name} ({value.dtype.name} {tuple(value.shape)}) has no batch of numbers: "
                             "export the network alone")
        outputs.append(TensorSpec(spec.name, tuple(int(side) for side in value.shape[1:])))
    return tuple(outputs)


def _check_repeatable(source: SavedSource) -> None:
    """Raises ModelError for a model that draws at random while it runs: Keras exports layers of augmentation switched on."""
    if not any("Random" in operator for operator in source.operators):
        return
    rng = np.random.default_rng(0)
    values = {spec.name: (255 * rng.random((1, *spec.shape))).astype(spec.dtype) for spec in source.inputs}
    first, again = source.run(values), source.run(values)
    if any(not np.allclose(first[name], again[name], rtol=1e-4, atol=1e-6) for name in first):
        raise ModelError(f"{source.path} gives other numbers each time: layers of augmentation draw at random in it; bring the .keras "
                         "file, in which they are switched off, or export the model without them")


def _operators(path: Path) -> tuple[str, ...]:
    """The kinds of operators in all graphs and functions, and "scope:rescaling" where nodes are called after such a layer; read
    before anything is loaded. Raises ModelError."""
    from tensorflow.core.protobuf import saved_model_pb2

    found = saved_model_pb2.SavedModel()
    try:
        found.ParseFromString((path / "saved_model.pb").read_bytes())
    except Exception as error:  # protobuf's DecodeError, OSError
        raise ModelError(f"{path / 'saved_model.pb'} is damaged ({reason(error)}): export the model again with "
                         "model.export('folder')") from error
    if not found.meta_graphs:
        raise ModelError(f"{path / 'saved_model.pb'} holds no graph: export the model again with model.export('folder')")
    kinds: dict[str, None] = {}
    for graph in found.meta_graphs:
        for nodes in (graph.graph_def.node, *(function.node_def for function in graph.graph_def.library.function)):
            for node in nodes:
                kinds[node.op] = None
                for scope in re.findall(r"(?:^|/)(rescaling|normalization)(?:_\d+)*/", node.name):
                    kinds[f"scope:{scope}"] = None
    return tuple(kinds)


def _weights(path: Path, tf: Any) -> str:
    """The digest of all weights by the order of their names; of the graph where they are constants in it. Raises ModelError."""
    if not (path / "variables" / "variables.index").is_file():
        return weights_digest([np.frombuffer((path / "saved_model.pb").read_bytes(), np.uint8)])
    try:
        reader = tf.train.load_checkpoint(str(path / "variables" / "variables"))
        kinds = reader.get_variable_to_dtype_map()
        names = sorted(name for name, kind in kinds.items() if (kind.is_floating or kind.is_integer) and "OPTIMIZER" not in name
                       and "save_counter" not in name)
        values = [np.asarray(reader.get_tensor(name)) for name in names]
    except Exception as error:  # TensorFlow's own kinds for a damaged checkpoint
        raise ModelError(f"the weights of {path} cannot be read ({reason(error)}): export the model again, or copy the whole "
                         "folder") from error
    for name, value in zip(names, values, strict=True):
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            short = name.replace("/.ATTRIBUTES/VARIABLE_VALUE", "")
            raise ModelError(f"{path}: {int((~np.isfinite(value)).sum())} of {value.size} weights of {short} are no numbers (NaN or "
                             "infinite), so training had broken down: take an earlier checkpoint")
    return weights_digest(values) if values else weights_digest([np.frombuffer((path / "saved_model.pb").read_bytes(), np.uint8)])
