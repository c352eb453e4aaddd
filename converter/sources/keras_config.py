"""A Keras file's architecture, read and judged before anything of it is built: no code in a file is ever run.

`.keras` is a zip with config.json and model.weights.h5; `.h5` is HDF5 with the same config as an attribute.
"""

from __future__ import annotations

import importlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edge_face.errors import MissingExtraError, ModelError

SAVE = "model.save('name.keras')"
CODE = ("__lambda__", "Lambda", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TFSMLayer")
"""Classes whose config carries code, or says where it lies."""


def zip_config(path: Path) -> Mapping[str, Any]:
    """The config in a `.keras` file. Raises ModelError for anything else."""
    if not zipfile.is_zipfile(path):
        raise ModelError(f"{path} is no Keras model, or was cut off: a whole file saved by {SAVE} is needed")
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if "config.json" not in names:
                raise ModelError(f"{path} is a zip file, but not of a Keras model (config.json is missing): save one with {SAVE}")
            if "model.weights.h5" not in names:
                raise ModelError(f"{path} has no weights (model.weights.h5 is missing): save the whole model with {SAVE}")
            if damaged := archive.testzip():
                raise ModelError(f"{path} is damaged ({damaged} is not what it was): copy it again")
            text = archive.read("config.json").decode("utf-8")
    except ModelError:
        raise
    except Exception as error:  # zipfile and zlib raise half a dozen kinds for damaged bytes
        raise ModelError(f"{path} is damaged ({error}): copy it again") from error
    return _table(text, path)


def h5_config(path: Path) -> Mapping[str, Any]:
    """The config in an HDF5 file of a whole model. Raises ModelError for weights alone and for other files."""
    try:
        h5py: Any = importlib.import_module("h5py")
    except ImportError as error:
        raise MissingExtraError("h5py", "convert") from error
    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get("model_config")
            weights_only = "layer_names" in file.attrs or "layers" in file or "_layer_checkpoint_dependencies" in file
    except OSError as error:
        raise ModelError(f"{path} is no HDF5 file, or was cut off: a whole model saved by {SAVE} is needed") from error
    if text is None:
        what = "has weights only and no architecture" if weights_only else "is an HDF5 file of something else than a Keras model"
        raise ModelError(f"{path} {what}: build the model in Python, load the weights into it (model.load_weights), then {SAVE}")
    return _table(text.decode("utf-8") if isinstance(text, bytes) else str(text), path)


def refuse_code(config: Mapping[str, Any], path: Path) -> None:
    """Raises ModelError where the model carries pickled code (a Lambda layer), by the layer's name: it is never run."""
    for part, name in _objects(config, ""):
        kind = part.get("class_name", "__lambda__")
        if kind in CODE:
            what = "a Lambda layer" if kind == "Lambda" else "a Python lambda" if kind == "__lambda__" else f"a {kind}"
            own = part.get("config")
            called = part.get("name") or (own.get("name") if isinstance(own, Mapping) else None) or name or "without a name"
            raise ModelError(f"{path}: layer {called} is {what}, whose code lies in the file or beside it and is never run: write it "
                             "with layers or keras.ops in a class of your own with @keras.saving.register_keras_serializable(), and "
                             f"{SAVE} again")


def custom_classes(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of classes and functions that may not be Keras's own, as the file knows them ("package>Name" where registered)."""
    found: dict[str, None] = {}
    for part, _ in _objects(config, ""):
        module, registered = part.get("module", ""), part.get("registered_name")
        if part.get("class_name") == "function" and isinstance(part.get("config"), str):
            found[str(registered if registered not in (None, "function") else part["config"])] = None
            continue
        own = isinstance(module, str) and (module.split(".")[0] in ("keras", "builtins", "tf_keras") or module == "")
        if "class_name" in part and "config" in part and isinstance(registered, str) and not own:
            found[registered] = None
    return tuple(found)


def _objects(value: Any, name: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """All tables of a config that describe an object or hold a function's bytes, with the name of the nearest layer around them."""
    if isinstance(value, Mapping):
        inner, code = value.get("config"), value.get("value")
        if "class_name" in value or (isinstance(code, list) and len(code) == 3 and isinstance(code[0], str)):
            yield value, name
            if isinstance(inner, Mapping) and isinstance(inner.get("name"), str):
                name = inner["name"]
        for key, each in value.items():
            if key != "compile_config":  # losses and optimizers are not loaded
                yield from _objects(each, name)
    elif isinstance(value, list):
        for each in value:
            yield from _objects(each, name)


def _table(text: str, path: Path) -> Mapping[str, Any]:
    try:
        config = json.loads(text)
    except ValueError as error:
        raise ModelError(f"{path}: its architecture is no JSON ({error}): save the model again with {SAVE}") from error
    if not isinstance(config, dict) or "class_name" not in config:
        raise ModelError(f"{path}: its architecture is not that of a Keras model: save the model again with {SAVE}")
    return config
