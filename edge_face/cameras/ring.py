"""Frames from one process to another: three slots in shared memory, the newest frame wins, none is ever torn.

Each slot has a sequence number, odd while it is written (and for ever, if the writer dies in between), and a POSIX
record lock that excludes reading while writing. The lock, not the number, orders memory between the two processes:
plain stores may become visible in another order on ARM, and Python has no fences. With three slots the writer always
finds one that is neither the newest nor being read, so neither side ever waits for the other.

The memory is an anonymous file (memfd): it has no name that could be left behind, and it is gone with its last user,
however that one ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edge_face.types import Frame, Image

SLOTS = 3
_HEADER = 4096
_SLOT_SIZE = struct.Struct("=Q")
_RECORD = struct.Struct("=QqddIIII")
"""Sequence, index, monotonic, wall, height and width of the image, of the detail (0: none)."""
_RECORD_AT = 64
_RECORD_STRIDE = 64
_ADD_SEALS, _SEAL_SHRINK = 1033, 0x2
"""linux/fcntl.h: a file that cannot shrink cannot take pages away under a reader (SIGBUS)."""


@dataclass(frozen=True, slots=True)
class _Record:
    sequence: int
    index: int
    monotonic: float
    wall: float
    height: int
    width: int
    detail_height: int
    detail_width: int

    @property
    def whole(self) -> bool:
        return self.sequence > 0 and self.sequence % 2 == 0

    @property
    def sizes(self) -> tuple[int, int]:
        return self.height * self.width * 3, self.detail_height * self.detail_width * 3


def create_memory() -> int:
    """A handle to new shared memory for one writer and one reader; the caller closes it."""
    handle = os.memfd_create("edge-face-frames", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(handle, _HEADER)
        fcntl.fcntl(handle, _ADD_SEALS, _SEAL_SHRINK)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _record(memory: mmap.mmap, slot: int) -> _Record:
    return _Record(*_RECORD.unpack_from(memory, _RECORD_AT + slot * _RECORD_STRIDE))


@contextlib.contextmanager
def _locked(handle: int, slot: int, mode: int) -> Iterator[bool]:
    """Holds a slot's lock, or gives False when the other side has it."""
    try:
        fcntl.lockf(handle, mode | fcntl.LOCK_NB, 1, slot)
    except (BlockingIOError, PermissionError):
        yield False
        return
    try:
        yield True
    finally:
        fcntl.lockf(handle, fcntl.LOCK_UN, 1, slot)


class RingWriter:
    """The writing side: one in the process that captures. Takes over `handle`."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._memory = mmap.mmap(handle, os.fstat(handle).st_size)
        self._slot_size = 0
        self._sequence = 0

    def write(self, frame: Frame) -> bool:
        """Makes this the newest frame; False when it had to be dropped (its room was being read while it had to grow)."""
        need = frame.image.nbytes + (0 if frame.detail is None else frame.detail.nbytes)
        if need > self._slot_size and not self._grow(need):
            return False
        by_age = sorted(range(SLOTS), key=lambda slot: _record(self._memory, slot).sequence)
        for slot in by_age[:-1]:  # never the newest: it stays readable while this one is written
            with _locked(self._handle, slot, fcntl.LOCK_EX) as free:
                if free:
                    self._fill(slot, frame)
                    return True
        return False

    def _fill(self, slot: int, frame: Frame) -> None:
        height, width = frame.image.shape[:2]
        detail_height, detail_width = (0, 0) if frame.detail is None else frame.detail.shape[:2]
        place = _RECORD_AT + slot * _RECORD_STRIDE
        rest = (frame.index, frame.monotonic, frame.wall, height, width, detail_height, detail_width)
        _RECORD.pack_into(self._memory, place, self._sequence + 1, *rest)
        start = _HEADER + slot * self._slot_size
        self._put(start, frame.image)
        if frame.detail is not None:
            self._put(start + frame.image.nbytes, frame.detail)
        self._sequence += 2
        _RECORD.pack_into(self._memory, place, self._sequence, *rest)

    def _put(self, start: int, image: Image) -> None:
        room = np.frombuffer(self._memory, np.uint8, image.nbytes, start).reshape(image.shape)
        np.copyto(room, image)

    def _grow(self, need: int) -> bool:
        """More room for each slot; all frames in the ring are given up for it."""
        size = -(-need // mmap.PAGESIZE) * mmap.PAGESIZE
        with contextlib.ExitStack() as stack:
            if not all(stack.enter_context(_locked(self._handle, slot, fcntl.LOCK_EX)) for slot in range(SLOTS)):
                return False
            for slot in range(SLOTS):
                _RECORD.pack_into(self._memory, _RECORD_AT + slot * _RECORD_STRIDE, 0, -1, 0.0, 0.0, 0, 0, 0, 0)
            os.ftruncate(self._handle, _HEADER + SLOTS * size)
            _SLOT_SIZE.pack_into(self._memory, 0, size)
        # After the locks are given back: closing a mapping closes its handle, which drops this process's record locks.
        self._memory.close()
        self._memory = mmap.mmap(self._handle, _HEADER + SLOTS * size)
        self._slot_size = size
        return True

    def close(self) -> None:
        self._memory.close()
        os.close(self._handle)


class RingReader:
    """The reading side, for any thread. Takes over `handle`."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._memory: mmap.mmap | None = mmap.mmap(handle, os.fstat(handle).st_size, access=mmap.ACCESS_READ)
        self._guard = threading.Lock()  # record locks belong to the process: its threads must not share them

    def newest_index(self) -> int:
        """Index of the newest frame; -1 without one."""
        with self._guard:
            newest = self._newest()
            return -1 if newest is None else newest[1].index

    def latest(self, after_index: int = -1) -> Frame | None:
        """A copy of the newest frame, when its index is greater than `after_index`."""
        with self._guard:
            for _ in range(16):  # each round that fails, the writer has gone on by a frame
                newest = self._newest()
                if newest is None or newest[1].index <= after_index:
                    return None
                with _locked(self._handle, newest[0], fcntl.LOCK_SH) as held:
                    frame = self._copy(*newest) if held else None
                if frame is not None:
                    return frame
            return None

    def _newest(self) -> tuple[int, _Record] | None:
        memory = self._memory
        if memory is None:
            return None
        whole = [(slot, record) for slot, record in ((s, _record(memory, s)) for s in range(SLOTS)) if record.whole]
        return max(whole, key=lambda pair: pair[1].sequence, default=None)

    def _copy(self, slot: int, expected: _Record) -> Frame | None:
        """The frame of a locked slot; None when it is another one than expected by now."""
        assert self._memory is not None
        slot_size = _SLOT_SIZE.unpack_from(self._memory, 0)[0]
        if _HEADER + SLOTS * slot_size > len(self._memory):
            # Remapping drops the lock that is held (see RingWriter._grow): so the frame is looked for again.
            self._memory.close()
            self._memory = mmap.mmap(self._handle, os.fstat(self._handle).st_size, access=mmap.ACCESS_READ)
            return None
        record = _record(self._memory, slot)
        image_size, detail_size = record.sizes
        if record.sequence != expected.sequence or not 0 < image_size + detail_size <= slot_size:
            return None
        start = _HEADER + slot * slot_size
        image = self._get(start, record.height, record.width)
        detail = self._get(start + image_size, record.detail_height, record.detail_width) if detail_size else None
        if _record(self._memory, slot).sequence != expected.sequence:
            return None
        return Frame(record.index, record.monotonic, record.wall, image, detail)

    def _get(self, start: int, height: int, width: int) -> Image:
        return np.frombuffer(self._memory, np.uint8, height * width * 3, start).reshape(height, width, 3).copy()  # type: ignore[arg-type]

    def close(self) -> None:
        """Afterwards there is no newest frame. May be called twice."""
        with self._guard:
            memory, self._memory = self._memory, None
            if memory is not None:
                memory.close()
                os.close(self._handle)
