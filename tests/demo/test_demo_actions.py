"""A replay that asks for given actions: the same order for ever, or a clear refusal."""

from __future__ import annotations

import pytest

from edge_face.access import Calendar, PolicyRules
from edge_face.access.challenge import choose
from edge_face.demo.replay import fixed
from edge_face.errors import SettingsError
from edge_face.settings import DecisionSettings, Settings

RULES = PolicyRules.from_settings(Settings(), {}, Calendar())


@pytest.mark.parametrize("actions", [("left", "right"), ("right", "left"), ("left",), ("up", "right", "blink", "nearer")], ids=" ".join)
def test_a_challenge_asks_for_exactly_these_actions(actions: tuple[str, ...]) -> None:
    rules, dice = fixed(RULES, actions)
    assert tuple(action.value for action in choose(rules.challenge, dice)) == actions
    assert rules.challenge.seconds == RULES.challenge.seconds and rules.level == RULES.level


@pytest.mark.parametrize("actions", [("left", "left"), ("up", "blink"), ("jump",), ("left", "jump")], ids=" ".join)
def test_actions_that_no_challenge_asks_for_are_refused_in_words(actions: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="no challenge asks for"):
        fixed(RULES, actions)


def test_without_any_the_settings_count() -> None:
    assert fixed(RULES, ()) == (RULES, 0)
    strict = PolicyRules.from_settings(Settings(decision=DecisionSettings(assurance="face+code")), {}, Calendar())
    assert fixed(strict, ())[0].level == "face+code"
