"""The charts draw what they are given, leave out what is no number, and say so."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_material import Reader

from converter.report.charts import MOST_MARKS, allowance_bar, bar, det, histogram, numbers, scatter
from converter.report.matrix import MOST, Confusion, heat_map

VALUES = st.lists(st.one_of(st.floats(), st.none(), st.integers(-10, 10)), max_size=30)


def test_a_histogram_counts_every_value() -> None:
    drawn = histogram("t", "x", [0.1, 0.2, 0.2, 0.9, math.nan, math.inf], {"<b>mean": 0.35})
    assert sum(int(count) for count in re.findall(r": (\d+)</title>", drawn)) == 4
    assert "2 values that are no numbers are left out" in drawn and "median 0.2" in drawn and ">&lt;b&gt;mean</text>" in drawn


@pytest.mark.parametrize("values", [[], [math.nan], [None]])
def test_nothing_to_draw_is_said(values: list[float]) -> None:
    assert "<svg" not in histogram("t", "x", values) and "<svg" not in scatter("t", "x", "y", values, values)


@given(VALUES)
def test_a_histogram_of_anything_is_well_formed(values: list[float]) -> None:
    drawn = histogram("t", "x", values, {"a": 0.5})
    found, left_out = numbers(values)
    assert Reader(drawn).wrong == [] and "nan" not in drawn and "inf" not in drawn
    assert len(found) + left_out == sum(value is not None for value in values)
    assert sum(int(count.replace(",", "")) for count in re.findall(r": ([\d,]+)</title>", drawn)) == len(found)


@given(VALUES, VALUES)
def test_a_scatter_of_anything_is_well_formed(before: list[float], after: list[float]) -> None:
    drawn = scatter("t", "x", "y", before, after, [True] * len(before))
    assert Reader(drawn).wrong == [] and "nan" not in drawn and "inf" not in drawn


def test_a_scatter_keeps_the_pairs_together_and_tells_people_by_shape() -> None:
    drawn = scatter("t", "x", "y", [0.0, math.nan, 1.0], [0.1, 0.5, 1.1], [False, True, True])
    assert "2 pairs; mean difference +0.1000" in drawn and "1 value that is no number is left out" in drawn
    assert drawn.count('class="dot"') == 2 and drawn.count('class="cross"') == 2, "each with its place in the legend"
    place = {style: float(found[1]) for style in ("dot", "cross") if (found := re.search(f'class="{style}" d="M([0-9.]+)', drawn))}
    assert place["cross"] < 200 < place["dot"], "the pair of one person is the one to the right"


def test_a_scatter_of_very_many_is_thinned_but_counted_whole() -> None:
    values = np.random.default_rng(0).random(50_000)
    drawn = scatter("t", "x", "y", values, values + 0.5)
    assert drawn.count("M") <= MOST_MARKS and "50,000 pairs; mean difference +0.5000" in drawn


def test_det_leaves_out_what_a_logarithm_cannot_show() -> None:
    drawn = det("DET", {"float": {"fmr": [1e-3, 0.1, 1.0], "fnmr": [0.5, 0.1, 0.0]}, "int8": {"fmr": [1e-3], "fnmr": [math.nan]}})
    assert drawn.count("<polyline") == 1
    both = det("DET", {name: {"fmr": [1e-3, 0.1], "fnmr": [0.5, 0.1]} for name in ("float", "int8")})
    assert "int8, dashed" in both and both.count("<polyline") == 2
    assert "no errors were seen" in det("DET", {"float": {"fmr": [0.1], "fnmr": [0.0]}}).lower()


def test_bars_end_within_their_cell() -> None:
    assert 'width="100.0"' in bar(7.0, "x") and 'width="0.6"' in bar(math.nan, "x")
    assert 'class="limit" x="66.2"' in allowance_bar(0.5, True) and 'width="33.3"' in allowance_bar(0.5, True)
    assert 'width="100.0"' in allowance_bar(9.0, False) and "900 %" in allowance_bar(9.0, False)
    assert allowance_bar(math.inf, False).count("over 10 times") == 2 and allowance_bar(None, True) == ""


def test_a_capped_matrix_loses_no_example_and_keeps_the_confused() -> None:
    rng = np.random.default_rng(0)
    before = rng.integers(0, 2, (200, 200)) + 30 * np.eye(200, dtype=int)
    after = before.copy()
    after[150, 3] += 40
    whole = Confusion.of({"float": before.tolist(), "quantized": after.tolist()}, [f"c{i}" for i in range(200)])
    assert whole is not None
    small = whole.capped()
    assert len(small.labels) == MOST and small.labels[-1] == f"{200 - MOST + 1} others" and {"c150", "c3"} <= set(small.labels)
    assert small.before.sum() == before.sum() and small.after.sum() == after.sum()
    assert whole.changes(3)[0] == ("c150", "c3", int(before[150, 3]), int(after[150, 3])) and len(whole.changes(3)) == 1


@pytest.mark.parametrize("plot", [{}, {"float": [[1]]}, {"float": [[1, 2]], "quantized": [[1, 2]]},
                                  {"float": [[1], [1, 2]], "quantized": [[1]]},
                                  {"float": [], "quantized": []}, {"float": [["a"]], "quantized": [[1]]}, None])
def test_what_is_no_matrix_is_not_drawn(plot: object) -> None:
    assert Confusion.of(plot, ()) is None


def test_a_matrix_says_its_numbers_and_names() -> None:
    drawn = heat_map("Confusion", ("cat", "<dog>"), np.array([[5, 2], [0, 9]]), np.array([[7, 0], [0, 9]]))
    assert Reader(drawn).wrong == [] and "cat called &lt;dog&gt;: 2 of 7, before 0" in drawn and "14 of 16 right" in drawn
    assert "no labelled example" in heat_map("Confusion", ("a",), np.zeros((1, 1), np.int64)).lower()


def test_missing_names_are_numbered() -> None:
    found = Confusion.of({"float": [[1, 0], [0, 1]], "quantized": [[1, 0], [math.nan, 1]]}, ("cat",))
    assert found is not None and found.labels == ("cat", "class 1") and found.after.tolist() == [[1, 0], [0, 1]]
