"""The promises of the policy under anything that can happen: rules that hypothesis strings together, and random walks.

A longer walk, of any length: `python tests/access/policy_walk.py --steps 1000000`.
"""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from policy_books import Books
from policy_head import FLAT, SOLID, Turner
from policy_walk import DOORS, MONDAY, ODD, PEOPLE, Walker

from edge_face.access import (
    Alarm,
    Authority,
    Calendar,
    CodeFact,
    Command,
    Contact,
    FaceFact,
    Facts,
    Inputs,
    Kind,
    Mode,
    Order,
    PolicyRules,
    PolicyState,
    Rights,
    step,
)
from edge_face.types import Light, LiveVerdict, TrackState

numbers = st.one_of(st.sampled_from(ODD), st.floats(allow_nan=True, allow_infinity=True))
whole = st.one_of(st.sampled_from([0, 1, -1, 2**70]), st.integers())
names = st.one_of(st.none(), st.sampled_from(PEOPLE), st.text(max_size=5))
anything_faces = st.builds(
    FaceFact, whole, st.sampled_from(TrackState), numbers, numbers, names, numbers, numbers, names, st.booleans(), names,
    st.lists(st.text(max_size=3), max_size=2).map(tuple), st.booleans(), st.lists(numbers, max_size=10).map(tuple),
    st.sampled_from(LiveVerdict), numbers, st.lists(st.text(max_size=3), max_size=2).map(tuple), st.none() | numbers, names, numbers,
    numbers, st.booleans())
anything_facts = st.builds(
    Facts, numbers, numbers, st.none() | st.lists(anything_faces, max_size=4).map(tuple), st.booleans(), st.sampled_from(Light),
    st.booleans())
anything = st.builds(
    Inputs, numbers, numbers, st.booleans(), st.none() | anything_facts, st.booleans(), st.none() | st.sampled_from(Contact), st.booleans(),
    st.booleans(), st.booleans(), st.lists(st.builds(CodeFact, st.text(max_size=8), names, names, st.booleans()), max_size=6).map(tuple),
    st.lists(st.builds(Order, st.sampled_from(Command), numbers), max_size=6).map(tuple), whole)
given_by = st.lists(st.sampled_from([None, "ann", "bob", "v1", "v2", "gone"]), min_size=1, max_size=4)
durations = st.sampled_from([0.0, 0.05, 0.1, 0.25, 0.9, 1.1, 3.1, 7.1, 200.0])
GOOD = FaceFact(1, TrackState.CONFIRMED, 0.09, 0.0, "ann", 0.8, 0.6, "ann", True, "ann", live=LiveVerdict.LIVE)


class Doors(RuleBasedStateMachine):
    """Things that happen at a door; `Books.tell` checks every promise at each of them."""

    @initialize(rules=st.sampled_from(DOORS), hour=st.sampled_from([3.0, 9.99, 10.05, 17.999, 23.4]))
    def begin(self, rules: PolicyRules, hour: float) -> None:
        self.books, self.now, self.wall = Books(rules), 1000.0, MONDAY + hour * 3600
        self.levels = Inputs(0.0, 0.0, contact=Contact.CLOSED)
        self.tell(0.0)

    def tell(self, after: float, **more: object) -> None:
        self.now, self.wall = self.now + after, self.wall + after
        self.books.tell(replace(self.levels, monotonic=self.now, wall=self.wall, **more))  # type: ignore[arg-type]

    @rule(after=durations)
    def wait(self, after: float) -> None:
        self.tell(after)

    @rule(person=st.sampled_from([*PEOPLE, None]), track=st.sampled_from([1, 1, 2]), looks=st.integers(1, 12),
          late=st.sampled_from([0.0, 0.08, 2.5]), live=st.sampled_from([LiveVerdict.LIVE, *LiveVerdict]))
    def look(self, person: str | None, track: int, looks: int, late: float, live: LiveVerdict) -> None:
        face = replace(GOOD, track=track, person=person, vote=person, score=0.8 if person else 0.2, live=live)
        for _ in range(looks):
            self.tell(0.1, sight=Facts(self.now + 0.1 - late, self.wall, (self.compared(face),)))

    @rule(person=st.sampled_from(PEOPLE), nose=st.sampled_from([SOLID, FLAT]), looks=st.integers(5, 60), dice=st.integers(0, 2**64 - 1))
    def do_what_is_asked(self, person: str, nose: float, looks: int, dice: int) -> None:
        turner, face = Turner(nose), replace(GOOD, track=3, person=person, vote=person)
        for _ in range(looks):
            shown = turner.face(face, self.books.state, self.now + 0.1)
            self.tell(0.1, sight=Facts(self.now + 0.1, self.wall, (self.compared(shown),)), dice=dice)

    def compared(self, face: FaceFact) -> FaceFact:
        claimed = self.books.state.claimed
        return replace(face, claimed=claimed, claim_score=0.8 if face.person == claimed else 0.2, claim_threshold=0.5,
                       claim_agrees=face.judged and claimed is not None and face.person == claimed)

    @rule(after=durations)
    def press(self, after: float) -> None:
        self.tell(after, exit_pressed=True)

    @rule(after=durations, factor=st.sampled_from(["pin", "card", "visitor"]), people=given_by)
    def give(self, after: float, factor: str, people: list[str | None]) -> None:
        self.tell(after, codes=tuple(CodeFact(factor, person, duress=person == "bob") for person in people))

    @rule(orders=st.lists(st.builds(Order, st.sampled_from(Command), st.sampled_from([0.0, 1.5, 9.0, math.nan])), min_size=1, max_size=3))
    def order(self, orders: list[Order]) -> None:
        self.tell(0.1, orders=tuple(orders))

    @rule(contact=st.sampled_from([Contact.OPEN, Contact.CLOSED, Contact.OPEN, Contact.CLOSED, None]), after=durations)
    def move(self, contact: Contact | None, after: float) -> None:
        self.levels = replace(self.levels, contact=contact)
        self.tell(after)

    @rule(level=st.sampled_from(["fire", "tamper", "seeing", "clock_trusted"]), after=durations)
    def switch(self, level: str, after: float) -> None:
        self.levels = replace(self.levels, **{level: not getattr(self.levels, level)})  # type: ignore[arg-type]
        self.tell(after)

    @rule(wall=st.sampled_from([0.0, MONDAY, MONDAY + 10.01 * 3600, MONDAY + 90_000.0, 4e12, math.nan]))
    def wall_jumps(self, wall: float) -> None:
        self.tell(0.1)
        self.wall = wall
        self.tell(0.1)

    @rule(back=st.floats(0.001, 500.0))
    def time_runs_backwards(self, back: float) -> None:
        self.tell(-back)
        assert self.books.state.release is None or self.books.state.standing is not None

    @rule(inputs=anything)
    def anything_at_all(self, inputs: Inputs) -> None:
        if math.isfinite(inputs.monotonic) and abs(inputs.monotonic) < 1e9:
            self.now = inputs.monotonic
        elif math.isfinite(inputs.monotonic):
            inputs = replace(inputs, monotonic=math.nan)  # a clock that comes back from there is another test
        self.books.tell(inputs)


TestDoors = Doors.TestCase
TestDoors.settings = settings(max_examples=40, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("number", range(len(DOORS)))
def test_a_walk_with_each_kind_of_lock_breaks_no_promise(number: int) -> None:
    walker = Walker(DOORS[number], 20 + number)
    walker.walk(1500)
    assert len(walker.books.kinds) >= 14, "a walk that meets little proves little"


def test_walks_meet_everything_that_there_is_to_meet() -> None:
    kinds, modes, alarms, grants = set(), set(), set(), set()
    for seed, rules in enumerate(DOORS[:3]):
        walker = Walker(rules, seed)
        for _ in range(2500):
            walker.go()
            alarms |= walker.books.state.alarms
        kinds |= set(walker.books.kinds)
        modes |= set(walker.books.modes)
        grants |= set(walker.books.evidence.grants)
    assert (kinds, modes, alarms) == (set(Kind), set(Mode), set(Alarm))
    assert grants == {"face", "challenge", "claim"}, "a grant rests on each kind of evidence"


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(anything, max_size=12), st.sampled_from(DOORS))
def test_nothing_that_inputs_may_hold_makes_it_raise(moments: list[Inputs], rules: PolicyRules) -> None:
    state = PolicyState()
    for inputs in moments:
        state, made = step(state, inputs, rules)
        assert state.release is None or state.release.standing or inputs.monotonic < state.release.until
        assert all(math.isfinite(d.monotonic + d.wall + d.seconds) for d in made)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.sampled_from([0.0, 4e12, -4e12, MONDAY, 1e9]), min_size=1, max_size=5))
def test_the_wall_clock_changes_nothing_for_whoever_has_no_schedule(seed: int, jumps: list[float]) -> None:
    """The same story told with another wall clock: the same decisions at the same times."""
    rules = replace(DOORS[0], rights={"v1": Rights(uses=2)}, calendar=Calendar())
    walker, state, twin = Walker(rules, seed), PolicyState(), PolicyState()
    told: list[Inputs] = []
    walker.books.tell = lambda inputs: told.append(inputs) or ()  # type: ignore[method-assign,func-returns-value]
    walker.walk(60)
    for i, inputs in enumerate(told):
        state, made = step(state, replace(inputs, wall=MONDAY), rules)
        twin, same = step(twin, replace(inputs, wall=jumps[i % len(jumps)]), rules)
        assert [replace(d, wall=0.0) for d in made] == [replace(d, wall=0.0) for d in same]
    assert repr(state) == repr(twin)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["press", "code", "owner", "look"]), min_size=1, max_size=60), st.floats(0.01, 1.0))
def test_a_release_of_whatever_origin_ends_in_its_time(asked: list[str], after: float) -> None:
    """However often the door is asked for, it is locked again within `longest` of each beginning."""
    rules, state, now, begun = DOORS[0], PolicyState(), 0.0, None
    for what in asked:
        now += after
        inputs = {"press": Inputs(now, MONDAY, exit_pressed=True), "code": Inputs(now, MONDAY, codes=(CodeFact("pin", "ann"),)),
                  "owner": Inputs(now, MONDAY, orders=(Order(Command.RELEASE, 9.0),)),
                  "look": Inputs(now, MONDAY, sight=Facts(now, MONDAY, (GOOD,)))}[what]
        state, made = step(state, inputs, rules)
        if any(d.kind is Kind.RELOCK for d in made):
            begun = None
        if state.release is not None:
            begun = now if begun is None else begun
            assert now - begun < rules.longest and state.release.until - begun <= rules.longest + 1e-9
            assert state.release.authority in (Authority.EXIT, Authority.CODE, Authority.OWNER, Authority.FACE)
    state, _ = step(state, Inputs(now + rules.longest, MONDAY), rules)
    assert state.release is None


def test_inputs_hold_nothing_that_these_tests_do_not_know() -> None:
    known = {"monotonic", "wall", "clock_trusted", "sight", "exit_pressed", "contact", "fire", "tamper", "seeing", "codes", "orders",
             "dice"}
    assert {f.name for f in fields(Inputs)} == known


def test_the_long_walk_runs_and_says_its_seed() -> None:
    walk = Path(__file__).with_name("policy_walk.py")
    done = subprocess.run([sys.executable, str(walk), "--steps", "600", "--seed", "3"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("seed 3\n") and "relock" in done.stdout
