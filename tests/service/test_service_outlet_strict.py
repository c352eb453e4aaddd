"""Strict mode in the outlet: the empty scene is learned while nobody looks, and until then everything is hidden."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from edge_face.clock import SystemClock
from edge_face.opencv import cv2
from edge_face.service.outlet import Outlet
from edge_face.settings import PrivacySettings, ServiceSettings
from edge_face.types import Frame, Image, Scene


def look(number: int, somebody: bool) -> Image:
    rng = np.random.default_rng(number)
    image = np.full((240, 320, 3), 150, np.uint8)
    if somebody:
        image[80:200, 140:180] = (40, 90, 30)
    return np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)


def test_whoever_no_detector_finds_is_hidden(tmp_path: Path) -> None:
    file = tmp_path / "preview.jpg"
    outlet = Outlet(PrivacySettings(method="solid", delay=0, strict=True), ServiceSettings(preview_fps=30, preview_file=str(file)),
                    SystemClock(), frozenset)
    assert Outlet(PrivacySettings(strict=True), ServiceSettings(), SystemClock(), frozenset).wanted
    outlet.start()

    def show(number: int, somebody: bool, seen: Callable[[Image], bool]) -> bool:
        """Offers a frame without faces, half a second after the one before, until the picture is as wanted."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            written = outlet.written
            outlet.offer(Frame(number, number / 2, number / 2, look(number, somebody)), Scene(number, number / 2, number / 2, 320, 240))
            patience = time.monotonic() + 0.1  # a frame that comes too soon after the one before is not written
            while outlet.written == written and time.monotonic() < patience:
                time.sleep(0.002)
            picture = cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), cv2.IMREAD_COLOR) if file.exists() else None
            if picture is not None and seen(picture.astype(np.uint8)):
                return True
            number += 1
        return False

    try:
        assert show(1, False, lambda picture: abs(float(picture.mean()) - 150) > 10)  # nothing is known yet: all hidden
        assert show(2, False, lambda picture: abs(float(picture.mean()) - 150) < 5)  # the scene, learned
        assert show(200, True, lambda picture: np.abs(picture[90:190, 145:175].mean((0, 1)) - (40, 90, 30)).max() > 20
                    and abs(float(picture[:40].mean()) - 150) < 5)
    finally:
        outlet.stop()
