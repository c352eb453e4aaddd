"""The policy thread: what it makes of scenes, presses, codes, orders, stale pictures and clocks. The real policy decides."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import numpy as np
import pytest

from edge_face.access import (
    Authority,
    Calendar,
    CodeFact,
    Command,
    Contact,
    Decision,
    Inputs,
    Kind,
    PolicyRules,
    PolicyState,
)
from edge_face.access.inputs import Order as OwnerOrder
from edge_face.access.policy import STALE
from edge_face.access.reasons import Reason
from edge_face.clock import ManualClock
from edge_face.service import policy_thread
from edge_face.service.consequences import order_of
from edge_face.service.door_thread import Order
from edge_face.service.policy_thread import PolicyThread
from edge_face.settings import DecisionSettings, Settings
from edge_face.types import Box, Frame, Light, Liveness, LiveVerdict, Match, Quality, Scene, Track, TrackState

FACES = PolicyRules.from_settings(Settings(decision=DecisionSettings(assurance="face")), {}, Calendar())
EMPTY = np.zeros((4, 4, 3), np.uint8)


def eventually(condition: Callable[[], object], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.002)


def frame(index: int, at: float) -> Frame:
    return Frame(index, at, 1.7e9 + at, EMPTY)


def scene(index: int, at: float, person: str | None = "p1") -> Scene:
    """One face in the zone, facing, judged in this very frame."""
    landmarks = np.array([[300, 200], [360, 200], [330, 235], [308, 270], [352, 270]], np.float32)
    match = Match(person, "p1", 0.9 if person else 0.1, 0.5, 0.0, at)
    track = Track(1, Box(280, 150, 100, 140), landmarks, 0.95, TrackState.CONFIRMED, index, 0, quality=Quality(1, 1, 1, 1, 1, 60, 0, 0, 0),
                  match=match, matched_at=at, judged=True, vote=person, votes=(person,) * 5, liveness=Liveness(LiveVerdict.LIVE, 0.99, 9))
    return Scene(index, at, 1.7e9 + at, 640, 480, (track,))


class Senses:
    """Whatever a test says is felt."""

    def __init__(self) -> None:
        self.contact: Contact | None = None
        self.fire = self.tamper = False
        self.seeing = self.believed = True
        self.given: list[CodeFact] = []

    def codes(self) -> tuple[CodeFact, ...]:
        given, self.given = tuple(self.given), []
        return given

    def trusted(self, monotonic: float, wall: float) -> bool:
        return self.believed


class Desk:
    """The thread with everything around it written down."""

    def __init__(self, film: bool = False) -> None:
        self.clock = ManualClock(100.0)
        self.orders: list[Order] = []
        self.decisions: list[Decision] = []
        self.failures: list[BaseException] = []
        self.beats = 0
        self.leases: list[Authority] = []
        self.senses = Senses()
        self.thread = PolicyThread(FACES, self.clock, self.senses, self._act, self.leases.append, self._beat, self.failures.append,
                                   film=film)
        self.thread.start()

    def _act(self, decision: Decision) -> None:
        self.decisions.append(decision)
        order = order_of(decision, self.clock.monotonic(), self.thread.pressed_at)
        if order is not None:
            self.orders.append(order)

    def _beat(self) -> None:
        self.beats += 1

    def show(self, shown: Scene | None, index: int, at: float) -> None:
        """Gives a scene and waits until it was decided on."""
        before = self.beats
        self.thread.see(frame(index, at), shown)
        eventually(lambda: (self.beats > before and self.thread._sights._item is None) or self.failures)

    def approach(self, begin: float, count: int = 12, person: str | None = "p1", live: bool = True) -> None:
        for index in range(count):
            at = begin + index * 0.1
            if live:
                self.clock.sleep(max(at + 0.05 - self.clock.monotonic(), 0.0))
            self.show(scene(index, at, person), index, at)

    def kinds(self) -> list[Kind]:
        return [decision.kind for decision in self.decisions]


def test_an_approach_opens_once() -> None:
    desk = Desk()
    desk.approach(100.0, 20)
    desk.thread.stop()
    assert desk.kinds() == [Kind.GRANT] and desk.orders == [Order(3.0, "face")]
    assert desk.decisions[0].person == "p1" and desk.thread.first_at is not None and not desk.failures


def test_duress_is_never_logged_and_what_is_asked_only_for_who_looks_closely(caplog: pytest.LogCaptureFixture,
                                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    def stepped(state: PolicyState, inputs: Inputs, rules: PolicyRules) -> tuple[PolicyState, tuple[Decision, ...]]:
        dice.append(inputs.dice)
        reason = (Reason("made-up", "in a test"),)
        return state, tuple(Decision(kind, inputs.monotonic, inputs.wall, reason, person="p1") for kind in Kind)

    dice: list[int] = []
    monkeypatch.setattr(policy_thread, "step", stepped)
    caplog.set_level(logging.DEBUG, "edge_face.access")
    desk = Desk()
    eventually(lambda: len(desk.decisions) >= 2 * len(Kind))
    desk.thread.stop()
    said = {record.message.partition(":")[0]: record.levelno for record in caplog.records}
    assert set(said) == {kind.value for kind in Kind} - {"duress"}
    assert {word for word, level in said.items() if level == logging.DEBUG} == {"prompt", "prompt over"}
    assert len(set(dice)) == len(dice) and max(dice).bit_length() <= 64, "thrown anew each time"


def test_a_stranger_opens_nothing() -> None:
    desk = Desk()
    desk.approach(100.0, 30, None)
    desk.thread.stop()
    assert desk.orders == [] and desk.kinds() == [Kind.DENY]


def test_what_vision_could_not_judge_breaks_the_approach() -> None:
    desk = Desk()
    desk.approach(100.0, 3)
    desk.show(None, 3, 100.3)
    desk.approach(100.4, 3)
    desk.thread.stop()
    assert desk.orders == []


def test_a_picture_that_is_too_old_opens_nothing() -> None:
    desk = Desk()
    desk.clock.sleep(STALE + 10)
    desk.approach(100.0, 20, live=False)
    desk.thread.stop()
    assert desk.orders == [] and Kind.GRANT not in desk.kinds()


def test_in_a_film_the_pictures_have_their_own_time() -> None:
    desk = Desk(film=True)
    desk.clock.sleep(500)
    desk.approach(100.0, 20, live=False)
    desk.thread.stop()
    assert desk.orders == [Order(3.0, "face")]


def test_a_tick_that_ran_ahead_of_the_next_picture_is_no_fault() -> None:
    desk = Desk()
    desk.approach(100.0, 3)
    desk.clock.sleep(0.3)
    before = desk.beats
    eventually(lambda: desk.beats > before + 2)  # ticks at about 100.55
    assert desk.thread.state.at is not None and desk.thread.state.at > 100.4
    desk.approach(100.5, 12)
    desk.thread.stop()
    assert desk.orders == [Order(3.0, "face")]


def test_a_release_ends_in_the_books_without_any_picture() -> None:
    desk = Desk()
    desk.approach(100.0)
    desk.clock.sleep(5.0)
    eventually(lambda: Kind.RELOCK in desk.kinds())
    desk.thread.stop()
    assert desk.orders == [Order(3.0, "face")], "the door thread ends its releases itself"


def test_a_clock_that_runs_backwards_locks_the_door() -> None:
    desk = Desk()
    desk.approach(100.0)
    desk.clock._monotonic = 50.0
    desk.show(scene(99, 50.0), 99, 50.0)
    desk.thread.stop()
    assert desk.orders == [Order(3.0, "face"), Order(None, "policy")]


def test_pictures_that_come_late_out_of_a_slow_vision_are_no_clock_that_runs_backwards() -> None:
    desk = Desk()
    desk.thread.press()
    eventually(lambda: Kind.EXIT in desk.kinds())
    for index in range(4):
        desk.clock.sleep(0.6)
        desk.show(scene(index, desk.clock.monotonic() - 1.5, None), index, desk.clock.monotonic() - 1.5)
    desk.thread.stop()
    assert Kind.RELOCK not in desk.kinds() and desk.orders == [Order(3.0, "exit button")]


def test_a_press_is_written_down_at_once_and_asks_for_no_more_than_the_button_did() -> None:
    for film in (False, True):
        desk = Desk(film)
        desk.thread.press()
        eventually(lambda desk=desk: desk.kinds() == [Kind.EXIT])
        desk.thread.stop()
        assert desk.orders == [Order(3.0, "exit button")]


def test_darkness_is_said_and_opens_nothing() -> None:
    from dataclasses import replace

    desk = Desk()
    for index in range(12):
        at = 100.0 + index / 10
        desk.show(replace(scene(index, at), light=Light.TOO_DARK), index, at)
    desk.thread.stop()
    assert desk.thread.light is Light.TOO_DARK and desk.orders == []


def test_a_failure_is_handed_over() -> None:
    desk = Desk()
    desk.thread._act = lambda decision: 1 / 0  # type: ignore[assignment]
    desk.approach(100.0)
    assert isinstance(desk.failures[0], ZeroDivisionError)


def test_a_code_that_somebody_has_opens_the_door() -> None:
    desk = Desk()
    desk.senses.given.append(CodeFact("pin", "p1"))
    desk.thread.wake()
    eventually(lambda: desk.orders)
    desk.thread.stop()
    assert desk.kinds() == [Kind.CODE] and desk.orders == [Order(3.0, "code")]


def test_the_owner_is_obeyed_and_a_lockdown_holds() -> None:
    desk = Desk()
    desk.thread.order(OwnerOrder(Command.RELEASE, 2.0))
    eventually(lambda: desk.orders)
    desk.thread.order(OwnerOrder(Command.LOCKDOWN))
    eventually(lambda: Kind.LOCKDOWN in desk.kinds())
    assert desk.orders == [Order(2.0, "owner"), Order(None, "policy")], "what was released is locked again"
    desk.senses.given.append(CodeFact("pin", "p1"))
    desk.thread.wake()
    eventually(lambda: Kind.DENY in desk.kinds())
    desk.thread.stop()
    assert len(desk.orders) == 2


def test_fire_releases_for_as_long_as_it_lasts() -> None:
    desk = Desk()
    desk.senses.fire = True
    desk.thread.wake()
    eventually(lambda: desk.leases)
    for _ in range(3):
        desk.clock.sleep(1.5)
        before = len(desk.leases)
        eventually(lambda before=before: len(desk.leases) > before)  # type: ignore[misc]
    desk.senses.fire = False
    desk.thread.wake()
    eventually(lambda: Kind.RELOCK in desk.kinds())
    desk.thread.stop()
    assert set(desk.leases) == {Authority.FIRE} and desk.orders[-1] == Order(None, "policy")


def test_a_camera_that_hangs_ends_a_release_by_face() -> None:
    desk = Desk()
    desk.approach(100.0)
    desk.senses.seeing = False
    desk.thread.wake()
    eventually(lambda: desk.orders[-1] == Order(None, "policy"))
    desk.thread.stop()
    assert desk.orders == [Order(3.0, "face"), Order(None, "policy")] and not desk.failures


def test_a_press_that_was_decided_on_late_asks_for_what_is_left_of_it() -> None:
    desk = Desk()
    desk.thread.press()
    eventually(lambda: Kind.EXIT in desk.kinds())
    desk.thread.stop()
    pressed = next(d for d in desk.decisions if d.kind is Kind.EXIT)
    at = pressed.monotonic
    assert order_of(pressed, at, at) == Order(3.0, "exit button")
    assert order_of(pressed, at + 1.0, at) == Order(2.0, "exit button")
    assert order_of(pressed, at + 3.0, at) is None, "it has been obeyed and is over: the door is not opened twice for one press"
