"""Presentations to attempts, on the bundled clips: a stand-in for the door's vision that reads the labels, and the real detector."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edge_face.demo import clip_path, labels_path, stills
from edge_face.evaluation.leaks import read_labels
from edge_face.evaluation.liveness_material import Clip, Still
from edge_face.evaluation.liveness_run import clip_attempts, find_face, run_clips, run_stills
from edge_face.media import read_picture, write_picture
from edge_face.types import Box, Frame, Image, Liveness, LiveVerdict, Scene, Track, TrackState
from edge_face.vision.bundle import load_bundle
from edge_face.vision.detector import Detector

Judge = Callable[[int, str], Liveness | None]
POINTS = np.zeros((5, 2), np.float32)


class Labelled:
    """Sees each labelled face of a clip as a track, a little off; `judge` says what is thought of it (times seen, its name)."""

    def __init__(self, clip: str, judge: Judge) -> None:
        self._labels, self._judge = read_labels(labels_path(clip)), judge
        self._seen: dict[str, int] = {}

    def process(self, frame: Frame) -> Scene:
        tracks = []
        for number, face in enumerate(self._labels.get(frame.index, ())):
            self._seen[face.name] = self._seen.get(face.name, 0) + 1
            tracks.append(Track(number, face.box.moved(2, 2), POINTS, 0.9, TrackState.CONFIRMED, 5, 0,
                                liveness=self._judge(self._seen[face.name], face.name)))
        height, width = frame.image.shape[:2]
        return Scene(frame.index, frame.monotonic, frame.wall, width, height, tuple(tracks))

    def reset(self) -> None:
        self._seen.clear()


def clip(name: str, *, whole: bool = False) -> Clip:
    faces = None if whole else read_labels(labels_path(name))
    return Clip(clip_path(name), f"{name}.mp4", "print" if whole else None, "s1" if whole else "", "", True, faces)


def verdict(kind: LiveVerdict, score: float) -> Liveness:
    return Liveness(kind, score, 5)


def test_each_labelled_face_is_one_attempt_judged_by_the_last_answer() -> None:
    def judge(times: int, name: str) -> Liveness | None:
        if times < 5:
            return verdict(LiveVerdict.UNKNOWN, 0.99)
        if name == "hiro":
            return verdict(LiveVerdict.LIVE, 0.8)
        return verdict(LiveVerdict.LIVE, 0.9) if times == 30 else verdict(LiveVerdict.ATTACK, 0.1)

    attempts = {a.source: a for a in clip_attempts(clip("spoof_print"), Labelled("spoof_print", judge))}
    print_, hiro = attempts["spoof_print.mp4: ben"], attempts["spoof_print.mp4: hiro"]
    assert (print_.species, print_.score, print_.accepted, print_.alive, print_.doubted) == ("print", 0.1, False, True, True)
    assert (hiro.species, hiro.score, hiro.accepted, hiro.alive, hiro.doubted) == (None, 0.8, True, True, False)
    assert print_.subject == "ben" and print_.simulated and print_.seconds is not None
    assert 0 < print_.seconds <= 4 / 15 + 0.01  # its first frames show too little of it to count


def test_no_verdict_is_no_answer() -> None:
    for unknown in (None, verdict(LiveVerdict.UNKNOWN, 0.9)):
        attempts = clip_attempts(clip("spoof_print"), Labelled("spoof_print", lambda times, name, u=unknown: u))  # type: ignore[misc]
        assert all(a.score is None and a.seconds is None and not a.accepted for a in attempts)


def test_a_clip_without_labels_is_one_attempt_of_the_largest_face() -> None:
    (attempt,) = run_clips([clip("spoof_print", whole=True)], Labelled("spoof_print", lambda times, name: verdict(
        LiveVerdict.ATTACK, 0.1 if name == "ben" else 0.2)))
    assert (attempt.species, attempt.subject, attempt.source) == ("print", "s1", "spoof_print.mp4")
    assert attempt.frames > 100 and attempt.score is not None and not attempt.accepted


@pytest.fixture(scope="module")
def finder() -> Detector:
    return Detector(load_bundle("", "detector"), 640, 480)


def test_stills_by_detection_by_label_and_without_a_face(finder: Detector, tmp_path: Path) -> None:
    ben = stills("ben")[0]
    write_picture(tmp_path / "grey.png", np.full((120, 120, 3), 127, np.uint8))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    given = [Still(ben, "found", None, "ben", "", True), Still(ben, "boxed", "print", "ben", "", True, Box(1, 2, 30, 40)),
             Still(ben, "nonsense", "print", "ben", "", True, Box(0, 0, 0, 0)), Still(tmp_path / "grey.png", "grey", None, "x", "", True),
             Still(tmp_path / "broken.png", "broken", None, "x", "", True)]
    seen: list[Box] = []

    def score(image: Image, box: Box) -> float:
        from edge_face.vision.live_crop import live_crop

        live_crop(image, box)
        seen.append(box)
        return 0.7 if box.height > 100 else 0.2

    found, boxed, nonsense, grey, broken = run_stills(given, score, finder, 0.5)
    assert (found.score, found.accepted, boxed.score, boxed.accepted) == (0.7, True, 0.2, False)
    assert nonsense.score is grey.score is broken.score is None
    assert seen[1] == Box(1, 2, 30, 40)


def test_a_near_crop_is_found_and_placed_in_its_own_pixels(finder: Detector) -> None:
    image = read_picture(stills("ben")[0])
    whole = find_face(image, finder)
    assert whole is not None
    x, y = round(whole.x), round(whole.y)
    crop = np.ascontiguousarray(image[y:y + round(whole.height), x:x + round(whole.width)])
    near = find_face(crop, finder)
    assert near is not None and near.iou(whole.moved(-x, -y)) > 0.7
