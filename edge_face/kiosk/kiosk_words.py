"""What the page beside the door says: the daemon's keys (edge_face.service.web.kiosk_state) in words for people.

Keys with a dot are a sentence's other form: `not_recognised.code` where a code would do, `idle.face+code` at that level.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from edge_face.kiosk.enrol_words import PROMPTS
from edge_face.kiosk.words import Words, _

PHASES: Mapping[str, Words] = MappingProxyType({
    "asleep": _("Touch the screen."),
    "idle": _("Look at the camera."),
    "idle.face": _("Look at the camera."),
    "idle.face+challenge": _("Look at the camera and do what is asked here."),
    "idle.face+code": _("Look at the camera, then type your code."),
    "idle.face+card": _("Look at the camera, then hold your card to the reader."),
    "idle.code": _("Type your code."),
    "idle.card": _("Hold your card to the reader."),
    "look": _("Look at the camera."),
    "nearer": _("Come nearer."),
    "turn_left": _("Turn your head to your left."),
    "turn_right": _("Turn your head to your right."),
    "look_up": _("Look up."),
    "blink": _("Close your eyes and open them again."),
    "code": _("Type your code."),
    "card": _("Hold your card to the reader."),
    "wait": _("One moment."),
    "granted": _("Come in."),
    "denied": _("That did not work."),
    "resting": _("Too many tries. Wait a little."),
    "lockdown": _("This door is locked for now: nobody is let in."),
    "fault": _("The camera does not work."),
    "open": _("The door is open."),
    "down": _("The door does not answer. This page comes back by itself."),
})
"""By `KioskState.phase`; `down` is the page's own."""

MESSAGES: Mapping[str, Words] = MappingProxyType({
    "not_recognised": _("Not recognised: come nearer and look at the camera."),
    "not_recognised.code": _("Not recognised: come nearer, or use your code."),
    "not_recognised.card": _("Not recognised: come nearer, or use your card."),
    "try_again": _("That did not work. Look at the camera and try again."),
    "one_at_a_time": _("One at a time, please."),
    "code_refused": _("This code does not open the door."),
    "card_refused": _("This card does not open the door."),
    "code_fault": _("Codes and cards cannot be checked just now."),
    "face_late": _("Your face was not seen in time. Begin again."),
    "let_in": _("Come in."),
    "button": _("The door is open."),
    "fire": _("Fire alarm: the door is open."),
    "owner": _("The door is open: come in."),
    "hold_open": _("The door is open."),
    "opened": _("The door stands open."),
    "close_door": _("Please close the door."),
    "codes_rest": _("Too many wrong codes. Codes and cards rest."),
    "faces_rest": _("Too many tries. Step back and wait a little."),
    "camera_gone": _("The camera does not work."),
    "camera_gone.code": _("The camera does not work: use your code."),
    "camera_gone.card": _("The camera does not work: use your card."),
    "vision_failed": _("Faces cannot be recognised just now."),
    "vision_failed.code": _("Faces cannot be recognised just now: use your code."),
    "vision_failed.card": _("Faces cannot be recognised just now: use your card."),
    "too_dark": _("It is too dark: turn to the light."),
    "too_bright": _("It is too bright: step out of the direct light."),
    "come_nearer": _("Come nearer and look at the camera."),
    "lockdown": _("This door is locked for now: nobody is let in."),
})
"""By `KioskState.message`."""

OFFERS: Mapping[str, Words] = MappingProxyType({
    "taken": _("One moment: your code is checked."),
    "busy": _("The last code is still checked: one moment."),
    "resting": _("Too many wrong codes. Codes and cards rest."),
    "nonsense": _("This is no code: type its digits."),
    "lost": _("The code did not arrive. Type it again."),
})
"""By what becomes of a code that was typed; `lost` is the page's own."""

OTHERS: Mapping[str, Words] = MappingProxyType({
    "rest": _("Try again in %(s)s s.", s="%(s)s"),
})


def all_words() -> dict[str, str]:
    """Every sentence that the page's script may need, by its key there."""
    tables: tuple[tuple[str, Mapping[str, str]], ...] = (
        ("phase", PHASES), ("message", MESSAGES), ("offer", OFFERS), ("other", OTHERS), ("enrol", PROMPTS))
    return {f"{room}.{key}": words for room, table in tables for key, words in table.items()}
