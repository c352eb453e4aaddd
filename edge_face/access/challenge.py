"""Show that you move like a head: a few actions in a random order, judged by how the five points move. Pure.

Each action has to begin after it was asked for, to be held, and to come in its time and order; between two there is a random pause.
What proves a head is the nose's parallax against the face's foreshortening (edge_face.access.parallax), over all turns together.
Besides that the same track must stay, nobody else may come near, and the identity must be proven anew: at least one picture of a
turned face must by itself name the person, at least one after the first action, the latest a second ago at most; none may name
anybody else. Thresholds: docs/decisions/challenge.md.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace

from edge_face.access import challenge_reasons as reasons
from edge_face.access.actions import TURNS, Action, drawn, fits, known
from edge_face.access.challenge_moves import Move, Rest, Sighting, jumped, rest_of, turned
from edge_face.access.facts import FaceFact
from edge_face.access.parallax import relief_of, shape_of
from edge_face.access.reasons import Reason
from edge_face.settings import LivenessSettings
from edge_face.types import TrackState

__all__ = ["NOT_HELD", "Action", "Challenge", "ChallengeRules", "Outcome", "advance", "chance", "choose", "start"]

RELIEF, MOST_RELIEF = 0.34, 2.0
"""The nose of a head stands out this far, in eye distances. Measured: 0.37 to 0.6; paper bent with 8 cm at most 0.2."""
SPAN = 0.17
"""So far must the nose have moved across before its relief is believed."""
MISFIT = 0.15
"""Of log(narrowness): what strays further from one line is no rigid head. 99 of 100 simulated heads stay within."""
FLAT = 0.12
"""Narrower by so much (of narrowness, a turn of 19 degrees) while the nose stays: that is a plane."""
FLAT_SECONDS = 0.8
COMPANY = 1.0
"""Seconds for which somebody else may be near: who walks by does not end a challenge."""
PAUSE = 0.6
"""The longest pause between an action and the next: what a recording does before it is asked for it fails."""
LOST = 0.6
"""Seconds without the face that end it; UNSEEN: without eyes, where a blink is asked for."""
UNSEEN = 1.5
STRANGE = 3
"""So many pictures in a row of a face that looks here, each compared by itself and naming nobody, are somebody else."""
RATE_AFTER = 1.0
"""Seconds after which the rate of pictures is judged; RATE_SLACK of it is enough, for cameras are not exact."""
RATE_SLACK = 0.95
FRESH = 1.0
"""Seconds since the latest picture that by itself named the person, at the end."""
MOST_TRACES = 64
MOST_RECENT = 8
MOST_GLITCHES = 4
NOT_HELD = frozenset({"liveness-slow", "liveness-unseen", "liveness-unheld", "liveness-clock"})
"""Codes of failures that are nobody's attempt: the challenge could not be held, another factor is needed."""


class Outcome(enum.Enum):
    GOING = "going"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ChallengeRules:
    """`number` of `actions`, each within `seconds`, seen in at least `min_fps` pictures a second."""

    actions: tuple[Action, ...] = (Action.LEFT, Action.RIGHT, Action.UP, Action.NEARER)
    number: int = 2
    seconds: float = 5.0
    min_fps: float = 8.0

    @classmethod
    def from_settings(cls, liveness: LivenessSettings) -> ChallengeRules:
        return cls(known(liveness.actions), liveness.number, liveness.seconds, liveness.min_fps)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge as it stands. Of bounded size. Made by `start`, carried on by `advance`."""

    track: int
    person: str
    actions: tuple[Action, ...]
    started: float
    asked: float
    last: float
    pauses: tuple[float, ...] = ()
    """Seconds between each action and the next."""
    step: int = 0
    outcome: Outcome = Outcome.GOING
    reason: Reason | None = None
    pictures: int = 0
    first: float = 0.0
    rest: Rest | None = None
    """How the face stood before the first action: everything is judged against it."""
    move: Move | None = None
    """How far what is asked for has come."""
    pausing: Move | None = None
    """What happened in the pause."""
    recent: tuple[Sighting, ...] = ()
    traces: tuple[tuple[float, float], ...] = ()
    odd: Sighting | None = None
    """Where the face jumped to in the latest picture: a glitch of one picture is forgiven, staying there is not."""
    glitches: int = 0
    seen_at: float = 0.0
    company: float = 0.0
    flat: float = 0.0
    unseen: float = 0.0
    strange: int = 0
    named: int = 0
    named_turned: int = 0
    named_after: int = 0
    named_at: float = -math.inf

    @property
    def wanted(self) -> Action | None:
        """What is asked for now; None in a pause, when all was done and the identity is yet to be proven, or when it is over."""
        asking = self.outcome is Outcome.GOING and self.step < len(self.actions) and self.last >= self.asked
        return self.actions[self.step] if asking else None

    @property
    def turning(self) -> bool:
        """Is a turn what comes now, or over by now?"""
        return self.step == len(self.actions) or self.actions[self.step] in TURNS

    @property
    def evidence(self) -> Reason:
        """What was seen so far, with its figures."""
        return reasons.evidence(self.step, len(self.actions), relief_of(self.traces), self.last - self.started, self.named,
                                self.named_turned)


def choose(rules: ChallengeRules, dice: int, own: tuple[str, ...] = ()) -> tuple[Action, ...]:
    """What to ask for: any order equally likely, nothing twice, at least one turn. `dice`: 64 random bits. `own`: the person's own
    actions, in place of the rules'. () where there is no turn among them: then no challenge can be held."""
    return drawn(known(own) or rules.actions, rules.number, dice)


def chance(rules: ChallengeRules, own: tuple[str, ...] = ()) -> float:
    """That a recording of an earlier challenge fits the one that is asked for; 1 where none can be held."""
    return fits(known(own) or rules.actions, rules.number)


def start(track: int, person: str, actions: tuple[Action, ...], now: float, rules: ChallengeRules, *, dice: int = 0) -> Challenge:
    """The challenge of a face that was just proven to be `person`. `dice`: 64 random bits for the pauses, 0 for none. It has failed
    already when there is nothing to ask for."""
    pauses = tuple(PAUSE * (dice >> 16 * i & 0xFFFF) / 0xFFFF for i in range(max(len(actions) - 1, 0)))
    made = Challenge(track, person, actions, now, now, now, pauses, seen_at=now)
    return made if actions and math.isfinite(now) else _failed(made, reasons.unheld())


def advance(challenge: Challenge, face: FaceFact | None, now: float, rules: ChallengeRules, *, others: int = 0) -> Challenge:
    """The challenge after one more picture. `face`: the track as it was seen, None when it was not; `others`: other faces in the zone.
    Never raises. What is over stays as it is."""
    if challenge.outcome is not Outcome.GOING:
        return challenge
    if not math.isfinite(now) or now < challenge.last:
        return _failed(challenge, reasons.clock())
    passed = now - challenge.last
    going = replace(challenge, last=now, pictures=challenge.pictures + 1, first=challenge.first if challenge.pictures else now,
                    company=challenge.company + passed if others > 0 else challenge.company)
    reason = _outside(going, passed, rules) or (_other(going, face) if face is not None else None)
    if reason is not None:
        return _failed(going, reason)
    sighting = _sighting(face, now)
    if face is None or sighting is None:
        if now - going.seen_at > LOST:
            return _failed(going, reasons.lost(now - going.seen_at))
        return _in_time(going, now, rules)
    return _in_time(_seen(going, face, sighting, passed), now, rules)


def _outside(going: Challenge, passed: float, rules: ChallengeRules) -> Reason | None:
    """What speaks against it besides the face."""
    watched = going.last - going.first
    if going.company > COMPANY:
        return reasons.company(going.company)
    if going.pictures > 1 and passed > LOST + 0.2:
        return reasons.slow(1 / passed, rules.min_fps)
    if watched >= RATE_AFTER and (rate := (going.pictures - 1) / watched) < RATE_SLACK * rules.min_fps:
        return reasons.slow(rate, rules.min_fps)
    return None


def _other(going: Challenge, face: FaceFact) -> Reason | None:
    """Is it another face, or could it be?"""
    if face.track != going.track or face.ambiguous:
        return reasons.track()
    if face.person not in (None, going.person) or (face.judged and face.vote not in (None, going.person)):
        return reasons.person()
    return None


def _sighting(face: FaceFact | None, now: float) -> Sighting | None:
    if face is None or face.state is TrackState.COASTING or not face.sound:
        return None
    shape = shape_of(face.points)
    return None if shape is None else Sighting(now, shape, face.eyes_open)


def _seen(going: Challenge, face: FaceFact, sighting: Sighting, passed: float) -> Challenge:
    """After a picture in which the face was found."""
    before = going.recent[-1] if going.recent else None
    if before is not None and jumped(before, sighting):
        if (going.odd is not None and not jumped(going.odd, sighting)) or going.glitches >= MOST_GLITCHES:
            return _failed(going, reasons.jump())
        return replace(going, odd=sighting, glitches=going.glitches + 1)
    going = replace(going, recent=(*going.recent[1 - MOST_RECENT:], sighting), odd=None, seen_at=sighting.at)
    rest = going.rest or rest_of(going.recent, going.started)
    if rest is None:
        return going
    going = replace(going, rest=rest)
    going = _named(going, rest, face, sighting)
    if going.strange >= STRANGE:
        return _failed(going, reasons.person())
    wanted = going.wanted
    going = _watched(going, rest, sighting, passed, turning=going.turning)
    if going.outcome is not Outcome.GOING or going.step == len(going.actions):
        return going
    return _paused(going, rest, sighting) if wanted is None else _acted(going, rest, wanted, sighting, passed)


def _named(going: Challenge, rest: Rest, face: FaceFact, sighting: Sighting) -> Challenge:
    """Counts pictures that by themselves show whose face it is."""
    if not face.judged:
        return going
    away = turned(sighting, rest)
    if face.vote is None:
        return replace(going, strange=going.strange + 1) if abs(away) < SPAN else going
    return replace(going, strange=0, named=going.named + 1, named_turned=going.named_turned + (abs(away) >= 2 * SPAN / 3),
                   named_after=going.named_after + (going.step > 0), named_at=sighting.at)


def _watched(going: Challenge, rest: Rest, sighting: Sighting, passed: float, *, turning: bool) -> Challenge:
    """Keeps parallax and foreshortening while the face turns, and counts the time in which a plane was turned."""
    shape = sighting.shape
    if turning:
        traces = going.traces if len(going.traces) < MOST_TRACES else going.traces[::2]
        going = replace(going, traces=(*traces, (shape.across, shape.narrowness)))
    narrowed = shape.narrowness / rest.narrowness - 1
    if narrowed < FLAT or abs(turned(sighting, rest)) > RELIEF * math.sqrt(narrowed):
        return going
    going = replace(going, flat=going.flat + passed)
    return _failed(going, reasons.plane(relief_of(going.traces))) if going.flat >= FLAT_SECONDS else going


def _paused(going: Challenge, rest: Rest, sighting: Sighting) -> Challenge:
    """Between two actions: a turn that begins now was not asked for."""
    move = (going.pausing or Move.begun(sighting)).after(None, sighting, going.recent, rest)
    wrong = move.wrong(None, going.actions[going.step - 1])
    return replace(going, pausing=move) if wrong is None else _failed(going, reasons.early(wrong))


def _acted(going: Challenge, rest: Rest, wanted: Action, sighting: Sighting, passed: float) -> Challenge:
    """Is what is asked for done by now, or clearly something else?"""
    if wanted is Action.BLINK and sighting.eyes is None:
        unseen = going.unseen + passed
        return _failed(going, reasons.unseen(wanted)) if unseen > UNSEEN else replace(going, unseen=unseen)
    move = (going.move or Move.begun(sighting)).after(wanted, sighting, going.recent, rest)
    done_before = going.actions[going.step - 1] if going.step else None
    if (wrong := move.wrong(wanted, done_before)) is not None:
        return _failed(going, reasons.order(wanted, wrong))
    if not move.done:
        return replace(going, move=move)
    pause = going.pauses[going.step] if going.step < len(going.pauses) else 0.0
    return replace(going, step=going.step + 1, move=None, pausing=None, asked=sighting.at + pause)


def _in_time(going: Challenge, now: float, rules: ChallengeRules) -> Challenge:
    """Passed, still going, or out of time."""
    late = now - going.asked > rules.seconds
    if going.outcome is not Outcome.GOING or not (late or going.step == len(going.actions)):
        return going
    relief = relief_of(going.traces)
    solid = relief.span >= SPAN and relief.most >= RELIEF and relief.least <= MOST_RELIEF and relief.misfit <= MISFIT
    proven = going.named_turned > 0 and going.named_after > 0 and now - going.named_at <= FRESH
    if going.step == len(going.actions) and solid and proven:
        return replace(going, outcome=Outcome.PASSED)
    if not late:
        return going
    if going.flat > FLAT_SECONDS / 4 or (going.step == len(going.actions) and not solid):
        return _failed(going, reasons.plane(relief))
    if going.step == len(going.actions):
        return _failed(going, reasons.unproven(going.named_turned, going.named_after))
    wanted = going.actions[going.step]
    return _failed(going, reasons.unseen(wanted) if going.rest is None else reasons.time(wanted, rules.seconds))


def _failed(challenge: Challenge, reason: Reason) -> Challenge:
    return replace(challenge, outcome=Outcome.FAILED, reason=reason)
