"""The line of micro-texture: learned from sources that tell nothing, judged on people held out, written so that the device reads it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from converter import liveness_texture
from converter.cli import main
from converter.liveness_texture import learn
from converter.training import liveness_data
from converter.training.liveness_data import ALIGNED, Album, Shot, part_of
from converter.training.liveness_patterns import FOLDS, SMALLEST, Patterns, captured, drawn, folds_of, gathered, shrunk
from converter.training.liveness_samples import Sampling
from edge_face.demo import __file__ as demo_file
from edge_face.errors import MediaError, ModelError
from edge_face.opencv import cv2
from edge_face.types import Box
from edge_face.vision.bundle import MODELS, load_bundle
from edge_face.vision.live import LivenessJudge
from edge_face.vision.live_cues.texture import NUMBERS

PEOPLE = Path(demo_file).parent / "people"


def made(count: int, seed: int = 1, real: bool = False, shift: float = 0.3) -> Patterns:
    """Numbers of two sources; skin has more of the first ten of them."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        live, source = number % 2 == 0, ("detect", "nuaa")[number // 2 % 2]
        numbers = rng.normal(0, 0.1, NUMBERS).astype(np.float32)
        numbers[:10] += shift if live else 0.0
        rows.append((numbers, live, source, "live" if live else "print", real, number // 4 % FOLDS))
    return gathered(rows)


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


@pytest.fixture
def one_ridge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(liveness_texture, "RIDGES", (1e-3,))


def test_a_source_counts_as_much_alive_as_attacked() -> None:
    given = made(40)
    uneven = given.part(np.array([not (live and source == "nuaa" and number % 3) for number, (live, source) in
                                  enumerate(zip(given.live, given.source, strict=True))]))
    for source in ("nuaa", "detect"):
        sides = [float(uneven.weights[(uneven.source == source) & (uneven.live == live)].sum()) for live in (True, False)]
        assert sides == pytest.approx([0.25, 0.25])


def test_a_line_is_found_and_told_on_people_held_out(one_ridge: None) -> None:
    line, report = learn(made(1200), made(200, 2, real=True))
    fresh = made(200, 5)
    scores = fresh.numbers @ line.weights + line.bias
    assert (scores[fresh.live] > 0).mean() > 0.95 and (scores[~fresh.live] < 0).mean() > 0.95
    assert set(report["held_out"]) == {"simulated print, detect", "simulated print, nuaa", "print, detect", "print, nuaa"}
    assert min(entry["auc"] for entry in report["held_out"].values()) > 0.95


def test_what_is_learned_by_heart_is_not_told(one_ridge: None) -> None:
    blind = learn(made(1200, shift=0.0), made(0))[1]["held_out"]
    assert 0.3 < blind["simulated print, detect"]["auc"] < 0.7, "no line fits noise of people that it did not see"


def test_too_few_are_refused() -> None:
    with pytest.raises(MediaError, match="too few to learn texture from"):
        learn(made(60), made(0))


def test_presentations_are_real_and_simulated_and_repeat() -> None:
    found, again = (drawn(album(), Sampling(), 60, 4) for _ in range(2))
    assert np.array_equal(found.numbers, again.numbers) and found.numbers.shape[1] == NUMBERS
    kinds = set(zip(found.source.tolist(), found.species.tolist(), found.real.tolist(), strict=True))
    assert ("nuaa", "print", True) in kinds and ("nuaa", "live", True) in kinds and ("detect", "live", False) in kinds
    assert not {"cut-out"} & set(found.species.tolist())
    real = captured([shot for shot in album().shots if shot.source == "nuaa"])
    assert len(real.live) == 16 and real.real.all() and sorted(set(real.fold.tolist())) == list(range(FOLDS))


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
    assert min(heights) >= SMALLEST - 1 and max(heights) == 120 and len(set(heights)) > 10


def test_the_command_teaches_a_bundle_that_no_door_takes_until_it_is_calibrated(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], one_ridge: None) -> None:
    monkeypatch.setattr(liveness_texture, "drawn", lambda *args: made(800))
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
    assert "simulated print, detect" in said and "next: edge-face-convert calibrate-liveness" in said
    thresholds = json.loads((home / "manifest.json").read_text())["thresholds"]
    assert set(thresholds) == {"texture"} and thresholds["texture"]["learned"]["left_out"] == "cut-out"
    with pytest.raises(ModelError, match="calibrate-liveness makes it"):
        LivenessJudge(load_bundle(home, "liveness"))


@pytest.mark.parametrize(("words", "code", "said"), [
    (["--presentations", "10"], 2, "--presentations"), (["--seed", "-1"], 2, "--seed"), (["--json", "/nowhere/x"], 2, "does not exist"),
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
