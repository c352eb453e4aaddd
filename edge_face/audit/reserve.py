"""Space that is kept back for the audit log: a file that is given up step by step when the disk is full, and filled again later."""

from __future__ import annotations

import contextlib
from pathlib import Path

from edge_face.audit.disk import Disk, DiskFile

FILE = "reserve"
STEP = 1 << 14
"""Bytes given up at a time: as many as the log then takes at once, so that others who wait for room on a full disk get none of it."""


class Reserve:
    """`size` bytes in `folder`; 0: none."""

    def __init__(self, folder: Path, size: int, disk: Disk) -> None:
        self._path, self.size, self._disk = folder / FILE, size, disk
        self._file: DiskFile | None = None
        self.left = 0
        """Bytes that can still be given up."""

    def fill(self) -> bool:
        """Brings the reserve to its size when the disk has twice what is missing; is it whole?"""
        try:
            file = self._opened()
            self.left = file.size()
            missing = self.size - self.left
            if missing < 0:
                file.truncate(self.size)
            elif missing and self._disk.free(self._path.parent) > 2 * missing:
                file.allocate(self.size)
            self.left = file.size()
        except OSError:
            # What was allocated before the disk was full counts.
            with contextlib.suppress(OSError):
                self.left = self._file.size() if self._file is not None else 0
        return self.left >= self.size

    def give_up(self) -> bool:
        """Frees one step; false when nothing is left, or it cannot be freed."""
        if self._file is None or self.left <= 0:
            return False
        try:
            self._file.truncate(max(0, self.left - STEP))
            self._file.sync()
        except OSError:
            self.left = 0
            return False
        self.left = max(0, self.left - STEP)
        return True

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> DiskFile:
        if self._file is None:
            if not self._path.exists():
                self._disk.create(self._path, b"")
            self._file = self._disk.open(self._path)
        return self._file
