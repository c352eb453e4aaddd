"""The fusion of cues is fitted to what is there, counted on people it did not see, and written so that the device reads it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from dense_model import dense_model
from hypothesis import given
from hypothesis import strategies as st

from converter import liveness_calibration
from converter.cli import main
from converter.liveness_calibration import thresholds
from converter.liveness_fit import auc, chosen, fit, held_out, loss, rows, table, weights_of
from converter.liveness_kept import Kept
from converter.liveness_tracks import LOOKS, PICTURE, Sample, measured, pictured, simulated, stills
from converter.training.attacks import SPECIES
from converter.training.liveness_data import ALIGNED, LEFT_OUT, MARGIN, Album, Shot
from edge_face.errors import ModelError, UsageError
from edge_face.types import Box, Image
from edge_face.vision.align import TEMPLATE
from edge_face.vision.live_fusion import Fusion, rows_of
from edge_face.vision.manifest_tables import check_thresholds


def samples(count: int = 240, seed: int = 1, **shift: float) -> list[Sample]:
    """Subjects of eight samples; living people have `shift` more of a cue than attacks, in spreads of the cue."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        live = number // 8 % 2 == 0
        cues = {name: float(rng.normal(by if live else 0.0)) for name, by in shift.items()}
        found.append(Sample("live" if live else ("print", "screen")[number // 8 // 2 % 2], f"s{number // 8}", "detect", False, 8, cues,
                            float(rng.random())))
    return found


def test_the_area_is_the_chance_that_life_has_more() -> None:
    assert auc(np.array([2.0, 3.0]), np.array([1.0, 0.0])) == 1.0
    assert auc(np.array([1.0, 1.0]), np.array([1.0, 1.0])) == 0.5
    assert auc(np.array([0.0, 2.0]), np.array([1.0])) == 0.5
    assert np.isnan(auc(np.array([]), np.array([1.0])))


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=12), st.lists(st.integers(-3, 3), min_size=1, max_size=12))
def test_the_area_is_that_of_counting_pairs(living: list[int], attacks: list[int]) -> None:
    pairs = [(a > b) + (a == b) / 2 for a in living for b in attacks]
    assert auc(np.array(living, float), np.array(attacks, float)) == pytest.approx(np.mean(pairs))


def test_the_fit_finds_what_separates_and_its_interval_holds_zero_for_what_does_not() -> None:
    given_samples = samples(800, network=2.0, banding=0.0)
    names = ("network", "banding")
    model = fit(table(given_samples, names), np.array([s.live for s in given_samples]), weights_of(given_samples), names)
    assert model.weights[0] > 1.0 and abs(model.weights[1]) < 3 * model.errors[1]
    scores = model.scores(table(given_samples, names))
    assert auc(scores[[s.live for s in given_samples]], scores[[not s.live for s in given_samples]]) > 0.9


def test_the_device_computes_the_same_score() -> None:
    found = samples(network=2.0, moire=-1.5)
    measured_tables = thresholds(found, found)
    fusion = Fusion.of(measured_tables, 0.05)
    names = tuple(measured_tables["fusion"]["cues"])
    model = fit(table(found, names), np.array([s.live for s in found]), weights_of(found), names)
    assert [fusion.score(s.cues) for s in found] == pytest.approx(model.scores(table(found, names)).tolist(), abs=1e-4)


def test_useless_and_turned_cues_are_left_out() -> None:
    keep, report = chosen(samples(1600, network=2.0, moire=-1.0, banding=0.0, border=1.5))
    assert set(keep) >= {"network", "moire"}
    assert "border" not in keep, "more border is no sign of life, whatever the data say"
    by_name = {entry["cue"]: entry for entry in report}
    assert by_name["moire"]["auc"] < 0.4 and by_name["moire"]["loss_without"] > by_name["moire"]["loss"]
    assert not by_name["blink"]["used"] and "auc" not in by_name["blink"], "never measured"


def test_texture_is_weighed_as_it_is_unless_it_harms() -> None:
    rng = np.random.default_rng(4)
    for truth, kept in ((1.0, True), (0.0, True), (-1.0, False)):
        found = samples(1600, network=2.0)
        for sample in found:  # of such a cue the logarithm of the odds is the value itself; or it says little; or the opposite
            sample.cues["texture"] = float(rng.normal((truth if sample.live else -truth), 2**0.5)) if truth else float(rng.normal(0, 0.1))
        measured_tables = thresholds(found, found)["fusion"]
        assert ("texture" in measured_tables["cues"]) == kept
        if kept:
            assert measured_tables["cues"]["texture"] == {"weight": 1.0, "centre": 0.0, "scale": 1.0, "interval": [1.0, 1.0]}
            network = measured_tables["cues"]["network"]
            assert network["weight"] / network["scale"] == pytest.approx(2.0, rel=0.25), "the others are fitted beside it"


def test_no_cue_outweighs_all_others() -> None:
    found = samples(1600, network=8.0)
    names = ("network",)
    model = fit(table(found, names), np.array([s.live for s in found]), weights_of(found), names)
    scores = model.scores(np.array([[1e6], [-1e6]]))
    assert np.log(scores / (1 - scores)) == pytest.approx([4 + model.bias, -4 + model.bias], abs=1e-6)


def test_a_subject_is_scored_by_a_model_that_did_not_see_it() -> None:
    found = samples(160, network=0.0)
    for sample in found:
        sample.cues["moire"] = float(int(sample.subject[1:]) * 7 % 20)  # tells the subject, so by heart the answer
    names = ("network", "moire")
    seen = fit(table(found, names), np.array([s.live for s in found]), weights_of(found), names).scores(table(found, names))
    assert loss(found, held_out(found, names)) > loss(found, seen)


def test_missing_cues_add_nothing() -> None:
    found = samples(network=2.0)
    for sample in found[::2]:
        sample.cues["network"] = None
    names = ("network",)
    model = fit(table(found, names), np.array([s.live for s in found]), weights_of(found), names)
    scores = model.scores(table(found, names))
    assert np.isfinite(scores).all() and len(set(scores[::2].round(9))) == 1


def test_rows_count_the_worst_species_and_are_what_the_manifest_takes() -> None:
    found = [*[Sample("live", f"l{n}", "detect", False, 8, {}, 0.0) for n in range(100)],
             *[Sample("print", f"p{n}", "detect", False, 8, {}, 0.0) for n in range(50)],
             *[Sample("screen", f"s{n}", "detect", False, 8, {}, 0.0) for n in range(50)]]
    scores = np.concatenate([np.linspace(0.5, 1.0, 100), np.full(50, 0.1), np.linspace(0.4, 0.6, 50)])
    given_rows = rows(found, scores)
    check_thresholds({"passive": {"rows": given_rows}, "fusion": {"bias": 0, "cues": {"network": {"weight": 1, "centre": 0, "scale": 1}},
                                                                  "rows": given_rows}}, "liveness", "manifest.json")
    for row in rows_of({"rows": given_rows}):
        assert row.bpcer == pytest.approx(float((scores[:100] < row.score).mean()), abs=1e-6)
        assert row.apcer == pytest.approx(float((scores[150:] >= row.score).mean()), abs=1e-6)


def test_one_kind_alone_is_refused() -> None:
    only = [s for s in samples(network=1.0) if s.live]
    with pytest.raises(ModelError, match="living people and attacks"):
        thresholds(only, only)


def album() -> Album:
    rng = np.random.default_rng(1)
    shots = []
    for number in range(8):
        small = rng.integers(40, 220, (20, 20, 3), dtype=np.uint8)
        picture = cv2.resize(small, (160, 160), interpolation=cv2.INTER_CUBIC)
        blob = cv2.imencode(".png", picture)[1].tobytes()
        shots.append(Shot(blob, ALIGNED.moved(16, 16), (TEMPLATE + MARGIN + 16).astype(np.float32), "live", f"d{number}", "detect"))
        shots += [Shot(blob, ALIGNED, (TEMPLATE + MARGIN).astype(np.float32), species, "0002", "nuaa")
                  for species in ("live", "print") for _ in range(3)]
    return Album(tuple(shots), ())


def network(image: Image, box: Box) -> float:
    return 0.7


def test_tracks_are_of_every_species_but_the_one_that_is_left_out_and_repeat() -> None:
    first, again = ([s for track in simulated(album(), network, 1, 3) for s in track] for _ in range(2))
    species = {s.species for s in first}
    assert species == set(SPECIES) - {LEFT_OUT} and sum(s.live for s in first) == len(first) // 2
    assert [s.looks for s in first[:4]] == [PICTURE, *LOOKS] and {s.still for s in first} == {0.7}
    assert [s.cues for s in first] == [s.cues for s in again]
    real = [s for track in pictured(album(), network, 3) for s in track]
    assert {(s.species, s.real, s.subject) for s in real} == {("live", True, "nuaa:0002"), ("print", True, "nuaa:0002")}
    assert {s.looks for s in real} == set(LOOKS), "of these every picture counts by itself"
    alone = list(stills(album(), network))
    assert len(alone) == 48 and {s.looks for s in alone} == {PICTURE} and {s.cues["surroundings"] for s in alone} == {None}
    assert measured(iter(()), network, "live", album().shots[0], True, np.random.default_rng(0)) == []


def test_the_command_writes_what_it_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.live import LivenessJudge

    home = tmp_path / "bundle"
    home.mkdir()
    content = dense_model(np.full((1, 16 * 16 * 3), 8.0 / (16 * 16 * 3) / 255), np.array([-4.0]), (16, 16, 3), activation="sigmoid",
                          output="live")
    (home / "int8.tflite").write_bytes(content)
    (home / "manifest.json").write_text(json.dumps({
        "schema": 2, "task": "liveness", "name": "tiny", "version": "1", "summary": "Tiny.",
        "input": {"kind": "picture", "width": 16, "height": 16, "colour": "BGR", "range": [0, 255], "alignment": "none"},
        "outputs": {"live": {"shape": [1, 1]}}, "files": {"int8.tflite": {"sha256": hashlib.sha256(content).hexdigest()}}}))
    monkeypatch.setattr(liveness_calibration, "load_album", lambda *args, **more: album())
    monkeypatch.setattr(liveness_calibration, "collect", lambda *args: samples(400, network=2.0, moire=-1.0))
    assert main(["calibrate-liveness", str(home), "--data", str(tmp_path), "--dry-run"]) == 0
    assert "thresholds" not in json.loads((home / "manifest.json").read_text())
    assert "moire" in capsys.readouterr().out
    assert main(["calibrate-liveness", str(home), "--data", str(tmp_path), "--out", str(tmp_path / "new"), "--json", "-"]) == 0
    written = json.loads(capsys.readouterr().out)
    assert json.loads((tmp_path / "new" / "manifest.json").read_text())["thresholds"]["fusion"]["cues"] == written["fusion"]["cues"]
    assert LivenessJudge(load_bundle(tmp_path / "new", "liveness")).threshold <= 1.0
    assert main(["calibrate-liveness", str(home), "--data", str(tmp_path), "--out", str(tmp_path / "new")]) == 2
    assert main(["calibrate-liveness", str(home), "--data", str(tmp_path), "--tracks", "3"]) == 2


def test_tracks_that_were_kept_are_not_measured_again(tmp_path: Path) -> None:
    path, about = tmp_path / "tracks.jsonl", {"seed": 3, "looks": LOOKS}
    kept, asked = Kept(path, about), []

    def counting(image: Image, box: Box) -> float:
        asked.append(1)
        return 0.7

    for number, found in enumerate(simulated(album(), counting, 1, 3, None, kept.tracks)):
        kept.add(number, found)
        if number == 2:
            break
    with path.open("a") as file:
        file.write('{"track": 3, "samp')  # the power went
    once, again = len(asked), Kept(path, about)
    assert sorted(again.tracks) == [0, 1, 2] and path.read_text().endswith("}\n")
    whole = [s for track in simulated(album(), counting, 1, 3, None, again.tracks) for s in track]
    assert len(asked) - once == once // 3 * 5, "five of the eight tracks were left"
    fresh = [s for track in simulated(album(), counting, 1, 3) for s in track]
    assert [(s.species, s.looks, s.cues) for s in whole] == [(s.species, s.looks, s.cues) for s in fresh]
    for other in (Kept, lambda *_: Kept(path.with_name("no") / "x", about)):
        with pytest.raises(UsageError, match="--keep"):
            other(path, {"seed": 4})
    path.write_text("not what was kept\n")
    with pytest.raises(UsageError, match="holds no tracks"):
        Kept(path, about)


def test_too_few_are_refused() -> None:
    with pytest.raises(ModelError, match="cannot show an error of 5 %"):
        liveness_calibration.collect(album(), network, 1, 0)
