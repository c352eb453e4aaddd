"""Classifiers on the device: labels in the right order, one number for two of them, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.errors import ModelError
from edge_face.vision.bundle import load_bundle

pytest.importorskip("ai_edge_litert.schema_py_generated", reason="small networks are written with LiteRT's schema")
from classifier_bundles import LABELS, colour_bundle, plain

from edge_face.vision.classifier import Classifier


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return Classifier(load_bundle(colour_bundle(tmp_path_factory.mktemp("three")), "classifier"))


def test_each_colour_is_called_by_its_name(three: Classifier) -> None:
    for name, bgr in zip(LABELS, ((20, 20, 200), (20, 200, 20), (200, 20, 20)), strict=True):
        answer = three.classify(plain(*bgr))
        assert answer[0][0] == name and answer[0][1] > 0.99
    assert three.labels == LABELS and not three.binary and not three.aligned and three.precision == "int8"


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_all_labels_best_first_and_they_add_up(three: Classifier, blue: int, green: int, red: int) -> None:
    answer = three.classify(plain(blue, green, red))
    shares = [share for _, share in answer]
    assert sorted(label for label, _ in answer) == sorted(LABELS) and shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    by_label = dict(answer)
    assert by_label["red"] >= by_label["green"] - 1e-6 if red >= green else by_label["red"] <= by_label["green"] + 1e-6


def test_one_number_is_the_probability_of_the_second_label(tmp_path: Path) -> None:
    two = Classifier(load_bundle(colour_bundle(tmp_path, labels=("red", "green")), "classifier"))
    assert two.binary
    assert two.classify(plain(0, 220, 20))[0][0] == "green" and two.classify(plain(0, 20, 220))[0][0] == "red"
    even = two.probabilities(plain(0, 60, 60))
    assert sum(even) == pytest.approx(1) and even[0] == pytest.approx(0.5, abs=0.01)


def test_the_bundles_colour_order_counts(tmp_path: Path) -> None:
    swapped = Classifier(load_bundle(colour_bundle(tmp_path, colour="BGR"), "classifier"))
    assert swapped.classify(plain(20, 20, 200))[0][0] == "blue"


def test_whether_faces_are_aligned_is_said(tmp_path: Path) -> None:
    assert Classifier(load_bundle(colour_bundle(tmp_path, aligned=True), "classifier")).aligned


def test_float_files_stand_in_for_each_other(tmp_path: Path) -> None:
    bundle = load_bundle(colour_bundle(tmp_path, precision="float16"), "classifier")
    assert Classifier(bundle, "float32").precision == "float16"
    with pytest.raises(ModelError, match="has no file for int8"):
        Classifier(bundle, "int8")


def test_other_bundles_are_refused() -> None:
    with pytest.raises(ModelError, match="not for 'classifier'"):
        Classifier(load_bundle("", "embedder"))


def test_a_file_with_other_classes_than_its_manifest(tmp_path: Path) -> None:
    folder = colour_bundle(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["outputs"]["probability"] |= {"shape": [1, 4], "labels": [*LABELS, "grey"]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match="its manifest says"):
        Classifier(load_bundle(folder, "classifier"))
