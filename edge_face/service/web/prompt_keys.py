"""What enrolment says to a person, as keys for pages in any language; the sentence itself goes along for whoever has no table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from edge_face.people import guide
from edge_face.people.enrolment import NO_FACE

KEYS: Mapping[str, str] = MappingProxyType({
    guide.ASK[guide.Step.STRAIGHT]: "straight", guide.ASK[guide.Step.LEFT]: "left", guide.ASK[guide.Step.RIGHT]: "right",
    guide.ASK[guide.Step.UP]: "up", guide.NOBODY: "nobody", guide.STRANGER: "stranger", guide.HOLD: "hold", guide.TOO_FAR: "back",
    NO_FACE: "nobody",
    f"{guide.ASK[guide.Step.STRAIGHT]}: turn to your left": "straight_left",
    f"{guide.ASK[guide.Step.STRAIGHT]}: turn to your right": "straight_right",
    "that is all: thank you": "done",
    "not all of the face can be seen: come into the middle of the picture and leave it uncovered": "covered",
    "too dark: turn to the light": "dark", "too bright: step out of the direct light": "bright",
    "the light is too flat to see the face: turn to the light": "flat",
    "the light comes from one side: turn to your left, towards it": "light_left",
    "the light comes from one side: turn to your right, towards it": "light_right",
    "parts of the face are too bright or too dark: turn to an even light": "uneven",
    "turn a little left": "turn_left", "turn a little right": "turn_right",
    "look a little further up": "look_up", "look a little further down": "look_down", "hold the head upright": "upright",
    "blurred: hold still": "blurred", "blurred: hold still and come nearer": "blurred_far",
})
_PATTERNS = ((re.compile(r"too far: "), "far"), (re.compile(r"\d+ faces"), "crowd"), (re.compile(r"no usable picture within "), "gave_up"))


def key_of(text: str) -> str:
    """The key of a sentence of the guide; "other" for one that has none."""
    known = KEYS.get(text)
    return known or next((key for pattern, key in _PATTERNS if pattern.match(text)), "other")


def prompt_record(text: str, *, step: str | None = None, share: float = 0.0, good: bool = False) -> dict[str, Any]:
    """A prompt for a page."""
    return {"key": key_of(text), "text": text, "step": step, "share": round(share, 3), "good": good}
