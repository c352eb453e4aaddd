"""Reasons in words: every code of the policy is known or knowingly left to the daemon's sentence, and numbers arrive."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import edge_face
from edge_face.access import reasons
from edge_face.access.outcomes import Alarm, Authority
from edge_face.kiosk.assurance_words import level_word
from edge_face.kiosk.daemon_words import ALARMS, SAID, factor_word
from edge_face.kiosk.languages import say
from edge_face.kiosk.reason_words import WORDS, reason_word

LEFT = {"quality", "near", "facing", "duress", "bad-order", "hold-coil", "opened", "prompt-over", "liveness-order", "liveness-unseen",
        "liveness-person"}
"""Said in several ways, or not said on a page: the daemon's own sentence stands."""


def codes() -> set[str]:
    """Of every Reason that the policy makes."""
    found: set[str] = set()
    for path in (Path(edge_face.__file__).parent / "access").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    found.add(str(first.value))
    return found


def test_no_reason_is_forgotten_and_none_is_made_up() -> None:
    assert codes() - set(WORDS) - LEFT == set()
    assert set(WORDS) - codes() == set()


def test_a_reason_with_its_numbers_is_the_daemons_own_sentence() -> None:
    for made in (reasons.matched(0.91234, 0.602), reasons.unknown(0.3, 0.602, None), reasons.votes(3, 4, 3, 5, 1.5), reasons.resting(12.4),
                 reasons.time_over(3.02), reasons.failures(2, 5), reasons.exit_button()):
        assert reason_word({"code": made.code, "text": made.text, "values": dict(made.values)}) == made.text


def test_in_another_language_the_numbers_stay() -> None:
    made = reasons.matched(0.91234, 0.602)
    text = say("zh", reason_word({"code": made.code, "text": made.text, "values": dict(made.values)}))
    assert "0.912" in text and "0.602" in text


@pytest.mark.parametrize("reason", [{"code": "matched", "text": "said"}, {"code": "matched", "text": "said", "values": {"score": "x"}},
                                    {"code": "of-tomorrow", "text": "said", "values": {}}, {"text": "said"},
                                    {"code": "matched", "text": "said", "values": {"score": None, "threshold": 1}}])
def test_what_is_not_understood_is_said_as_the_daemon_says_it(reason: dict[str, object]) -> None:
    assert reason_word(reason) == "said"


def test_alarms_and_authorities_have_words() -> None:
    assert set(ALARMS) == {alarm.value for alarm in Alarm} and {one.value for one in Authority} <= set(SAID)


def test_codes_and_levels_have_words() -> None:
    assert factor_word("pin") == "PIN" and factor_word("card:2") == "card 2" and factor_word("of-tomorrow") == "of-tomorrow"
    assert level_word("face+code") == "Code and face" and level_word("of-tomorrow") == "of-tomorrow"


def test_every_sentence_can_be_filled_in() -> None:
    for code, words in WORDS.items():
        numbers, texts = (re.findall(rf"%\((\w+)\){kind}", words.source) for kind in (r"[.\d]*[dfg]", "s"))
        assert "%" not in (words.source % (dict.fromkeys(numbers, 1) | dict.fromkeys(texts, "x"))), code
