"""Material for the evaluations: the bundled people as pictures of LFW, and people who are directions in a plane."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from edge_face.demo import people, stills
from edge_face.evaluation.embedding_run import Embedded


def lfw_folder(home: Path, names: tuple[str, ...] | None = None, each: int = 3) -> Path:
    """`home`/ana/ana_0001.jpg ...: bundled stills under LFW's names."""
    for name in names or people():
        (home / name).mkdir(parents=True)
        for number, still in enumerate(stills(name)[:each], 1):
            shutil.copy(still, home / name / f"{name}_{number:04d}.jpg")
    return home


def random_people(count: int, each: int, noise: float = 0.6, dimension: int = 32, seed: int = 0,
                  lost: tuple[int, ...] = ()) -> tuple[Embedded, np.ndarray]:
    """Unit vectors around random directions, and whose each is. `lost`: pictures without a face."""
    random = np.random.default_rng(seed)
    person = np.repeat(np.arange(count), each)
    vectors = random.standard_normal((count, dimension))[person] + noise * random.standard_normal((count * each, dimension))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    found = np.ones(len(person), bool)
    found[list(lost)] = False
    vectors[~found] = 0
    return Embedded(vectors, found, dict.fromkeys(lost, "no face found")), person
