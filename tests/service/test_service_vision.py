"""The vision thread with feeds and pipelines that break, and the outlet that hides whatever is not known."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_face.clock import SystemClock
from edge_face.errors import ModelError
from edge_face.opencv import cv2
from edge_face.service.frames import FeedHealth
from edge_face.service.outlet import Outlet
from edge_face.service.vision_thread import VisionThread
from edge_face.settings import PrivacySettings, ServiceSettings
from edge_face.types import Box, Frame, Match, Quality, Scene, Track, TrackState


def eventually(condition: Callable[[], object], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.005)


def frame(index: int, image: np.ndarray | None = None, at: float | None = None) -> Frame:
    picture = np.zeros((120, 160, 3), np.uint8) if image is None else image
    return Frame(index, float(index) / 10 if at is None else at, 1.7e9 + index, picture)


class ListFeed:
    """Frames from a list, then the end."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = list(frames)
        self.metered: list[int] = []

    def start(self) -> None: ...

    def close(self) -> None: ...

    def latest(self, after_index: int, timeout: float) -> Frame | None:
        return next((f for f in self.frames if f.index > after_index), None)

    def meter(self, boxes: Sequence[Box]) -> None:
        self.metered.append(len(boxes))

    @property
    def ended(self) -> bool:
        return True

    @property
    def health(self) -> FeedHealth:
        return FeedHealth(True, "ended")


class FakePipeline:
    def __init__(self, broken: Sequence[int] = ()) -> None:
        self.broken, self.resets, self.seen = broken, 0, list[int]()

    def process(self, frame: Frame) -> Scene:
        if frame.index in self.broken:
            raise RuntimeError("no numbers")
        self.seen.append(frame.index)
        return Scene(frame.index, frame.monotonic, frame.wall, 160, 120)

    def reset(self) -> None:
        self.resets += 1


def run(feed: ListFeed, build: Callable[[], FakePipeline]) -> tuple[list[tuple[int, bool]], list[BaseException], VisionThread]:
    published: list[tuple[int, bool]] = []
    failures: list[BaseException] = []
    thread = VisionThread(feed, build, SystemClock(), lambda f, scene: published.append((f.index, scene is not None)),
                          failures.append)
    thread.start()
    eventually(lambda: thread.done.is_set() or failures)
    thread.stop()
    return published, failures, thread


def test_every_frame_has_its_scene() -> None:
    pipeline = FakePipeline()
    published, failures, thread = run(ListFeed([frame(i) for i in range(10)]), lambda: pipeline)
    assert published == [(i, True) for i in range(10)] and not failures
    assert thread.frames == 10 and thread.failures == 0 and thread.fps > 0


def test_a_frame_that_fails_is_published_without_a_scene() -> None:
    published, failures, thread = run(ListFeed([frame(i) for i in range(5)]), lambda: FakePipeline([2]))
    assert published == [(0, True), (1, True), (2, False), (3, True), (4, True)] and not failures
    assert thread.failures == 1


def test_after_failures_in_a_row_the_pipeline_is_built_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[FakePipeline] = []

    def build() -> FakePipeline:
        built.append(FakePipeline([1, 2, 3] if not built else []))
        if len(built) == 2:
            raise MemoryError
        return built[-1]

    feed = ListFeed([frame(i) for i in range(8)])
    published: list[tuple[int, bool]] = []
    failures: list[BaseException] = []
    pauses: list[float] = []
    thread = VisionThread(feed, build, SystemClock(), lambda f, scene: published.append((f.index, scene is not None)),
                          failures.append)

    def wait(seconds: float) -> bool:
        pauses.append(seconds)
        time.sleep(0.001)
        return False

    stop = threading.Event()
    monkeypatch.setattr(thread, "_stop", type("Stop", (), {"is_set": lambda s: stop.is_set(), "set": lambda s: stop.set(),
                                                           "wait": lambda s, seconds: wait(seconds)})())
    thread.start()
    eventually(lambda: thread.done.is_set() or failures)
    thread.stop()
    assert published == [(0, True), (1, False), (2, False), (3, False), (4, False), (5, True), (6, True), (7, True)]
    assert len(built) == 3 and pauses[:2] == [1.0, 2.0] and not failures


def test_models_that_are_wrong_from_the_start_end_the_daemon() -> None:
    def build() -> FakePipeline:
        raise ModelError("int8.tflite is not the file that its manifest names")

    published, failures, _ = run(ListFeed([frame(0)]), build)
    assert published == [] and isinstance(failures[0], ModelError)


def test_after_a_pause_tracks_are_forgotten() -> None:
    pipeline = FakePipeline()
    run(ListFeed([frame(0, at=0.0), frame(1, at=0.1), frame(2, at=5.0), frame(3, at=5.1)]), lambda: pipeline)
    assert pipeline.resets == 1


PRIVACY = PrivacySettings(method="solid", delay=0)


def face_frame(index: int) -> Frame:
    """Noise everywhere: whatever is hidden loses its detail."""
    rng = np.random.default_rng(index)
    return frame(index, rng.integers(0, 256, (240, 320, 3), dtype=np.uint8), at=100.0 + index / 10)


def known_face(frame: Frame, person: str | None) -> Scene:
    match = Match(person, "ben", 0.9 if person else 0.1, 0.5, 0.0, frame.monotonic)
    quality = Quality(1, 1, 1, 1, 1, 40, 0, 0, 0)
    landmarks = np.array([[140, 110], [180, 110], [160, 130], [145, 150], [175, 150]], np.float32)
    track = Track(1, Box(120, 80, 80, 100), landmarks, 0.95, TrackState.CONFIRMED, 30, 0, quality=quality, match=match,
                  matched_at=frame.monotonic, votes=(person,) * 5)
    return Scene(frame.index, frame.monotonic, frame.wall, 320, 240, (track,))


def detail(picture: np.ndarray, x: int, y: int) -> float:
    return float(picture[y - 20:y + 20, x - 20:x + 20].astype(float).std())


class Viewer:
    def __init__(self, folder: Path, consenting: frozenset[str] = frozenset({"ben"}), privacy: PrivacySettings = PRIVACY) -> None:
        self.file = folder / "preview.jpg"
        self.outlet = Outlet(privacy, ServiceSettings(preview_fps=30.0, preview_file=str(self.file)), SystemClock(),
                             lambda: consenting)
        self.outlet.start()

    def show(self, frame: Frame, scene: Scene | None) -> np.ndarray:
        before = self.outlet.written
        time.sleep(0.04)  # more than a period of the preview
        self.outlet.offer(frame, scene)
        eventually(lambda: self.outlet.written > before)
        picture = cv2.imread(str(self.file))
        assert picture is not None
        return picture


def test_a_known_face_is_sharp_and_a_stranger_is_hidden(tmp_path: Path) -> None:
    viewer = Viewer(tmp_path)
    shown = viewer.show(face_frame(0), known_face(face_frame(0), "ben"))
    hidden = viewer.show(face_frame(1), known_face(face_frame(1), None))
    viewer.outlet.stop()
    assert detail(shown, 160, 130) > 40
    assert detail(hidden, 160, 130) < 15
    assert detail(hidden, 40, 40) > 40


def test_who_did_not_agree_is_hidden(tmp_path: Path) -> None:
    viewer = Viewer(tmp_path, frozenset())
    assert detail(viewer.show(face_frame(0), known_face(face_frame(0), "ben")), 160, 130) < 15
    viewer.outlet.stop()


def test_when_vision_fails_or_stalls_or_ends_everything_is_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.service.outlet.STALLED", 0.2)
    viewer = Viewer(tmp_path)
    failed = viewer.show(face_frame(0), None)
    assert detail(failed, 40, 40) < 15 and detail(failed, 160, 130) < 15
    assert detail(viewer.show(face_frame(1), known_face(face_frame(1), "ben")), 40, 40) > 40
    before = viewer.outlet.written
    eventually(lambda: viewer.outlet.written > before)
    assert detail(cv2.imread(str(viewer.file)), 40, 40) < 15
    assert detail(viewer.show(face_frame(2), known_face(face_frame(2), "ben")), 40, 40) > 40
    viewer.outlet.stop()
    assert detail(cv2.imread(str(viewer.file)), 40, 40) < 15
    assert [path.name for path in tmp_path.iterdir()] == ["preview.jpg"]


def test_a_failure_while_hiding_leaves_nothing_to_see(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = Viewer(tmp_path)
    shown = viewer.show(face_frame(0), known_face(face_frame(0), "ben"))
    assert detail(shown, 160, 130) > 40

    def fails(*_: object) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(viewer.outlet._hider, "regions", fails)
    assert viewer.show(face_frame(1), known_face(face_frame(1), None)).max() == 0
    viewer.outlet.stop()


def test_a_method_that_fails_leaves_nothing_to_see(tmp_path: Path) -> None:
    texture = tmp_path / "cat.png"
    cv2.imwrite(str(texture), np.full((8, 8, 3), 200, np.uint8))
    privacy = replace(PRIVACY, method="replace", option=str(texture))
    viewer = Viewer(tmp_path, privacy=privacy)
    assert detail(viewer.show(face_frame(0), known_face(face_frame(0), "ben")), 160, 130) > 40
    texture.unlink()
    assert viewer.show(face_frame(1), known_face(face_frame(1), None)).max() == 0
    viewer.outlet.stop()


@pytest.mark.parametrize("garbage", [np.zeros((0, 320, 3), np.uint8), np.zeros((240, 320), np.uint8), np.zeros((240, 320, 4), np.uint8),
                                     np.zeros((240, 320, 3), np.float32)], ids=("empty", "grey", "four channels", "floats"))
def test_what_is_no_picture_leaves_nothing_to_see(tmp_path: Path, garbage: np.ndarray) -> None:
    """A known face stays on no screen while a broken camera gives something else."""
    viewer = Viewer(tmp_path)
    assert detail(viewer.show(face_frame(0), known_face(face_frame(0), "ben")), 160, 130) > 40
    assert viewer.show(frame(1, garbage, at=100.1), None).max() == 0
    assert detail(viewer.show(face_frame(2), known_face(face_frame(2), "ben")), 160, 130) > 40, "and is back after it"
    viewer.outlet.stop()


def test_a_place_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    outlet = Outlet(PRIVACY, ServiceSettings(preview_fps=30.0, preview_file=str(tmp_path / "no" / "preview.jpg")), SystemClock(),
                    lambda: frozenset())
    outlet.start()
    outlet.offer(face_frame(0), None)
    eventually(lambda: outlet.troubled)
    outlet.stop()
    assert outlet.written == 0
