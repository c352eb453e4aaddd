"""TensorFlow when it is needed, and silence while converters work: they print screens of no use to a user."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from edge_face.errors import MissingExtraError


def tensorflow() -> Any:
    """The tensorflow module, quiet. Raises MissingExtraError."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with contextlib.nullcontext() if "tensorflow" in sys.modules else quiet():  # it greets in C++, whatever the level
            import tensorflow
    except ImportError as error:
        raise MissingExtraError("tensorflow", "convert") from error
    tensorflow.get_logger().setLevel("ERROR")
    return tensorflow


@dataclass(frozen=True, slots=True)
class Hush:
    """Standard error, held back: `real` is a descriptor of the true one, `sink` where it goes meanwhile."""

    real: int
    sink: int

    @contextlib.contextmanager
    def lifted(self) -> Iterator[None]:
        """Standard error is itself again: for a progress line in the middle of a calibration."""
        sys.stderr.flush()
        os.dup2(self.real, 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(self.sink, 2)


@contextlib.contextmanager
def quiet() -> Iterator[Hush]:
    """Swallows what C++ and Python print to standard error, and Python to standard output. Not for several threads at once."""
    sys.stderr.flush()
    hush = Hush(os.dup(2), os.open(os.devnull, os.O_WRONLY))
    try:
        os.dup2(hush.sink, 2)
        with contextlib.redirect_stdout(io.StringIO()):
            yield hush
    finally:
        sys.stderr.flush()
        os.dup2(hush.real, 2)
        os.close(hush.real)
        os.close(hush.sink)
