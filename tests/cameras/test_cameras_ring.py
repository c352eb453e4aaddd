"""The shared memory between two processes: what is written is what is read, and nothing half-written ever is.

Two processes are tested in test_cameras_capture.py; here the states in between, which only a fault could bring.
"""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.cameras.ring import _RECORD, _RECORD_AT, _RECORD_STRIDE, SLOTS, RingReader, RingWriter, create_memory
from edge_face.types import Frame


def frame(index: int, height: int = 4, width: int = 6, detail: bool = False) -> Frame:
    image = np.full((height, width, 3), index % 256, np.uint8)
    large = np.full((2 * height, 2 * width, 3), 255 - index % 256, np.uint8) if detail else None
    return Frame(index, index / 10, 1000 + index, image, large)


class Pair:
    def __init__(self) -> None:
        handle = create_memory()
        self.writer, self.reader = RingWriter(os.dup(handle)), RingReader(handle)

    def __enter__(self) -> Pair:
        return self

    def __exit__(self, *_: object) -> None:
        self.writer.close()
        self.reader.close()


def test_empty() -> None:
    with Pair() as pair:
        assert pair.reader.latest() is None and pair.reader.newest_index() == -1


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40), st.booleans()), min_size=1, max_size=12))
def test_the_newest_frame_comes_back_as_it_was(shapes: list[tuple[int, int, bool]]) -> None:
    with Pair() as pair:
        for index, (height, width, detail) in enumerate(shapes):
            written = frame(index, height, width, detail)
            assert pair.writer.write(written)
            got = pair.reader.latest(index - 1)
            assert got is not None and (got.index, got.monotonic, got.wall) == (written.index, written.monotonic, written.wall)
            assert np.array_equal(got.image, written.image)
            assert (got.detail is None) == (written.detail is None)
            assert got.detail is None or written.detail is None or np.array_equal(got.detail, written.detail)
            assert pair.reader.latest(index) is None and pair.reader.newest_index() == index


def test_a_frame_that_was_read_is_the_readers_own() -> None:
    with Pair() as pair:
        pair.writer.write(frame(1))
        got = pair.reader.latest()
        assert got is not None
        got.image[:] = 77
        for index in range(2, 10):
            pair.writer.write(frame(index))
        assert (got.image == 77).all()


def test_a_frame_that_was_half_written_is_never_read() -> None:
    with Pair() as pair:
        pair.writer.write(frame(1))
        pair.writer.write(frame(2))
        memory = pair.writer._memory
        newest = max(range(SLOTS), key=lambda slot: _RECORD.unpack_from(memory, _RECORD_AT + slot * _RECORD_STRIDE)[0])
        place = _RECORD_AT + newest * _RECORD_STRIDE
        sequence = struct.unpack_from("=Q", memory, place)[0]
        struct.pack_into("=Q", memory, place, sequence + 1)  # the writer died while it wrote here again
        got = pair.reader.latest()
        assert got is not None and got.index == 1


def test_a_record_that_cannot_be_true_is_not_followed() -> None:
    with Pair() as pair:
        pair.writer.write(frame(1))
        for slot in range(SLOTS):
            _RECORD.pack_into(pair.writer._memory, _RECORD_AT + slot * _RECORD_STRIDE, 100, 9, 0.0, 0.0, 60_000, 60_000, 0, 0)
        assert pair.reader.latest() is None


def test_the_memory_cannot_be_taken_away_under_a_reader() -> None:
    handle = create_memory()
    with pytest.raises(PermissionError):
        os.ftruncate(handle, 0)
    os.close(handle)


HOLDER = """
import fcntl, sys, time
fcntl.lockf(int(sys.argv[1]), fcntl.LOCK_SH, int(sys.argv[2]), int(sys.argv[3]))
print("held", flush=True)
time.sleep(600)
"""


class Held:
    """Another process that reads some slots and does not let go."""

    def __init__(self, handle: int, count: int, first: int) -> None:
        self._arguments = [sys.executable, "-c", HOLDER, str(handle), str(count), str(first)]
        self._handle = handle

    def __enter__(self) -> None:
        self._process = subprocess.Popen(self._arguments, pass_fds=(self._handle,), stdout=subprocess.PIPE)
        assert self._process.stdout is not None and self._process.stdout.readline() == b"held\n"

    def __exit__(self, *_: object) -> None:
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


def test_a_slot_that_is_being_read_is_not_written() -> None:
    with Pair() as pair:
        pair.writer.write(frame(0))
        indices = [_RECORD.unpack_from(pair.writer._memory, _RECORD_AT + slot * _RECORD_STRIDE)[:2] for slot in range(SLOTS)]
        first_slot = next(slot for slot, (sequence, index) in enumerate(indices) if sequence and index == 0)
        with Held(pair.writer._handle, 1, first_slot):
            for index in range(1, 20):
                assert pair.writer.write(frame(index)), "with three slots there is always a free one"
                assert _RECORD.unpack_from(pair.writer._memory, _RECORD_AT + first_slot * _RECORD_STRIDE)[1] == 0
                got = pair.reader.latest(index - 1)
                assert got is not None and got.index == index
        pair.writer.write(frame(20))


def test_a_frame_is_dropped_when_nothing_is_free_or_room_cannot_be_made() -> None:
    with Pair() as pair:
        pair.writer.write(frame(0))
        with Held(pair.writer._handle, SLOTS, 0):
            assert not pair.writer.write(frame(1)), "all are being read"
            assert not pair.writer.write(frame(1, 500, 500)), "and none can grow"
        until = time.monotonic() + 10
        while not pair.writer.write(frame(2, 500, 500)):
            assert time.monotonic() < until
        got = pair.reader.latest()
        assert got is not None and got.index == 2 and got.image.shape == (500, 500, 3)


def test_closed() -> None:
    with Pair() as pair:
        pair.writer.write(frame(1))
        pair.reader.close()
        assert pair.reader.latest() is None and pair.reader.newest_index() == -1


def test_locks_are_given_back() -> None:
    with Pair() as pair:
        pair.writer.write(frame(1))
        pair.reader.latest()
        with Held(pair.writer._handle, SLOTS, 0):
            pass
        probe = "import fcntl, sys; fcntl.lockf(int(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB, 3, 0)"
        assert subprocess.run([sys.executable, "-c", probe, str(pair.writer._handle)], pass_fds=(pair.writer._handle,)).returncode == 0
        assert fcntl.fcntl(pair.writer._handle, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
