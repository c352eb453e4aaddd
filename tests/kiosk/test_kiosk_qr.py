"""QR codes that a reader of somebody else's making reads."""

from __future__ import annotations

from urllib.parse import unquote

import cv2
import numpy as np
import pytest

from edge_face.errors import UsageError
from edge_face.kiosk.qr import qr_modules, qr_picture

LINK = "https://door.example.org:8443/join/" + "aB3_-xYz9Q" * 30


@pytest.mark.parametrize("length", [1, 14, 15, 26, 27, 42, 43, 62, 63, 84, 85, 106, 107, 122, 152, 180, 181, 213, 214, 251, 287])
def test_a_reader_reads_every_version(length: int) -> None:
    text = LINK[:length]
    modules = np.array(qr_modules(text.encode()), np.uint8)
    picture = np.kron(np.pad(1 - modules, 4, constant_values=1) * 255, np.ones((5, 5), np.uint8)).astype(np.uint8)
    assert cv2.QRCodeDetectorAruco().detectAndDecode(picture)[0] == text


def test_the_picture_draws_the_modules() -> None:
    modules = qr_modules(LINK[:80].encode())
    svg = unquote(qr_picture(LINK[:80]).removeprefix("data:image/svg+xml,"))
    assert svg.count("h1v1h-1z") == sum(map(sum, modules))
    assert f'viewBox="0 0 {len(modules) + 8} {len(modules) + 8}"' in svg
    assert "<script" not in svg


def test_a_text_that_is_too_long_has_no_picture() -> None:
    assert qr_picture(LINK[:288]) == ""
    with pytest.raises(UsageError, match="too long"):
        qr_modules(LINK[:288].encode())
