"""Arguments of the pages' commands: whatever JSON can carry is taken or refused in words."""

from __future__ import annotations

import math
from typing import Any

import pytest

from edge_face.errors import UsageError
from edge_face.service.web import arguments as given

NO_NUMBERS: list[Any] = [10**400, -(10**400), math.nan, math.inf, -math.inf, 1e308, True, "1", None, [], {}]


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_number_within_its_bounds_is_refused_by_name(value: Any) -> None:
    with pytest.raises(UsageError, match="'wait' is"):
        given.number({"wait": value}, "wait", high=20.0)
    with pytest.raises(UsageError, match="'after' is"):
        given.whole({"after": value}, "after")


def test_what_fits_is_taken_and_what_is_left_out_has_its_default() -> None:
    assert given.number({"wait": 20}, "wait", high=20.0) == 20.0 and given.number({}, "wait", 0.5) == 0.5
    assert given.whole({"after": 1 << 53}, "after") == 1 << 53 and given.whole({}, "after", 7) == 7
    assert given.text({"who": "Ben"}, "who") == "Ben" and given.flag({"show": False}, "show") is False
    for wrong in ("x" * 1001, 7, None):
        with pytest.raises(UsageError, match="'who'"):
            given.text({"who": wrong}, "who")
