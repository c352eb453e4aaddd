"""A trained inverter as a TFLite file for `edge-face eval templates --inverter`: python -m converter.training.inverter_export IN OUT."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from edge_face.errors import ModelError, UsageError


def export(model: Path, out: Path) -> int:
    """Float32, with a batch of 1; the file's size. Raises ModelError for what is no inverter. Needs TensorFlow."""
    import keras
    import tensorflow as tf

    from converter.training.model_tools import load_model

    net = load_model(model)
    if len(net.inputs[0].shape) != 2 or len(net.outputs[0].shape) != 4:
        raise ModelError(f"{model} is no inverter: it takes {tuple(net.inputs[0].shape[1:])} and gives {tuple(net.outputs[0].shape[1:])}")
    signature = [keras.InputSpec(shape=(1, *net.inputs[0].shape[1:]), dtype="float32")]
    with tempfile.TemporaryDirectory() as folder:
        net.export(folder, format="tf_saved_model", verbose=False, input_signature=signature)
        content = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    out.write_bytes(content)
    return len(content)


def main(arguments: list[str]) -> int:
    """`inverter.keras inverter.tflite`."""
    if len(arguments) != 2:
        raise UsageError("name the trained inverter (.keras) and the file to write (.tflite)")
    print(f"{arguments[1]}: {export(Path(arguments[0]), Path(arguments[1])) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
