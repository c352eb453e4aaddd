"""From the keypad to the policy: looked up beside everything else, written down before it counts, still resting after a restart."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from edge_face.access import CodeFact
from edge_face.access.clock_trust import ClockSigns
from edge_face.access.code_rest import RECORD, CodeState, failed, rest_record
from edge_face.build_date import BUILD_DATE
from edge_face.clock import ManualClock
from edge_face.errors import StoreError
from edge_face.service.code_lookup import CodeLookup, code_thread
from edge_face.service.frames import FeedHealth
from edge_face.service.remembering import LOCKDOWN, remembered
from edge_face.service.senses import ClockKeeper, DoorSenses
from edge_face.settings import AccessSettings

NOW = BUILD_DATE + 86_400.0


class Keypad:
    """The inputs of a door, and a book in which 457481516 is Ben's."""

    def __init__(self) -> None:
        self.keyed: list[tuple[str, str]] = []
        self.kept: list[tuple[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.broken = False
        self.clock = ManualClock(100.0, NOW)
        self.keeper = ClockKeeper(lambda: ClockSigns(kernel=True), boot="b1")
        self.keeper.look(100.0, NOW)
        codes = SimpleNamespace(look_up=self._look_up, whose=lambda text, factor: "ben" if text.startswith("457") else None)
        self.roster: Any = SimpleNamespace(codes=codes)
        feed: Any = SimpleNamespace(health=FeedHealth(True, "running"))
        self.senses = DoorSenses(feed, self.keeper)
        self.senses.inputs = SimpleNamespace(codes=self._take)  # type: ignore[assignment]
        store: Any = SimpleNamespace(call=self._call)
        self.look = CodeLookup(lambda: self.roster, store, self.clock, self.keeper)

    def _take(self) -> list[tuple[str, str]]:
        keyed, self.keyed = self.keyed, []
        return keyed

    def _look_up(self, text: str, factor: str, *, wall: float, trusted: bool, spent: Callable[[str, int], None]) -> CodeFact:
        self.asked.append({"wall": wall, "trusted": trusted})
        if text == "457000000":
            spent("ben", 77)
        return CodeFact(factor, "ben" if text in ("457481516", "457000000") else None)

    def _call(self, job: Callable[[Any], None], timeout: float, *, forget: bool) -> None:
        assert timeout <= 5 and not forget, "what is to be written is, also when it takes longer"
        if self.broken:
            raise StoreError("the disk is full")
        job(SimpleNamespace(keep=lambda kind, value: self.kept.append((kind, value)),
                            keep_used=lambda person, step: self.kept.append((person, step))))


def answers(keypad: Keypad, text: str, state: CodeState | None = None) -> list[CodeFact]:
    woken: list[bool] = []
    thread = code_thread(keypad.look, keypad.senses, lambda: woken.append(True), AccessSettings(), state or CodeState())
    thread.start()
    keypad.keyed = [("pin", text)]
    found: list[CodeFact] = []
    until = time.monotonic() + 20.0
    while not found:
        found += keypad.senses.codes()
        assert time.monotonic() < until, "nobody answered"
    thread.stop()
    assert woken
    return found


@pytest.mark.parametrize(("text", "person"), [("457481516", "ben"), ("457999999", None)])
def test_a_try_is_written_down_and_answered(text: str, person: str | None) -> None:
    keypad = Keypad()
    assert answers(keypad, text) == [CodeFact("pin", person)]
    assert {kind for kind, _ in keypad.kept} == {RECORD} and keypad.asked == [{"wall": NOW, "trusted": True}]
    assert remembered_fails(keypad.kept[-1][1]) == (0 if person else 1)
    assert text not in str(keypad.kept)


def remembered_fails(record: Any) -> int:
    return int(record["door"][0])


def test_a_code_that_changes_with_the_time_is_spent() -> None:
    keypad = Keypad()
    answers(keypad, "457000000")
    assert ("ben", 77) in keypad.kept
    keypad.broken = True
    with pytest.raises(StoreError):
        keypad.look.spent("ben", 78)


def test_a_disk_that_refuses_keeps_nobody_out() -> None:
    keypad = Keypad()
    keypad.broken = True
    assert answers(keypad, "457481516") == [CodeFact("pin", "ben")]


def test_before_anybody_is_known_a_code_is_nobodys() -> None:
    keypad = Keypad()
    keypad.roster = None
    assert answers(keypad, "457481516") == [CodeFact("pin", None)] and keypad.look.whose("457481516", "pin") is None


def test_what_rests_still_rests_after_a_restart() -> None:
    state, access = CodeState(), AccessSettings()
    for _ in range(access.code_fails):
        state = failed(state, "ben", 5.0, access)
    kept = {RECORD: rest_record(state), LOCKDOWN: {"on": True}}
    keypad = Keypad()
    store: Any = SimpleNamespace(call=lambda job: job(SimpleNamespace(record=kept.get)))
    found = remembered(store, keypad.keeper, keypad.clock, access)
    assert found.lockdown and found.codes.rest_until == 100.0 + access.code_rest
    fact, = answers(keypad, "457481516", found.codes)
    assert (fact.person, fact.note, keypad.asked) == (None, "rest", []), "nothing is even looked up"
    kept.clear()
    assert remembered(store, keypad.keeper, keypad.clock, access).codes == CodeState()
