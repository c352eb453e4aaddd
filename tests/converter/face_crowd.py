"""Made-up material of threshold tables: people are directions, stills differ much, looks of a still little."""

from __future__ import annotations

import numpy as np

from converter.face_material import TRACK_STILLS, Material
from converter.faces import people


def _unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def crowd(persons: int, pictures: int, views: int = 6, seed: int = 0, dimension: int = 16) -> Material:
    """`persons` with `pictures` stills each, by one precision."""
    random = np.random.default_rng(seed)
    identity = np.repeat(np.arange(persons), pictures)
    centres = _unit(random.normal(size=(persons, dimension)))
    stills = _unit(centres[identity] + 0.6 * random.normal(size=(len(identity), dimension)) / np.sqrt(dimension))
    rows = {name: random.permutation(found) for name, found in people(identity).items()}
    moving = np.sort(np.concatenate([found[:TRACK_STILLS] for found in rows.values()]))
    looks_of = np.full(len(identity), -1, np.int64)
    looks_of[moving] = np.arange(len(moving))
    looks = _unit(stills[moving][:, None] + 0.2 * random.normal(size=(len(moving), views, dimension)) / np.sqrt(dimension))
    weights = random.uniform(0.4, 1.0, (len(moving), views)).astype(np.float32)
    return Material(rows, {"int8": stills}, {"int8": looks}, weights, looks_of)
