"""Guided enrolment: which way to look next, what is wrong with the picture, when it is enough. Pure: time is a fact.

One `Look` a frame goes in, a new state and one sentence for the person come out. Turns are measured against the person's
own straight look: where a nose points says less about a stranger than about a change.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from edge_face.people.chin import is_raised, level_of
from edge_face.types import Floats, Image, Quality


class Step(enum.StrEnum):
    """Poses, named from the person's own side."""

    STRAIGHT = "straight"
    LEFT = "left"
    RIGHT = "right"
    UP = "up"


EXTRA = "extra"
"""Label of a picture that was asked for as "up" while nobody can tell whether the chin was raised."""

ASK: Mapping[Step, str] = MappingProxyType({
    Step.STRAIGHT: "look straight into the camera",
    Step.LEFT: "turn your head a bit to your left",
    Step.RIGHT: "turn your head a bit to your right",
    Step.UP: "look straight again and raise your chin a bit",
})
NOBODY = "nobody is in the picture: step in front of the camera"
CROWD = "{faces} faces are in the picture: only one person may be"
STRANGER = "this does not look like the person of the first pictures: only one person may enrol"
HOLD = "good: hold still"
TOO_FAR = "a bit less: turn back towards the camera"
MOST_NOSES = 30
"""Frames of one step whose noses are remembered."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What one frame shows. `advice`: what is wrong with the face, in words, () when it may become a template; the
    embedding is there only then, and the aligned crop that it was made of. `faces`: how many there are; `nose`: how far the
    nose tip is below the eyes (`edge_face.people.chin`)."""

    monotonic: float
    faces: int
    quality: Quality | None = None
    advice: tuple[str, ...] = ()
    embedding: Floats | None = field(default=None, repr=False)
    crop: Image | None = field(default=None, repr=False)
    nose: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """A picture that may become a template."""

    pose: str
    quality: Quality
    embedding: Floats = field(repr=False)
    crop: Image | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Rules:
    """`same`: similarity from which on two pictures show one person. `hold` seconds and `good` frames a step; after
    `patience` seconds a step is given up. Degrees: `straight` at most, `turn` at least, `most` at most. `lift`: eye distances
    by which a raised chin brings the nose up at least (3 degrees in truth, about 10 as the shipped networks see it).

    `mirrored`: the pictures are, so that the person's left is the picture's left.

    Not every detector's points show a raised chin: after `settle` seconds of asking, a good look is taken as it is, and called
    "extra", not "up".
    """

    same: float
    steps: tuple[Step, ...] = (Step.STRAIGHT, Step.LEFT, Step.RIGHT, Step.UP)
    hold: float = 0.8
    good: int = 3
    patience: float = 20.0
    straight: float = 12.0
    turn: float = 8.0
    lift: float = 0.025
    most: float = 38.0
    settle: float = 3.0
    mirrored: bool = False

    def to_own_left(self, quality: Quality) -> float:
        """Degrees by which a head is turned to the person's own left."""
        # yaw > 0 is turned to the right of the picture, which is one's own left unless the picture is mirrored.
        return -quality.yaw if self.mirrored else quality.yaw


@dataclass(frozen=True, slots=True, eq=False)
class Guide:
    """Where a guided enrolment stands. `Guide()` is the beginning; `advance` leads on."""

    step: int = 0
    entered: float | None = None
    first_good: float | None = None
    good: int = 0
    best: Take | None = None
    takes: tuple[Take, ...] = ()
    noses: tuple[float, ...] = ()
    """Heights of the nose in the usable frames of this step, the latest last."""
    level: float | None = None
    """That height of the straight look."""
    skipped: tuple[Step, ...] = ()
    troubles: Mapping[str, int] = field(default_factory=dict)
    """How many frames of this step each trouble spoiled."""
    failure: str | None = None
    """Why it cannot succeed any more."""

    def done(self, rules: Rules) -> bool:
        """Is it over, one way or the other?"""
        return self.failure is not None or self.step >= len(rules.steps)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What to tell the person now. `share` of the whole that is done, 0 to 1."""

    text: str
    step: Step | None
    share: float
    good: bool = False


def advance(guide: Guide, look: Look, rules: Rules) -> tuple[Guide, Prompt]:
    """The next state and what to say. A clock that runs backwards begins the step anew."""
    if guide.done(rules):
        return guide, _closing(guide)
    now = look.monotonic
    if guide.entered is None or now < guide.entered:
        guide = replace(_fresh(guide), entered=now)
    assert guide.entered is not None
    step = rules.steps[guide.step]
    if now - guide.entered > rules.patience:
        guide = _give_up(guide, step, rules, now)
        return guide, _closing(guide) if guide.done(rules) else _say(guide, rules, ASK[rules.steps[guide.step]])
    trouble = _trouble(guide, look, rules)
    if trouble is not None:
        counted = {**guide.troubles, trouble: guide.troubles.get(trouble, 0) + 1}
        # With two faces there, what was collected in this step may be either's.
        guide = replace(_fresh(guide) if look.faces > 1 or trouble == STRANGER else guide, troubles=counted)
        return guide, _say(guide, rules, trouble)
    quality, embedding = look.quality, look.embedding
    assert quality is not None and embedding is not None
    hint, pose, guide = _pose(guide, step, look, quality, rules)
    if hint is not None:
        return guide, _say(guide, rules, hint)
    best = guide.best
    # A chin that is seen to be raised is worth more than one that only may be.
    if best is None or (best.pose == pose and quality.overall > best.quality.overall) or (best.pose, pose) == (EXTRA, Step.UP):
        best = Take(pose, quality, embedding, look.crop)
    begun = now if guide.first_good is None else guide.first_good
    guide = replace(guide, best=best, good=guide.good + 1, first_good=begun)
    if guide.good >= rules.good and now - begun >= rules.hold:
        level = level_of(guide.noses) if step is Step.STRAIGHT else guide.level
        guide = replace(_fresh(guide), step=guide.step + 1, entered=now, takes=(*guide.takes, best), troubles={}, level=level)
        return guide, _closing(guide) if guide.done(rules) else _say(guide, rules, ASK[rules.steps[guide.step]], good=True)
    return guide, _say(guide, rules, HOLD, good=True)


def _trouble(guide: Guide, look: Look, rules: Rules) -> str | None:
    """What keeps this frame from being of use at all."""
    if look.faces < 1:
        return NOBODY
    if look.faces > 1:
        return CROWD.format(faces=look.faces)
    if look.advice:
        return look.advice[0]
    if look.quality is None or look.embedding is None:
        return NOBODY
    # Written so that a score that is no number is a stranger's.
    if guide.takes and not any(float(take.embedding @ look.embedding) >= rules.same for take in guide.takes):
        return STRANGER
    return None


def _pose(guide: Guide, step: Step, look: Look, quality: Quality, rules: Rules) -> tuple[str | None, str, Guide]:
    """What to do about the pose, or None and the pose's label; and the guide with this frame's nose noted where it counts."""
    if step is Step.STRAIGHT:
        if abs(quality.yaw) > rules.straight:
            return f"{ASK[step]}: turn to your {'right' if rules.to_own_left(quality) > 0 else 'left'}", step, guide
        return None, step, _noted(guide, look)
    own = guide.takes[0].quality if guide.takes else None
    yaw = rules.to_own_left(quality) - (rules.to_own_left(own) if own is not None else 0.0)
    if step is Step.UP:
        if abs(yaw) > rules.straight:
            return ASK[step], step, guide
        guide = _noted(guide, look)
        if look.nose is not None and is_raised(guide.level, guide.noses, rules.lift):
            return None, step, guide
        asked = look.monotonic - (guide.entered if guide.entered is not None else look.monotonic)
        return (None, EXTRA, guide) if asked >= rules.settle else (ASK[step], step, guide)
    turned = yaw if step is Step.LEFT else -yaw
    if turned < rules.turn:
        return ASK[step], step, guide
    return (TOO_FAR, step, guide) if turned > rules.most else (None, step, guide)


def _noted(guide: Guide, look: Look) -> Guide:
    return guide if look.nose is None else replace(guide, noses=(*guide.noses, look.nose)[-MOST_NOSES:])


def _give_up(guide: Guide, step: Step, rules: Rules, now: float) -> Guide:
    if step is Step.STRAIGHT:
        reason = max(guide.troubles.items(), key=lambda item: item[1])[0] if guide.troubles else ASK[step]
        return replace(guide, failure=f"no usable picture within {rules.patience:g} s: {reason}")
    return replace(_fresh(guide), step=guide.step + 1, entered=now, skipped=(*guide.skipped, step), troubles={})


def _fresh(guide: Guide) -> Guide:
    return replace(guide, first_good=None, good=0, best=None, noses=())


def _say(guide: Guide, rules: Rules, text: str, *, good: bool = False) -> Prompt:
    within = min(guide.good / rules.good, 1.0) * 0.9
    return Prompt(text, rules.steps[guide.step], (guide.step + within) / len(rules.steps), good)


def _closing(guide: Guide) -> Prompt:
    return Prompt(guide.failure, None, 1.0) if guide.failure is not None else Prompt("that is all: thank you", None, 1.0, True)


def pose_label(quality: Quality, rules: Rules) -> str:
    """The pose of a picture that nobody guided: "straight", "left" or "right" (the person's own sides). Up is told against the same
    person's straight look only."""
    yaw = rules.to_own_left(quality)
    if abs(yaw) >= rules.turn:
        return Step.LEFT if yaw > 0 else Step.RIGHT
    return Step.STRAIGHT


def similarities(embeddings: list[Floats]) -> Floats:
    """(n, n) cosines of unit vectors."""
    rows = np.stack(embeddings)
    scores: Floats = rows @ rows.T
    return scores
