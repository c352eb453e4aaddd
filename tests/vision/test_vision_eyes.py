"""How open are the eyes? Against one's own."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from edge_face.demo import clip_path, labels_path
from edge_face.media import VideoReader
from edge_face.types import Floats, Image
from edge_face.vision.align import align
from edge_face.vision.eyes import eyes_open

ORDER = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")


@cache
def watched() -> tuple[tuple[float, float | None], ...]:
    """(blink by the label, openness) of the pictures of turn_live in which ben looks here, aligned by the labels' landmarks."""
    rows = {int(row["frame"]): row["faces"] for row in map(json.loads, labels_path("turn_live").read_text(encoding="utf-8").splitlines())}
    found = []
    with VideoReader(clip_path("turn_live")) as video:
        for index, _, image in video:
            label = rows[index][0]
            if abs(label["yaw"]) < 10:
                marks: Floats = np.array([label["landmarks"][name] for name in ORDER], np.float32)
                found.append((float(label["blink"]), eyes_open(align(image, marks).image)))
    return tuple(found)


def test_shut_eyes_are_less_open_than_any_open_ones() -> None:
    opened = [value for blink, value in watched() if blink == 0 and value is not None]
    shut = [value for blink, value in watched() if blink >= 0.7 and value is not None]
    assert len(opened) >= 40 and len(shut) >= 4
    assert max(shut) < min(opened)
    assert max(shut) < 0.62 * float(np.median(opened))


def face(skin: int, eye: int, size: int = 3) -> Image:
    """A plain face with two dark discs for eyes."""
    image = np.full((112, 112, 3), skin, np.uint8)
    y, x = np.mgrid[:112, :112]
    for cx in (38, 74):
        image[(x - cx) ** 2 + (y - 52) ** 2 <= size**2] = eye
    return image


def test_plain_faces() -> None:
    opened, shut = eyes_open(face(180, 20, 4)), eyes_open(face(180, 170))
    assert opened is not None and shut is not None
    assert opened > 0.8 > 0.1 > shut


@pytest.mark.parametrize("light", [60, 120, 240])
def test_the_light_does_not_matter(light: int) -> None:
    value = eyes_open(face(light, light // 5, 4))
    assert value is not None and value == pytest.approx(0.85, abs=0.2)


def test_what_cannot_be_judged_is_none() -> None:
    glasses = face(180, 20)
    glasses[40:64, 20:92] = 25
    assert eyes_open(glasses) is None
    assert eyes_open(face(10, 0)) is None
    assert eyes_open(np.zeros((112, 112, 3), np.uint8)) is None
    assert eyes_open(np.zeros((64, 64, 3), np.uint8)) is None


def test_it_stays_between_shut_and_open() -> None:
    rng = np.random.default_rng(1)
    values = [eyes_open(rng.integers(0, 256, (112, 112, 3), np.uint8)) for _ in range(50)]
    assert all(value is None or 0.0 <= value <= 1.0 for value in values)
