"""A head before the door, and a print of it: five points in space, turned and seen by a camera."""

from __future__ import annotations

import math
from dataclasses import replace

from edge_face.access import FaceFact, Kind
from edge_face.access.policy_state import PolicyState

FLAT, SOLID = 0.0, 0.5
"""How far the nose stands out, in eye distances."""
SHARE = 0.1
"""Between the eyes of a head that looks straight, as a share of the picture's width."""
_POINTS = ((-0.5, 0.0), (0.5, 0.0), (0.0, 0.55), (-0.4, 1.05), (0.4, 1.05))


def points(yaw: float, nose: float = SOLID) -> tuple[float, ...]:
    """Ten numbers; yaw in degrees, > 0: the nose goes to the right of the picture, as the person's own left."""
    turn, flat = math.radians(yaw), []
    for i, (x, y) in enumerate(_POINTS):
        depth = nose if i == 2 else 0.0
        flat += [0.5 + SHARE * (x * math.cos(turn) + depth * math.sin(turn)), 0.4 + SHARE * y]
    return tuple(flat)


def looks(face: FaceFact, yaw: float, nose: float = SOLID) -> FaceFact:
    """The same face with its head, or its print, turned. A face that is turned far is not compared."""
    seen = abs(yaw) < 35
    share = SHARE * math.cos(math.radians(yaw))
    return replace(face, yaw=yaw, eye_share=share, points=points(yaw, nose), judged=seen, vote=face.vote if seen else None)


class Turner:
    """Does what the door asks for, half a second later and within half a second, and looks straight again when nothing is asked."""

    def __init__(self, nose: float = SOLID, most: float = 32.0) -> None:
        self.nose, self.most = nose, most
        self._yaw, self._target, self._asked, self._since = 0.0, 0.0, "", 0.0

    def face(self, like: FaceFact, state: PolicyState, now: float) -> FaceFact:
        asked = state.prompt.what if state.prompt is not None else ""
        if asked != self._asked:
            self._asked, self._since = asked, now
            self._target = {"left": self.most, "right": -self.most}.get(asked, 0.0)
        if now - self._since > 0.4:
            step = self._target - self._yaw
            self._yaw += max(-6.0, min(6.0, step))
        return looks(like, self._yaw, self.nose)


def without_prompts(kinds: list[Kind]) -> list[Kind]:
    return [k for k in kinds if k not in (Kind.PROMPT, Kind.PROMPT_OVER)]
