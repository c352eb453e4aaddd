"""How long a gallery takes to match, with embeddings and with codes."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from edge_face.people.cancelable import Protection
from edge_face.people.code_index import CodeIndex
from edge_face.people.search import SearchIndex

TEMPLATES = 4
LOOKS = 200


@dataclass(frozen=True, slots=True)
class Speed:
    """Median milliseconds of one look over everybody, and bytes of the templates in memory."""

    people: int
    plain_ms: float
    coded_ms: float
    plain_bytes: int
    coded_bytes: int
    found: int
    """Looks of which the codes name the same template as the embeddings do, of LOOKS that are 0.6 alike to one."""


def measure_speed(dimension: int, people: int = 1000, seed: int = 0) -> Speed:
    """Over made-up unit vectors, one thread of this machine."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((people * TEMPLATES, dimension)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    aside = rng.standard_normal((LOOKS, dimension)).astype(np.float32)
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    looks = 0.6 * rows[rng.integers(len(rows), size=LOOKS)] + 0.8 * aside
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    projection = Protection.new().projection(dimension)
    plain, coded = SearchIndex(rows), CodeIndex([projection.encode(row) for row in rows])
    results, times = [], []
    for index in (plain, coded):
        names, took = [], []
        for look in looks:
            begun = time.perf_counter()
            where, scores = index.candidates(look)
            best = int(np.argmax(scores))
            took.append(time.perf_counter() - begun)
            names.append(int(where[best]))
        results.append(names)
        times.append(1000 * float(np.median(took)))
    same = sum(a == b for a, b in zip(*results, strict=True))
    return Speed(people, times[0], times[1], plain.bytes, coded.bytes, same)
