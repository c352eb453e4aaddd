"""The landmarker: rough landmarks become better ones, and never worse than nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from edge_face.demo import people, stills
from edge_face.errors import ModelError
from edge_face.media import read_picture
from edge_face.vision.align import TEMPLATE
from edge_face.vision.bundle import load_bundle
from edge_face.vision.landmarker import EYES, Landmarker, view

AS_SEEN = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")


@pytest.fixture(scope="module", params=["int8", "float32"])
def landmarker(request: pytest.FixtureRequest) -> Landmarker:
    return Landmarker(load_bundle("", "landmarker"), request.param)


def labelled() -> list[tuple[Path, np.ndarray]]:
    """Every bundled still that shows a face not much turned, with its true landmarks."""
    found = []
    for name in people():
        folder = stills(name)[0].parent
        for line in (folder / "labels.jsonl").read_text().splitlines():
            row = json.loads(line)
            (face,) = row["faces"]
            if abs(face["yaw"]) < 25:
                found.append((folder / row["file"], np.array([face["landmarks"][part] for part in AS_SEEN], np.float32)))
    return found


def test_rough_landmarks_get_better(landmarker: Landmarker) -> None:
    rng = np.random.default_rng(7)
    before, after = [], []
    for path, truth in labelled():
        image, eyes = read_picture(path), float(np.linalg.norm(truth[1] - truth[0]))
        rough = (truth + rng.normal(0, 0.08, (5, 2)) * eyes + rng.normal(0, 0.1, 2) * eyes).astype(np.float32)
        refined = landmarker.refine(image, rough)
        assert refined.shape == (5, 2) and refined.dtype == np.float32
        before.append(np.linalg.norm(rough - truth, axis=1).mean() / eyes)
        after.append(np.linalg.norm(refined - truth, axis=1).mean() / eyes)
    assert len(before) >= 20
    assert np.median(after) < 0.6 * np.median(before)
    assert np.median(after) < 0.1


def test_landmarks_that_make_no_face_are_given_back(landmarker: Landmarker) -> None:
    image = np.zeros((60, 80, 3), np.uint8)
    for wrong in (np.full((5, 2), np.nan, np.float32), np.zeros((5, 2), np.float32)):
        assert landmarker.refine(image, wrong) is wrong


def test_a_network_that_is_lost_is_not_believed(landmarker: Landmarker, monkeypatch: pytest.MonkeyPatch) -> None:
    image, rough = np.full((200, 200, 3), 90, np.uint8), (TEMPLATE + 30).astype(np.float32)
    for answer in (np.full((1, 10), np.nan, np.float32), np.full((1, 10), 1.5, np.float32)):
        monkeypatch.setattr(landmarker._interpreter, "run", lambda crop, answer=answer: {landmarker._output: answer})
        assert landmarker.refine(image, rough) is rough
    monkeypatch.setattr(landmarker._interpreter, "run", lambda crop: {landmarker._output: np.zeros((1, 10), np.float32)})
    assert np.abs(landmarker.refine(image, rough) - rough).max() < 1e-2, "points where the template has them stay"


def test_the_view_is_the_template_with_a_margin() -> None:
    points = view(64)
    assert np.allclose(points, (TEMPLATE + 8) / 2)
    assert np.linalg.norm(points[1] - points[0]) == pytest.approx(EYES / 2)


def test_another_bundle_is_refused() -> None:
    with pytest.raises(ModelError, match=r"not for 'landmarker'"):
        load_bundle(load_bundle("", "embedder").folder, "landmarker")
