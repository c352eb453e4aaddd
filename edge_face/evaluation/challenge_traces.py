"""Five points of heads that follow a challenge and of sheets that a clever attacker moves as if: what passes, and in what time?

Everything is three-dimensional and seen by a perspective camera; on the points comes noise in blocks of time from our own
landmarks' residuals (`edge_face.evaluation.challenge_residuals`). The attacker knows what is asked for as soon as it is, and the
recogniser names the person in every picture, as for a good print. Lengths in metres, angles in degrees, time in seconds.
"""

from __future__ import annotations

import abc
import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_face.access.actions import Action
from edge_face.access.challenge import Challenge, ChallengeRules, Outcome, advance, choose, start
from edge_face.access.facts import FaceFact
from edge_face.access.parallax import EYE, HEIGHT, MOUTH
from edge_face.evaluation.challenge_residuals import Residuals
from edge_face.types import TrackState

Points = npt.NDArray[np.float64]

FOCAL = 0.83
"""Of the camera, in widths of its picture: 62 degrees across, as a Raspberry Pi camera 3's."""
NEAREST, FARTHEST = 0.4, 1.2
SLOWEST, FASTEST = 8.0, 30.0
TIGHTEST = 0.08
"""Paper is bent with this radius or more."""
_PRINT_EYES = (0.05, 0.12)
"""Between the eyes of a print: up to twice life."""
_UPS = (0.22, 0.35, 0.29, 0.39, 0.31, 0.31, 0.145, 0.31)
"""How much of the nose's rise our landmarks show when a head looks up: the eight bundled people, `up` against `front`."""


class Species(enum.StrEnum):
    WILLING = "head, half a second to hear and half to move"
    HEAD = "head, people differ"
    ELDERLY = "head, small slow turns"
    FLAT = "flat sheet"
    BENT = "bent sheet"
    FLEXED = "sheet that is bent while it is turned"


HEADS = (Species.WILLING, Species.HEAD, Species.ELDERLY)


@dataclass(frozen=True, slots=True)
class Trace:
    """How one challenge went: `seconds` from its first picture to its end, `reason` the code of a failure."""

    species: Species
    actions: tuple[Action, ...]
    fps: float
    passed: bool
    seconds: float
    reason: str
    relief: float


def run_trace(species: Species, rules: ChallengeRules, residuals: Residuals, rng: np.random.Generator) -> Trace:
    """One challenge of one body from `choose` to its end."""
    body: _Body = _Head(species, rng) if species in HEADS else _Sheet(species, rng)
    fps = float(rng.uniform(SLOWEST * 1.05, FASTEST))
    misses = residuals.heads if species in HEADS else residuals.sheets
    noise = misses.block(rng)
    now = 100.0
    challenge = start(1, "p", choose(rules, int(rng.integers(2**63))), now, rules, dice=int(rng.integers(2**63)))
    wanted = challenge.wanted
    body.ask(wanted, 0.0)
    while challenge.outcome is Outcome.GOING:
        now += (1 + float(rng.uniform(-0.1, 0.1))) / fps
        since = now - 100.0
        seen = _missed(_projected(body.at(since)), _between(noise, since) + misses.pulled(body.yaw.at(since)))
        challenge = advance(challenge, _fact(seen), now, rules)
        if challenge.wanted is not wanted:
            wanted = challenge.wanted
            body.ask(wanted, now - 100.0)
    return _trace(species, challenge, fps)


def run_traces(heads: int, planes: int, rules: ChallengeRules, residuals: Residuals, seed: int = 7) -> list[Trace]:
    """So many of either; species of each kind in equal parts."""
    rng = np.random.default_rng(seed)
    sheets = [s for s in Species if s not in HEADS]
    kinds = [HEADS[(0, 1, 1, 1, 2)[i % 5]] for i in range(heads)] + [sheets[i % len(sheets)] for i in range(planes)]
    return [run_trace(kind, rules, residuals, rng) for kind in kinds]


def _trace(species: Species, done: Challenge, fps: float) -> Trace:
    relief = done.evidence.values["relief"]
    return Trace(species, done.actions, fps, done.outcome is Outcome.PASSED, done.last - done.started,
                 done.reason.code if done.reason else "", float(relief) if isinstance(relief, float) else math.nan)


def _fact(points: Points) -> FaceFact:
    eyes = float(np.hypot(*(points[1] - points[0])))
    return FaceFact(1, TrackState.CONFIRMED, min(eyes, 1.0), 0.0, "p", 0.9, 0.5, "p", True, "p", points=tuple(points.reshape(-1).tolist()))


def _projected(body: Points) -> Points:
    """(5, 2) in widths of the picture of (5, 3): x to its right, y down, z away from the camera."""
    return np.asarray(body[:, :2] / np.maximum(body[:, 2:], 0.05) * FOCAL + (0.5, 0.375))


def _missed(points: Points, miss: Points) -> Points:
    """Points (5, 2) moved by (5, 2) of a face that looks straight, in eye distances, as the face is seen. The noise is the same for
    any face whose eyes are more than 18 px apart: the landmarker sees all of them at that size."""
    across = (points[1] - points[0] + (points[4] - points[3]) / (MOUTH / EYE)) / 2
    down = (points[3] + points[4] - points[0] - points[1]) / 2 / HEIGHT
    return np.asarray(points + miss @ np.array((across, down)))


def _between(noise: Points, seconds: float) -> Points:
    """The noise of a moment: (n, 5, 2), 15 a second, to and fro."""
    place = seconds * 15.0
    low = int(place)
    last = len(noise) - 1

    def at(index: int) -> Points:
        index %= 2 * last
        return np.asarray(noise[index if index <= last else 2 * last - index])

    return at(low) * (1 - place + low) + at(low + 1) * (place - low)


class _Way:
    """A quantity that goes smoothly (minimum jerk; T. Flash and N. Hogan, 1985) from one value to the next."""

    def __init__(self, value: float) -> None:
        self._legs: list[tuple[float, float, float, float]] = [(-1.0, 0.0, value, value)]

    def go(self, begin: float, lasting: float, target: float) -> None:
        here = self.at(begin)
        self._legs = [leg for leg in self._legs if leg[0] < begin] or self._legs[:1]
        self._legs.append((begin, lasting, here, target))

    def at(self, now: float) -> float:
        leg = next((leg for leg in reversed(self._legs) if leg[0] <= now), self._legs[0])
        begin, lasting, source, target = leg
        share = 1.0 if lasting <= 0 else min(max((now - begin) / lasting, 0.0), 1.0)
        return source + (target - source) * share**3 * (10 - 15 * share + 6 * share**2)


class _Body(abc.ABC):
    """Something with five points before the camera that hears what is asked for."""

    def __init__(self, rng: np.random.Generator, yaw: float, pitch: float, roll: float, distance: float) -> None:
        self._rng = rng
        self.yaw, self.pitch, self.roll, self.distance = _Way(yaw), _Way(pitch), _Way(roll), _Way(distance)
        self._home = (yaw, pitch)
        self._place = rng.uniform(-0.12, 0.12, 2) * distance
        self._sway = [(float(rng.uniform(0.1, 0.8)), float(rng.uniform(0, 6.3)), float(rng.uniform(0, 0.01))) for _ in range(3)]

    @abc.abstractmethod
    def ask(self, wanted: Action | None, now: float) -> None:
        """Hears what is asked for at `now`; None: nothing more."""

    @abc.abstractmethod
    def shape(self, now: float) -> Points:
        """(5, 3), before it is turned and put in its place."""

    def at(self, now: float) -> Points:
        """(5, 3) before the camera."""
        x, y, z = (amount * math.sin(2 * math.pi * rate * now + phase) for rate, phase, amount in self._sway)
        turned = self.shape(now) @ _rotation(self.yaw.at(now), self.pitch.at(now), self.roll.at(now)).T
        where = np.array((self._place[0] + x, self._place[1] + y, self.distance.at(now) + z))
        return np.asarray(turned + where)


def _rotation(yaw: float, pitch: float, roll: float) -> Points:
    """Yaw > 0 brings a nose before the face to the right of the picture, pitch > 0 up."""
    a, b, c = (math.radians(v) for v in (yaw, pitch, roll))
    about_y = np.array([(math.cos(a), 0, -math.sin(a)), (0, 1, 0), (math.sin(a), 0, math.cos(a))])
    about_x = np.array([(1, 0, 0), (0, math.cos(b), math.sin(b)), (0, -math.sin(b), math.cos(b))])
    about_z = np.array([(math.cos(c), -math.sin(c), 0), (math.sin(c), math.cos(c), 0), (0, 0, 1)])
    return np.asarray(about_z @ about_x @ about_y)


def _face(rng: np.random.Generator, relief: float) -> Points:
    """(5, 3) of a head that looks at the camera, in eye distances from the middle of the eyes; people differ."""
    mouth, height = 0.415 * rng.uniform(0.88, 1.12), 1.155 * rng.uniform(0.9, 1.1)
    depth = rng.uniform(-0.1, 0.1)
    return np.array([(-0.5, 0, 0), (0.5, 0, 0), (rng.normal(0, 0.015), height * rng.uniform(0.5, 0.65), -relief + depth / 2),
                     (-mouth, height, depth), (mouth, height, depth)])


class _Head(_Body):
    """A willing person: hears, turns, and waits there for what comes next or comes back after a while."""

    def __init__(self, species: Species, rng: np.random.Generator) -> None:
        super().__init__(rng, float(rng.uniform(-12, 12)), float(rng.uniform(-8, 8)), float(rng.uniform(-6, 6)),
                         float(rng.uniform(NEAREST, FARTHEST)))
        self._small = species is Species.ELDERLY
        self._points = _face(rng, float(rng.uniform(0.45, 0.75))) * rng.uniform(0.058, 0.068)
        self._pivot = np.array((0.0, 0.03, float(rng.uniform(0.07, 0.12))))
        self._seen_rise = float(rng.choice(_UPS))
        self._reaction = float(rng.uniform(0.5, 1.2) if self._small else rng.uniform(0.3, 0.9))
        self._lasting = float(rng.uniform(0.7, 1.5) if self._small else rng.uniform(0.3, 0.9))
        if species is Species.WILLING:
            self._reaction = self._lasting = 0.5

    def shape(self, now: float) -> Points:
        points: Points = self._points - self._pivot
        # Our landmarks show a part of the nose's rise alone: it is taken back before the head is turned.
        lift = math.tan(math.radians(self.pitch.at(now) - self._home[1])) * (1 - self._seen_rise)
        points[2, 1] -= lift * points[2, 2] - lift * (points[0, 2] + points[4, 2]) / 2
        return points

    def ask(self, wanted: Action | None, now: float) -> None:
        rng, begin, lasting = self._rng, now + self._reaction * float(self._rng.uniform(0.8, 1.2)), self._lasting
        yaw, pitch = self._home
        if wanted in (Action.LEFT, Action.RIGHT):
            wide = float(rng.uniform(20, 27) if self._small else rng.uniform(20, 45))
            yaw += wide if wanted is Action.LEFT else -wide
        elif wanted is Action.UP:
            pitch += float(rng.uniform(15, 22) if self._small else rng.uniform(15, 30))
        elif wanted is Action.NEARER:
            self.distance.go(begin, 2 * lasting, self.distance.at(now) * float(rng.uniform(0.65, 0.78)))
        self.yaw.go(begin, lasting, yaw + float(rng.normal(0, 1.5)))
        self.pitch.go(begin, lasting, pitch + float(rng.normal(0, 1.5)))
        if wanted is not None and rng.random() < 0.3:  # comes back by itself
            again = begin + lasting + float(rng.uniform(0.5, 1.5))
            self.yaw.go(again, lasting, self._home[0])
            self.pitch.go(again, lasting, self._home[1])


class _Sheet(_Body):
    """A print of a face, in an attacker's hands: turned the right way at the right time, and more than that."""

    def __init__(self, species: Species, rng: np.random.Generator) -> None:
        tilted = rng.random() < 0.5
        super().__init__(rng, float(rng.uniform(-40, 40)) if tilted else float(rng.uniform(-8, 8)),
                         float(rng.uniform(-30, 30)) if tilted else float(rng.uniform(-8, 8)), float(rng.uniform(-15, 15)),
                         float(rng.uniform(NEAREST, FARTHEST)))
        photo = _face(rng, float(rng.uniform(0.45, 0.75))) @ _rotation(float(rng.normal(0, 6)), float(rng.normal(0, 5)), 0).T
        self._flat = (photo[:, :2] - photo[:, :2].mean(0)) * rng.uniform(*_PRINT_EYES)
        self._axis = math.radians(float(rng.choice((0.0, 90.0, rng.uniform(0, 180)), p=(0.6, 0.2, 0.2))))
        self._beside = float(rng.uniform(-0.05, 0.05))
        bend = 0.0 if species is Species.FLAT else 1 / float(rng.uniform(TIGHTEST, TIGHTEST * float(rng.choice((1.02, 2, 5)))))
        self._bend = _Way(0.0 if species is Species.FLEXED else bend * float(rng.choice((1, 1, 1, -1))))
        self._most = bend

    def shape(self, now: float) -> Points:
        """The sheet bent about a line through a point `beside` the face: a cylinder (bend > 0: its back to the camera, as a face's)."""
        cos, sin, bend = math.cos(self._axis), math.sin(self._axis), self._bend.at(now)
        along, across = -sin * self._flat[:, 0] + cos * self._flat[:, 1], cos * self._flat[:, 0] + sin * self._flat[:, 1] - self._beside
        depth = np.zeros(5)
        if abs(bend) > 1e-6:
            angle = across * bend
            across, depth = np.sin(angle) / bend, (1 - np.cos(angle)) / bend
        across = across + self._beside
        return np.column_stack([cos * across - sin * along, sin * across + cos * along, depth])

    def ask(self, wanted: Action | None, now: float) -> None:
        rng = self._rng
        begin, lasting = now + float(rng.uniform(0.15, 0.8)), float(rng.uniform(0.3, 1.0))
        wide = float(rng.uniform(20, 60))
        if wanted in (Action.LEFT, Action.RIGHT):
            self.yaw.go(begin, lasting, wide if wanted is Action.LEFT else -wide)
            self.pitch.go(begin, lasting, float(rng.normal(0, 10)))
        elif wanted is Action.UP:
            self.pitch.go(begin, lasting, wide)
            self.yaw.go(begin, lasting, float(rng.normal(0, 10)))
        elif wanted is Action.NEARER:
            self.distance.go(begin, lasting, self.distance.at(now) * float(rng.uniform(0.6, 0.8)))
        if self._most and rng.random() < 0.7:
            self._bend.go(begin, lasting, self._most * float(rng.choice((1, 1, -1, 0))))
        if rng.random() < 0.5:
            self.roll.go(begin, lasting, float(rng.uniform(-15, 15)))


@dataclass(frozen=True, slots=True)
class Share:
    """Of the traces of some species: how many there were, how many passed, and the reasons of the others, the most frequent first."""

    name: str
    traces: int
    passed: int
    reasons: tuple[tuple[str, int], ...]

    @property
    def rate(self) -> float:
        return self.passed / self.traces if self.traces else math.nan


def shares(traces: Sequence[Trace]) -> list[Share]:
    """By species, then heads and planes together."""
    groups: list[tuple[str, list[Trace]]] = [(s.value, [t for t in traces if t.species is s]) for s in Species]
    groups += [("all heads", [t for t in traces if t.species in HEADS]), ("all planes", [t for t in traces if t.species not in HEADS])]
    return [_share(name, group) for name, group in groups if group]


def _share(name: str, group: Sequence[Trace]) -> Share:
    codes: dict[str, int] = {}
    for trace in group:
        if not trace.passed:
            codes[trace.reason] = codes.get(trace.reason, 0) + 1
    return Share(name, len(group), sum(t.passed for t in group), tuple(sorted(codes.items(), key=lambda item: -item[1])))
