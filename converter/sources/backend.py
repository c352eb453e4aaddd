"""Keras on TensorFlow, the one pair that exports to TFLite."""

from __future__ import annotations

import os
import sys
from typing import Any

from edge_face.errors import MissingExtraError, UsageError


def keras_on_tensorflow() -> tuple[Any, Any]:
    """The modules keras and tensorflow, quiet. Raises MissingExtraError; UsageError where this process runs Keras on another backend."""
    from converter.conversion.quiet import tensorflow

    tf = tensorflow()
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"
    try:
        import keras
    except ImportError as error:
        raise MissingExtraError("keras", "convert") from error
    if keras.backend.backend() != "tensorflow":
        raise UsageError(f"Keras runs on {keras.backend.backend()} in this process, and only TensorFlow makes TFLite files: start again "
                         "with KERAS_BACKEND=tensorflow")
    return keras, tf


def reason(error: BaseException, length: int = 200) -> str:
    """An exception's first line, for a sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:length].rstrip(" .:")
