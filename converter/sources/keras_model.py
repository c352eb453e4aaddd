"""A model from a `.keras` or `.h5` file, by Keras in safe mode."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from converter.contract import Array, Floats, Kind, TensorSpec
from converter.manifest import weights_digest
from converter.sources import rebuild
from converter.sources.backend import keras_on_tensorflow, reason
from converter.sources.keras_config import SAVE, custom_classes, h5_config, refuse_code, zip_config
from converter.sources.names import clean_inputs, clean_outputs
from converter.sources.record import read_record
from converter.sources.signature import Call, export_call, run_call
from edge_face.errors import ModelError, UsageError


@dataclass(eq=False)
class KerasSource:
    """See `converter.contract.SourceModel`. `keras` is functional, computes in float32 and has an open batch."""

    path: Path
    kind: Kind
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    record: Mapping[str, Any]
    weights_sha256: str
    said: tuple[str, ...]
    keras: Any
    _traced: list[Any] = field(default_factory=list, init=False, repr=False)

    def run(self, values: Mapping[str, Array]) -> dict[str, Floats]:
        """Float outputs by name for inputs by name, each (n, *shape). Raises ModelError for inputs of another shape."""
        return run_call(self, self._call(), values, self._traced)

    def export(self, folder: Path) -> None:
        """Writes a SavedModel with a batch of 1 and one signature "serving_default" with these very names. Raises ModelError."""
        export_call(self, self._call(), [variable.value for variable in self.keras.variables], folder)

    def _call(self) -> Call:
        import keras

        model, names = self.keras, [spec.name for spec in self.inputs]

        def call(values: Mapping[str, Any]) -> dict[str, Any]:
            packed = keras.tree.pack_sequence_as(model.input, [values[name] for name in names])
            found = keras.tree.flatten(model(packed, training=False))
            return {spec.name: found[place] for place, spec in enumerate(self.outputs)}

        return call

    def with_pixels(self, low: float, high: float) -> KerasSource:
        """The same with a layer in front that brings pixels 0 to 255 to `low` to `high`."""
        keras, _ = keras_on_tensorflow()
        return replace(self, keras=rebuild.scaled_in_front(self.keras, low, high, keras),
                       inputs=(replace(self.inputs[0], dtype="float32"),),
                       said=(*self.said, f"a layer in front brings pixels from 0 to 255 to {low:g} to {high:g}"))

    def with_ending(self, kind: str) -> KerasSource:
        """The same with a "softmax" or "sigmoid" behind its only output."""
        keras, _ = keras_on_tensorflow()
        return replace(self, keras=rebuild.activated(self.keras, kind, keras),
                       said=(*self.said, f"it ends in raw scores (logits): a {kind} behind it makes probabilities of them"))

    def with_column(self, column: int, why: str) -> KerasSource:
        """The same with one number of its only output in place of all of them."""
        keras, _ = keras_on_tensorflow()
        return replace(self, keras=rebuild.column(self.keras, column, keras), outputs=(replace(self.outputs[0], shape=(1,)),),
                       said=(*self.said, why))


def load_keras_file(path: Path, size: tuple[int, int] | None, custom: Path | None) -> KerasSource:
    """The model of a `.keras` or `.h5` file, made fit. Raises EdgeFaceError."""
    kind: Kind = "h5" if path.suffix.lower() in (".h5", ".hdf5") else "keras"
    config = h5_config(path) if kind == "h5" else zip_config(path)
    refuse_code(config, path)
    record = read_record(path) if kind == "keras" else {}
    keras, _ = keras_on_tensorflow()
    objects = _own_classes(custom, keras) if custom else {}
    for name in custom_classes(config):
        short = name.split(">")[-1]
        if name.startswith("edge_face>"):
            import converter.training.detector_net  # noqa: F401  our trainer's own layer, which is known once this was imported
        known = keras.saving.get_registered_object(name, custom_objects=objects) is not None or short in objects
        if not known and not hasattr(keras.activations, short):
            raise ModelError(_unknown(path, short, custom))
    said: list[str] = []
    model = rebuild.functional(_loaded(path, keras, objects, custom), keras, path)
    weights = model.get_weights()
    digest = weights_digest(weights)
    _check_numbers(model, path)
    names = clean_inputs([str(tensor.name) for tensor in model.inputs])
    _check_dtypes(model, path)
    plain = rebuild.in_float32(model, keras)
    if plain is not model:
        said.append("the model was trained in mixed precision; its layers compute in float32 here, with the same weights")
    shapes = rebuild.fixed_shapes(plain, size, path)
    fit = rebuild.with_shapes(plain, shapes, names, keras, path)
    for name, shape, tensor in zip(names, shapes, model.inputs, strict=True):
        if tuple(tensor.shape)[1:] != shape:
            said.append(f"the input {name} is fixed to {'x'.join(map(str, shape))} (height, width, channels)")
    inputs = tuple(TensorSpec(name, shape, str(tensor.dtype)) for name, shape, tensor in zip(names, shapes, fit.inputs, strict=True))
    found, automatic = rebuild.output_names(model)
    outputs = []
    for name, tensor in zip(clean_outputs(found, automatic), fit.outputs, strict=True):
        shape = tuple(tensor.shape)[1:]
        if None in shape:
            raise ModelError(f"{path}: the output {name} has an open shape ({shape}), and a device runs fixed ones: say --size WxH, or "
                             "build the model for a fixed input")
        outputs.append(TensorSpec(name, tuple(int(side) for side in shape)))
    return KerasSource(path, kind, inputs, tuple(outputs), record, digest, tuple(said), fit)


def _loaded(path: Path, keras: Any, objects: Mapping[str, Any], custom: Path | None) -> Any:
    from converter.conversion.quiet import quiet

    try:
        with quiet():
            return keras.models.load_model(path, custom_objects=dict(objects) or None, compile=False, safe_mode=True)
    except Exception as error:  # keras raises a dozen kinds, from KeyError to h5py's OSError
        text = str(error)
        for marker in ("Could not locate class '", "Could not locate function '", "Unknown layer: '", "Unknown activation function '"):
            if marker in text:
                raise ModelError(_unknown(path, text.split(marker, 1)[1].split("'", 1)[0], custom)) from error
        raise ModelError(f"{path} is no Keras model that can be loaded ({reason(error)}): save it again by {SAVE}, or with the Keras it "
                         "was made with as a SavedModel (model.export('folder')) and name that folder") from error


def _unknown(path: Path, name: str, custom: Path | None) -> str:
    if custom is not None:
        return (f"{path} has a layer or function of the class {name}, which {custom} does not define: name the file that does with "
                "--custom")
    return (f"{path} has a layer or function of the class {name}, which Keras does not know: name the Python file that defines it with "
            "--custom FILE.py (it is run, so only one you trust)")


def _own_classes(path: Path, keras: Any) -> dict[str, Any]:
    """Classes and functions that a user's file defines, by name; the file is run. Raises UsageError."""
    if not path.is_file() or path.suffix != ".py":
        raise UsageError(f"--custom {path} is no Python file: name the one that defines the model's own layers")
    spec = importlib.util.spec_from_file_location(f"custom_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses and pickles look
    sys.path.insert(0, str(path.resolve().parent))  # for files beside it, as when Python runs it
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a stranger's file raises
        del sys.modules[spec.name]
        raise UsageError(f"--custom {path} cannot be run ({type(error).__name__}: {reason(error)})") from error
    finally:
        sys.path.remove(str(path.resolve().parent))
    own = {name: value for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__}
    return {name: value for name, value in own.items() if isinstance(value, Callable) and not name.startswith("_")}  # type: ignore[arg-type]


def _check_numbers(model: Any, path: Path) -> None:
    for variable in model.weights:
        value = np.asarray(variable.numpy() if hasattr(variable, "numpy") else variable)
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            bad = int((~np.isfinite(value)).sum())
            raise ModelError(f"{path}: {bad} of {value.size} weights of {variable.path} are no numbers (NaN or infinite), so training had "
                             "broken down: take an earlier checkpoint")


def _check_dtypes(model: Any, path: Path) -> None:
    for tensor in model.inputs:
        if str(tensor.dtype) not in rebuild.DTYPES and str(tensor.dtype) not in ("float16", "bfloat16"):
            raise ModelError(f"{path}: the input {tensor.name} is {tensor.dtype}, which a device cannot take: build the model with one of "
                             f"{', '.join(rebuild.DTYPES)}")


