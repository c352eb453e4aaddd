"""What a board with 512 MB leaves out."""

from __future__ import annotations

from dataclasses import replace

from edge_face.settings import Settings


def small(settings: Settings) -> Settings:
    """The settings for a board with 512 MB: no second stream, one small detector, no pictures handed out and no films of events. Pictures
    of events, where they are wanted, cost nothing until something happens; then the line in which pictures wait stays."""
    return replace(settings, camera=replace(settings.camera, detail_width=0),
                   vision=replace(settings.vision, input="320x240", precision="int8", threads=1, sweep_every=0),
                   privacy=replace(settings.privacy, delay=settings.privacy.delay if settings.recorder.events else 0),
                   recorder=replace(settings.recorder, clips=False), service=replace(settings.service, preview_fps=0.0),
                   kiosk=replace(settings.kiosk, fps=0.0))
