"""How open are the eyes? Coarse: good for the blinks of one person, against that person's own open eyes; not across people.

An open eye holds a compact dark thing, the iris, as high as it is wide; of a shut one a thin line of lashes is left. So the darkest
mean over a window of the iris's size, against the skin around it, falls by a quarter to a third when the lid does. What is dark in
an eye differs between people, lids, lenses and light by more than that (docs/decisions/challenge.md), so one value says nothing.
"""

from __future__ import annotations

from edge_face.opencv import cv2
from edge_face.types import Image
from edge_face.vision.align import SIZE, TEMPLATE

ACROSS, DOWN = 13, 9
"""Half the size of the window around an eye, in template pixels: the brow stays outside."""
IRIS = (5, 7)
"""Width and height of what is averaged: an open eye fills it, a line of lashes does not."""
SKIN = 0.8
"""The brightness that this share of the window's pixels stays below is that of the skin around the eye."""
WIDE = 0.6
"""Darkness of a wide open eye: median of 3,000 real faces."""
CHEEK = 22
"""From the eye down to the cheek, in template pixels."""
COVERED = 0.5
"""A window whose skin is darker than so much of the cheek's is behind dark glasses."""
LEAST_LIGHT = 25.0


def eyes_open(aligned: Image) -> float | None:
    """0 (shut) to 1 (open) of both eyes together in an aligned face (112x112x3, BGR); None where the eyes cannot be judged: too dark,
    behind dark glasses, or no such crop. Heads that are turned by more than 25 degrees are judged badly."""
    if aligned.shape != (SIZE, SIZE, 3):
        return None
    grey = cv2.cvtColor(aligned, cv2.COLOR_BGR2GRAY)
    dark = 0.0
    for x, y in TEMPLATE[:2].round().astype(int).tolist():
        window = grey[y - DOWN:y + DOWN + 1, x - ACROSS:x + ACROSS + 1]
        values = window.reshape(-1).copy()
        values.partition(int(SKIN * values.size))
        skin = float(values[int(SKIN * values.size)])
        cheek = float(grey[y + CHEEK - 3:y + CHEEK + 4, x - 5:x + 6].mean())
        if skin < LEAST_LIGHT or skin < COVERED * cheek:
            return None
        inner = cv2.blur(window, IRIS)[DOWN - 5:DOWN + 6, ACROSS - 7:ACROSS + 8]
        dark += 0.5 * (1.0 - float(inner.min()) / skin)
    return min(max(dark / WIDE, 0.0), 1.0) ** 2
