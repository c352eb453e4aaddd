"""The table of precisions: what stands in it was measured."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

import pytest

from converter.commands import table
from converter.contract import Check, Verdict
from converter.precision_table import CONVERTER, QUANTIZER, Row, headline, markdown
from edge_face.errors import EdgeFaceError, UsageError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def run_table(*argv: object) -> int:
    parser = argparse.ArgumentParser()
    table.add_arguments(parser)
    return table.run(parser.parse_args(list(map(str, argv))))


def test_each_model_has_its_examples_and_may_have_its_task() -> None:
    found = list(table.orders(["a=b/x.keras", "gru.keras=classifier", "y.keras=nothing"], [Path("p")]))
    assert [(str(order.model), order.task) for order in found] == [
        ("a=b/x.keras", None), ("gru.keras", "classifier"), ("y.keras=nothing", None)]
    assert [str(order.calibration) for order in table.orders(["a", "b"], [Path("p"), Path("q")])] == ["p", "q"]


def test_the_headline_is_the_first_metric_that_was_measured() -> None:
    def verdict(*checks: Check) -> Verdict:
        return Verdict("classifier", "int8", all(check.passed for check in checks), checks, 40, False)

    accuracy = Check("accuracy_lost", 0.5, 1.0, False, True, "")
    agreement = Check("agreement", 0.975, 0.97, True, True, "")
    unmeasured = Check("accuracy_lost", None, 1.0, False, True, "")
    assert headline("classifier", verdict(agreement, accuracy))[:2] == ("accuracy_lost", 0.5)
    assert headline("classifier", verdict(unmeasured, agreement)) == (
        "agreement", 0.975, "share of examples on which both models agree: 97.50%")
    crashed = Check("runs", 0.0, 1.0, True, False, "it does not run")
    assert headline("classifier", verdict(unmeasured, crashed)) == ("", None, "it does not run")


def test_the_page_names_a_model_once_and_says_why_a_file_is_missing() -> None:
    rows = [Row("net", "classifier", "float32", "agreement", 1.0, "agreement: 100%", True, 12_345, 0.1234, 1, (), 9),
            Row("net", "classifier", "int8", "agreement", 0.5, "agreement: 50%", False, 2345, 0.5, 3, ("2 TILE",), 9),
            Row("net", "classifier", QUANTIZER, refused="it fails: a | b")]
    text = markdown(rows, ["About."])
    lines = text.splitlines()
    assert lines[:3] == ["# Precisions, measured", "", "About."]
    assert lines[-3] == "| **net**, classifier | float32 | agreement: 100% | yes | 12,345 | 0.123 | 1 | - |"
    assert lines[-2] == "|  | int8 | agreement: 50% | **no** | 2,345 | 0.500 | 3 | 2 TILE |"
    assert lines[-1] == f"|  | {QUANTIZER} | it fails: a \\| b | - | - | - | - | - |"


def test_wrong_use_is_refused(tmp_path: Path) -> None:
    for argv, words in ((("a", "b", "c", "--calibration", "x", "--calibration", "y"), "2 times for 3 models"),
                        (("a", "--calibration", "x", "--pictures", 0), "must be 1 or more"),
                        (("a", "--calibration", "x", "--out", tmp_path / "no" / "t.md"), "the folder does not exist")):
        with pytest.raises(UsageError, match=words):
            run_table(*argv)


def test_one_model_that_cannot_be_read_ends_it_and_one_of_several_is_a_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow")
    with pytest.raises(EdgeFaceError, match="does not exist"):
        run_table(tmp_path / "none.keras", "--calibration", tmp_path)
    assert run_table(tmp_path / "none.keras", tmp_path / "other.keras", "--calibration", tmp_path) == 0
    out = capsys.readouterr().out
    assert "**none**" in out and "**other**" in out and str(tmp_path) not in out


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_small_net_is_measured_in_every_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow")
    pytest.importorskip("ai_edge_quantizer")
    from zoo import ZOO, write_shapes

    ZOO["leaky_relu"]().save(tmp_path / "leaky.keras")
    write_shapes(tmp_path / "shapes", 60, 24, 3)
    page = tmp_path / "t.md"
    assert run_table(tmp_path / "leaky.keras", "--calibration", tmp_path / "shapes", "--pictures", 16, "--held-out", 24, "--json", "-",
                     "--out", page) == 0
    rows = {row["way"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows)[:3] == ["float32", "float16", "dynamic"]
    assert list(rows)[3].startswith("int8 (") and list(rows)[4:] == [CONVERTER, QUANTIZER]
    assert all(row["refused"] == "" and row["ms"] > 0 and row["pieces"] >= 1 for row in rows.values())
    assert rows["float32"]["passed"] and rows["float32"]["bytes"] > rows[CONVERTER]["bytes"]
    assert rows["float32"]["metric"] == "accuracy_lost" and rows["float32"]["figure"] == 0.0
    assert page.read_text().count("\n|") == 2 + 6


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_model_of_no_task_is_measured_by_its_outputs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tensorflow")
    from zoo import ZOO, write_shapes

    model = ZOO["several_outputs"]()
    model.save(tmp_path / "many.keras")
    shapes = write_shapes(tmp_path / "shapes", 60, 24, seed=2)
    many = f"{tmp_path / 'many.keras'}=other"
    assert run_table(many, "--calibration", shapes, "--pictures", 30, "--json", "-") == 0
    rows = {row["way"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["float32"]["figure"] < 0.01 < rows[CONVERTER]["figure"]
    assert {row["metric"] for row in rows.values()} == {"output_error"} and rows["float32"]["passed"]
