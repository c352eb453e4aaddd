"""What can go wrong with a training run, in one sentence each."""

from __future__ import annotations

from edge_face.errors import EdgeFaceError


class TrainingError(EdgeFaceError):
    """A run cannot go on: the loss is no number, the state cannot be saved, the data do not carry the recipe."""
