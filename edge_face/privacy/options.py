"""What methods take besides their strength, as text in settings and on the command line."""

from __future__ import annotations

import re
from pathlib import Path

from edge_face.errors import UsageError

MASKS = ("matrix", "shapes", "eyes")
FACE, CUT_TO = "face", "to"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
HELP = ('replace: "face" (drawn, the default), a colour as "#7f9fbf" or a picture file; mask: "matrix" (the default), "shapes" or "eyes"; '
        'crop: "to" cuts a picture to whom --keep names')


def check_option(method: str, option: str) -> None:
    """Raises UsageError for an option that the method does not take; a picture file is not opened."""
    if not option or (method == "mask" and option in MASKS) or (method == "crop" and option == CUT_TO):
        return
    if method == "replace":
        if option.startswith("#") and not _COLOUR.fullmatch(option):
            raise UsageError(f"'{option[:40]}' is no colour: write six digits of red, green and blue, as #7f9fbf")
        if option != FACE and not option.startswith("#") and not _is_file(option):
            raise UsageError(f"'{option[-60:]}' is neither '{FACE}' nor a colour as #7f9fbf nor a picture file that is there")
        return
    if method == "mask":
        raise UsageError(f"the method mask takes the option {', '.join(MASKS)}, not '{option[:40]}'")
    if method == "crop":
        raise UsageError(f"the method crop takes the option {CUT_TO}, not '{option[:40]}'")
    raise UsageError(f"the method {method} takes no option, and '{option[:40]}' is one: leave it out")


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def colour_of(option: str) -> tuple[int, int, int] | None:
    """Blue, green, red of an option that is a colour."""
    if not _COLOUR.fullmatch(option):
        return None
    red, green, blue = bytes.fromhex(option[1:])
    return blue, green, red
