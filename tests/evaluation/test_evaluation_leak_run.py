"""Versions of clips carry their labels along, and the whole way of hiding leaks in none of those that are tried here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edge_face.cli.eval_leaks import chosen, figures, table
from edge_face.demo import clip_path, labels_path
from edge_face.errors import MediaError, UsageError
from edge_face.evaluation.disturbances import MIRRORED, Sight, cut_out, scaled, turned, versions
from edge_face.evaluation.leak_run import (
    FilmResult,
    VersionResult,
    detail_kept,
    measure_version,
    measure_versions,
    read_sights,
)
from edge_face.evaluation.leaks import LabelledFace, Leak
from edge_face.opencv import cv2
from edge_face.privacy import Watcher
from edge_face.privacy.seeing import Seeing
from edge_face.settings import PrivacySettings, Settings
from edge_face.types import Box, Detection, Image

BOX = Box(100, 60, 40, 50)


@pytest.fixture(scope="module")
def door() -> list[Sight]:
    return read_sights(clip_path("door"), labels_path("door"))


@pytest.fixture(scope="module")
def passers(door: Sequence[Sight]) -> list[Sight]:
    """Chidi walking through, and the scene without anybody."""
    return cut_out([*door[:9:4], *door[168:220]])[3:]


def oval(box: Box = BOX) -> Sight:
    """A bright ellipse in its label's box."""
    image = np.zeros((240, 320, 3), np.uint8)
    (x, y), (w, h) = box.centre, (box.width / 2, box.height / 2)
    cv2.ellipse(image, (round(x), round(y)), (round(w), round(h)), 0, 0, 360, (255, 255, 255), -1)
    return Sight(0.0, image, (LabelledFace("ana", box, 1.0),))


@pytest.mark.parametrize("version", [MIRRORED, turned(8), turned(-15), scaled(0.5), scaled(0.75)])
def test_labels_follow_the_picture(version: object) -> None:
    (found,) = version([oval()])  # type: ignore[operator]
    ys, xs = np.nonzero(found.image[..., 0] > 127)
    seen = Box(float(xs.min()), float(ys.min()), float(np.ptp(xs) + 1), float(np.ptp(ys) + 1))
    assert found.faces[0].box.iou(seen) > 0.88


def test_there_are_24_versions_and_each_gives_frames_with_labels(door: Sequence[Sight], passers: Sequence[Sight]) -> None:
    found = versions(passers)
    assert len(found) == 24
    part = door[280:295]
    for name, version in found.items():
        sights = list(version(part))
        assert 3 <= len(sights) <= 15 and all(s.faces for s in sights), name
        if name not in ("5 fps", "half the frames lost", "stalls"):
            assert any((a.image.shape != b.image.shape) or (a.image != b.image).any() for a, b in zip(sights, part, strict=True)), name
    # Whoever walks before a face hides it: less of it is to be seen.
    crossed = [f for s in versions(passers)["crossing"](door[260:280]) for f in s.faces]
    assert {f.name for f in crossed} >= {"ben", "hiro", "chidi"}
    with pytest.raises(UsageError, match="shows its scene"):
        cut_out(part)


@pytest.mark.parametrize("name", ["dark, JPEG 20", "5 fps", "crossing"])
def test_nobody_leaks_in_a_worse_version(name: str, door: Sequence[Sight], passers: Sequence[Sight]) -> None:
    part = door[228:300:2] if name != "5 fps" else door[228:300]
    result = measure_version(versions(passers)[name](part), Seeing(Settings()).video(), PrivacySettings())
    assert result.faces > 15 and result.leaks == () and 0 < result.hidden < 0.7


class Blind:
    """Finds nobody."""

    recognise, hide = 0.5, 0.2

    def detect(self, image: Image, threshold: float) -> list[Detection]:
        return []


def test_a_blind_detector_is_noticed(door: Sequence[Sight]) -> None:
    found = measure_versions({"door": door[280:290]}, {"as it is": iter}, lambda: Watcher(Blind(), 1.0), PrivacySettings())
    result = found["as it is"]["door"]
    assert result.faces == len(result.leaks) == 20 and result.leaked_frames == 10 and result.hidden == 0.0


def test_detail_that_is_left() -> None:
    rng = np.random.default_rng(4)
    image = cv2.resize(rng.integers(0, 256, (80, 100, 3), dtype=np.uint8), (320, 240), interpolation=cv2.INTER_CUBIC)
    other = rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)
    assert detail_kept(image, image, BOX) == pytest.approx(1.0)
    noisy = np.clip(image + rng.normal(0, 8, image.shape), 0, 255).astype(np.uint8)
    assert detail_kept(image, noisy, BOX) > 0.8
    assert detail_kept(image, cv2.GaussianBlur(image, (0, 0), 9), BOX) < 0.1
    assert abs(detail_kept(image, other, BOX)) < 0.3 and detail_kept(image, np.zeros_like(image), BOX) == 0.0


def test_names_may_hold_commas_and_wrong_ones_are_named() -> None:
    known = ("dark", "dark, JPEG 20", "5 fps")
    assert chosen("--versions", "dark, JPEG 20,5 fps", known) == ("dark, JPEG 20", "5 fps")
    assert chosen("--versions", "dark,5 fps", known) == ("dark", "5 fps")
    assert chosen("--versions", "all", known) == known and chosen("--versions", "none", known) == ()
    with pytest.raises(UsageError, match="--versions knows no 'fog'"):
        chosen("--versions", "dark,fog", known)


def test_leaks_are_printed_with_their_frames(tmp_path: Path) -> None:
    found = {"dark": {"door": VersionResult(10, 8, (Leak(3, "hiro", 0.5),), 0.2)}}
    films = {"solid": {"door": FilmResult(10, 8, (), 0.1, 0)}}
    text = table(found, films)
    assert "door, frame 3: hiro covered 50%" in text and "solid" in text
    assert figures(found, films)["versions"]["dark"]["door"]["leaked_frames"] == 1
    labels = tmp_path / "short.jsonl"
    labels.write_text('{"frame": 0, "faces": []}\n')
    with pytest.raises(MediaError, match="1 of 105 frames"):
        read_sights(clip_path("turn_live"), labels)
