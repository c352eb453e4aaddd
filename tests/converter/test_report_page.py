"""The page: verdict first, complete, offline, without a script, whatever names and figures it is given."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_material import Reader, check, classifier, embedder, model, verdict

from converter.contract import LayerDamage, Plan, TensorSpec
from converter.report.content import Attempt, Examples, Footprint, Report
from converter.report.page import render
from converter.report.record import to_json

HOSTILE = ("<script>alert(1)</script>", '" onload="x', "a'b<b>&amp;", "https://elsewhere.example/x.js", "名前 🦊", "\x00\x1b[31m", "\ud800",
           "x" * 3000, "", "</style></svg></main>", "\u202egnp.exe", "--> <!--", "warning: <b>few")
TEXT = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30))
NUMBER = st.one_of(st.none(), st.floats(), st.sampled_from([0.0, -0.0, 1e-320, 1e308, -1e308, math.nan, math.inf]))
PNG = b"\x89PNG\r\n\x1a\nsome"


@pytest.mark.parametrize("report", [embedder(), classifier(), Report("none", model(), Plan("classifier", None), ())],
                         ids=["embedder", "classifier", "nothing"])
def test_a_page_is_well_formed_and_fetches_nothing(report: Report) -> None:
    assert Reader(render(report)).wrong == []


def test_the_verdict_comes_before_every_figure() -> None:
    page = render(embedder())
    assert page.index("passed: nothing lost that matters") < page.index("size on disk") < page.index("What the gate checked")
    assert "3.7 times smaller" in page and "3 times faster" in page


def test_a_failure_says_what_was_lost_and_what_to_try() -> None:
    reader = Reader(render(classifier()))
    assert "Not passed. Accuracy lost: 3.20 points (at most 0.50 points passes)" in reader.text
    assert "Next: give more calibration pictures" in reader.text
    assert "640 %" in reader.text, "of the half point that is allowed"


def test_everything_that_was_measured_is_on_the_page() -> None:
    text = Reader(render(embedder())).text
    for words in ("Cosine between float and int8", "Similarities of pairs", "DET", "+0.0134", "stays float", "ana/ana_0001.jpg", "Some CPU",
                  "500 examples of faces", "3 pictures with no face were left out.", "Pixels 0 to 255.", "ef" * 32, "cd" * 32, "14.2 s",
                  "--precision auto", "two partitions", "not measured", "139 million", "limits.toml"):
        assert words in text, words


def test_few_calibration_examples_are_warned_of_once() -> None:
    assert Reader(render(classifier())).text.count("fewer than 100") == 1
    told = classifier(calibration=Examples(64, said=("warning: 64 pictures, 100 or more are better",)))
    text = Reader(render(told)).text
    assert "fewer than 100" not in text and "64 pictures, 100 or more" in text


def test_limits_of_several_files_are_listed_one_by_one() -> None:
    text = Reader(render(classifier(limits={"int8": {"agreement": 0.95}, "float32": {"agreement": 0.98}}))).text
    assert "int8.agreement 0.95" in text and "float32.agreement 0.98" in text


def test_pictures_only_where_they_were_allowed() -> None:
    assert "<img" not in render(classifier())
    page = render(classifier(pictures={"cats/0.jpg": PNG, "cats/1.jpg": b"<svg onload=x>"}))
    assert page.count("<img") == 1 and "data:image/png;base64," in page and "no picture" in page
    assert Reader(page).wrong == []
    shown = verdict(plots={"worst": [{"name": "<b>.jpg", "figure": 0.5}]})
    page = render(classifier(attempts=(Attempt("int8", "x", shown),), pictures={"<b>.jpg": PNG}))
    assert Reader(page).wrong == [] and "&lt;b&gt;.jpg" in page


@pytest.mark.parametrize("count", [1, 2, 24, 25, 300])
def test_any_number_of_classes_stays_readable(count: int) -> None:
    labels = tuple(f"class <{i}>" for i in range(count))
    page = render(classifier(labels))
    assert Reader(page).wrong == [] and len(page) < 400_000
    assert ("others" in page) == (count > 24)


def test_a_check_that_failed_without_a_figure_is_failed() -> None:
    attempt = Attempt("int8", "x", verdict(False, (check("output_error", None, 0.2, False, False, "error: not a number"),)))
    text = Reader(render(classifier(attempts=(attempt,)))).text
    assert "not measured" not in text and "✗ failed" in text and "Not passed. Error: not a number" in text


def test_a_thousand_layers_are_folded() -> None:
    damage = [LayerDamage(f"layer_{i}", "CONV_2D", math.nan if i == 7 else i / 1000, i) for i in range(1000)]
    page = render(dataclasses.replace(embedder(), damage=damage))
    assert Reader(page).wrong == [] and "980 more layers" in page and len(page) < 700_000
    assert page.index("layer_<wbr>7<") < page.index("layer_<wbr>999<") < page.index("layer_<wbr>998<"), "what cannot be measured is worst"


@st.composite
def reports(draw: st.DrawFn) -> Report:
    numbers = st.lists(NUMBER, max_size=6)
    rates = st.fixed_dictionaries({"fmr": numbers, "fnmr": numbers})
    square = st.integers(0, 4).flatmap(lambda n: st.lists(st.lists(st.integers(0, 9), min_size=n, max_size=n), min_size=n, max_size=n))
    plots: Any = st.fixed_dictionaries({}, optional={
        "cosine": numbers, "error": st.one_of(numbers, st.dictionaries(TEXT, numbers, max_size=2)), "iou": numbers, "psnr": numbers,
        "scatter": st.fixed_dictionaries({"float": numbers, "quantized": numbers}, optional={"same": st.lists(st.booleans(), max_size=6)}),
        "det": st.dictionaries(st.sampled_from(["float", "quantized", "<x>"]), rates, max_size=3),
        "confusion": st.fixed_dictionaries({"float": square, "quantized": square}),
        "thresholds": st.lists(st.fixed_dictionaries({"fmr": NUMBER, "float": NUMBER, "quantized": NUMBER}), max_size=2),
        "worst": st.lists(st.fixed_dictionaries({"name": TEXT, "figure": NUMBER}), max_size=3)})
    checks = st.lists(st.builds(check, TEXT, NUMBER, st.floats(), st.booleans(), st.booleans(), TEXT), max_size=3).map(tuple)
    verdicts = st.one_of(st.none(), st.builds(verdict, st.booleans(), checks, plots, hint=TEXT, labelled=st.booleans()))
    texts = st.lists(TEXT, max_size=2).map(tuple)
    costs = st.builds(Footprint, st.one_of(st.none(), st.integers(0, 10**12)), NUMBER, st.one_of(st.none(), st.integers(0, 10**12)))
    attempts = st.lists(st.builds(Attempt, st.sampled_from(["int8", "float16"]), TEXT, verdicts, costs, texts, TEXT, texts,
                                  st.dictionaries(TEXT, NUMBER, max_size=2), TEXT, TEXT, TEXT), max_size=3).map(tuple)
    damage = st.lists(st.builds(LayerDamage, TEXT, TEXT, st.floats(), st.integers(0, 10**9)), max_size=3)
    tensors = (TensorSpec(draw(TEXT), ()),)
    facts = dataclasses.replace(model(), name=draw(TEXT), inputs=tensors, outputs=tensors, said=draw(texts), parameters=None)
    examples = st.one_of(st.none(), st.builds(Examples, st.integers(0, 200), st.integers(0, 9), st.integers(0, 9), texts, TEXT))
    mapping = st.dictionaries(TEXT, st.one_of(NUMBER, TEXT), max_size=2)
    words: Any = st.dictionaries(TEXT, TEXT, max_size=2)
    plan = Plan("classifier", None, draw(texts), (), draw(texts))
    return Report(draw(TEXT), facts, plan, draw(attempts), draw(costs), draw(st.booleans()), draw(damage),
                  draw(examples), draw(examples), draw(mapping), draw(TEXT), draw(words), draw(words), draw(mapping),
                  draw(st.dictionaries(TEXT, st.floats(0, 1e6), max_size=2)), draw(TEXT), draw(texts),
                  draw(st.dictionaries(TEXT, st.sampled_from([PNG, b"", b"<script>"]), max_size=2)))


@given(reports())
def test_nothing_that_is_given_can_break_the_page(report: Report) -> None:
    page = render(report)
    assert Reader(page).wrong == []
    assert "\x00" not in page
    page.encode("utf-8")
    to_json(report)


def test_the_same_report_gives_the_same_page() -> None:
    assert render(embedder()) == render(embedder())


def test_figures_of_numpy_do_as_well() -> None:
    same = np.eye(3, dtype=np.int32)
    plots = {"cosine": np.linspace(0.9, 1, 9, dtype=np.float32), "confusion": {"float": same, "quantized": same}}
    page = render(classifier(attempts=(Attempt("int8", "x", verdict(plots=plots)),)))
    assert Reader(page).wrong == [] and "9 values from 0.9 to 1" in page and "3 of 3 right" in page
