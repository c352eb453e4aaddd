"""What grants rest on, kept apart from the policy: which code was told when, what a face was asked for and how its points moved."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from edge_face.access import CodeFact, Decision, FaceFact, Inputs, Kind, PolicyRules, PolicyState
from edge_face.access.approach_live import AGAIN
from edge_face.access.assurance import level_for
from edge_face.types import LiveVerdict

ALONE = {"face": ("code", "card"), "card": ("code", "card"), "code": ("code",), "face+challenge": ("code", "card"), "face+card": (),
         "face+code": ()}
"""What opens by itself, by level."""
FOLLOWED = {"face+card": ("code", "card"), "face+code": ("code",)}
"""After what a face must follow."""
ACTIONS = ("left", "right", "up", "nearer", "blink")
SPAN = 0.12
"""So far at least, in eye distances, did the nose of a head move that passed a challenge."""


@dataclass
class Evidence:
    """`given`: right codes and cards with the time and level at which each was told; `asked`: when a track was first asked for an action
    in the challenge of now; `noses`: where the noses of its faces were, since then."""

    given: deque[tuple[float, CodeFact, str]] = field(default_factory=lambda: deque(maxlen=300))
    asked: dict[tuple[str | None, int | None], float] = field(default_factory=dict)
    noses: dict[int, deque[tuple[float, float]]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=300)))
    prompting: bool = False
    grants: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def forget(self) -> None:
        self.given.clear()
        self.asked.clear()
        self.noses.clear()

    def note(self, inputs: Inputs, now: float, rules: PolicyRules) -> None:
        for code in inputs.codes:
            if code.person is not None:
                self.given.append((now, code, _level(code.person, inputs, rules, visitor=code.factor == "visitor")))
        for face in (inputs.sight.faces if inputs.sight is not None else None) or ():
            if len(face.points) == 10 and face.sound:
                self.noses[face.track].append((now, _nose(face)))

    def hear(self, made: Iterable[Decision], state: PolicyState) -> None:
        for d in made:
            if d.kind is Kind.PROMPT:
                self.prompting = True
                codes = {r.code for r in d.reasons}
                if codes & {f"prompt-{action}" for action in ACTIONS}:
                    self.asked.setdefault((d.person, d.track), d.monotonic)
            elif d.kind is Kind.PROMPT_OVER:
                assert self.prompting
                self.prompting = False
            elif d.kind is Kind.DURESS:
                assert any(c.duress and c.person == d.person for _, c, _ in self.given), "nobody said that they are forced"
            elif d.kind is Kind.DENY and any(r.code.startswith("liveness-") for r in d.reasons):
                assert any("not taken for a living person" in r.text for r in d.reasons)
                self.asked = {who: since for who, since in self.asked.items() if who[0] != d.person}
            elif d.kind is Kind.GRANT:
                self.asked = {who: since for who, since in self.asked.items() if who[0] != d.person}
        assert (state.prompt is not None) is self.prompting, "prompts are said as they come and go"
        assert state.claim is None or state.claimed == state.claim.person

    def check_code(self, d: Decision, inputs: Inputs, rules: PolicyRules) -> None:
        """A code or a card opened: was it this person's, and is it enough?"""
        right = [c for c in inputs.codes if c.person == d.person]
        assert right and d.person is not None
        levels = {(c, _level(d.person, inputs, rules, visitor=c.factor == "visitor")) for c in right}
        alone = any(_what(c) in ALONE[level] for c, level in levels)
        blind = not inputs.seeing and rules.without_camera == "second" and any(_what(c) in FOLLOWED.get(level, ()) for c, level in levels)
        assert alone or blind, "a code or card opened that is not enough"

    def check_face(self, d: Decision, inputs: Inputs, now: float, rules: PolicyRules) -> str:
        """A face opened the door: "claim", "challenge" or "face", by what it rested on. Raises AssertionError where that is not enough."""
        assert inputs.sight is not None and d.person is not None and d.track is not None
        (face,) = [f for f in inputs.sight.faces or () if f.track == d.track]
        assert not face.ambiguous and face.live is not LiveVerdict.ATTACK, "an attack opened the door"
        level = _level(d.person, inputs, rules)
        if "verified" in {r.code for r in d.reasons}:
            self._check_claim(d, face, now, rules)
            return self._counted("claim")
        assert face.live is LiveVerdict.LIVE, "a face opened the door that was not taken for a living one"
        assert face.person == d.person and face.score >= face.threshold
        if level == "face":
            return self._counted("face")
        assert level == "face+challenge", "a face alone opened the door where it is not enough"
        since = self.asked.get((d.person, d.track))
        assert since is not None and now - since <= self.challenge_lasts(rules), "nothing was asked of the face that opened the door"
        noses = [x for at, x in self.noses[d.track] if at >= since - 0.5]
        assert noses and max(noses) - min(noses) >= SPAN, "the face that opened the door moved like a picture"
        return self._counted("challenge")

    def challenge_lasts(self, rules: PolicyRules) -> float:
        return (rules.challenge.number + 1) * rules.challenge.seconds + AGAIN + 3.0

    def _counted(self, kind: str) -> str:
        self.grants[kind] += 1
        return kind

    def _check_claim(self, d: Decision, face: FaceFact, now: float, rules: PolicyRules) -> None:
        fitting = [c for at, c, level in self.given
                   if c.person == d.person and now - at <= rules.claim and _what(c) in FOLLOWED.get(level, ())]
        assert fitting, "nobody's code or card was given"
        assert face.claimed == d.person and face.claim_agrees and face.claim_score >= face.claim_threshold
        assert face.live in (LiveVerdict.LIVE, LiveVerdict.UNSURE)


def _what(code: CodeFact) -> str:
    return "card" if code.factor == "card" else "code"


def _level(person: str, inputs: Inputs, rules: PolicyRules, *, visitor: bool = False) -> str:
    trusted = inputs.clock_trusted and math.isfinite(inputs.wall)
    return level_for(rules.rights.get(person), rules.level, rules.calendar, inputs.wall if math.isfinite(inputs.wall) else 0.0, trusted,
                     visitor=visitor).name


def _nose(face: FaceFact) -> float:
    """Across the face, in its eye distances."""
    left, right, nose = face.points[0], face.points[2], face.points[4]
    eyes = math.hypot(right - left, face.points[3] - face.points[1])
    return (nose - (left + right) / 2) / max(eyes, 1e-6)
