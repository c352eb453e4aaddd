"""What a person sees of a run: a bar or lines, and the plot."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.training.progress import Progress, clock
from converter.training.progress_plot import draw_progress, render, series, ticks

HISTORY = [{"step": 0, "seconds": 0, "examined_at": 0, "auc": 0.5},
           {"step": 10, "seconds": 1, "loss": 2.0, "margin": 1.5, "rate": 0.1, "speed": 3.0},
           {"step": 20, "seconds": 2, "loss": 1.0, "margin": 0.5, "rate": 0.1, "speed": 3.0},
           {"step": 20, "seconds": 2, "examined_at": 20, "auc": 0.9}]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_on_a_terminal_says_what_is_left() -> None:
    stream = Terminal()
    bar = Progress(stream)
    bar.show(0.0, 1, 0.0, "")
    bar._last = 0.0
    bar.show(0.25, 10, 60.0, "loss 1.2")
    bar.say("examined")
    text = stream.getvalue()
    assert "\r[######..................]  25 %, step 10, loss 1.2, 3 min left" in text
    assert text.endswith("\nexamined\n")


def test_a_log_gets_lines_now_and_then_and_no_control_characters() -> None:
    stream = io.StringIO()
    bar = Progress(stream, every=0.0)
    bar.show(0.0, 0, 0.0, "")
    bar.show(0.5, 5, 10.0, "")
    assert stream.getvalue() == "  0 %, step 0\n 50 %, step 5, 10 s left\n"
    quiet = io.StringIO()
    Progress(quiet).show(0.5, 5, 10.0, "")
    assert quiet.getvalue() == ""


@pytest.mark.parametrize(("seconds", "text"), [(40, "40 s"), (400, "7 min"), (7500, "2 h 05 min")])
def test_time_left_is_read_by_people(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_losses_and_figures_are_kept_apart() -> None:
    assert series(HISTORY, examined=False) == {"loss": [(10, 2.0), (20, 1.0)], "margin": [(10, 1.5), (20, 0.5)]}
    assert series(HISTORY, examined=True) == {"auc": [(0, 0.5), (20, 0.9)]}


def test_the_plot_is_svg_with_a_curve_for_each_name(tmp_path: Path) -> None:
    path = tmp_path / "progress.svg"
    draw_progress(path, HISTORY, "<embedder>")
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    curves = [element for element in root if element.tag.endswith("polyline")]
    words = [element.text or "" for element in root if element.tag.endswith("text")]
    assert len(curves) == 3
    assert {"loss 1", "margin 0.5", "auc 0.9"} <= set(words)
    assert any(word.startswith("<embedder>") for word in words)
    assert [path.name for path in tmp_path.iterdir()] == ["progress.svg"]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.floats(allow_nan=True, allow_infinity=True, width=32)), max_size=30))
def test_any_history_makes_a_plot_that_can_be_read(points: list[tuple[int, float]]) -> None:
    text = render([{"step": step, "loss": value} for step, value in points], "x")
    ElementTree.fromstring(text)
    assert "nan" not in text
    assert "inf" not in text.replace("inf ", "")


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_and_inside(low: float, width: float) -> None:
    found = ticks(low, low + width)
    assert 1 <= len(found) <= 12
    assert all(low - width * 1e-6 <= tick <= low + width * (1 + 1e-6) for tick in found)
