"""Random walks through the decision: its promises, checked by books kept apart from it."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_face.access import Decision, DoorState, FaceFact, Facts, Kind, Rules, decide
from edge_face.types import Light, LiveVerdict, TrackState

PEOPLE = ["ann", "bob", None]
ODD = [math.nan, math.inf, -math.inf, -1.0, 0.0, 1e300]
numbers = st.one_of(st.sampled_from(ODD), st.floats(-1e3, 1e3))

wild_faces = st.builds(
    FaceFact, st.integers(-1, 4), st.sampled_from(TrackState), numbers, numbers, st.sampled_from(PEOPLE), numbers, numbers,
    st.sampled_from(PEOPLE), st.booleans(), st.sampled_from(PEOPLE), st.sampled_from([(), ("light",)]), st.booleans())


GOOD = {
    1: FaceFact(1, TrackState.CONFIRMED, 0.09, 0.0, "ann", 0.8, 0.6, "ann", True, "ann"),
    2: FaceFact(2, TrackState.CONFIRMED, 0.07, -9.0, "bob", 0.7, 0.6, "bob", True, "bob"),
    3: FaceFact(3, TrackState.CONFIRMED, 0.06, 24.9, "ann", 0.6, 0.6, "ann", True, "ann"),
    4: FaceFact(4, TrackState.CONFIRMED, 0.08, 5.0, None, 0.2, 0.6, "ann", True, None),
}
GOOD = {track: replace(face, live=LiveVerdict.LIVE, live_score=0.9) for track, face in GOOD.items()}
SPOILT = [
    {}, {"eye_share": 0.0599}, {"eye_share": 0.058}, {"eye_share": 0.03}, {"yaw": 25.0}, {"yaw": -27.0}, {"yaw": 60.0},
    {"state": TrackState.COASTING}, {"state": TrackState.TENTATIVE}, {"person": None}, {"person": "bob"}, {"score": 0.599},
    {"judged": False}, {"vote": None}, {"vote": "bob"}, {"failing": ("size",), "judged": False}, {"ambiguous": True},
    {"score": math.nan}, {"eye_share": math.nan}, *({"live": verdict} for verdict in LiveVerdict),
]
"""What can be wrong with a face that is good otherwise; near the limits of the rules."""
likely_faces = st.builds(lambda track, spoilt: replace(GOOD[track], **spoilt), st.sampled_from([1, 1, 1, 2, 3, 4]),
                         st.one_of(st.just({}), st.sampled_from(SPOILT)))
crowds = st.lists(likely_faces, max_size=3, unique_by=lambda f: f.track)


class Walk(RuleBasedStateMachine):
    """Tells a door one moment after the other and keeps its own books of what it was told."""

    @initialize(votes=st.integers(1, 4), extra=st.integers(0, 4), dwell=st.sampled_from([0.0, 0.3, 0.8]),
                rest_after=st.integers(1, 3), window=st.sampled_from([0.4, 1.5]))
    def begin(self, votes: int, extra: int, dwell: float, rest_after: int, window: float) -> None:
        self.rules = Rules(votes=votes, of=votes + extra, dwell=dwell, window=window, rest_after=rest_after, rest=5.0,
                           fail_after=0.9, fail_again=2.0, approach_gap=1.0, pulse=1.0, max_release=2.5)
        self.state, self.twin, self.now = DoorState(), DoorState(), 500.0
        self.told: dict[int, list[tuple[float, FaceFact]]] = defaultdict(list)
        self.open_since: float | None = None
        self.open_until = -math.inf
        self.rest_until = -math.inf
        self.given: dict[str, float] = {}
        self.tell(Facts(self.now, 0.0))

    @rule(faces=crowds, step=st.sampled_from([0.0, 0.05, 0.1, 0.1, 0.3]), times=st.integers(1, 10))
    def look(self, faces: list[FaceFact], step: float, times: int) -> None:
        for _ in range(times):
            self.tell(Facts(self.now + step, 0.0, tuple(faces)))

    @rule(track=st.sampled_from([1, 2, 3]), before=st.integers(1, 8), spoilt=st.sampled_from(SPOILT), after=st.integers(1, 8))
    def interrupt(self, track: int, before: int, spoilt: dict[str, object], after: int) -> None:
        """A good face, one frame in which something is wrong with it, and the good face again."""
        good = GOOD[track]
        for face in [good] * before + [replace(good, **spoilt)] + [good] * after:
            self.tell(Facts(self.now + 0.1, 0.0, (face,)))

    @rule(faces=st.lists(wild_faces, max_size=4), step=st.floats(0, 3), light=st.sampled_from(Light), healthy=st.booleans(),
          press=st.booleans())
    def look_at_anything(self, faces: list[FaceFact], step: float, light: Light, healthy: bool, press: bool) -> None:
        self.tell(Facts(self.now + step, math.nan, tuple(faces), healthy, light, press))

    @rule(step=st.sampled_from([0.1, 0.7, 1.1, 6.0]), press=st.booleans())
    def wait(self, step: float, press: bool) -> None:
        self.tell(Facts(self.now + step, 0.0, None, exit_pressed=press))

    @rule(back=st.floats(0.01, 100), faces=crowds)
    def time_runs_backwards(self, back: float, faces: list[FaceFact]) -> None:
        resting = self.rest_until > self.now
        made = self.tell(Facts(self.now - back, 0.0, tuple(faces)))
        assert not any(d.kind is Kind.GRANT for d in made)
        assert self.state.release is None, "locked until the clock can be trusted"
        if resting:
            self.rest_until = self.now + self.rules.rest
        self.told.clear()
        self.given.clear()  # everybody is unseen: whoever was let in before starts a new approach

    @rule(bad=st.sampled_from([math.nan, math.inf, -math.inf]), faces=crowds)
    def time_is_no_number(self, bad: float, faces: list[FaceFact]) -> None:
        made = self.tell(Facts(bad, 0.0, tuple(faces), exit_pressed=True))
        assert {d.kind for d in made} <= {Kind.RELOCK, Kind.PROMPT_OVER} and self.state.release is None
        self.told.clear()

    def tell(self, facts: Facts) -> tuple[Decision, ...]:
        before = self.state
        self.state, made = decide(before, facts, self.rules)
        again, same = decide(before, facts, self.rules)
        # As text: a time that is no number equals nothing, not even itself.
        assert repr((again, same)) == repr((self.state, made)), "the same facts give the same decisions"
        elsewhere = Facts(facts.monotonic, 1e12, facts.faces, facts.healthy, facts.light, facts.exit_pressed)
        self.twin, other = decide(self.twin, elsewhere, self.rules)
        assert [(d.kind, d.person, d.track, d.seconds, d.reasons) for d in other] == [
            (d.kind, d.person, d.track, d.seconds, d.reasons) for d in made], "the wall clock changes nothing"
        if math.isfinite(facts.monotonic):
            self.now = facts.monotonic
        if facts.judgeable:
            for face in facts.faces or ():
                self.told[face.track].append((self.now, face))
        for decision in made:
            self.check(decision, facts)
        return made

    def check(self, decision: Decision, facts: Facts) -> None:
        event(decision.kind.value)
        assert decision.reasons and all(r.code and r.text for r in decision.reasons)
        if decision.kind is Kind.GRANT:
            self.check_grant(decision, facts)
        if decision.kind in (Kind.GRANT, Kind.EXIT):
            assert 0 < decision.seconds <= self.rules.max_release + 1e-9
            self.open_since = self.now if self.open_since is None else self.open_since
            self.open_until = self.now + decision.seconds
            assert self.open_until - self.open_since <= self.rules.max_release + 1e-9, "too long in one piece"
        if decision.kind is Kind.RELOCK:
            self.open_since, self.open_until = None, -math.inf
        if decision.kind is Kind.REST:
            self.rest_until = self.now + self.rules.rest
        if decision.kind is Kind.REST_OVER:
            assert self.now >= self.rest_until
            self.rest_until = -math.inf

    def check_grant(self, decision: Decision, facts: Facts) -> None:
        assert facts.judgeable and decision.person is not None and decision.track is not None
        assert self.now >= self.rest_until, "the door rested"
        told = self.told[decision.track]
        # By order, not by time: two pictures may carry the same time.
        doubt = max((i for i, (_, f) in enumerate(told) if f.ambiguous), default=-1)
        votes = {t for t, f in told[doubt + 1:] if f.vote == decision.person and f.judged
                 and f.state is TrackState.CONFIRMED and f.eye_share >= self.rules.zone and abs(f.yaw) < self.rules.zone_yaw
                 and self.now - t <= self.rules.window}
        assert len(votes) >= self.rules.votes and self.now in votes
        assert told[-1][1].live is LiveVerdict.LIVE, "a grant without life"
        seen = [t for t, f in self.told[decision.track] if f.sound and f.eye_share >= 0.95 * self.rules.zone]
        assert self.now - min(seen) >= self.rules.dwell - 1e-9
        last = self.given.get(decision.person)
        if last is not None and self.now >= last:
            near = [t for faces in self.told.values() for t, f in faces
                    if last < t < self.now and f.sound and f.vote == f.person == decision.person and not f.ambiguous
                    and f.eye_share >= self.rules.zone and f.state is TrackState.CONFIRMED]
            gaps = [b - a for a, b in zip([last, *sorted(near)], [*sorted(near), self.now], strict=True)]
            assert max(gaps) >= self.rules.approach_gap - 1e-9, "a second grant in one approach"
        self.given[decision.person] = self.now

    @invariant()
    def a_release_that_is_over_has_ended(self) -> None:
        if hasattr(self, "state") and self.state.release is not None:
            assert self.now < self.state.release.until <= self.open_until + 1e-9

    @invariant()
    def memory_is_bounded(self) -> None:
        if hasattr(self, "state"):
            assert len(self.state.approach.stays) <= 12 and len(self.state.approach.visits) <= 4
            assert all(len(s.votes) <= self.rules.of for s in self.state.approach.stays)
            assert all(len(v.tracks) <= 8 for v in self.state.approach.visits)


TestWalk = Walk.TestCase
TestWalk.settings = settings(max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.lists(wild_faces, max_size=5), numbers, st.booleans(), st.sampled_from(Light), st.booleans()), max_size=25))
def test_nothing_makes_it_raise_and_nonsense_never_opens(moments: list[tuple[list[FaceFact], float, bool, Light, bool]]) -> None:
    state, rules = DoorState(), Rules()
    for faces, at, healthy, light, tick in moments:
        state, made = decide(state, Facts(at, at, None if tick else tuple(faces), healthy, light), rules)
        granted = [d for d in made if d.kind is Kind.GRANT]
        assert not granted or (healthy and light is Light.OK and not tick)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=20, max_size=60), st.integers(1, 5), st.integers(0, 4))
def test_a_grant_comes_with_exactly_the_vote_that_completes_it(agree: list[bool], votes: int, extra: int) -> None:
    """The other way round: no grant is withheld once its votes are there."""
    rules = Rules(votes=votes, of=votes + extra, dwell=0.0, window=100.0, fail_after=1e6)
    state, granted = DoorState(), None
    for i, yes in enumerate(agree):
        face = FaceFact(1, TrackState.CONFIRMED, 0.09, 0.0, "ann", 0.8, 0.6, "ann", True, "ann" if yes else None,
                        live=LiveVerdict.LIVE)
        state, made = decide(state, Facts(i * 0.1, 0.0, (face,)), rules)
        if granted is None and any(d.kind is Kind.GRANT for d in made):
            granted = i
    due = next((i for i in range(len(agree)) if agree[i] and sum(agree[max(0, i + 1 - rules.of):i + 1]) >= votes), None)
    assert granted == due
