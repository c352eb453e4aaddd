"""QR codes on pages: what is drawn is what a reader reads."""

from __future__ import annotations

import re
from urllib.parse import unquote

import cv2
import numpy as np
import pytest

from edge_face.kiosk.qr import LONGEST, qr_picture

LINK = "https://door.example.org:8443/join/" + "aB3_-xYz9Q" * 60


def drawn(picture: str) -> np.ndarray:
    """The picture's squares as pixels, dark ones 0."""
    svg = unquote(picture.removeprefix("data:image/svg+xml,"))
    side = int(re.search(r'viewBox="0 0 (\d+) \1"', svg)[1])  # type: ignore[index]
    modules = np.full((side, side), 255, np.uint8)
    for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", svg):
        modules[int(y), int(x)] = 0
    return np.kron(modules, np.ones((5, 5), np.uint8)).astype(np.uint8)


@pytest.mark.parametrize("length", [1, 42, 85, 122, 180, 251, 287, LONGEST])
def test_a_reader_reads_what_is_drawn(length: int) -> None:
    assert cv2.QRCodeDetectorAruco().detectAndDecode(drawn(qr_picture(LINK[:length])))[0] == LINK[:length]


def test_there_is_nothing_in_the_picture_but_the_picture() -> None:
    assert set(re.findall(r"<(\w+)", unquote(qr_picture("<script>&")))) == {"svg", "path"}


def test_a_text_that_is_too_long_has_no_picture() -> None:
    assert qr_picture(LINK[:LONGEST + 1]) == ""
