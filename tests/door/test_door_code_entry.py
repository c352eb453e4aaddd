"""From keys to codes: whatever is keyed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge_face.door.code_entry import LONGEST, CodeEntry

KEYS = "123A456B789C*0#D"


def keyed(keys: str, gap: float = 0.5, timeout: float = 5.0) -> list[str]:
    entry, codes = CodeEntry(timeout), []
    for number, key in enumerate(keys):
        code = entry.press(key, number * gap)
        if code is not None:
            codes.append(code)
    return codes


def test_codes() -> None:
    assert keyed("1234#") == ["1234"]
    assert keyed("12*34#") == ["34"]
    assert keyed("1A2B3#") == ["123"]
    assert keyed("##*#") == []
    assert keyed("12#34#") == ["12", "34"]
    assert keyed("0#") == ["0"]


def test_a_pause_begins_anew() -> None:
    entry = CodeEntry(5.0)
    entry.press("1", 0.0)
    assert entry.press("#", 5.0) == "1"
    entry.press("1", 10.0)
    assert entry.tick(12.0) == 15.0
    assert entry.press("2", 15.1) is None and entry.pending == 1
    assert entry.press("#", 16.0) == "2"
    entry.press("1", 20.0)
    assert entry.tick(26.0) is None and entry.pending == 0


def test_who_leans_on_the_pad_keys_no_code() -> None:
    assert keyed("1" * (LONGEST + 1) + "#") == []
    assert keyed("1" * LONGEST + "#") == ["1" * LONGEST]
    assert keyed("1" * 100 + "*12#") == ["12"]


def model(keys: str) -> list[str]:
    """The same in other words: what stands between two ends, after its last star, digits only."""
    codes = []
    for part in keys.split("#")[:-1]:
        digits = "".join(key for key in part.rpartition("*")[2] if key.isdecimal())
        if 0 < len(digits) <= LONGEST:
            codes.append(digits)
    return codes


@given(st.text(KEYS, max_size=120))
def test_any_keys_in_time(keys: str) -> None:
    assert keyed(keys, gap=0.1) == model(keys)


@given(st.lists(st.tuples(st.text(max_size=2), st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6))))
def test_any_text_at_any_time_never_raises_and_gives_digits(presses: list[tuple[str, float]]) -> None:
    entry = CodeEntry(5.0)
    for key, now in presses:
        code = entry.press(key, now)
        assert code is None or (code.isascii() and code.isdigit())
        assert entry.pending <= LONGEST


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.floats(0, 12)), max_size=60))
def test_no_code_spans_a_pause(presses: list[tuple[str, float]]) -> None:
    entry, now, run = CodeEntry(5.0), 0.0, ""
    for key, gap in presses:
        now += gap
        run = (run if gap <= 5.0 else "") + key
        code = entry.press(key, now)
        if code is not None:
            assert len(code) <= sum(each.isdecimal() for each in run)
