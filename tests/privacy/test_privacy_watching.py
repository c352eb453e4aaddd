"""Looking closely at large pictures: tiles overlap, parts and second looks are merged, nothing is lost at a seam."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scenes
from hypothesis import given
from hypothesis import strategies as st

from edge_face.privacy import CloseDetector, FrameDetector, Watcher
from edge_face.privacy.watching import OVERLAP, _starts
from edge_face.types import Box, Detection, Image, TrackState


class Finder:
    """Finds white rectangles whose larger side is `least` to `most` pixels of what it is shown; scores by their share."""

    recognise, hide = 0.6, 0.2

    def __init__(self, least: int = 8, most: int = 10_000) -> None:
        self.least, self.most, self.shown = least, most, list[tuple[int, int]]()

    def detect(self, image: Image, threshold: float) -> list[Detection]:
        from edge_face.opencv import cv2

        self.shown.append((image.shape[1], image.shape[0]))
        count, _, stats, _ = cv2.connectedComponentsWithStats((image[:, :, 0] > 127).astype(np.uint8))
        found = []
        for x, y, width, height, _ in stats[1:count].tolist():
            if self.least <= max(width, height) <= self.most:
                box = Box(x, y, width, height)
                found.append(Detection(box, scenes.landmarks(box), 0.9))
        return [d for d in found if d.score >= threshold]


def picture(width: int, height: int, *boxes: tuple[int, int, int, int]) -> Image:
    image: Image = np.zeros((height, width, 3), np.uint8)
    for x, y, w, h in boxes:
        image[y:y + h, x:x + w] = 255
    return image


@given(length=st.integers(1, 20_000), tile=st.sampled_from([480, 640]))
def test_tiles_cover_everything_and_overlap(length: int, tile: int) -> None:
    starts = _starts(length, tile)
    assert starts[0] == 0 and starts[-1] + tile >= length and starts == sorted(starts)
    for a, b in itertools.pairwise(starts):
        assert a + tile - b >= OVERLAP * tile - 1


@pytest.mark.parametrize("size", [(4000, 3000), (1920, 1080), (3000, 200), (641, 481)])
def test_faces_of_any_size_anywhere_are_found_once(size: tuple[int, int]) -> None:
    """Faces that a single look at the shrunken whole cannot find, also on the seams of the tiles."""
    rng = np.random.default_rng(5)
    placed: list[Box] = []
    for side in (14, 20, 40, 90, 180):
        for _ in range(200):
            if side >= min(size) // 2:
                break
            x, y = int(rng.integers(2, size[0] - side - 2)), int(rng.integers(2, size[1] - side - 2))
            box = Box(x, y, side, side)
            if not any(box.grown(1.5).intersection(p.grown(1.5)) for p in placed):
                placed.append(box)
    finder = Finder(least=12, most=400)
    image = picture(*size, *[(int(b.x), int(b.y), int(b.width), int(b.height)) for b in placed])
    found = CloseDetector(finder, turned=False).detect(image, 0.2)
    for box in placed:
        matches = [d for d in found if d.box.iou(box) > 0.5]
        assert len(matches) == 1, box
        assert np.abs(matches[0].landmarks - scenes.landmarks(box)).max() < 0.2 * box.width + 2
    assert all(width <= 640 and height <= 480 for width, height in finder.shown)


def test_a_lone_part_at_a_seam_is_kept() -> None:
    """A face that no tile shows whole must not fall between them."""
    image = picture(1280, 960, (600, 400, 300, 250))
    finder = Finder(least=100, most=299)  # whole it is never found, at no scale
    found = CloseDetector(finder, turned=False).detect(image, 0.2)
    assert found and all(d.box.intersection(Box(600, 400, 300, 250)) > 0 for d in found)


def test_small_pictures_are_looked_at_once() -> None:
    finder = Finder()
    CloseDetector(finder, turned=False).detect(picture(300, 200), 0.2)
    assert finder.shown == [(300, 200)]


def test_sideways_faces_come_back_upright_and_only_weak() -> None:
    """The turned picture is looked at too; a finder of upright rectangles stands for the detector."""
    class Upright(Finder):
        def detect(self, image: Image, threshold: float) -> list[Detection]:
            return [d for d in super().detect(image, threshold) if d.box.height > d.box.width]

    lying = (200, 100, 120, 60)
    found = CloseDetector(Upright()).detect(picture(640, 480, lying), 0.2)
    assert found and all(d.box.iou(Box(*lying)) > 0.8 and d.score < Upright.recognise for d in found)
    inside = Box(*lying).grown(1.2)
    assert all(inside.intersection(Box(x, y, 1, 1)) > 0 for d in found for x, y in d.landmarks.tolist())


def test_frames_small_and_large() -> None:
    small, large = Finder(), Finder()
    detector = FrameDetector(small, lambda: large)
    detector.detect(picture(640, 480), 0.2)
    assert small.shown == [(640, 480)] and large.shown == []
    for size, looks in (((1280, 720), 1), ((1920, 1080), 5), ((720, 1280), 3)):
        large.shown.clear()
        detector.detect(picture(*size), 0.2)
        assert len(large.shown) == looks and len(small.shown) == 1, size


def test_a_watcher_knows_nobody_and_hides_from_the_first_frame() -> None:
    watcher = Watcher(Finder(), keep=1.0)
    scene = watcher.process(scenes.frame(0, image=picture(320, 240, (50, 50, 40, 40))))
    (track,) = scene.tracks
    assert track.state is TrackState.TENTATIVE and track.match is None and (scene.width, scene.height) == (320, 240)
    assert scene.tracks[0].box.iou(Box(50, 50, 40, 40)) > 0.9 and math.isclose(scene.monotonic, 0.0)
    later = watcher.process(scenes.frame(1, image=picture(320, 240)))
    assert later.tracks == () or later.tracks[0].state is TrackState.COASTING
