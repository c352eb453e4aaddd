"""The latest hidden picture as a file for a viewer: replaced as a whole, so that nobody reads half a picture."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from pathlib import Path

_log = logging.getLogger("edge_face.outlet")


class PreviewFile:
    """Never raises: a place that cannot be written is told once in the log, until it can be again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.troubled = False
        self.written = 0

    def write(self, jpeg: bytes) -> None:
        """Puts a picture in the place of the last one."""
        partial = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        try:
            if self._path.exists() and not self._path.is_file():
                # A file moved there would take the device's place, for every program on this machine.
                raise OSError(errno.EINVAL, "it is no file")
            partial.write_bytes(jpeg)
            partial.replace(self._path)
        except OSError as error:
            if not self.troubled:
                _log.error("the preview %s cannot be written: %s", self._path, error.strerror or error)
            self.troubled = True
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            return
        self.troubled = False
        self.written += 1
