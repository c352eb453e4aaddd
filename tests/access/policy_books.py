"""The promises of the policy, checked by books kept apart from it: told what went in and what came out, never how."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field, replace

from policy_evidence import Evidence

from edge_face.access import (
    Alarm,
    Authority,
    Command,
    Contact,
    Decision,
    FaceFact,
    Inputs,
    Kind,
    Mode,
    PolicyRules,
    PolicyState,
    step,
)
from edge_face.access.leaf import GRACE
from edge_face.access.policy import LATEST, STALE
from edge_face.access.schedule import holds_open, may_enter
from edge_face.access.watch import BOLT_PATIENCE
from edge_face.types import TrackState

OPENING = {Kind.GRANT: Authority.FACE, Kind.CODE: Authority.CODE, Kind.EXIT: Authority.EXIT, Kind.FIRE: Authority.FIRE,
           Kind.OWNER: Authority.OWNER, Kind.HOLD_OPEN: Authority.HOLD_OPEN}
SOON = 1e-6
MOST_REMEMBERED = 20_000
"""Characters of a state's text: some 60 faces, alarms and attempts."""


@dataclass
class Books:
    """A door that is told one moment after the other. `tell` steps the policy and raises AssertionError for a broken promise."""

    rules: PolicyRules
    state: PolicyState = field(default_factory=PolicyState)
    now: float = 0.0
    released: bool = False
    """Before what is told now."""
    lockdown: bool = False
    secured: bool = False
    pressed_until: float = -math.inf
    leaving_until: float = -math.inf
    """The same, as far as the longest piece and the owner let it."""
    promised: float = -math.inf
    """The same, before the orders of now."""
    free: bool = False
    cut: bool = False
    open_until: float = -math.inf
    piece_since: float | None = None
    piece_first: float = 0.0
    """The same, where nobody knows whether the owner ended a piece in between."""
    last_open: float = -math.inf
    rest_until: float = -math.inf
    code_rest_until: float = -math.inf
    wrong_codes: int = 0
    contact: Contact | None = None
    used: dict[str, int] = field(default_factory=dict)
    seen: dict[int, deque[tuple[float, float, FaceFact]]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=200)))
    evidence: Evidence = field(default_factory=Evidence)
    kinds: dict[Kind, int] = field(default_factory=lambda: defaultdict(int))
    modes: dict[Mode, int] = field(default_factory=lambda: defaultdict(int))

    def tell(self, inputs: Inputs) -> tuple[Decision, ...]:
        before = self.state
        self.state, made = step(before, inputs, self.rules)
        # As text: a time that is no number equals nothing, not even itself.
        assert repr(step(before, inputs, self.rules)) == repr((self.state, made)), "the same facts give the same decisions"
        assert len(repr(self.state)) < MOST_REMEMBERED, "what is remembered grows"
        for decision in made:
            self.kinds[decision.kind] += 1
            assert decision.reasons and all(r.code and r.text for r in decision.reasons)
            assert math.isfinite(decision.monotonic) and math.isfinite(decision.wall) and math.isfinite(decision.seconds)
            assert (decision.kind in (Kind.ALARM, Kind.ALARM_OVER)) is (decision.alarm is not None)
            assert (decision.kind in OPENING) is (decision.authority is not None)
        self.modes[self.state.mode] += 1
        self.released = before.release is not None
        if not (math.isfinite(inputs.monotonic) and abs(inputs.monotonic) < LATEST):
            assert not any(d.authority for d in made) and self.state.release is None, "a time that is no number opens nothing"
            self._locked()
            self.seen.clear()
            self.evidence.forget()
            self.evidence.hear(made, self.state)
            return made
        if inputs.monotonic < self.now:
            self._backwards(inputs)
        self.now = inputs.monotonic
        over = self.now >= self.open_until if before.release is None else self.now >= before.release.until  # to the last digit
        if over and self.now >= self.open_until - SOON:
            self.piece_since = None  # a bolt may wait still: that is no release
        self._note_orders(inputs)
        self._note_faces(inputs)
        self.evidence.note(inputs, self.now, self.rules)
        self._check_decisions(inputs, made)
        self.evidence.hear(made, self.state)
        self._check_release(inputs)
        self._check_exit(made)
        self._check_memory()
        self._check_leaf(inputs, made)
        self._check_alarms(made, before)
        return made

    def _backwards(self, inputs: Inputs) -> None:
        self.open_until, self.piece_since, self.last_open = -math.inf, None, -math.inf
        self.pressed_until = self.leaving_until = -math.inf
        now = inputs.monotonic
        self.rest_until = now + self.rules.face.rest if self.rest_until > -math.inf else -math.inf
        self.code_rest_until = now + self.rules.access.code_rest if self.code_rest_until > -math.inf else -math.inf
        self.seen.clear()
        self.evidence.forget()

    def _locked(self) -> None:
        self.open_until, self.piece_since = -math.inf, None
        self.pressed_until = self.leaving_until = -math.inf
        self.last_open = self.now if self.released else self.last_open

    def _note_orders(self, inputs: Inputs) -> None:
        self.promised = self.pressed_until
        self.free = not self.lockdown  # was an order of the owner's to release given outside a lockdown?
        for order in inputs.orders:
            if order.command is Command.RELEASE:
                self.free = self.free or not self.lockdown
            elif order.command is Command.SECURE and not inputs.fire:
                self.secured, self.pressed_until, self.leaving_until = True, -math.inf, -math.inf
            elif order.command in (Command.LOCKDOWN, Command.LIFT):
                if order.command is Command.LOCKDOWN and not self.rules.access.exit_in_lockdown:
                    self.leaving_until = -math.inf
                self.lockdown = order.command is Command.LOCKDOWN
                self.free = self.free or not self.lockdown
        if self._trusted(inputs) and not self._due(inputs):
            self.secured = False
        if inputs.exit_pressed or (inputs.sight is not None and inputs.sight.exit_pressed):
            self.pressed_until = self.now + self.rules.face.pulse
            since = self.now if self.piece_since is None else self.piece_first
            if not self.lockdown or self.rules.access.exit_in_lockdown:
                self.leaving_until = min(self.pressed_until, since + self.rules.longest)

    def _note_faces(self, inputs: Inputs) -> None:
        sight = inputs.sight
        if not inputs.seeing or sight is None or not sight.judgeable or not 0 <= self.now - sight.monotonic <= STALE:
            return
        for face in sight.faces or ():
            self.seen[face.track].append((self.now, sight.monotonic, face))

    def _contact(self, inputs: Inputs) -> Contact | None:
        return inputs.contact if self.rules.has_contact else None

    def _trusted(self, inputs: Inputs) -> bool:
        return inputs.clock_trusted and math.isfinite(inputs.wall)

    def _due(self, inputs: Inputs) -> bool:
        return self._trusted(inputs) and holds_open(self.rules.calendar, inputs.wall, True)

    def _may(self, person: str, inputs: Inputs) -> bool:
        rights = self.rules.rights.get(person)
        if rights is not None and rights.uses is not None:
            rights = replace(rights, used=max(rights.used, self.used.get(person, 0)))
        wall = inputs.wall if math.isfinite(inputs.wall) else 0.0
        return may_enter(rights, self.rules.calendar, wall, self._trusted(inputs)).allowed

    def _check_decisions(self, inputs: Inputs, made: tuple[Decision, ...]) -> None:
        self.cut = False
        wrong = [c for c in inputs.codes if c.person is None]
        for d in made:
            if d.kind in OPENING:
                self._check_opening(d, inputs)
            elif d.kind is Kind.RELOCK:
                assert not self.rules.lock.bolt or self._contact(inputs) is not Contact.OPEN, "a bolt thrown at an open door"
                self.open_until, self.piece_since = -math.inf, None
            elif d.kind in (Kind.SECURE, Kind.LOCKDOWN) and self._contact(inputs) is Contact.OPEN:
                self.cut = True  # the owner ended the piece, and a bolt may wait to say so
            elif d.kind is Kind.REST:
                assert inputs.sight is not None
                self.rest_until = inputs.sight.monotonic + self.rules.face.rest
            elif d.kind is Kind.REST_OVER:
                assert self.now >= self.rest_until
                self.rest_until = -math.inf
            elif d.kind is Kind.CODE_REST:
                assert wrong
                assert d.seconds >= self.rules.access.code_rest
                self.code_rest_until = self.now + d.seconds
            elif d.kind is Kind.CODE_REST_OVER:
                assert self.now >= self.code_rest_until
                self.code_rest_until = -math.inf

    def _check_opening(self, d: Decision, inputs: Inputs) -> None:
        assert d.authority is OPENING[d.kind], "each release names its authority"
        match d.authority:
            case Authority.FIRE:
                assert inputs.fire and d.seconds == 0
                return
            case Authority.HOLD_OPEN:
                assert self._due(inputs) and not self.lockdown and not self.secured and not self.rules.lock.burns and d.seconds == 0
                return
            case Authority.EXIT:
                assert self.now < max(self.pressed_until, self.promised) and (not self.lockdown or self.rules.access.exit_in_lockdown)
            case Authority.OWNER:
                assert self.free and any(o.command is Command.RELEASE for o in inputs.orders)
            case Authority.CODE:
                assert not self.lockdown and self.now >= self.code_rest_until and d.person is not None
                assert self._may(d.person, inputs)
                self.evidence.check_code(d, inputs, self.rules)
                self.used[d.person] = self.used.get(d.person, 0) + 1
            case Authority.FACE:
                self._check_grant(d, inputs)
        assert d.seconds > 0
        if self.piece_since is None:
            self.piece_first = self.now
        if self.piece_since is None or self.cut:
            self.piece_since, self.open_until = self.now, -math.inf
        self.cut = False
        self.open_until = max(self.open_until, self.now + d.seconds)
        assert self.open_until - self.piece_since <= self.rules.longest + SOON, "too long in one piece"

    def _check_grant(self, d: Decision, inputs: Inputs) -> None:
        rules = self.rules.face
        assert not self.lockdown and self.now >= self.rest_until and d.person is not None and d.track is not None
        assert inputs.seeing and inputs.sight is not None and inputs.sight.judgeable and self._may(d.person, inputs)
        self.used[d.person] = self.used.get(d.person, 0) + 1
        window = rules.window + self.now - inputs.sight.monotonic  # pictures are older than the moment in which they are told
        kind = self.evidence.check_face(d, inputs, self.now, self.rules)
        window += self.evidence.challenge_lasts(self.rules) if kind == "challenge" else 0.0
        votes = {taken for told, taken, f in self.seen[d.track] if f.state is TrackState.CONFIRMED
                 and (f.claim_agrees and f.claimed == d.person if kind == "claim" else f.judged and f.vote == d.person)
                 and f.eye_share >= rules.zone and abs(f.yaw) < rules.zone_yaw and self.now - told <= window + SOON}
        assert kind == "challenge" or inputs.sight.monotonic in votes
        assert len(votes) >= rules.votes, "a grant without its votes"

    def _check_release(self, inputs: Inputs) -> None:
        """Whatever was said: is the door released, and on what?"""
        release, standing = self.state.release, self.state.standing
        if standing is not None:
            assert inputs.fire if standing is Authority.FIRE else self._due(inputs) and not self.lockdown and not self.secured
            self.open_until, self.piece_since = -math.inf, None
        elif release is not None:
            assert not inputs.fire
            assert self.now < release.until <= self.open_until + SOON, "released although the time is over"
            if self.piece_since is None:
                assert release.until - self.now <= SOON
            else:
                assert self.now - self.piece_since <= self.rules.longest + SOON
            if self.lockdown:
                works = self.rules.access.exit_in_lockdown
                assert release.authority is Authority.EXIT and works, "lockdown beats everything but exit and fire"
                assert self.now < self.pressed_until + SOON
            assert release.authority is not Authority.FACE or inputs.seeing, "vision is dead and a face opens the door"
        else:
            # A bolt that waits is no release: its authority has ended.
            assert self.open_until <= self.now + SOON or self.state.bolt_waits is not None, "locked before its time, and nobody said so"
            assert not inputs.fire
            self.open_until, self.piece_since = -math.inf, None

    def _check_exit(self, made: tuple[Decision, ...]) -> None:
        """Whoever pressed the button may leave, whatever else happens; only time, the owner and their own opening end it."""
        if any(r.code == "relock-on-open" for d in made for r in d.reasons):
            self.leaving_until = -math.inf
        if self.now < self.leaving_until - SOON and (not self.lockdown or self.rules.access.exit_in_lockdown):
            assert self.state.release is not None, "the exit button was pressed, and the door is locked"

    def _check_memory(self) -> None:
        state, rights = self.state, self.rules.rights
        assert len(state.watch.attempts) <= self.rules.access.many_failures and len(state.watch.raised) <= len(Alarm)
        assert all(person in rights and rights[person].used < used for person, used in state.used), "the store knows these"
        assert len(state.approach.stays) <= 30 and all(len(s.votes) <= self.rules.face.of for s in state.approach.stays)

    def _check_leaf(self, inputs: Inputs, made: tuple[Decision, ...]) -> None:
        contact = self._contact(inputs)
        said = {d.kind for d in made}
        forced = any(d.alarm is Alarm.FORCED and d.kind is Kind.ALARM for d in made)
        if contact is Contact.OPEN and self.contact is Contact.CLOSED:
            assert (Kind.OPENED in said) is not forced, "an opened door is an entry or forced"
            released = self._opens(made) or self.now - self.last_open <= GRACE + SOON
            # To the second's last digit either is right.
            assert forced is not released or abs(self.now - self.last_open - GRACE) <= SOON
        else:
            assert not forced and Kind.OPENED not in said
        self.contact = contact
        self.last_open = self.now if self._opens(made) else self.last_open
        waits, held = self.state.bolt_waits, self.rules.access.held_open or BOLT_PATIENCE
        if waits is not None:
            assert contact is Contact.OPEN and self.state.release is None
            assert self.now - waits <= held or self.state.alarms & {Alarm.HELD, Alarm.FORCED}, "a bolt waits and nobody is told"

    def _opens(self, made: tuple[Decision, ...]) -> bool:
        """Was the door released at any time from the last moment to this?"""
        return self.released or self.state.release is not None or any(d.authority for d in made)

    def _check_alarms(self, made: tuple[Decision, ...], before: PolicyState) -> None:
        alarms = set(before.alarms)
        for d in made:
            if d.kind is Kind.ALARM and d.alarm is not None:
                alarms.add(d.alarm)
            elif d.kind is Kind.ALARM_OVER and d.alarm is not None:
                assert d.alarm in alarms
                alarms.remove(d.alarm)
        assert alarms == self.state.alarms and self.state.sounding <= self.state.alarms, "alarms are said as they come and go"
