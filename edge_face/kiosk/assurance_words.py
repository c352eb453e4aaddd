"""What a level of assurance means, for whoever has to choose one: what the visitor does, and who might get in wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge_face.kiosk.words import _


@dataclass(frozen=True, slots=True)
class Meaning:
    title: Any
    does: Any
    risk: Any


MEANINGS: dict[str, Meaning] = {
    "face+code": Meaning(_("Code and face"), _("Type your code, then show your face."),
                         _("The strictest: whoever finds out a code, or holds up a picture, needs the other one too.")),
    "face+card": Meaning(_("Card and face"), _("Hold up your card, then show your face."),
                         _("As strict as a copied card is rare: a card can be copied by anybody who reads it.")),
    "face+challenge": Meaning(_("Face with a challenge"), _("Show your face and turn it as you are asked to."),
                              _("Convenient. A screen that plays what is asked for may open the door. A code alone opens it too.")),
    "code": Meaning(_("Code only"), _("Type your code. Faces open nothing."), _("Whoever knows a code gets in.")),
    "card": Meaning(_("Card or code"), _("Hold up your card or type your code. Faces open nothing."),
                    _("Whoever has a card, or knows a code, gets in.")),
    "face": Meaning(_("Face only"), _("Show your face."),
                    _("The easiest, and the weakest: a good photo or a screen may open this door. For a door behind another door.")),
}


def level_word(level: str) -> Any:
    """A level's title; one of a later version keeps its own name."""
    return MEANINGS[level].title if level in MEANINGS else level
