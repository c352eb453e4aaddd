"""Moments, sizes and spans as a page shows them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from edge_face.errors import AccessError
from edge_face.kiosk.showing import Shower, size, span
from edge_face.settings import Settings
from edge_face.settings_file import apply_overrides

ZURICH = Shower(apply_overrides(Settings(), {"access.timezone": "Europe/Zurich"}))
NOON = 1_790_000_000.0  # 2026-09-21 16:13:20 in Zurich


def test_moments_are_those_of_the_door() -> None:
    assert ZURICH.moment(NOON) == "2026-09-21 16:13:20" and ZURICH.day(NOON) == "2026-09-21"
    assert ZURICH.field(NOON) == "2026-09-21T16:13" and ZURICH.machine(NOON) == "2026-09-21T14:13:20+00:00"


@pytest.mark.parametrize("nothing", [None, math.nan, math.inf, "soon", True])
def test_what_is_no_moment_is_a_dash(nothing: Any) -> None:
    assert ZURICH.moment(nothing) == "-" and ZURICH.field(nothing) == "" and ZURICH.machine(nothing) == ""


def test_what_is_picked_is_read_back() -> None:
    assert ZURICH.read(ZURICH.field(NOON)) == NOON - NOON % 60 and ZURICH.read("") is None
    assert ZURICH.read("2026-09-21", end=True) - ZURICH.read("2026-09-21") == 86_400  # type: ignore[operator]
    with pytest.raises(AccessError):
        ZURICH.read("the day after tomorrow")


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (1023, "1023 B"), (2048, "2.0 kB"), (123 << 20, "123 MB"), (5 << 30, "5.0 GB"),
                                             (4 << 40, "4096 GB"), (None, "-")])
def test_sizes(count: Any, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(("seconds", "text"), [
    (0, "0 s"), (61, "1 min 1 s"), (7260, "2 h 1 min"), (90_000, "1 d 1 h"), (-5, "0 s"), (None, "-")])
def test_spans(seconds: Any, text: str) -> None:
    assert span(seconds) == text
