"""The few things that the audit log asks of a disk, in one place: tests hand in a disk that is full, torn or cut off."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path

MODE = 0o600


class DiskFile:
    """An open file that is written at places. Every method raises OSError."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_CREAT | os.O_EXCL if create else 0)
        self._descriptor = os.open(path, flags, MODE)

    def write(self, offset: int, data: bytes) -> None:
        """All of it: a short write goes on until the disk says why."""
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, offset)
            if written == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            offset, view = offset + written, view[written:]

    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def truncate(self, size: int) -> None:
        os.ftruncate(self._descriptor, size)

    def allocate(self, size: int) -> None:
        """The first `size` bytes have their place on the disk."""
        if size:
            os.posix_fallocate(self._descriptor, 0, size)

    def sync(self) -> None:
        """Data and length outlive a power cut."""
        os.fdatasync(self._descriptor)

    def close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class Disk:
    """The real one."""

    def open(self, path: Path) -> DiskFile:
        return DiskFile(path)

    def create(self, path: Path, data: bytes) -> None:
        """A file that is there wholly or not at all, also after a power cut. An old one of that name is replaced."""
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            file = self._new(draft)
            try:
                file.write(0, data)
                file.sync()
            finally:
                file.close()
            self._rename(draft, path)
        except BaseException:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise
        self.sync_folder(path.parent)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Names outlive a power cut."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def free(self, folder: Path) -> int:
        """Bytes that we may still write there."""
        status = os.statvfs(folder)
        return status.f_bavail * status.f_frsize

    def _new(self, path: Path) -> DiskFile:
        return DiskFile(path, create=True)

    def _rename(self, source: Path, target: Path) -> None:
        source.replace(target)


def is_full(error: OSError) -> bool:
    """Is it room that is missing?"""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
