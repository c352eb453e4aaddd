"""The gate passes what is as good as the float model, and only that: classifiers, liveness, anonymizers, landmarkers, arrays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert.schema_py_generated", reason="small networks are written with LiteRT's schema")
from dense_model import dense_model
from parity_models import LABELS, SIDE, Dense, NumpyModel, colours, failed, material, pictures, verdict_on, with_colour

from converter.contract import Material, Plan, Preprocessing, TensorSpec
from converter.parity import Gate, judge, read_limits
from edge_face.errors import ModelError

COUNT = 60
TRUTH = [2 - number % 3 for number in range(COUNT)]  # `pictures` begins with blue, the labels with red


def ordinary() -> Dense:
    """A network with drawn weights: unlike `colours`, it is not the same for brighter pictures."""
    rng = np.random.default_rng(3)
    return Dense(rng.normal(0, 0.2, (3, SIDE * SIDE * 3)).astype(np.float32), rng.normal(0, 1, 3).astype(np.float32))


def test_a_good_file_passes_and_everything_is_said(tmp_path: Path) -> None:
    net = colours()
    verdict = verdict_on(tmp_path, net.file(), net.source(), net.plan, material(pictures(COUNT), TRUTH))
    assert verdict.passed and verdict.labelled and verdict.hint == "" and verdict.examples == COUNT
    assert {check.metric for check in verdict.checks} == {"fewest", "accuracy_lost", "recall_lost", "agreement", "probability_moved"}
    assert verdict.metrics["accuracy"] == verdict.metrics["accuracy_float"] == 1.0 and verdict.metrics["agreement"] == 1.0
    assert np.array(verdict.plots["confusion"]["quantized"]).trace() == COUNT
    assert len(verdict.plots["error"]) == COUNT and verdict.plots["worst"][0]["name"].endswith(".png")


def test_without_labels_agreement_is_all_that_is_shown(tmp_path: Path) -> None:
    net = colours()
    verdict = verdict_on(tmp_path, net.file(), net.source(), net.plan, material(pictures(COUNT)))
    assert verdict.passed and not verdict.labelled and any("all that could be shown" in said for said in verdict.said)
    unknown = [check for check in verdict.checks if check.figure is None]
    assert {check.metric for check in unknown} == {"accuracy_lost", "recall_lost"} and all("no labels" in c.text for c in unknown)
    assert "confusion" not in verdict.plots


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_a_swapped_colour_order_fails_and_is_named(tmp_path: Path, labelled: bool, precision: Any) -> None:
    net = colours()
    verdict = verdict_on(tmp_path, net.file(), net.source(), net.plan, material(pictures(COUNT), TRUTH if labelled else None),
                         staged=with_colour(net.plan, "BGR"), precision=precision)
    assert not verdict.passed and "agreement" in failed(verdict) and ("accuracy_lost" in failed(verdict)) == labelled
    assert "colour order is swapped" in verdict.hint  # and not that the names of red and blue were exchanged


def test_a_swapped_colour_order_of_an_ordinary_network_is_named(tmp_path: Path) -> None:
    net = ordinary()
    verdict = verdict_on(tmp_path, net.file(), net.source(), net.plan, material(pictures(COUNT)), staged=with_colour(net.plan, "BGR"))
    assert not verdict.passed and "The colour order is swapped" in verdict.hint and "BGR in place of RGB" in verdict.hint


def test_a_forgotten_scaling_fails_and_is_named(tmp_path: Path) -> None:
    net = ordinary()
    verdict = verdict_on(tmp_path, net.file(scaled=False), net.source(), net.plan, material(pictures(COUNT)))
    assert not verdict.passed and "probability_moved" in failed(verdict)
    assert "The scaling is wrong" in verdict.hint and "0 to 255 in place of -1 to 1" in verdict.hint


def test_scaling_to_another_range_fails(tmp_path: Path) -> None:
    net = ordinary()
    other = replace(net.plan, preprocessing=replace(net.spec, low=0.0))
    verdict = verdict_on(tmp_path, Dense(net.weights, net.bias, plan=other).file(), net.source(), net.plan, material(pictures(COUNT)))
    assert not verdict.passed and "0 to 1 in place of -1 to 1" in verdict.hint


def test_labels_in_another_order_fail_and_are_named(tmp_path: Path) -> None:
    net = colours()
    verdict = verdict_on(tmp_path, net.file(), net.source(), net.plan, material(pictures(COUNT), TRUTH),
                         staged=replace(net.plan, labels=("green", "red", "blue")))
    assert not verdict.passed and {"accuracy_lost", "agreement"} <= failed(verdict)
    assert "order of the labels" in verdict.hint and "'red'" in verdict.hint and "'green'" in verdict.hint


def test_other_labels_than_the_models_fail(tmp_path: Path) -> None:
    net = colours()
    verdict = verdict_on(tmp_path, net.file(), net.source(), net.plan, material(pictures(COUNT)),
                         staged=replace(net.plan, labels=("red", "green", "cyan")))
    assert failed(verdict) == {"runs"} and "cyan" in next(c.text for c in verdict.checks if c.metric == "runs")


@pytest.mark.parametrize(("strength", "passes"), [(0.0, True), (0.02, True), (0.3, False), (1.0, False)])
def test_perturbed_weights_fail_once_they_matter(tmp_path: Path, strength: float, passes: bool) -> None:
    net = ordinary()
    noise = np.random.default_rng(1).standard_normal(net.weights.shape).astype(np.float32) * net.weights.std()
    verdict = verdict_on(tmp_path, net.file(weights=net.weights + np.float32(strength) * noise), net.source(), net.plan,
                         material(pictures(COUNT)))
    assert verdict.passed is passes and (failed(verdict) == set() if passes else failed(verdict) == {"agreement", "probability_moved"})
    assert passes or "calibration" in verdict.hint


def test_a_float_file_is_held_to_more_than_an_int8_file(tmp_path: Path) -> None:
    net = ordinary()
    soft = net.weights * np.float32(0.93)
    told = {precision: verdict_on(tmp_path / precision, net.file(weights=soft), net.source(), net.plan, material(pictures(COUNT)),
                                  precision=precision) for precision in ("int8", "float32")}
    assert told["int8"].passed and failed(told["float32"]) == {"probability_moved"}
    assert "A float file changes next to nothing" in told["float32"].hint


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_outputs_that_are_no_numbers_never_pass(tmp_path: Path, bad: float) -> None:
    net = colours()
    weights = net.weights.copy()
    weights[1, 7] = bad
    verdict = verdict_on(tmp_path, net.file(weights=weights), net.source(), net.plan, material(pictures(COUNT), TRUTH))
    assert not verdict.passed and failed(verdict) == {"runs"} and "no numbers" in next(c.text for c in verdict.checks if not c.passed)
    assert "float16" in verdict.hint


def test_a_float_model_of_no_numbers_is_refused(tmp_path: Path) -> None:
    net = colours()
    broken = Dense(np.full_like(net.weights, np.nan), net.bias)
    with pytest.raises(ModelError, match="itself gives values of output that are no numbers"):
        verdict_on(tmp_path, net.file(), broken.source(), net.plan, material(pictures(COUNT)))


def test_a_file_that_is_damaged_fails(tmp_path: Path) -> None:
    net = colours()
    verdict = verdict_on(tmp_path, net.file()[:200], net.source(), net.plan, material(pictures(COUNT)))
    assert failed(verdict) == {"runs"} and verdict.checks[-1].figure == 0.0


def test_a_file_of_another_input_size_fails(tmp_path: Path) -> None:
    net = colours()
    small = dense_model(net.weights[:, :12], net.bias, (2, 2, 3), activation="softmax")
    assert failed(verdict_on(tmp_path, small, net.source(), net.plan, material(pictures(COUNT)))) == {"runs"}


def test_few_examples_prove_nothing_and_none_is_an_error(tmp_path: Path) -> None:
    net = colours()
    verdict = verdict_on(tmp_path, net.file(), net.source(), net.plan, material(pictures(9), TRUTH[:9]))
    assert failed(verdict) == {"fewest"} and "more pictures" in verdict.hint
    with pytest.raises(ModelError, match="no examples"):
        judge(tmp_path, "int8", net.source(), net.plan, material([]), read_limits())


def test_one_example_of_few_does_not_decide(tmp_path: Path) -> None:
    """A picture on the border between two classes goes over it: allowed once among twelve, never six times."""
    net = colours()
    border = np.full((SIDE, SIDE, 3), 100, np.uint8)
    border[:, :, 2] += 2
    shifted = Dense(net.weights, net.bias + np.array([0.0, 0.2, 0.0], np.float32))
    for borders, passes in ((1, True), (6, False)):
        shown = [*pictures(12 - borders), *[border] * borders]
        verdict = verdict_on(tmp_path / str(borders), shifted.file(), net.source(), net.plan, material(shown))
        agreement = next(check for check in verdict.checks if check.metric == "agreement")
        assert agreement.passed is passes and ("one example of so few" in agreement.text)


def test_labels_of_classes_that_are_not_there_are_refused(tmp_path: Path) -> None:
    net = colours()
    with pytest.raises(ModelError, match="the model has 3"):
        verdict_on(tmp_path, net.file(), net.source(), net.plan, material(pictures(COUNT), [3] * COUNT))


def test_a_float_model_no_better_than_chance_is_said(tmp_path: Path) -> None:
    net = colours()
    wrong = [(label + 1) % 3 for label in TRUTH]
    verdict = verdict_on(tmp_path, net.file(), net.source(), net.plan, material(pictures(COUNT), wrong))
    assert verdict.passed and any("may not be what was assumed" in said for said in verdict.said)


def test_another_range_or_colour_order_that_fits_the_labels_is_said(tmp_path: Path) -> None:
    """What was assumed wrongly for both sides is no difference between them; labels show it all the same."""
    right = Plan("classifier", Preprocessing(SIDE, SIDE, low=0.0, high=1.0), ("dark", "bright"))
    net = Dense(np.full((1, SIDE * SIDE * 3), 20.0 / (SIDE * SIDE * 3), np.float32), np.array([-10.0], np.float32), plan=right,
                activation="sigmoid")
    levels = np.array([30, 90, 150, 170] * 10)
    shown = material(_grey_pictures(levels), (levels > 128).astype(int).tolist())
    wrong = replace(right, preprocessing=Preprocessing(SIDE, SIDE, low=-1.0, high=1.0))
    file = Dense(net.weights, net.bias, plan=wrong, activation="sigmoid").file()
    assumed = verdict_on(tmp_path / "wrong", file, net.source(), wrong, shown)
    assert assumed.passed and any("right on 20 of 40" in said and "on 40 with --pixels=0,1" in said for said in assumed.said)
    known = verdict_on(tmp_path / "right", net.file(), net.source(), right, shown)
    assert known.passed and not any("--pixels" in said for said in known.said)

    colour = colours()
    swapped = replace(colour.plan, preprocessing=replace(colour.spec, colour="BGR"))
    verdict = verdict_on(tmp_path / "colour", colour.file(), colour.source(), swapped, material(pictures(COUNT), TRUTH))
    assert verdict.passed and any("on 60 with --colour RGB" in said for said in verdict.said)


def test_numbers_that_are_no_probabilities_are_said(tmp_path: Path) -> None:
    net = colours()
    bare = Dense(net.weights, net.bias, activation="")
    verdict = verdict_on(tmp_path, bare.file(), bare.source(), net.plan, material(pictures(COUNT)))
    assert any("no probabilities" in said for said in verdict.said)


def test_the_float_model_is_asked_once_for_all_files(tmp_path: Path) -> None:
    net = colours()
    source = net.source()
    verdict_on(tmp_path, net.file(), source, net.plan, material(pictures(COUNT)))
    gate, before = Gate(source, net.plan, material(pictures(COUNT)), read_limits()), source.calls
    first = gate.judge(tmp_path, "int8")
    once = source.calls - before
    assert gate.judge(tmp_path, "int8").metrics == first.metrics and source.calls - before == once == 4  # 60 in batches of 16


def test_a_crop_in_grey_and_another_size_of_pictures(tmp_path: Path) -> None:
    """Both preprocessings, the device's and the gate's own, agree; a bundle without the crop does not."""
    rng = np.random.default_rng(5)
    plan = Plan("classifier", Preprocessing(24, 16, "grey", 0.0, 1.0, True, 0.75), LABELS)
    net = Dense(rng.normal(0, 0.8, (3, 24 * 16)).astype(np.float32), np.zeros(3, np.float32), plan=plan)
    shown = [np.kron(rng.integers(0, 256, (7, 7, 3)), np.ones((16, 16, 1))).astype(np.uint8) for _ in range(30)]
    good = verdict_on(tmp_path / "good", net.file(), net.source(), plan, material(shown), precision="float32")
    assert good.passed, good.checks
    assert plan.preprocessing is not None
    whole = replace(plan, preprocessing=replace(plan.preprocessing, crop=1.0))
    assert not verdict_on(tmp_path / "whole", net.file(), net.source(), plan, material(shown), staged=whole, precision="float32").passed


def _liveness() -> Dense:
    """Live is what is brighter than the middle."""
    plan = Plan("liveness", Preprocessing(SIDE, SIDE, low=0.0, high=1.0, aligned=True))
    weights = np.full((1, SIDE * SIDE * 3), 20.0 / (SIDE * SIDE * 3), np.float32)
    return Dense(weights, np.array([-10.0], np.float32), "liveness", plan, "sigmoid")


def _grey_pictures(levels: np.ndarray[Any, Any]) -> list[Any]:
    return [np.full((SIDE, SIDE, 3), level, np.uint8) for level in levels]


def test_liveness_errors_by_the_standard(tmp_path: Path) -> None:
    net = _liveness()
    levels = np.array([40] * 20 + [200] * 15 + [120] * 5)  # the last five are attacks below the border, but near
    truth = [0] * 20 + [1] * 15 + [0] * 5
    good = verdict_on(tmp_path / "good", net.file(), net.source(), net.plan, material(_grey_pictures(levels), truth))
    assert good.passed and good.metrics["apcer"] == 0 and good.metrics["bpcer"] == 0 and good.metrics["apcer_examples"] == 25
    lax = Dense(net.weights, net.bias + 1.5, "liveness", net.plan, "sigmoid")
    bad = verdict_on(tmp_path / "bad", lax.file(), net.source(), net.plan, material(_grey_pictures(levels), truth))
    assert {"apcer_gained", "agreement"} <= failed(bad) and bad.metrics["apcer"] == 0.2 and bad.metrics["bpcer"] == 0


def test_liveness_turned_round_is_named(tmp_path: Path) -> None:
    net = _liveness()
    round_ = Dense(-net.weights, -net.bias, "liveness", net.plan, "sigmoid")
    shown = material(_grey_pictures(np.array([30, 60, 200, 220] * 5)))
    verdict = verdict_on(tmp_path, round_.file(), net.source(), net.plan, shown)
    assert not verdict.passed and not verdict.labelled and "turned round" in verdict.hint


@pytest.mark.parametrize(("noise", "passes"), [(0.0, True), (60.0, False)])
def test_pictures_out_of_pictures_by_psnr(tmp_path: Path, noise: float, passes: bool) -> None:
    rng = np.random.default_rng(2)
    plan = Plan("anonymizer", Preprocessing(SIDE, SIDE, "grey", aligned=True))
    blur = np.kron(np.eye(SIDE // 2), np.full((2, 2), 0.5)).astype(np.float32)
    weights = np.kron(blur, blur).astype(np.float32)
    net = Dense(weights, np.zeros(SIDE * SIDE, np.float32), "anonymizer", plan, "", (SIDE, SIDE, 1))
    bias = rng.normal(0, noise, SIDE * SIDE).astype(np.float32)
    file = Dense(weights, bias, "anonymizer", plan, "", (SIDE, SIDE, 1)).file()
    verdict = verdict_on(tmp_path, file, net.source(), plan, material(pictures(20)))
    assert verdict.passed is passes and (verdict.metrics["psnr_mean"] > 40) is passes and len(verdict.plots["psnr"]) == 20


def test_pictures_from_0_to_1_are_no_pictures_of_a_bundle(tmp_path: Path) -> None:
    plan = Plan("anonymizer", Preprocessing(SIDE, SIDE, "grey", 0.0, 1.0, True))
    net = Dense(np.eye(SIDE * SIDE, dtype=np.float32), np.zeros(SIDE * SIDE, np.float32), "anonymizer", plan, "", (SIDE, SIDE, 1))
    verdict = verdict_on(tmp_path, net.file(), net.source(), plan, material(pictures(20)))
    assert failed(verdict) == {"brightest"} and "Rescaling" in verdict.hint


@pytest.mark.parametrize(("shift", "passes"), [(0.001, True), (0.2, False)])
def test_points_that_move(tmp_path: Path, shift: float, passes: bool) -> None:
    rng = np.random.default_rng(4)
    plan = Plan("landmarker", Preprocessing(SIDE, SIDE, "BGR", aligned=True))
    weights, bias = rng.normal(0, 1e-5, (10, SIDE * SIDE * 3)).astype(np.float32), np.zeros(10, np.float32)
    net = Dense(weights, bias, "landmarker", plan, "")
    moved = Dense(weights, bias + np.float32(shift), "landmarker", plan, "")
    verdict = verdict_on(tmp_path, moved.file(), net.source(), plan, material(pictures(20)))
    assert verdict.passed is passes and verdict.metrics["points_moved_median"] == pytest.approx(shift * 2 ** 0.5, rel=0.05)


def test_arrays_run_through_the_runtime(tmp_path: Path) -> None:
    """A sequence of features in, one number out: no picture anywhere."""
    rng = np.random.default_rng(6)
    weights = rng.normal(0, 0.5, (1, 12)).astype(np.float32)
    plan = Plan("liveness", None)

    def run(values: Any) -> Any:
        return {"live": (1 / (1 + np.exp(-(values["features"].reshape(-1, 12) @ weights.T)))).astype(np.float32)}

    source = NumpyModel((TensorSpec("features", (4, 3)),), (TensorSpec("live", (1,)),), run)
    values = rng.normal(0, 1, (40, 4, 3)).astype(np.float32)
    truth = (run({"features": values})["live"][:, 0] > 0.5).astype(np.int64)
    shown = Material({"features": values}, labels=truth)
    for name, used, passes in (("good", weights, True), ("bad", -weights, False)):
        file = dense_model(used, np.zeros(1, np.float32), (4, 3), activation="sigmoid", output="live", source="features")
        verdict = verdict_on(tmp_path / name, file, source, plan, shown)
        assert verdict.passed is passes and verdict.examples == 40 and verdict.labelled
