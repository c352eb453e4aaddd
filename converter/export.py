"""Keras model -> TFLite files with a static batch of 1, a signature with named outputs, and the asked precisions.

int8 is plain post-training quantization: uint8 pixels in, int8 inside, float32 out. Needs TensorFlow.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from converter.contract import Precision, TensorSpec
from converter.conversion import tflite_engine
from converter.conversion.feeding import Feed
from converter.conversion.fold import folded
from converter.conversion.quantizer_engine import input_tensors
from converter.conversion.quiet import quiet, tensorflow
from edge_face.errors import ModelError

PRECISIONS = ("int8", "float16", "float32", "dynamic")
SIZE_LIMIT = 6_000_000
"""Bytes that a shipped file may have at most."""


_quiet = quiet


def load_keras(path: Path) -> Any:
    """The Keras model in a `.keras` file. Raises ModelError for anything else, MissingExtraError without TensorFlow."""
    if not path.is_file():
        raise ModelError(f"{path} is no file: name a model saved as .keras")
    if not zipfile.is_zipfile(path):
        raise ModelError(
            f"{path} is no Keras model, or was cut off: a whole file saved by model.save('name.keras') is needed"
        )
    tensorflow()
    import keras

    try:
        with _quiet():
            return keras.models.load_model(path, compile=False)
    except Exception as error:  # keras raises a dozen kinds, from KeyError to h5py's OSError
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ModelError(f"{path} is no Keras model that can be loaded ({reason[:160]})") from error


def single_size(model: Any, path: Path) -> tuple[int, int]:
    """Width and height of a model with one picture input and one output. Raises ModelError."""
    shapes = [tuple(tensor.shape) for tensor in model.inputs]
    if (
        len(shapes) != 1
        or len(shapes[0]) != 4
        or shapes[0][3] != 3
        or None in shapes[0][1:]
        or len(model.outputs) != 1
    ):
        raise ModelError(
            f"{path} takes {shapes} and has {len(model.outputs)} outputs: an embedder takes one picture "
            "(batch, height, width, 3) of fixed size and gives one vector"
        )
    return int(shapes[0][2]), int(shapes[0][1])


def quantize(
    model: Any, output: str, precisions: Sequence[str], calibration: npt.NDArray[np.uint8]
) -> dict[str, bytes]:
    """TFLite files by precision, their only output named `output`.

    `calibration` is (n, height, width, channels) uint8 in the model's own colour order; only int8 uses it. Raises ModelError.
    """
    tensorflow()
    import keras

    shape = tuple(int(side) for side in model.inputs[0].shape[1:])
    named = keras.Model(model.inputs, {output: model.outputs[0]})
    files: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder, quiet() as hush:
        saved = Path(folder)
        try:
            with folded(named, np.zeros((1, *shape), np.float32)):
                named.export(folder, format="tf_saved_model", verbose=False,
                             input_signature=[keras.InputSpec(shape=(1, *shape), dtype="float32")])
            for precision in precisions:
                if precision == "int8":
                    (name,) = input_tensors(tflite_engine.plain(saved, "float32"))
                    examples = Feed({name: calibration}, (TensorSpec(name, shape),), frozenset((name,)))
                    calibrated = tflite_engine.calibrate(saved, examples, hush, lambda: None)
                    files[precision] = tflite_engine.quantize(calibrated, True, ())
                else:
                    files[precision] = tflite_engine.plain(saved, cast(Precision, precision))
        except Exception as error:  # the converter raises its own kinds, chiefly ConverterError
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(f"TensorFlow cannot convert this model ({reason[:200]})") from error
    return files
