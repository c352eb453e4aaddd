"""Recorded edges, and their way out of the process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from edge_face.door import open_lock, pin_factory
from edge_face.door.mock import EdgeRecorder, open_sink
from edge_face.errors import HardwareError
from edge_face.settings import DoorSettings


def pulse(place: str) -> None:
    with open_lock(DoorSettings(), pin_factory(DoorSettings(), edges=place)) as lock:
        lock.release(1.0, "face")
        lock.secure()


EXPECTED = [("claimed", 0), ("edge", 1), ("edge", 0), ("freed", 0)]


def test_to_a_file(tmp_path: Path) -> None:
    place = tmp_path / "edges.jsonl"
    pulse(str(place))
    pulse(str(place))
    lines = [json.loads(line) for line in place.read_text().splitlines()]
    assert [(line["what"], line["level"]) for line in lines] == EXPECTED * 2
    assert all(line["pin"] == "GPIO17" for line in lines)
    assert [line["time"] for line in lines] == sorted(line["time"] for line in lines)


def test_each_edge_is_out_before_the_process_ends(tmp_path: Path) -> None:
    place = tmp_path / "edges.jsonl"
    code = ("import os, signal; from edge_face.door import *; from edge_face.settings import DoorSettings as D;"
            "lock = open_lock(D(), pin_factory(D())); lock.release(1.0, 'face'); os.kill(os.getpid(), signal.SIGKILL)")
    subprocess.run([sys.executable, "-c", code], env={**os.environ, "EDGE_FACE_EDGES": str(place)}, check=False)
    assert [json.loads(line)["what"] for line in place.read_text().splitlines()] == ["claimed", "edge"]


def test_to_a_file_descriptor() -> None:
    reader, writer = os.pipe()
    pulse(f"fd:{writer}")
    os.close(writer)
    with os.fdopen(reader) as lines:
        assert [(edge["what"], edge["level"]) for edge in map(json.loads, lines)] == EXPECTED


def test_to_a_datagram_socket(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "edges"))
        pulse(f"unix:{tmp_path / 'edges'}")
        assert [json.loads(receiver.recv(4096))["what"] for _ in EXPECTED] == [what for what, _ in EXPECTED]


def test_a_full_pipe_or_a_dead_reader_never_delays_the_lock() -> None:
    reader, writer = os.pipe()
    sink = open_sink(f"fd:{writer}")
    for _ in range(2000):
        sink(b"x" * 100)
    factory = pin_factory(DoorSettings(), edges=f"fd:{writer}")
    with open_lock(DoorSettings(), factory) as lock:
        lock.release(1.0, "face")
        assert factory.level("GPIO17") == 1, "the pipe is full, and the door opens all the same"
        lock.secure()
        assert factory.level("GPIO17") == 0
        assert os.read(reader, 1 << 20).strip(b"x") == b"", "what had no room is lost, not half written"
        os.close(reader)
        lock.release(1.0, "face")
        assert factory.level("GPIO17") == 1, "nobody reads, and the door opens all the same"
    assert [(edge.what, edge.level) for edge in factory.edges][:4] == [("claimed", 0), ("edge", 1), ("edge", 0), ("edge", 1)]
    os.close(writer)


@pytest.mark.parametrize("place", ["/nonexistent/edges", "fd:none", "fd:-1", "fd:99999999999999999999", "unix:/nonexistent"])
def test_places_that_cannot_be_opened(place: str) -> None:
    with pytest.raises(HardwareError, match="edges cannot be sent to"):
        open_sink(place)


def test_two_recorders_do_not_share_pins() -> None:
    first, second = EdgeRecorder(), EdgeRecorder()
    with open_lock(DoorSettings(), first) as lock, open_lock(DoorSettings(), second):
        lock.release(1.0, "face")
        assert first.level("GPIO17") == 1 and second.level("GPIO17") == 0


def test_memory_stays_flat() -> None:
    recorder = EdgeRecorder()
    with open_lock(DoorSettings(), recorder) as lock:
        for _ in range(6000):
            lock.release(1.0, "face")
            lock.secure()
    assert len(recorder.edges) == 10_000 and len(recorder.pin(17).states) <= 10_001
