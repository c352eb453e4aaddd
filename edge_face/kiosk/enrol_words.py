"""What enrolment says, in words of the pages: by the keys of `edge_face.service.web.prompt_keys` and of the first pass."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from edge_face.kiosk.languages import say
from edge_face.kiosk.words import _

PROMPTS: Mapping[str, str] = MappingProxyType({
    "": _("One moment"),
    "straight": _("Look straight into the camera"),
    "straight_left": _("Look straight into the camera: turn a little to your left"),
    "straight_right": _("Look straight into the camera: turn a little to your right"),
    "left": _("Turn your head a bit to your left"),
    "right": _("Turn your head a bit to your right"),
    "up": _("Look straight again and raise your chin a bit"),
    "hold": _("Good: hold still"),
    "back": _("A bit less: turn back towards the camera"),
    "nobody": _("No face is in the picture: come before the camera"),
    "crowd": _("More than one face is in the picture: only one person may be"),
    "stranger": _("This does not look like the person of the first pictures: only one person may enrol"),
    "covered": _("Not all of the face can be seen: come into the middle and leave it uncovered"),
    "dark": _("Too dark: turn to the light"),
    "bright": _("Too bright: step out of the direct light"),
    "flat": _("The light is too flat to see the face: turn to the light"),
    "light_left": _("The light comes from one side: turn to your left, towards it"),
    "light_right": _("The light comes from one side: turn to your right, towards it"),
    "uneven": _("Parts of the face are too bright or too dark: turn to an even light"),
    "turn_left": _("Turn a little to the left"),
    "turn_right": _("Turn a little to the right"),
    "look_up": _("Look a little further up"),
    "look_down": _("Look a little further down"),
    "upright": _("Hold your head upright"),
    "blurred": _("The picture is blurred: hold still"),
    "blurred_far": _("The picture is blurred: hold still and come nearer"),
    "far": _("Too far away: come nearer"),
    "gave_up": _("No usable picture came"),
    "done": _("That is all: thank you"),
    "nearer": _("Come near to the door's camera and look into it"),
    "alone": _("Only one person may stand before the camera"),
    "clearer": _("Turn to the camera and to the light"),
    "not_alive": _("This is taken for a picture of a face: show your own face, without a phone or a print in view"),
    "unsure": _("It cannot be told yet whether this is a living face: move a little, blink, turn to the light"),
    "not_alike": _("This is not the face of the pictures that were sent"),
    "passed": _("Passed: the door knows this person from now on"),
})
STEPS = (("straight", _("Straight")), ("left", _("To your left")), ("right", _("To your right")), ("up", _("Chin up")))
SOURCES = MappingProxyType({"invitation": _("invited by a link"), "device": _("another camera, or photos"),
                            "import": _("brought from another door"), "batch": _("a list of many people")})
WHY = MappingProxyType({"consent": _("has not agreed yet"), "templates": _("no face is enrolled"),
                        "approval": _("waits for the owner's approval"), "pass": _("must pass once at the door")})


def prompt_words(language: str, prompt: Mapping[str, Any]) -> str:
    """The sentence of a prompt; the daemon's own for a key that no table has."""
    known = PROMPTS.get(str(prompt.get("key", "")))
    return say(language, known) if known is not None else str(prompt.get("text", ""))


def state_record(language: str, state: Mapping[str, Any]) -> dict[str, Any]:
    """What a script shows of a state."""
    prompt = state["prompt"]
    return {"number": state["number"], "phase": state["phase"], "text": prompt_words(language, prompt), "step": prompt.get("step"),
            "share": prompt.get("share", 0.0), "good": prompt.get("good", False), "problem": say(language, state["problem"])}
