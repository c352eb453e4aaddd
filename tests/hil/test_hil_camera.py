"""Frames and latency: of the bundled clip over simulated wires in every run, of the real camera and pins with --hil."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hil_door import decided, latencies, running_door
from loop_bench import WIRES, LoopBench

from edge_face.door.mock import EdgeRecorder


def frame_rate(feed: Any, frames: int, settle: int = 10) -> tuple[float, float]:
    """Frames a second over `frames` frames after `settle` ones, and the longest wait between two, by the time of their arrival."""
    index, arrived = -1, list[float]()
    while len(arrived) < frames + settle:
        frame = feed.latest(index, 10.0)
        assert frame is not None, f"no frame for 10 s after {len(arrived)} frames: {feed.health.reason or feed.health.state}"
        index = frame.index
        arrived.append(frame.monotonic)
    kept = arrived[settle:]
    return (len(kept) - 1) / (kept[-1] - kept[0]), max(b - a for a, b in pairwise(kept))


def test_rate_of_a_made_up_camera() -> None:
    """One frame each 50 ms, one of them late: the figures are those of the stamps."""
    from types import SimpleNamespace

    class Steady:
        health = SimpleNamespace(reason="", state="ok")

        def latest(self, after_index: int, timeout: float) -> Any:
            index = after_index + 1
            return SimpleNamespace(index=index, monotonic=index * 0.05 + (0.2 if index > 50 else 0.0))

    rate, longest = frame_rate(Steady(), 101)
    assert rate == pytest.approx(100 / 5.2) and longest == pytest.approx(0.25)


def test_camera_that_stops_is_named() -> None:
    from types import SimpleNamespace

    class Dead:
        health = SimpleNamespace(reason="the cable is loose", state="lost")

        def latest(self, after_index: int, timeout: float) -> None:
            return None

    with pytest.raises(AssertionError, match="the cable is loose"):
        frame_rate(Dead(), 10)


def test_latency_arithmetic() -> None:
    assert decided([1.0, 1.1, 1.2], [(1.15, 1), (1.3, 0), (1.4, 1)]) == pytest.approx([0.05, 0.2])
    assert decided([], [(1.0, 1)]) == []


def test_one_release_over_simulated_wires(tmp_path: Path) -> None:
    """The whole chain: clip, vision, policy, door, wire. How fast it is here is nobody's figure."""
    factory = EdgeRecorder(time.monotonic)
    for one, other in WIRES.items():
        factory.connect(one, other)
    with LoopBench(factory, slack=1.0, filters_spikes=False) as bench:
        found = latencies(tmp_path, factory, bench, paced=False, frames=100)
    assert len(found) == 1 and found[0] > 0


def test_running_door_answers_and_ends(tmp_path: Path) -> None:
    """What the long runs stand on, without hardware: a door of buttons on mock pins, as a process."""
    with running_door(tmp_path, "none", 0, pins="mock") as client:
        status = client.call("status")
        assert status["troubles"] == [] and status["camera"]["state"] == "none"
        assert "grant" not in [event["kind"] for event in client.call("events", last=5)]
    assert not any(thread.name == "door under test" for thread in threading.enumerate())


@pytest.mark.hil
def test_rate_of_the_camera(hil: pytest.Config, hil_camera: str, record_property: Any) -> None:
    from edge_face.clock import SystemClock
    from edge_face.service.frames import open_feed
    from edge_face.settings import CameraSettings

    feed = open_feed(CameraSettings(source=hil_camera), SystemClock())
    feed.start()
    try:
        rate, longest = frame_rate(feed, 300)
    finally:
        feed.close()
    record_property("frames a second", round(rate, 2))
    record_property("longest wait, s", round(longest, 3))
    assert rate >= hil.getoption("--hil-fps")


@pytest.mark.hil
def test_latency_from_frame_to_relay(hil: pytest.Config, lgpio_factory: Any, record_property: Any, tmp_path: Path) -> None:
    found: list[float] = []
    factory = lgpio_factory()
    with LoopBench(factory, slack=hil.getoption("--hil-slack"), filters_spikes=True) as bench:
        for turn in range(5):
            folder = tmp_path / str(turn)
            folder.mkdir()
            found += latencies(folder, factory, bench, paced=True)
    record_property("releases", len(found))
    record_property("median, s", round(sorted(found)[len(found) // 2], 4) if found else "none")
    record_property("slowest, s", round(max(found), 4) if found else "none")
    assert len(found) >= 5 and max(found) <= hil.getoption("--hil-latency")
