"""What a grant rests on, and the refusal to open a real door on a face alone unless its owner said so in words."""

from __future__ import annotations

from edge_face.errors import SettingsError
from edge_face.settings import Settings

MEANING = {
    "face": "a face alone: a photo or a screen that shows an enrolled person opens this door",
    "": "not chosen: only mock pins are driven",
}


def check_assurance(settings: Settings) -> None:
    """Raises `SettingsError` for real pins without a chosen assurance: nobody shall own such a door unknowingly."""
    seeing = settings.camera.source.strip().lower() != "none"
    if seeing and settings.door.pins != "mock" and settings.decision.assurance == "":
        raise SettingsError(
            'this door does not start on real pins: a photo of an enrolled person opens a door that knows faces only, and one '
            'camera cannot tell the two apart; if what is behind it may be had for a photo, write assurance = "face" below '
            "[decision], else keep it on mock pins until a stronger level is there")


def describe_assurance(settings: Settings) -> str:
    """One sentence for people."""
    level = settings.decision.assurance
    if settings.camera.source.strip().lower() == "none":
        return "codes, cards and buttons: this door has no camera"
    return f'"{level}", {MEANING[level]}' if level else MEANING[level]
