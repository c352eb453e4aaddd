"""Keras model -> TFLite files with a static batch of 1, a signature with named outputs, and the asked precisions.

int8 is plain post-training quantization: uint8 pixels in, int8 inside, float32 out. Needs TensorFlow.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.conversion.quiet import tensorflow
from edge_face.errors import ModelError

PRECISIONS = ("int8", "float16", "float32", "dynamic")
SIZE_LIMIT = 6_000_000
"""Bytes that a shipped file may have at most."""


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Swallows what the converter prints from C++ and Python, which is many screens of no use to a user."""
    saved = os.dup(2)
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)


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
    tf = tensorflow()
    import keras

    shape = (1, *(int(side) for side in model.inputs[0].shape[1:]))
    named = keras.Model(model.inputs, {output: model.outputs[0]})
    files: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            with _quiet():
                named.export(
                    folder,
                    format="tf_saved_model",
                    verbose=False,
                    input_signature=[keras.InputSpec(shape=shape, dtype="float32")],
                )
                for precision in precisions:
                    files[precision] = _convert(tf, folder, precision, calibration)
        except Exception as error:  # the converter raises its own kinds, chiefly ConverterError
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ModelError(f"TensorFlow cannot convert this model ({reason[:200]})") from error
    return files


def _convert(tf: Any, folder: str, precision: str, calibration: npt.NDArray[np.uint8]) -> bytes:
    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    if precision == "int8":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.float32

        def pictures() -> Iterator[list[npt.NDArray[np.float32]]]:
            # Black and white first, so that the input's scale is exactly 1 and pixels go in as they are.
            shape = (1, *calibration.shape[1:])
            yield [
                np.concatenate(
                    [
                        np.zeros(shape, np.float32)[:, : shape[1] // 2],
                        np.full(shape, 255, np.float32)[:, shape[1] // 2 :],
                    ],
                    1,
                )
            ]
            for picture in calibration:
                yield [picture[None].astype(np.float32)]

        converter.representative_dataset = pictures
    elif precision == "float16":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    elif precision == "dynamic":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return bytes(converter.convert())
