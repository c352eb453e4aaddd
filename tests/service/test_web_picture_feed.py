"""Pictures for the pages: hidden, made only while somebody looks, never too many, the same for a page and the preview file."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from edge_face.clock import ManualClock, SystemClock
from edge_face.opencv import cv2
from edge_face.service.outlet import Outlet
from edge_face.service.web.picture_feed import LOOKED, STALE, PictureFeed, Shot
from edge_face.settings import PrivacySettings, ServiceSettings
from edge_face.types import Box, Frame, Scene, Track, TrackState

PRIVACY = PrivacySettings(method="solid", delay=0)
LANDMARKS = np.array([[140, 110], [180, 110], [160, 130], [145, 150], [175, 150]], np.float32)


def eventually(condition: Callable[[], object], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.005)


def noise(index: int) -> Frame:
    rng = np.random.default_rng(index)
    return Frame(index, 100.0 + index / 10, 1.7e9, rng.integers(0, 256, (240, 320, 3), dtype=np.uint8))


def stranger(frame: Frame) -> Scene:
    track = Track(1, Box(120, 80, 80, 100), LANDMARKS, 0.95, TrackState.CONFIRMED, 30, 0)
    return Scene(frame.index, frame.monotonic, frame.wall, 320, 240, (track,))


def detail(picture: np.ndarray, x: int, y: int) -> float:
    return float(picture[y - 20:y + 20, x - 20:x + 20].astype(float).std())


def decoded(shot: Shot) -> np.ndarray:
    picture = cv2.imdecode(np.frombuffer(shot.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture


@pytest.fixture
def pages() -> PictureFeed:
    return PictureFeed(1e9, SystemClock())  # a picture is always due


@pytest.fixture
def outlet(pages: PictureFeed) -> Iterator[Outlet]:
    made = Outlet(PRIVACY, ServiceSettings(), SystemClock(), frozenset, pages)
    made.start()
    yield made
    made.stop()


def offered(outlet: Outlet, pages: PictureFeed, frame: Frame, scene: Scene | None) -> Shot:
    before = pages.latest()
    outlet.offer(frame, scene)
    shot = pages.latest(before.number if before else 0, 10.0)
    assert shot is not None
    return shot


def test_nobody_s_raw_face_reaches_a_page(outlet: Outlet, pages: PictureFeed) -> None:
    shot = offered(outlet, pages, noise(0), stranger(noise(0)))
    assert (shot.width, shot.height) == (320, 240) and shot.scene is not None
    assert detail(decoded(shot), 160, 130) < 15
    assert detail(decoded(shot), 40, 40) > 40


def test_when_vision_fails_or_stalls_a_page_sees_nothing(outlet: Outlet, pages: PictureFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.service.outlet.STALLED", 60.0)
    monkeypatch.setattr("edge_face.service.web.picture_feed.STALE", 60.0)  # a busy machine may be late
    failed = offered(outlet, pages, noise(0), None)
    assert detail(decoded(failed), 40, 40) < 15 and failed.scene is None
    shown = offered(outlet, pages, noise(1), stranger(noise(1)))
    assert detail(decoded(shown), 40, 40) > 40
    monkeypatch.setattr("edge_face.service.outlet.STALLED", 0.2)
    outlet.offer(noise(2), stranger(noise(2)))
    eventually(lambda: (shot := pages.latest()) is not None and shot.scene is None and shot.number > shown.number)
    stalled = pages.latest()
    assert stalled is not None and detail(decoded(stalled), 40, 40) < 15


def test_while_nobody_looks_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    pages = PictureFeed(1000.0, clock)
    worked: list[int] = []
    outlet = Outlet(PRIVACY, ServiceSettings(), clock, frozenset, pages)
    monkeypatch.setattr(outlet, "_take", lambda post: worked.append(post.frame.index))
    outlet.start()
    outlet.offer(noise(0), None)
    pages.latest()
    outlet.offer(noise(1), None)
    eventually(lambda: worked)
    clock.sleep(LOOKED + 0.1)
    outlet.offer(noise(2), None)
    pages.latest()
    outlet.offer(noise(3), None)
    eventually(lambda: len(worked) == 2)
    outlet.stop()
    assert worked == [1, 3]


def test_a_page_and_the_file_get_one_picture(tmp_path: Path, pages: PictureFeed, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "preview.jpg"
    hidden: list[int] = []
    from edge_face.service import outlet as module

    real = module.anonymize_as
    monkeypatch.setattr(module, "anonymize_as", lambda *a, **k: hidden.append(1) or real(*a, **k))
    outlet = Outlet(PRIVACY, ServiceSettings(preview_fps=30.0, preview_file=str(file)), SystemClock(), frozenset, pages)
    outlet.start()
    shot = offered(outlet, pages, noise(0), stranger(noise(0)))
    assert file.read_bytes() == shot.jpeg and len(hidden) == 1
    outlet.stop()


def test_no_more_pictures_than_the_settings_say() -> None:
    clock = ManualClock()
    pages = PictureFeed(5.0, clock)
    pages.latest()
    assert pages.due
    pages.put(b"one", 1, 1, None)
    clock.sleep(0.19)
    assert not pages.due
    clock.sleep(0.02)
    assert pages.due
    off = PictureFeed(0.0, clock)
    off.latest()
    assert off.off and not off.wanted and not off.due and off.latest(0, 20.0) is None


def test_whoever_begins_to_look_does_not_see_who_was_there_before() -> None:
    clock = ManualClock()
    pages = PictureFeed(5.0, clock)
    pages.latest()
    pages.put(b"one", 1, 1, None)
    assert pages.latest() is not None
    clock.sleep(STALE + 0.1)
    assert pages.latest() is None
    pages.put(b"two", 1, 1, None)
    pages.forget()
    assert pages.latest() is None


def test_one_who_waits_gets_the_next_and_is_let_go_at_the_end(pages: PictureFeed) -> None:
    found: list[Shot | None] = []
    waiting = [threading.Thread(target=lambda: found.append(pages.latest(0, 15.0))) for _ in range(3)]
    for thread in waiting:
        thread.start()
    time.sleep(0.05)
    pages.put(b"one", 1, 1, None)
    for thread in waiting:
        thread.join(5)
    assert [shot.jpeg for shot in found if shot] == [b"one"] * 3
    late = threading.Thread(target=lambda: found.append(pages.latest(1, 15.0)))
    late.start()
    pages.close()
    late.join(5)
    assert not late.is_alive() and found[-1] is None and pages.latest() is None


def test_a_long_wait_counts_as_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.service.web.picture_feed.LOOKED", 0.4)
    pages = PictureFeed(5.0, SystemClock())
    waiting = threading.Thread(target=lambda: pages.latest(0, 1.5))
    waiting.start()
    end = time.monotonic() + 1.2
    while time.monotonic() < end:
        time.sleep(0.05)
        assert pages.wanted
    waiting.join()
    eventually(lambda: not pages.wanted, 2.0)
