"""Made-up tracks: views of one picture of a person, as somebody who comes nearer is seen, frame by frame.

A stand-in for film: real tracks change pose and expression too, which views of one picture do not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from converter.training.cutting import inner
from converter.training.errors import TrainingError
from converter.training.face_augment import Augmentation, augment
from converter.training.face_shards import TrainingFaces
from edge_face.types import Image
from edge_face.vision.align import TEMPLATE, Aligned
from edge_face.vision.pooling import Pool
from edge_face.vision.quality import assess

Floats = NDArray[np.float32]
Embed = Callable[[Image], Floats]


@dataclass(frozen=True)
class Tracks:
    """For each of P people two pictures, each seen in V views in the order of time: `views` float32[P,2,V,D+1], a unit
    embedding and the quality; `templates` float32[P,2,D], the unit embedding of each picture as it is."""

    views: Floats
    templates: Floats

    def __len__(self) -> int:
        return len(self.views)

    @property
    def dimension(self) -> int:
        return int(self.templates.shape[2])


def quality(face: Image) -> float:
    """What pooling by quality weighs a view with; the pose of an aligned view cannot be known, so its template stands in."""
    marks = TEMPLATE.astype(np.float32)
    return assess(Aligned(face, 0.0, 1.0, 0.0), marks).overall


def make_tracks(faces: TrainingFaces, embed: Embed, how: Augmentation, people: int, views: int, seed: int,
                say: Callable[[str], None] | None = None) -> Tracks:
    """Tracks of up to `people` people with two pictures or more. Raises TrainingError when fewer than two have."""
    order = np.argsort(faces.person, kind="stable")
    starts = np.unique(faces.person[order], return_index=True)[1]
    able = [part for part in np.split(order, starts[1:]) if len(part) > 1 and faces.person[part[0]] >= 0]
    if len(able) < 2:
        raise TrainingError(f"{len(able) or 'no'} people have two or more pictures: a track is compared with another picture, so add some")
    rng = np.random.default_rng((seed, 11))
    chosen = [able[i] for i in np.sort(rng.permutation(len(able))[:people])]
    all_views, templates = [], []
    for number, mine in enumerate(chosen, 1):
        both_views, both = [], []
        for index in rng.permutation(mine)[:2]:
            crop = faces.crops[index]
            # Far away first, then nearer: what is hard about a frame becomes rarer.
            seen = [augment(crop, replace(how, hard=min(1.0, how.hard * (1.8 - 1.4 * at / max(views - 1, 1)))), rng) for at in range(views)]
            both_views.append(np.stack([np.append(embed(face), np.float32(quality(face))) for face in seen]))
            both.append(embed(inner(crop)))
        all_views.append(np.stack(both_views))
        templates.append(np.stack(both))
        if say is not None and number % 100 == 0:
            say(f"embedding tracks: {number} of {len(chosen)} people")
    return Tracks(np.stack(all_views).astype(np.float32), np.stack(templates).astype(np.float32))


def padded(rows: Floats, frames: int) -> Floats:
    """A track's last `frames` rows, led by zeros where it is shorter."""
    out = np.zeros((frames, rows.shape[1]), np.float32)
    out[frames - min(len(rows), frames):] = rows[-frames:]
    return out


def mean_pooled(rows: Floats) -> Floats:
    """The plain mean of a track's embeddings, of length 1."""
    mean = rows[:, :-1].mean(0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-8), np.float32)


def door_pooled(rows: Floats) -> Floats:
    """The door's own pooling: weighed by quality, robust, at most the pool's size."""
    pool = Pool()
    for row in rows:
        pool.add(row[:-1].copy(), float(row[-1]))
    assert pool.embedding is not None
    return pool.embedding


def tar_at(genuine: Floats, impostor: Floats, rate: float) -> float | None:
    """Share of genuine scores above the threshold that `rate` of the impostors reach; None below 30 such impostors."""
    count = int(len(impostor) * rate)
    if count < 30:
        return None
    threshold = np.partition(impostor, -count)[-count]
    return float((genuine >= threshold).mean())
