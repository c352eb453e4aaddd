"""Lines of keys, and values as TOML."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.settings_toml import key_lines, line_of, toml_key, toml_value

DOCUMENT = '''# comment = 1
top = """
[not] a = table
""" # "
"quoted key" = 'a # b'

[door] # [x]
pulse = 3
lists = [
  1, # ]
  "]",
]
after = { a = "}", b = [1] }
  [ "camera" . fine ]
  x.y = \'\'\'
x = 1\'\'\'\'\'
last = "\\"#"
'''


def test_lines_of_a_document_with_everything_in_it() -> None:
    assert tomllib.loads(DOCUMENT)
    lines = key_lines(DOCUMENT)
    assert lines == {("top",): 2, ("quoted key",): 5, ("door",): 7, ("door", "pulse"): 8, ("door", "lists"): 9,
                     ("door", "after"): 13, ("camera",): 14, ("camera", "fine"): 14, ("camera", "fine", "x"): 15,
                     ("camera", "fine", "x", "y"): 15, ("camera", "fine", "last"): 17}


def test_a_key_inside_an_inline_table_has_the_line_of_its_table() -> None:
    lines = key_lines("\ndoor = { pulse = 3 }")
    assert line_of(lines, ("door", "pulse")) == 2
    assert line_of(lines, ("camera", "pulse")) is None


@given(st.text())
def test_the_scanner_ends_on_any_text(text: str) -> None:
    assert all(1 <= line <= text.count("\n") + 1 for line in key_lines(text).values())


SCALARS = st.one_of(st.booleans(), st.integers(-(1 << 62), 1 << 62), st.floats(allow_nan=False, allow_infinity=False), st.text())
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)), max_leaves=8)


@given(st.text(), VALUES)
def test_values_survive(name: str, value: Any) -> None:
    assert tomllib.loads(f"{toml_key(name)} = {toml_value(value)}") == {name: value}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), None, b"x", object()])
def test_what_toml_cannot_hold(value: object) -> None:
    with pytest.raises(TypeError):
        toml_value(value)
