"""How well embeddings tell people apart, on the people held out for choosing checkpoints."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from converter.training.face_shards import TrainingFaces
from edge_face.types import Floats

RATES = (1e-2, 1e-3, 1e-4)
DECIDING = 30
"""Impostor pairs that must lie above a threshold before a rate is read from them."""
MOST = 2000
"""Faces that are compared, all with all."""


def joined(outputs: Floats, parts: tuple[int, ...]) -> Floats:
    """Outputs [N,D] as unit embeddings, each part normalised by itself (`embedder_losses.joined` in numpy)."""
    edges = np.cumsum((0, *parts))
    pieces = [outputs[:, a:b] for a, b in pairwise(edges)]
    unit = [piece / (np.linalg.norm(piece, axis=1, keepdims=True) + 1e-8) for piece in pieces]
    return np.asarray(np.concatenate(unit, axis=1) / len(parts) ** 0.5, np.float32)


def figures(embeddings: Floats, person: NDArray[np.int32]) -> dict[str, float]:
    """TAR at FMR 1e-2, 1e-3 and 1e-4 over all pairs ("tar_0.01", …), as far as enough impostor pairs carry them, and the
    area under the ROC ("auc"). person int[N], -1 = unlabelled: somebody else than every labelled one. Empty without a pair
    of either kind."""
    rows, columns = np.triu_indices(len(embeddings), 1)
    same = person[rows] == person[columns]
    scores = (embeddings @ embeddings.T)[rows, columns]
    genuine, impostor = scores[same & (person[rows] >= 0)], np.sort(scores[~same])
    if not len(genuine) or not len(impostor):
        return {}
    below = np.searchsorted(impostor, genuine, "left") + np.searchsorted(impostor, genuine, "right")
    out = {"auc": float(below.mean() / (2 * len(impostor)))}
    for rate in RATES:
        above = int(len(impostor) * rate)
        if above >= DECIDING:
            out[f"tar_{rate:g}"] = float((genuine > impostor[-above - 1]).mean())
    return out


def some(faces: TrainingFaces, most: int = MOST) -> NDArray[np.int64]:
    """Indices of at most `most` faces, whole people, the same ones each time."""
    if len(faces) <= most:
        return np.arange(len(faces))
    order = np.random.default_rng(0).permutation(faces.people)
    rank = np.argsort(order)[np.maximum(faces.person, 0)]
    rank[faces.person < 0] = faces.people
    return np.sort(np.argsort(rank, kind="stable")[:most])


def teacher_cosines(embeddings: Floats, teacher: Floats, parts: tuple[int, ...]) -> dict[str, float]:
    """Mean cosine to each teacher ("cos_a", "cos_b", …), both joined."""
    edges = np.cumsum((0, *parts))
    return {f"cos_{chr(97 + i)}": float(len(parts) * (embeddings[:, a:b] * teacher[:, a:b]).sum(1).mean())
            for i, (a, b) in enumerate(pairwise(edges))}
