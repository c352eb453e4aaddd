"""Rates within groups: counted right, stated only where enough people carry them, written into manifest and card."""

import shutil

import cv2
import numpy as np
import pytest

from converter.calibration import write_metric
from converter.cli import main
from converter.groups import DRAWS, FEWEST, RATES, group_rates, read_groups, thresholds
from edge_face.errors import MediaError
from edge_face.vision.bundle import MODELS


def unit(rng: np.random.Generator, count: int, common: float) -> np.ndarray:
    """Random directions that share a direction to a degree."""
    free = rng.standard_normal((count, 32))
    free[:, 0] += common
    return (free / np.linalg.norm(free, axis=1, keepdims=True)).astype(np.float32)


def test_thresholds_are_where_the_named_share_of_pairs_of_others_lies():
    rng = np.random.default_rng(0)
    embeddings, identity = unit(rng, 400, 0.0), np.repeat(np.arange(200), 2)
    limits = thresholds(embeddings, identity)
    scores = (embeddings @ embeddings.T)[np.triu_indices(400, 1)]
    other = (identity[:, None] != identity[None])[np.triu_indices(400, 1)]
    for rate, limit in limits.items():
        assert (scores[other] >= limit).mean() == pytest.approx(rate, rel=0.02)
    assert set(limits) == set(RATES)


def test_no_threshold_rests_on_fewer_than_thirty_matches():
    few = unit(np.random.default_rng(1), 60, 0.0)
    assert FEWEST > 1e-3 * 60 * 59 / 2
    assert 1e-3 not in thresholds(few, np.arange(60))


def test_a_group_that_is_alike_matches_more_and_the_interval_holds_the_rate():
    rng = np.random.default_rng(2)
    limits = thresholds(unit(rng, 300, 0.0), np.arange(300))
    plain, alike = (group_rates(unit(rng, 300, common), limits) for common in (0.0, 2.0))
    assert alike["fmr"]["0.01"] > 3 * plain["fmr"]["0.01"]
    for group in (plain, alike):
        low, high = group["interval_95"]["0.01"]
        assert low <= group["fmr"]["0.01"] <= high < 1
    assert plain["pairs"] == 300 * 299 // 2 and DRAWS >= 200


def test_a_small_group_gets_no_rate():
    rates = group_rates(unit(np.random.default_rng(3), 50, 0.0), {1e-3: 0.5})
    assert rates["fmr"]["0.001"] is None and rates["interval_95"]["0.001"] is None


def packed(path, groups, people=3):
    files, race, sex = [], [], []
    for number, (origin, kind) in enumerate(groups * people):
        picture = np.full((128, 128, 3), 10 * number % 255, np.uint8)
        files.append(cv2.imencode(".png", picture)[1])
        race.append(origin)
        sex.append(kind)
    offsets = np.cumsum([0, *(len(f) for f in files)])
    np.savez(path, data=np.concatenate(files), offsets=offsets, race=np.array(race, np.int8), sex=np.array(sex, np.int8))
    return path


def test_packed_faces_and_folders_are_read_alike(tmp_path):
    groups = read_groups(packed(tmp_path / "groups.npz", [(1, 1), (2, 0), (-1, 0)]))
    assert {name: len(faces) for name, faces in groups.items()} == {"asian men": 3, "black women": 3}
    for name, faces in groups.items():
        for number, face in enumerate(faces):
            (tmp_path / "tree" / name).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / "tree" / name / f"{number}.png"), face)
    again = read_groups(tmp_path / "tree")
    assert all(np.array_equal(a, b) for name in groups for a, b in zip(groups[name], again[name], strict=True))


@pytest.mark.parametrize(("make", "words"), [
    (lambda p: packed(p / "g.npz", [(1, 1)]), "1 groups"),
    (lambda p: packed(p / "g.npz", [(1, 1), (2, 0)], people=1), "has 1 face"),
    (lambda p: (p / "g.npz").write_bytes(b"nothing") and p / "g.npz", "no file of packed faces"),
    (lambda p: p / "absent.npz", "no file of packed faces"),
    (lambda p: (p / "tree" / "a").mkdir(parents=True) or p / "tree", "has 0 face"),
])
def test_bad_groups_are_one_sentence(tmp_path, make, words):
    with pytest.raises(MediaError, match=words):
        read_groups(make(tmp_path))


def test_a_picture_that_is_no_aligned_face_is_named(tmp_path):
    (tmp_path / "a").mkdir()
    cv2.imwrite(str(tmp_path / "a" / "big.png"), np.zeros((200, 100, 3), np.uint8))
    with pytest.raises(MediaError, match=r"big\.png is no aligned face"):
        read_groups(tmp_path)


def test_the_table_goes_into_manifest_and_card(tmp_path):
    bundle = tmp_path / "bundle"
    shutil.copytree(MODELS / "embedder", bundle)
    limits = {1e-2: 0.3, 1e-3: 0.4}
    rng = np.random.default_rng(4)
    table = {"few women": group_rates(unit(rng, 100, 0.0), limits), "many men": group_rates(unit(rng, 260, 0.0), limits)}
    write_metric(bundle, "groups", {"precision": "int8", "thresholds": {"0.01": 0.3, "0.001": 0.4}, "threshold_people": 9, "groups": table})
    card = (bundle / "MODEL_CARD.md").read_text()
    assert "## False match rates within groups of people" in card
    assert "| few women | 100 | " in card and "too few people" in card and "where 0.1 % of all match (0.400)" in card


def test_a_precision_that_is_not_there_is_refused(tmp_path, capsys):
    path = packed(tmp_path / "groups.npz", [(1, 1), (2, 0)])
    command = ["measure-groups", str(MODELS / "embedder"), "--groups", str(path), "--faces", str(tmp_path)]
    assert main([*command, "--precision", "dynamic"]) == 2
    assert "it has float32, int8" in capsys.readouterr().err
