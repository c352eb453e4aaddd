"""Draws what the door thinks onto a picture that is anonymised already: boxes, names, the state of the lock, the time."""

from __future__ import annotations

from collections.abc import Sequence

from edge_face.demo.trace import TrackTrace
from edge_face.types import Image

GREEN, ORANGE, BLUE, WHITE, DARK = (92, 150, 27), (26, 87, 194), (197, 87, 36), (255, 255, 255), (36, 29, 29)
"""BGR."""


def _text(image: Image, text: str, x: int, y: int, scale: float, colour: tuple[int, int, int], back: tuple[int, int, int] | None) -> None:
    import cv2

    # OpenCV's own fonts are ASCII only.
    plain = text.encode("ascii", "replace").decode()
    font = cv2.FONT_HERSHEY_SIMPLEX
    (w, h), base = cv2.getTextSize(plain, font, scale, 1)
    if back is not None:
        cv2.rectangle(image, (x, y - h - base), (x + w + 6, y + base), back, -1)
    cv2.putText(image, plain, (x + 3, y), font, scale, colour, 1, cv2.LINE_AA)


def annotate(image: Image, tracks: Sequence[TrackTrace], names: dict[str, str], *, seconds: float, released: bool,
             note: str = "") -> None:
    """Draws in place. A person is named only where the picture shows that person sharp."""
    import cv2

    for track in tracks:
        x, y, w, h = (round(v) for v in track.box)
        known = not track.hidden and track.person is not None
        colour = GREEN if known else ORANGE
        if track.state != "coasting":
            cv2.rectangle(image, (x, y), (x + w, y + h), colour, 1, cv2.LINE_AA)
        label = names.get(track.person or "", "") if known else ""
        if known and track.score is not None:
            label = f"{label} {track.score:.2f}"
        if label:
            _text(image, label, max(x, 0), max(y - 6, 34), 0.42, WHITE, colour)
    width = image.shape[1]
    cv2.rectangle(image, (0, 0), (width, 22), BLUE if released else DARK, -1)
    _text(image, "DOOR RELEASED" if released else "door locked", 4, 15, 0.42, WHITE, None)
    _text(image, f"{seconds:5.1f} s", width - 66, 15, 0.42, WHITE, None)
    if note:
        _text(image, note, 150, 15, 0.42, WHITE, None)
