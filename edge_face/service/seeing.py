"""The pipeline of a door: its models, who is known, and whom a code or card names just now."""

from __future__ import annotations

from collections.abc import Callable

from edge_face.service.books import Roster
from edge_face.service.models import Models
from edge_face.service.vision_thread import Pipeline
from edge_face.settings import Settings


def pipeline_builder(settings: Settings) -> Callable[[Models, Roster], Pipeline]:
    """What makes a pipeline of loaded models for the people of a roster."""
    def build(models: Models, roster: Roster) -> Pipeline:
        from edge_face.vision.pipeline import VisionPipeline

        assert roster.gallery is not None, "a door with models has a gallery"
        return VisionPipeline(settings, models.detector, models.embedder, roster.gallery, sweep=models.sweep, live=models.live)

    return build
