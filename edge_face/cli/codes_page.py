"""The file of `--page`: made before the code is, so that no code is lost to a folder that cannot be written; readable by its owner only."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from types import TracebackType

from edge_face.errors import UsageError


class Page:
    """`path` None: nothing is written. On an error, or when nothing was written, the file goes away again. Raises UsageError."""

    def __init__(self, path: str | None) -> None:
        self._path, self._file, self._written = path, -1, False
        if path is not None:
            try:
                self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError as error:
                raise UsageError(f"--page {path} is there already: choose another name") from error
            except (OSError, ValueError) as error:
                raise UsageError(f"--page {path} cannot be written: {getattr(error, 'strerror', None) or error}") from error

    @property
    def wanted(self) -> bool:
        return self._path is not None

    def code(self, name: str, number: str, pin: str, limits: str) -> None:
        """A number and a PIN."""
        if self.wanted:
            from edge_face.people.code_page import code_page

            self._write(code_page(name, number, pin, limits))

    def app(self, name: str, number: str, uri: str) -> None:
        """An authenticator app's enrolment."""
        if self.wanted:
            from edge_face.people.code_page import app_page

            self._write(app_page(name, number, uri))

    def __enter__(self) -> Page:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._path is not None:
            os.close(self._file)
            if not self._written:
                with contextlib.suppress(OSError):
                    Path(self._path).unlink()

    def _write(self, text: str) -> None:
        raw = memoryview(text.encode("utf-8"))
        while raw:
            raw = raw[os.write(self._file, raw):]
        self._written = True
