"""What may be wrong with labelled faces: pictures that are there twice, under the wrong name, people who are one or two.

Everything is judged by embeddings, so everything is a suspicion: twins, children and bad pictures look like faults. Pure:
numbers in, suspicions out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from edge_face.errors import ModelError
from edge_face.types import Floats, Image

Indices = npt.NDArray[np.int64]
COPY_PICTURE, COPY_FACE = 0.97, 0.8
"""Correlation of two small grey faces, and cosine of their embeddings, from which they are one picture: saved again,
scaled or slightly cut. Measured in docs/training-data.md."""
CLEARLY = 0.1
"""So much nearer to somebody else than to one's own people, as cosine, is a likely wrong label."""
APART = 0.15
"""Two groups in a folder are so much more alike within than across, as cosine, if they are two people."""
THUMB = 24


@dataclass(frozen=True, slots=True)
class Limits:
    """Cosines, from the tables of the embedder that is used. `same`: one picture against a person is hardly ever by chance
    so high; `far`: a tenth of all strangers are nearer; `centres`: the same as `same` between the means of two people's
    pictures, with its false match rate; `split`: a hundredth of strangers' means are nearer."""

    same: float
    far: float
    centres: float
    centres_rate: float
    split: float

    @classmethod
    def of(cls, thresholds: Mapping[str, Any]) -> Limits:
        """From a manifest's tables. Raises ModelError where they are not there."""
        try:
            single = [(row["fmr"], row["similarity"]) for row in thresholds["single"]["rows"]]
            pooled = [(row["fmr"], row["similarity"]) for row in thresholds["pooled"]["rows"]]
        except (KeyError, TypeError) as error:
            raise ModelError("the embedder has no tables of false match rates: run edge-face-convert calibrate-thresholds on it") from error

        def at(rows: list[tuple[float, float]], rate: float) -> float:
            return min((similarity for fmr, similarity in rows if fmr <= rate * 1.05), default=max(s for _, s in rows))

        rarest = min(fmr for fmr, _ in pooled)
        return cls(at(single, 1e-3), at(single, 0.1), at(pooled, rarest), rarest, at(pooled, 1e-2))


@dataclass(frozen=True, slots=True)
class Labelled:
    """n faces: `embeddings` float32 (n, dimension) of length 1, `thumbs` float32 (n, d) of length 1, `person` int64 (n,)
    numbered from 0."""

    embeddings: Floats
    thumbs: Floats
    person: Indices

    @property
    def people(self) -> int:
        return int(self.person.max(initial=-1)) + 1


@dataclass(frozen=True, slots=True)
class Copy:
    """Two faces that are one picture."""

    first: int
    second: int
    likeness: float


@dataclass(frozen=True, slots=True)
class Misfit:
    """A face whose cosine to its own people is `own` and to the people of `looks_like` (-1: nobody) `other`."""

    face: int
    looks_like: int
    own: float
    other: float


@dataclass(frozen=True, slots=True)
class Twins:
    """Two people who look like one."""

    first: int
    second: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Split:
    """A person whose faces fall into two groups that look like two people; `smaller` are the faces of the lesser one."""

    person: int
    smaller: tuple[int, ...]
    similarity: float


def thumb(crop: Image) -> Floats:
    """A face as THUMB² grey values of mean 0 and length 1, so that a dot product is their correlation."""
    small = cv2.resize(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), (THUMB, THUMB), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-6), np.float32)


def copies(faces: Labelled, block: int = 2048) -> list[Copy]:
    """Pairs of faces that are one picture, most alike first."""
    found = []
    for start in range(0, len(faces.person), block):
        part = slice(start, start + block)
        alike = faces.thumbs[part] @ faces.thumbs.T
        rows, columns = np.nonzero(alike >= COPY_PICTURE)
        rows_all = rows + start
        later = columns > rows_all
        rows, rows_all, columns = rows[later], rows_all[later], columns[later]
        cosine = (faces.embeddings[rows_all] * faces.embeddings[columns]).sum(1)
        found += [Copy(int(a), int(b), round(float(alike[r, b]), 4))
                  for r, a, b, c in zip(rows, rows_all, columns, cosine, strict=True) if c >= COPY_FACE]
    return sorted(found, key=lambda copy: -copy.likeness)


def _sums(faces: Labelled) -> Floats:
    sums = np.zeros((faces.people, faces.embeddings.shape[1]), np.float32)
    np.add.at(sums, faces.person, faces.embeddings)
    return sums


def _unit(x: Floats) -> Floats:
    return np.asarray(x / np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 1e-8), np.float32)


def misfits(faces: Labelled, limits: Limits) -> list[Misfit]:
    """Faces nearer to somebody else's mean than to that of their own other pictures, or like none of those; the clearest
    first. People with one picture cannot be judged."""
    sums, count = _sums(faces), np.bincount(faces.person, minlength=faces.people)
    centres = _unit(sums)
    found = []
    for face in np.flatnonzero(count[faces.person] > 1):
        who, mine = int(faces.person[face]), faces.embeddings[face]
        own = float(mine @ _unit(sums[who] - mine))
        others = centres @ mine
        others[who] = -2.0
        best = int(others.argmax())
        other = float(others[best])
        if other >= limits.same and other > own + CLEARLY:
            found.append(Misfit(int(face), best, own, other))
        elif own < limits.far and count[who] > 2:  # of two that differ nobody can say which is wrong
            found.append(Misfit(int(face), -1, own, other))
    return sorted(found, key=lambda misfit: misfit.own - misfit.other)


def twins(faces: Labelled, limits: Limits) -> list[Twins]:
    """Pairs of people who look like one, most alike first."""
    centres = _unit(_sums(faces))
    found = []
    for first in range(faces.people - 1):
        alike = centres[first + 1:] @ centres[first]
        found += [Twins(first, first + 1 + int(j), float(alike[j])) for j in np.flatnonzero(alike >= limits.centres)]
    return sorted(found, key=lambda pair: -pair.similarity)


def splits(faces: Labelled, limits: Limits) -> list[Split]:
    """People whose pictures look like two people's, two or more of each; the farthest apart first."""
    found = []
    for who in range(faces.people):
        mine = np.flatnonzero(faces.person == who)
        if len(mine) < 4:
            continue
        embeddings = faces.embeddings[mine]
        side = two_groups(embeddings)
        sizes = (int((~side).sum()), int(side.sum()))
        if min(sizes) < 2:
            continue
        a, b = embeddings[~side], embeddings[side]
        between = float(_unit(a.sum(0)) @ _unit(b.sum(0)))
        across = float((a @ b.T).mean())
        within = min(_within(a), _within(b))
        if between < limits.split and within > across + APART:
            smaller = mine[side] if sizes[1] <= sizes[0] else mine[~side]
            found.append(Split(who, tuple(int(i) for i in smaller), between))
    return sorted(found, key=lambda split: split.similarity)


def _within(embeddings: Floats) -> float:
    """Mean cosine of different pairs."""
    n = len(embeddings)
    return float((np.square(np.linalg.norm(embeddings.sum(0))) - n) / (n * (n - 1)))


def two_groups(embeddings: Floats, rounds: int = 20) -> npt.NDArray[np.bool_]:
    """Spherical 2-means from the two faces that are least alike: which of (n, dimension) are in the second group."""
    alike = embeddings @ embeddings.T
    first, second = np.unravel_index(int(alike.argmin()), alike.shape)
    side: npt.NDArray[np.bool_] = alike[second] > alike[first]
    for _ in range(rounds):
        if side.all() or not side.any():
            break
        now: npt.NDArray[np.bool_] = embeddings @ _unit(embeddings[side].sum(0)) > embeddings @ _unit(embeddings[~side].sum(0))
        if (now == side).all():
            break
        side = now
    return side


def groups(digests: Sequence[str]) -> list[tuple[int, ...]]:
    """Indices of files with the same bytes, where there are several."""
    by: dict[str, list[int]] = {}
    for index, digest in enumerate(digests):
        by.setdefault(digest, []).append(index)
    return [tuple(same) for same in by.values() if len(same) > 1]
