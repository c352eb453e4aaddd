"""The reel between outlet and recorder: hidden pictures only, of the last seconds only; and how much is written in a day."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from edge_face.clock import ManualClock, SystemClock
from edge_face.opencv import cv2
from edge_face.privacy.delay import Released
from edge_face.privacy.regions import everything
from edge_face.service import reel as module
from edge_face.service.outlet import Outlet
from edge_face.service.reel import Reel, shown_in
from edge_face.service.wear import HOUR, HOURS, DayMeter, process_written
from edge_face.settings import PrivacySettings, ServiceSettings
from edge_face.types import Box, Frame, Match, Scene, Track, TrackState

IMAGE = np.zeros((240, 320, 3), np.uint8)


def released(at: float) -> Released:
    frame = Frame(int(at * 1000), at, at, IMAGE)
    return Released(frame, Scene(frame.index, at, at, 320, 240), ())


def test_it_keeps_the_last_seconds_at_the_rate_that_was_asked_for() -> None:
    reel = Reel(2.0, 0.2, always=True)
    taken = []
    for tick in range(150):
        at = tick / 15
        if reel.due(at):
            taken.append(at)
            reel.put(released(at), IMAGE, b"jpeg")
    assert 45 <= len(taken) <= 51 and min(b - a for a, b in pairwise(taken)) > 0.18
    shots = reel.between(0, 99)
    assert shots[0].at >= taken[-1] - 2.0 and 10 <= len(shots) <= 11 and reel.latest == taken[-1] and reel.held == 4 * len(shots)


def test_it_never_takes_more_memory_than_said() -> None:
    reel = Reel(1000.0, 0.01, always=True)
    for tick in range(40):
        reel.put(released(tick / 10), IMAGE, bytes(module.MOST_BYTES // 8))
        assert reel.held <= module.MOST_BYTES
    assert len(reel.between(0, 99)) == 8
    reel.put(released(5.0), IMAGE, bytes(module.MOST_BYTES + 1))
    assert reel.held == 0 and reel.latest is None


def test_without_films_a_picture_is_made_only_while_somebody_waits() -> None:
    reel = Reel(5.0, 0.1, always=False)
    assert not reel.due(1.0)
    reel.expect(1)
    assert reel.due(1.0)
    reel.expect(-1)
    assert not reel.due(2.0)


def test_a_film_that_begins_anew_begins_anew() -> None:
    reel = Reel(5.0, 0.1, always=True)
    reel.put(released(90.0), IMAGE, b"old")
    assert reel.due(0.5)
    reel.put(released(0.5), IMAGE, b"new")
    assert [shot.jpeg for shot in reel.between(0, 99)] == [b"new"]


def test_who_stands_sharp_in_a_picture() -> None:
    marks = np.zeros((5, 2), np.float32)

    def track(number: int, who: str | None) -> Track:
        match = Match(who, who, 0.9, 0.5, 0.0, 1.0) if who else None
        return Track(number, Box(0, 0, 9, 9), marks, 0.9, TrackState.CONFIRMED, 9, 0, match=match)

    scene = Scene(1, 1.0, 1.0, 320, 240, (track(1, "ada"), track(2, "ben"), track(3, None)))
    from edge_face.privacy.regions import Region

    frame = Frame(1, 1.0, 1.0, IMAGE)
    assert shown_in(Released(frame, scene, (Region(Box(0, 0, 9, 9), "unknown", 2),))) == {"ada"}
    assert shown_in(Released(frame, scene, (everything(320, 240),))) == shown_in(Released(frame, None, ())) == frozenset()


def test_nobody_s_raw_face_gets_there(tmp_path: Path) -> None:
    """Through the real outlet: what the reel holds is the picture of the pages, byte for byte; nothing of it holds a frame."""
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)
    marks = np.array([[140, 110], [180, 110], [160, 130], [145, 150], [175, 150]], np.float32)
    face = Track(1, Box(120, 80, 80, 100), marks, 0.95, TrackState.CONFIRMED, 30, 0)
    reel = Reel(5.0, 0.1, always=True)
    outlet = Outlet(PrivacySettings(method="solid", delay=0), ServiceSettings(preview_fps=30, preview_file=str(tmp_path / "p.jpg")),
                    SystemClock(), frozenset, None, reel)
    outlet.start()
    assert outlet.wanted
    outlet.offer(Frame(1, 1.0, 1.0, image), Scene(1, 1.0, 1.0, 320, 240, (face,)))
    until = time.monotonic() + 20
    while reel.latest is None and time.monotonic() < until:
        time.sleep(0.005)
    shot, = reel.between(0, 9)
    assert shot.jpeg == (tmp_path / "p.jpg").read_bytes()
    outlet.stop()
    picture = cv2.imdecode(np.frombuffer(shot.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None and picture[110:150, 140:180].std() < 15 < picture[:40, :40].std()
    assert not any(isinstance(getattr(shot, name), np.ndarray) for name in ("at", "jpeg", "shown", "original"))


def test_a_frame_that_could_not_be_judged_is_hidden_whole(tmp_path: Path) -> None:
    image = np.random.default_rng(3).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    reel = Reel(5.0, 0.1, always=True)
    outlet = Outlet(PrivacySettings(method="solid", delay=0), ServiceSettings(), SystemClock(), frozenset, None, reel)
    outlet.start()
    outlet.offer(Frame(1, 1.0, 1.0, image), None)
    until = time.monotonic() + 20
    while reel.latest is None and time.monotonic() < until:
        time.sleep(0.005)
    outlet.stop()
    shot, = reel.between(0, 9)
    picture = cv2.imdecode(np.frombuffer(shot.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None and picture.std() < 15


def test_a_day_is_24_hours_that_go_along() -> None:
    clock = ManualClock()
    meter = DayMeter(clock.monotonic)
    meter.add(5)
    assert meter.read() == (5, 0.0)
    for hour in range(1, 31):
        clock.sleep(HOUR)
        meter.add(10)
        assert meter.read() == (10 * min(hour, HOURS) + 5 * (hour < HOURS), min(hour, HOURS) * HOUR)
    clock.sleep(HOURS * HOUR)
    assert meter.read() == (0, HOURS * HOUR), "also while nothing is written"
    meter.reach(320)
    meter.reach(250)  # a total never falls
    assert meter.read()[0] == 15


def test_what_this_process_wrote_is_counted_by_the_kernel(tmp_path: Path) -> None:
    before = process_written()
    with (tmp_path / "block").open("wb") as file:
        file.write(bytes(1 << 20))
    grown = process_written() - before
    assert grown == 0 or grown >= 1 << 20  # 0: a folder in memory
