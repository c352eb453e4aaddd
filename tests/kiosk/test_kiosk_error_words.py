"""What the daemon says of what cannot be, in another language: each sentence stands in the source as it is marked, and is found again."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import edge_face
from edge_face.kiosk.error_words import SENTENCES, recognised
from edge_face.kiosk.languages import say

ROOT = Path(edge_face.__file__).parent
ROOMS = ("access", "kiosk", "people", "service", "service/web")


def _texts(path: Path) -> set[str]:
    """Every text of a file, with {} for what is put in."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            found.add("".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values))
    return found


def _source() -> set[str]:
    return {text for room in ROOMS for path in (ROOT / room).glob("*.py") if path.name != "error_words.py" for text in _texts(path)}


def test_each_stands_in_the_source() -> None:
    source = {re.sub(r"%\(\w+\)s", "{}", text) for text in _source()}
    # What somebody is busy with is put in front of the sentence about it.
    source |= {text.replace("{}", busy, 1) for text in source if text.startswith("{}: try again in")
               for busy in ("somebody is just passing for the first time", "somebody else is enrolling just now")}
    assert [one for one in SENTENCES if re.sub(r"%\(\w+\)s", "{}", one) not in source] == []


@pytest.mark.parametrize("sentence", [one for one in SENTENCES if "%(" in one])
def test_each_is_found_again_with_its_values(sentence: str) -> None:
    names = re.findall(r"%\((\w+)\)s", sentence)
    values = {name: f"7{place}" for place, name in enumerate(names)}
    assert recognised(sentence % values) == (sentence, values)


def test_a_sentence_with_a_name_is_said_in_chinese() -> None:
    text = "there is already somebody named 'Ben <b>': choose another name, or forget that person first"
    said = say("zh", text)
    assert said != text and "Ben <b>" in said and say("en", text) == text


def test_what_is_not_known_stays_as_it_is() -> None:
    for text in ("something else went wrong: look at it", "x", "a" * 5000, "%(name)s 100 %"):
        assert recognised(text) is None and say("zh", text) == text
