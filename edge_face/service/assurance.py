"""What each level of assurance means to the owner of this door: start-up, status and the doctor say it from here. The words are those
of `edge_face.access.assurance`."""

from __future__ import annotations

from collections.abc import Collection

from edge_face.access.assurance import LEVELS, level_of, sees
from edge_face.settings import ASSURANCES, Settings

NO_CAMERA = "codes, cards and buttons: this door has no camera"


def describe_assurance(settings: Settings) -> str:
    """One sentence for people."""
    level = level_of(settings)
    if not sees(settings) and settings.decision.assurance != level:
        return NO_CAMERA
    return f'"{level}", {LEVELS[level].words}'


def worrying(settings: Settings) -> bool:
    """Should the owner be told each time? A face alone is a choice that is to be made knowingly."""
    return sees(settings) and level_of(settings) == "face"


def missing_factor(level: str, settings: Settings) -> str:
    """What has to be fitted so that anybody can meet this level here, as a sentence; empty: nothing."""
    inputs = settings.inputs
    if level.startswith("face") and not sees(settings):
        return f'"{level}" asks for a face, and this door has no camera'
    if level.endswith("card") and not inputs.wiegand_d0:
        return f'"{level}" asks for a card, and no reader is fitted (inputs.wiegand_d0, inputs.wiegand_d1)'
    if level.endswith("code") and not inputs.keypad_rows and not settings.kiosk.pad:
        return (f'"{level}" asks for a code, and no keypad is fitted (inputs.keypad_rows, inputs.keypad_columns; kiosk.pad for one on a '
                "touch screen)")
    return ""


def unmet(levels: Collection[str], settings: Settings) -> list[str]:
    """`missing_factor` of several levels, from the easiest to the strictest."""
    return [missing for level in ASSURANCES if level in levels and (missing := missing_factor(level, settings))]
