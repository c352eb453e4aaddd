"""`load`: whatever a user names, a float model that the rooms behind can work with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from converter.sources.record import model_of_run
from edge_face.errors import ModelError, UsageError

if TYPE_CHECKING:
    from converter.contract import SourceModel

OTHERS = {".tflite": "is a TFLite file already: edge-face-convert inspect shows it, and a float model is needed to convert",
          ".onnx": "is an ONNX file: a Keras model or a TensorFlow SavedModel is needed",
          ".pt": "is a PyTorch file: a Keras model or a TensorFlow SavedModel is needed",
          ".pth": "is a PyTorch file: a Keras model or a TensorFlow SavedModel is needed",
          ".pb": "is a part of a SavedModel, if anything: name its folder"}
TAKEN = "a .keras or .h5 file (model.save), a SavedModel folder (model.export) or the folder of a run of edge-face-convert train"


def load(path: Path, size: tuple[int, int] | None = None, custom: Path | None = None) -> SourceModel:
    """The model of a `.keras` or `.h5` file, of a SavedModel's folder or of a run's folder.

    `size` (width, height) fixes pictures whose size is open; `custom` is a Python file with the model's own layers, which is
    run. Code inside of a model's file never is. Raises ModelError, UsageError, MissingExtraError.
    """
    if size is not None and min(size) < 1:
        raise UsageError(f"--size {size[0]}x{size[1]} is no size of a picture")
    try:
        if not path.exists():
            raise ModelError(f"{path} does not exist: name {TAKEN}")
        if path.is_dir():
            return _folder(path, size, custom)
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror})") from error
    suffix = path.suffix.lower()
    if not start:
        raise ModelError(f"{path} is empty (0 bytes): save the model again")
    if suffix in OTHERS:
        raise ModelError(f"{path} {OTHERS[suffix]}")
    hdf5 = start.startswith(b"\x89HDF\r\n\x1a\n")
    if suffix not in (".keras", ".h5", ".hdf5"):
        raise ModelError(f"{path} is not a model by its name: name {TAKEN}")
    if hdf5 != (suffix != ".keras"):
        held, named = ("HDF5", "a .keras file") if hdf5 else ("no HDF5", "an .h5 file")
        way = "rename it to .h5" if hdf5 else "rename it to .keras" if start.startswith(b"PK") else "save the whole model again"
        raise ModelError(f"{path} is named {named} but holds {held}, or was cut off: {way}")
    from converter.sources.keras_model import load_keras_file

    return load_keras_file(path, size, custom)


def _folder(path: Path, size: tuple[int, int] | None, custom: Path | None) -> SourceModel:
    inside = model_of_run(path)
    if inside is not None:
        return load(inside, size, custom)
    if (path / "saved_model.pb").is_file():
        from converter.sources.saved_model import load_saved_model

        return load_saved_model(path, size)
    found = sorted(file.name for file in path.iterdir() if file.suffix.lower() in (".keras", ".h5"))
    if found:
        raise ModelError(f"{path} is a folder with {', '.join(found[:3])}: name the file")
    if (path / "manifest.json").is_file():
        raise ModelError(f"{path} is a bundle already: edge-face-convert inspect shows it, and a float model is needed to convert")
    raise ModelError(f"{path} is a folder, but no SavedModel (saved_model.pb is missing): name {TAKEN}")
