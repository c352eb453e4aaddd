"""Files that go for good: their bytes are overwritten before the name is removed.

On a flash card the controller writes elsewhere and keeps the old block for a while: what was not sealed may still be there for whoever
takes the card apart (docs/privacy.md).
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

_PIECE = 1 << 20


def shred(path: Path) -> bool:
    """Overwrites and removes a file; of a link, a socket or a device only the name goes. Was there one? Raises OSError."""
    try:
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
            _overwrite(path, status)
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def _overwrite(path: Path, status: os.stat_result) -> None:
    if not status.st_mode & stat.S_IWUSR:
        path.chmod(0o600)
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        for start in range(0, status.st_size, _PIECE):
            os.pwrite(descriptor, bytes(min(_PIECE, status.st_size - start)), start)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
