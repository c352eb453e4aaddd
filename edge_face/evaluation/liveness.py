"""Presentation attack detection counted: APCER by species, BPCER, non-responses, the trade-off, time to decision.

Terms of ISO/IEC 30107-3. One attempt is one presentation: a face followed through a clip, or one still picture. APCER is the
share of the attacks of one species that are taken for bona fide, among those that got an answer; the worst species is the
headline, for an attacker chooses. BPCER is the share of bona fide attempts that are not. Both at one threshold: the score below which
the door calls it an attack. Attempts without an answer are counted apart (APNRR, BPNRR). Species that were simulated are never mixed
with real ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from edge_face.errors import MediaError
from edge_face.evaluation.intervals import Interval, clopper_pearson

CLIP, STILL = "clip", "still"
WORKING_POINTS = (0.01, 0.02, 0.05, 0.10, 0.15)
"""Rates of BPCER at which the trade-off is read off."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One presentation. `species`: None for bona fide. `score`: of the last answer, 0 to 1, None without one; `accepted`: not
    called an attack then; `alive`: called LIVE at some moment, which the door asks for before it opens for a face (unsure asks for
    another factor); `doubted`: called an attack at some moment. `seconds`: from its first frame to the first answer, None for a still
    picture or without one. `kind`: CLIP or STILL; their scores are of two scales."""

    source: str
    species: str | None
    subject: str
    group: str
    simulated: bool
    kind: str
    score: float | None
    accepted: bool
    alive: bool = False
    doubted: bool = False
    seconds: float | None = None
    frames: int = 1

    @property
    def live(self) -> bool:
        return self.species is None


@dataclass(frozen=True, slots=True)
class Rate:
    """`errors` of the `answered` ones among `attempts`; `rate` None where none was answered."""

    errors: int
    answered: int
    attempts: int
    interval: Interval
    simulated: int
    """Of the attempts."""
    subjects: int
    alive: int
    """Called LIVE at some moment: an attack that could open the door for a face."""
    doubted: int
    """Called an attack at some moment."""

    @property
    def rate(self) -> float | None:
        return self.errors / self.answered if self.answered else None

    @property
    def no_response(self) -> float:
        return (self.attempts - self.answered) / self.attempts if self.attempts else 0.0


@dataclass(frozen=True, slots=True)
class WorkingPoint:
    """On the trade-off of these very attempts: the threshold that keeps BPCER at or below `bpcer`, APCER of the worst species there."""

    kind: str
    bpcer: float
    threshold: float
    reached: float
    worst: str
    apcer: float


@dataclass(frozen=True, slots=True)
class Det:
    """A trade-off: APCER of one species and BPCER at every threshold that makes a difference, rising."""

    kind: str
    species: str
    thresholds: tuple[float, ...]
    apcer: tuple[float, ...]
    bpcer: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LivenessResult:
    """All that was counted. `worst`: the species with the highest APCER, None where no attack got an answer. `bona_fide` None
    without such attempts. `groups`: by label, attacks and bona fide. `seconds`: to an answer, of attacks and of bona fide."""

    species: dict[str, Rate]
    bona_fide: Rate | None
    groups: dict[str, tuple[Rate | None, Rate | None]]
    worst: str | None
    det: tuple[Det, ...]
    points: tuple[WorkingPoint, ...]
    seconds_attack: tuple[float, ...]
    seconds_live: tuple[float, ...]
    attempts: tuple[Attempt, ...]

    @property
    def worst_apcer(self) -> float | None:
        return None if self.worst is None else self.species[self.worst].rate


def count_liveness(attempts: Sequence[Attempt]) -> LivenessResult:
    """Counts all attempts. Raises MediaError where there is none, or where none got an answer."""
    if not attempts:
        raise MediaError("there is no presentation to judge: no face of the labels was found in any clip or picture")
    if all(a.score is None for a in attempts):
        raise MediaError(f"none of the {len(attempts)} presentations got an answer: faces too small, or clips too short?")
    named = _species(attempts)
    by_species = {name: rate_of(own) for name, own in sorted(named.items())}
    live = [a for a in attempts if a.live]
    groups: dict[str, tuple[Rate | None, Rate | None]] = {}
    for label in sorted({a.group for a in attempts if a.group}):
        own = [a for a in attempts if a.group == label]
        groups[label] = (_rate_or_none([a for a in own if not a.live]), _rate_or_none([a for a in own if a.live]))
    answered = {name: rate for name, rate in by_species.items() if rate.rate is not None}
    worst = max(answered, key=lambda name: (answered[name].rate or 0.0, answered[name].interval[1], name), default=None)
    det = tuple(_dets(named, live))
    return LivenessResult(by_species, _rate_or_none(live), groups, worst, det, tuple(_points(det)),
                          tuple(a.seconds for a in attempts if a.seconds is not None and not a.live),
                          tuple(a.seconds for a in live if a.seconds is not None), tuple(attempts))


def rate_of(attempts: Sequence[Attempt]) -> Rate:
    """How many of them came out wrongly: attacks accepted, bona fide not accepted."""
    answered = [a for a in attempts if a.score is not None]
    errors = sum(a.accepted != a.live for a in answered)
    return Rate(errors, len(answered), len(attempts), clopper_pearson(errors, len(answered)), sum(a.simulated for a in attempts),
                len({a.subject for a in attempts if a.subject}), sum(a.alive for a in answered), sum(a.doubted for a in answered))


def _rate_or_none(attempts: Sequence[Attempt]) -> Rate | None:
    return rate_of(attempts) if attempts else None


def _species(attempts: Iterable[Attempt]) -> dict[str, list[Attempt]]:
    """Attacks by name; where a species is there both real and simulated, or in clips and as stills, each by itself."""
    attacks = [(a.species, a) for a in attempts if a.species is not None]
    named: dict[str, list[Attempt]] = {}
    for species, attempt in attacks:
        both = len({a.simulated for name, a in attacks if name == species}) > 1
        kinds = len({a.kind for name, a in attacks if name == species}) > 1
        notes = ["simulated"] * (both and attempt.simulated) + [f"{attempt.kind}s"] * kinds
        named.setdefault(species + (f" ({', '.join(notes)})" if notes else ""), []).append(attempt)
    return named


def _dets(named: dict[str, list[Attempt]], live: Sequence[Attempt]) -> Iterable[Det]:
    for kind in (CLIP, STILL):
        good = np.sort([a.score for a in live if a.kind == kind and a.score is not None])
        for name, own in sorted(named.items()):
            bad = np.sort([a.score for a in own if a.kind == kind and a.score is not None])
            if not len(good) or not len(bad):
                continue
            steps = np.unique(np.concatenate([good, bad]))
            thresholds = np.append(steps, np.nextafter(steps[-1], np.inf))
            yield Det(kind, name, tuple(float(t) for t in thresholds),
                      tuple((1 - np.searchsorted(bad, thresholds, side="left") / len(bad)).tolist()),
                      tuple((np.searchsorted(good, thresholds, side="left") / len(good)).tolist()))


def _points(dets: Sequence[Det]) -> Iterable[WorkingPoint]:
    """Of each kind: at each rate the highest threshold that no more bona fide attempts miss."""
    for kind in (CLIP, STILL):
        own = [det for det in dets if det.kind == kind]
        for wanted in WORKING_POINTS if own else ():
            threshold, reached = max((t, b) for det in own for t, b in zip(det.thresholds, det.bpcer, strict=True) if b <= wanted)
            share = {det.species: next((a for t, a in zip(det.thresholds, det.apcer, strict=True) if t >= threshold), 0.0) for det in own}
            worst = max(share, key=lambda name: (share[name], name))
            yield WorkingPoint(kind, wanted, threshold, reached, worst, share[worst])
