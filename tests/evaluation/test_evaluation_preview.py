"""What a picture on the pages costs: every step is measured, and the share adds up."""

from __future__ import annotations

import numpy as np
import pytest

from edge_face.evaluation.preview import described, preview_cost
from edge_face.settings import Settings
from edge_face.types import Box, Frame, Scene, Track, TrackState

LANDMARKS = np.array([[70, 55], [90, 55], [80, 65], [73, 75], [88, 75]], np.float32)


def seen(count: int) -> list[tuple[Frame, Scene]]:
    image = np.random.default_rng(1).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    track = Track(1, Box(60, 40, 40, 50), LANDMARKS, 0.9, TrackState.CONFIRMED, 9, 0)
    return [(Frame(i, i / 15, i / 15, image), Scene(i, i / 15, i / 15, 160, 120, (track,))) for i in range(count)]


def test_every_step_is_measured_and_the_share_adds_up() -> None:
    settings = Settings()
    found = preview_cost(settings, seen(12), 20)
    for step in ("hide", "jpeg", "hand_over"):
        assert found[step]["count"] == 20 and found[step]["median_ms"] > 0
    assert found["follow"]["count"] == 12 and found["bytes"] > 500
    least = 5 * sum(found[step]["median_ms"] for step in ("hide", "jpeg", "hand_over")) / 1000
    assert 0.3 * least < found["share"] < 1.0
    text = "\n".join(described(found))
    assert "JPEG by OpenCV" in text and "share of one core at 5 pictures a second" in text


def test_what_is_timed_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_face.evaluation import preview

    hidden: list[int] = []
    real = preview.anonymize_as
    monkeypatch.setattr(preview, "anonymize_as",
                        lambda privacy, image, regions, **more: hidden.append(len(regions)) or real(privacy, image, regions, **more))
    preview_cost(Settings(), seen(12), 5)
    assert hidden and min(hidden) >= 1
