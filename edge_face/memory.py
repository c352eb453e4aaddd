"""Keeps a process small where the C library is glibc and the kernel Linux: heaps, and pages of libraries that only starting needs.
And keeps what it holds to itself: no core dumps, vectors of faces wiped when nobody uses them any more."""

from __future__ import annotations

import contextlib
import ctypes
import re
import resource
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_M_ARENA_MAX = -8
"""mallopt(3): the number of arenas; glibc's default is eight a core, each of which keeps what it freed."""
ARENAS = 2
_MADV_DONTNEED = 4
_PR_SET_DUMPABLE = 4
"""prctl(2). The limit of a core's size alone does not hold where cores are piped to a program (core(5))."""
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r-[-x]p \S+ \S+ ([0-9]+) ")
"""proc_pid_maps(5): a private mapping that may be read and not written; inode 0 is no file."""


def limit_arenas() -> None:
    """As MALLOC_ARENA_MAX does, for a process that runs already. Call it before threads are started."""
    with contextlib.suppress(AttributeError, OSError):
        _libc().mallopt(_M_ARENA_MAX, ARENAS)


def trim() -> None:
    """Gives freed memory back to the system: after loading models, and now and then."""
    with contextlib.suppress(AttributeError, OSError):
        _libc().malloc_trim(0)


def keep_to_itself() -> None:
    """No core dump of this process, and no other process of its user may look into it (root may). Not inherited by a program that it
    starts."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(AttributeError, OSError):
        _libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def wipe(*arrays: npt.NDArray[Any]) -> None:
    """Overwrites numbers where they lie; of a view, what it shows. Bytes and texts of Python cannot be changed, and are not."""
    for array in arrays:
        if not array.flags.writeable:
            with contextlib.suppress(ValueError):  # memory that was never ours to write
                array.flags.writeable = True
        if array.flags.writeable:
            array[...] = np.zeros((), array.dtype)


def wipe_with(owner: object, *arrays: npt.NDArray[Any]) -> None:
    """Wipes arrays as soon as nobody uses their owner any more, and at the end of the process."""
    weakref.finalize(owner, wipe, *arrays)


def unmap_unused_libraries() -> int:
    """Unmaps every page of libraries that is as it lies on disk; what is used again comes back from the page cache at once.

    Loading NumPy, OpenCV and a network's runtime reads tens of megabytes that are never looked at again, and mapped pages are
    the last that a small board's kernel takes back. Call it after the imports and before any thread is started: with a second
    thread nothing is done, as it could change the mappings meanwhile. Bytes that were unmapped (an upper bound).
    """
    try:
        if len(list(Path("/proc/self/task").iterdir())) != 1:
            return 0
        found = list(_clean_files())
    except OSError:
        return 0
    freed = 0
    for start, end, resident in found:
        with contextlib.suppress(AttributeError, OSError):
            if _libc().madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _MADV_DONTNEED) == 0:
                freed += resident
    return freed


def _clean_files() -> Iterator[tuple[int, int, int]]:
    """First and last address and resident bytes of mappings that hold a file's own pages and nothing else."""
    place: tuple[int, int] | None = None
    resident = 0
    with Path("/proc/self/smaps").open(encoding="utf-8", errors="surrogateescape") as rows:
        for row in rows:
            if not row[0].isupper():
                mapping = _MAPPING.match(row)
                place = (int(mapping[1], 16), int(mapping[2], 16)) if mapping and mapping[3] != "0" else None
            elif place is not None and row.startswith("Rss:"):
                resident = int(row.split()[1]) * 1024
            # Pages that were written once (relocations) are anonymous: unmapping would bring back the file's unrelocated bytes.
            elif place is not None and row.startswith("Anonymous:") and row.split()[1] == "0" and resident:
                yield (*place, resident)


def _libc() -> Any:
    return ctypes.CDLL(None)
