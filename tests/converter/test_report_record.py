"""The JSON beside the page, and how both get to the disk."""

from __future__ import annotations

import errno
import json
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_material import check, classifier, embedder, verdict

from converter.report import record
from converter.report.content import Attempt, Examples, ModelFacts
from converter.report.files import write
from converter.report.record import SCHEMA, simple, to_json
from edge_face.errors import MediaError, UsageError


def strict(text: str) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_record_is_complete_and_documented() -> None:
    found = to_json(embedder())
    assert found["schema"] == SCHEMA and found["passed"] is True and found["model"]["name"] == "embedder.keras"
    assert [attempt["passed"] for attempt in found["attempts"]] == [False, True]
    good = found["attempts"][1]
    assert good["cost"] == {"bytes": 1_364_144, "ms": 0.628, "memory": 9_400_000} and good["kept_float"] == ["stage3/conv"]
    assert good["verdict"]["checks"][2]["figure"] is None and len(good["verdict"]["plots"]["cosine"]) == 200
    assert found["damage"][0] == {"layer": "stage3/conv", "operator": "CONV_2D", "error": 0.0246, "bytes": 92_000}
    keys = re.search(r"Keys: (.*?)\. Numbers", record.__doc__ or "", re.DOTALL)
    assert keys is not None
    documented = re.sub(r"\([^)]*\)", "", keys[1]).replace("\n", " ").split(",")
    assert [key.strip() for key in documented] == list(found)


def test_no_number_that_is_none_and_no_picture() -> None:
    plots = {"cosine": [1.0, float("inf")], "error": np.array([np.nan])}
    bad = verdict(checks=(check(figure=float("nan")),), plots=plots, metrics={1: np.int64(3)})
    report = classifier(attempts=(Attempt("int8", "x", bad),), pictures={"b": b"\xff", "a": b"x"})
    found = strict(json.dumps(to_json(report), allow_nan=False))
    judged = found["attempts"][0]["verdict"]
    assert judged["checks"][0]["figure"] is None and judged["plots"] == {"cosine": [1.0, None], "error": [None]}
    assert judged["metrics"] == {"1": 3} and found["pictures"] == ["a", "b"]


PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.just(Path("/home/ana/m.h5")))
VALUES = st.recursive(PLAIN, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.one_of(st.integers(), st.text()), inner),
                                              st.tuples(inner, inner)), max_leaves=8)


@given(VALUES)
def test_any_recipe_becomes_json(value: Any) -> None:
    text = json.dumps(simple(value), ensure_ascii=False, allow_nan=False)
    strict(text)
    text.encode("utf-8")
    assert "/home" not in text or isinstance(value, str)


def test_facts_are_taken_from_a_model_without_its_folders() -> None:
    class Net:
        def count_params(self) -> np.int64:
            return np.int64(12)

    class Source:
        path, kind, inputs, outputs, record = Path("/home/ana/m.keras"), "keras", (), (), {}
        weights_sha256, said, keras = "ab", ("x",), Net()

        def run(self, values: Any) -> Any:
            raise AssertionError("nobody asks for this here")

        def export(self, folder: Path) -> None:
            raise AssertionError("nobody asks for this here")

    facts = ModelFacts.of(Source(), macs=7)  # type: ignore[arg-type]
    assert (facts.name, facts.parameters, facts.macs) == ("m.keras", 12, 7)


def test_examples_count_what_is_labelled() -> None:
    from converter.contract import Material

    material = Material({"x": np.zeros((5, 2))}, labels=np.array([0, 0, 3, -1, -1]), said=("two left out",))
    assert Examples.of(material, "faces") == Examples(5, 3, 2, ("two left out",), "faces")
    assert Examples.of(Material({"x": np.zeros((2, 2))})) == Examples(2)


def test_both_files_are_written(tmp_path: Path) -> None:
    html, beside = tmp_path / "r.html", tmp_path / "r.json"
    write(embedder(), html, beside)
    assert html.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert strict(beside.read_text(encoding="utf-8")) == to_json(embedder())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "r.json"]


def test_a_full_disk_is_one_sentence_and_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    html, beside = tmp_path / "r.html", tmp_path / "r.json"
    html.write_text("old")
    beside.write_text("old")
    real = Path.write_text

    def full(path: Path, text: str, **options: Any) -> int:
        if path.suffix == ".json":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, text, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(MediaError, match=r"r\.json' cannot be written: the disk is full: free some space and try again$"):
        write(embedder(), html, beside)
    assert html.read_text() == beside.read_text() == "old" and len(list(tmp_path.iterdir())) == 2


def test_one_name_for_both_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot both be 'r\.json'"):
        write(embedder(), tmp_path / "r.json", tmp_path / "." / "r.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["no folder", "a folder"])
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, kind: str) -> None:
    place = tmp_path / "none" / "r.html" if kind == "no folder" else tmp_path
    with pytest.raises(MediaError):
        write(embedder(), place, tmp_path / "r.json")
    assert list(tmp_path.iterdir()) == []
