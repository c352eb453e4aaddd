"""Micro-texture: learned from sources that tell nothing, judged on people held out, written so that the device reads it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from converter import liveness_skin, liveness_texture
from converter.cli import main
from converter.liveness_skin import fitted, values
from converter.liveness_texture import learn, odds_of
from converter.training import liveness_data
from converter.training.liveness_data import ALIGNED, Album, Shot, part_of
from converter.training.liveness_patterns import (
    FOLDS,
    SMALLEST,
    Patterns,
    captured,
    folds_of,
    foreign,
    gathered,
    shrunk,
)
from converter.training.liveness_samples import TRAINED
from edge_face.demo import __file__ as demo_file
from edge_face.errors import MediaError, ModelError
from edge_face.opencv import cv2
from edge_face.types import Box
from edge_face.vision.bundle import MODELS, load_bundle
from edge_face.vision.live import LivenessJudge
from edge_face.vision.live_cues.texture import MOST, NUMBERS

PEOPLE = Path(demo_file).parent / "people"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness_skin, "STEPS", 40)
    monkeypatch.setattr(liveness_skin, "BATCH", 64)


def made(count: int, seed: int = 1, shift: float = 0.8) -> Patterns:
    """Numbers of two sources; skin has more of the first ten of them."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        live, source = number % 2 == 0, ("detect", "nuaa")[number // 2 % 2]
        numbers = rng.normal(0, 0.1, NUMBERS).astype(np.float32)
        numbers[:10] += shift if live else 0.0
        rows.append((numbers, live, source, "live" if live else "print", number // 4 % FOLDS))
    return gathered(rows)


def strange(count: int, seed: int = 7) -> Patterns:
    """Numbers of which others are large."""
    found = made(count, seed)
    found.numbers[:, 20:40] += 0.8
    return found


def album(pictures: int = 8) -> Album:
    rng = np.random.default_rng(1)
    shots = []
    for number in range(pictures):
        small = rng.integers(40, 220, (20, 20, 3), dtype=np.uint8)
        blob = cv2.imencode(".png", cv2.resize(small, (160, 160), interpolation=cv2.INTER_CUBIC))[1].tobytes()
        points = np.array([[70, 75], [100, 75], [85, 95], [72, 115], [98, 115]], np.float32)
        shots.append(Shot(blob, ALIGNED.moved(16, 16), points, "live", f"d{number}", "detect"))
        shots += [Shot(blob, ALIGNED.moved(16, 16), points, species, f"000{number}", "nuaa") for species in ("live", "print")]
    return Album(tuple(shots), ())


def test_a_source_counts_as_much_alive_as_attacked() -> None:
    given = made(40)
    uneven = given.part(np.array([not (live and source == "nuaa" and number % 3) for number, (live, source) in
                                  enumerate(zip(given.live, given.source, strict=True))]))
    for source in ("nuaa", "detect"):
        sides = [float(uneven.weights[(uneven.source == source) & (uneven.live == live)].sum()) for live in (True, False)]
        assert sides == pytest.approx([0.25, 0.25])


def test_it_learns_and_is_told_on_people_held_out() -> None:
    given, other = made(420), strange(300)
    skin, report = learn(given, given, other, 0)
    fresh = made(200, 5)
    scores, known = values(skin, fresh.numbers)
    assert (scores[fresh.live] > 0).mean() > 0.95 and (scores[~fresh.live] < 0).mean() > 0.95
    assert set(report["held_out"]) == {"print, detect", "print, nuaa"}
    assert min(entry["auc"] for entry in report["held_out"].values()) > 0.95
    assert known.mean() > 0.6 > 0.3 > values(skin, strange(100, 9).numbers)[1].mean()
    assert report["known"] > 0.9 > 0.1 > report["simulated_known"]
    on_device = [skin.value(row) for row in fresh.numbers[:9]]
    assert on_device == pytest.approx((np.clip(scores, -MOST, MOST) * known)[:9].tolist(), abs=1e-4), "the device computes the same"
    again = fitted(given, other, 0)
    assert np.array_equal(again.weights, skin.weights) and not np.array_equal(fitted(given, other, 1).weights, skin.weights)


def test_without_anything_strange_all_is_known() -> None:
    skin = fitted(made(420), made(0), 0)
    assert values(skin, strange(50).numbers)[1].min() > 0.999


def test_odds_are_as_they_are_of_people_held_out() -> None:
    rng = np.random.default_rng(1)
    live = rng.random(4000) < 0.5
    odds = rng.normal(np.where(live, 1.0, -1.0), np.sqrt(2.0))  # of such values the logarithm of the odds is the value itself
    weights = np.ones(4000)
    assert odds_of(odds, live, weights) == pytest.approx((1.0, 0.0), abs=0.12)
    slope, offset = odds_of(3 * odds + 1, live, weights)
    assert slope == pytest.approx(1 / 3, abs=0.05) and offset == pytest.approx(-1 / 3, abs=0.12)
    assert odds_of(odds / 3, live, weights)[0] == 1.0, "belief is only taken away"


def test_what_is_learned_by_heart_is_not_told() -> None:
    given = made(420, shift=0.0)
    found = learn(given, given, made(0), 0)[1]["held_out"]
    assert 0.3 < found["print, detect"]["auc"] < 0.7, "nothing fits noise of people that it did not see"


def test_the_gradient_is_that_of_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness_skin, "HIDE_IN", 0.0)
    monkeypatch.setattr(liveness_skin, "HIDE", 0.0)
    rng = np.random.default_rng(3)
    weights = [rng.normal(0, 0.3, shape) for shape in ((6, 4), (4,), (4,), (1,))]
    rows, wanted = rng.normal(size=(9, 6)), rng.uniform(0.1, 0.9, 9)

    def loss(parts: list[np.ndarray]) -> float:
        said = 1 / (1 + np.exp(-(np.maximum(rows @ parts[0] + parts[1], 0) @ parts[2] + parts[3])))
        return float(-(wanted * np.log(said) + (1 - wanted) * np.log(1 - said)).mean())

    found = liveness_skin._gradients(weights, rows, wanted, rng)
    for number, part in enumerate(weights):
        for place in np.ndindex(part.shape):
            sides = []
            for change in (1e-5, -1e-5):
                moved = [other.copy() for other in weights]
                moved[number][place] += change
                sides.append(loss(moved))
            assert found[number][place] == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-5)


def test_too_few_are_refused() -> None:
    with pytest.raises(MediaError, match="too few to learn texture from"):
        learn(made(60), made(60), made(0), 0)


def test_every_capture_is_looked_at_in_several_ways_that_repeat() -> None:
    shots = [shot for shot in album().shots if shot.source == "nuaa"]
    once, several, again = captured(shots), captured(shots, 3, 4), captured(shots, 3, 4)
    assert len(once.live) == 16 and sorted(set(once.fold.tolist())) == list(range(FOLDS))
    assert 48 < len(several.live) <= 64 and np.array_equal(several.numbers, again.numbers)
    assert several.numbers.shape[1] == NUMBERS and set(several.species.tolist()) == {"live", "print"}
    assert not np.array_equal(several.numbers, captured(shots, 3, 5).numbers)


def test_what_is_strange_is_simulated_and_of_other_sources() -> None:
    found, again = (foreign(album(), 30, 4) for _ in range(2))
    assert set(found.source.tolist()) == {"detect"} and {"live"} < set(found.species.tolist()) <= {"live", *TRAINED}
    assert np.array_equal(found.numbers, again.numbers) and 0 < found.live.sum() < len(found.live)
    assert len(foreign(Album(tuple(shot for shot in album().shots if shot.source == "nuaa"), ()), 30, 4).live) == 0


def test_nobody_is_in_two_parts() -> None:
    folds = folds_of(album(7).shots)
    assert len({folds["nuaa", f"000{number}"] for number in range(7)}) == 7, "seven people are held out one by one"
    assert len(folds) == 14


def test_a_face_farther_off_keeps_its_place() -> None:
    image = np.zeros((160, 160, 3), np.uint8)
    image[60:100, 40:80] = 255
    box = Box(40, 20, 80, 120)
    heights = []
    for seed in range(40):
        small, where = shrunk(image, box, np.random.default_rng(seed))
        heights.append(where.height)
        assert where.x / small.shape[1] == pytest.approx(0.25, abs=1e-6)
    assert min(heights) >= SMALLEST - 1 and max(heights) <= 120 and len(set(heights)) > 10
    assert shrunk(image, Box(40, 20, 50, 60), np.random.default_rng(0)) == (image, Box(40, 20, 50, 60))


def test_the_command_teaches_a_bundle_that_no_door_takes_until_it_is_calibrated(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(liveness_texture, "captured", lambda *args, **more: made(420))
    monkeypatch.setattr(liveness_texture, "foreign", lambda *args: strange(100))
    data = tmp_path / "data"
    for number in range(12):
        for place in (f"LIVE/p{number}/a.jpg", f"ATTACK-print/p{number}/a.jpg"):
            (data / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(sorted(PEOPLE.glob("*/front.jpg"))[number % 8], data / place)
    monkeypatch.setattr(liveness_data, "shipped_finder", lambda: lambda image: (Box(150, 200, 170, 220), np.ones((5, 2), np.float32)))
    assert any(part_of("own", f"p{number}") == "train" for number in range(12))
    home = tmp_path / "bundle"
    assert main(["train-texture", str(MODELS / "liveness"), "--data", str(data), "--out", str(home)]) == 0
    said = capsys.readouterr().out
    assert "print, detect" in said and "next: edge-face-convert calibrate-liveness" in said
    thresholds = json.loads((home / "manifest.json").read_text())["thresholds"]
    assert set(thresholds) == {"texture"} and thresholds["texture"]["learned"]["captures"] == 420
    with pytest.raises(ModelError, match="calibrate-liveness makes it"):
        LivenessJudge(load_bundle(home, "liveness"))


@pytest.mark.parametrize(("words", "code", "said"), [
    (["--views", "101"], 2, "--views"), (["--seed", "-1"], 2, "--seed"), (["--json", "/nowhere/x"], 2, "does not exist"),
    (["--out", "."], 2, "is there already"), ([], 1, "has no living faces")])
def test_bad_input_is_one_sentence_and_changes_nothing(tmp_path: Path, words: list[str], code: int, said: str,
                                                       capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "bundle"
    shutil.copytree(MODELS / "liveness", home)
    before = (home / "manifest.json").read_bytes()
    (tmp_path / "data").mkdir()
    assert main(["train-texture", str(home), "--data", str(tmp_path / "data"), *words]) == code
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error and (home / "manifest.json").read_bytes() == before
