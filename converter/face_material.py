"""Embeds what threshold tables are made of: the stills of people, and looks made from some of them, by every file of a
bundle, in a few threads (the interpreter leaves Python's lock while it runs)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import local

import numpy as np
import numpy.typing as npt

from converter.faces import MARGIN, FaceSet, people
from converter.track_views import looks
from edge_face.errors import MediaError
from edge_face.vision.bundle import Bundle, load_bundle
from edge_face.vision.embedder import Embedder

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
Pictures = npt.NDArray[np.uint8]
VIEWS = 16
"""Looks of a still."""
TRACK_STILLS = 4
"""Most stills of a person of which looks are made."""
CHUNK = 24
"""Stills that a thread works on at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """`people`: rows of each person's stills in an order drawn by chance; the first `TRACK_STILLS` of them may have
    looks. `stills` (n, dimension) by precision; `looks` (m, views, dimension) by precision, `weights` (m, views) with 0
    for looks that the door would not embed, `looks_of` (n,) rows of `looks` or -1."""

    people: Mapping[int, Indices]
    stills: Mapping[str, Floats]
    looks: Mapping[str, Floats]
    weights: Floats
    looks_of: Indices

    def tracked(self, person: int) -> list[int]:
        """Rows of the stills of a person that have looks good enough to be embedded."""
        return [int(row) for row in self.people[person][:TRACK_STILLS] if self.looks_of[row] >= 0]


def embed_material(bundle: Path, faces: FaceSet, workers: int = 1, views: int = VIEWS, seed: int = 0,
                   step: Callable[[int], None] = lambda count: None, say: Callable[[str], None] = lambda text: None) -> Material:
    """Everything that a table needs. `faces` come with their margin (128x128). Pictures without exactly one face are
    left out and counted. Raises EdgeFaceError."""
    random = np.random.default_rng(seed)
    drawn = {name: random.permutation(rows) for name, rows in people(faces.identity).items()}
    moving = {int(row) for rows in drawn.values() for row in rows[:TRACK_STILLS]}
    maker = _Maker(load_bundle(bundle, "embedder"), views, seed)
    pieces: list[tuple[list[int], _Piece]] = []
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[tuple[list[int], Future[_Piece]]] = deque()
        try:
            for numbers, crops in _chunks(faces):
                waiting.append((numbers, pool.submit(maker.make, crops, [n if n in moving else None for n in numbers])))
                if len(waiting) > 2 * workers:
                    pieces.append(_next(waiting, step))
            while waiting:
                pieces.append(_next(waiting, step))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    kept = [number for numbers, _ in pieces for number in numbers]
    if len(kept) < len(faces):
        say(f"{len(faces) - len(kept)} pictures do not show exactly one face and are left out")
    if not kept:
        raise MediaError("no picture shows exactly one face: nothing can be measured")
    return _joined(kept, [piece for _, piece in pieces], drawn, maker.precisions)


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """What was made of one chunk: by precision; `having` are the places of the stills that got looks."""

    stills: dict[str, Floats]
    looks: dict[str, Floats]
    weights: Floats
    having: list[int]


def _next(waiting: deque[tuple[list[int], Future[_Piece]]], step: Callable[[int], None]) -> tuple[list[int], _Piece]:
    numbers, future = waiting.popleft()
    piece = future.result()
    step(len(numbers))
    return numbers, piece


def _joined(kept: list[int], pieces: list[_Piece], drawn: Mapping[int, Indices], precisions: list[str]) -> Material:
    row_of = {number: row for row, number in enumerate(kept)}
    weights = np.concatenate([piece.weights for piece in pieces])
    good: npt.NDArray[np.bool_] = np.asarray((weights > 0).any(axis=1))
    looks_of = np.full(len(kept), -1, np.int64)
    base = made = 0
    for piece in pieces:
        for place in piece.having:
            looks_of[base + place] = made
            made += 1
        base += len(next(iter(piece.stills.values())))
    has = looks_of >= 0
    looks_of[has] = np.where(good[looks_of[has]], looks_of[has], -1)
    rows = {name: np.array([row_of[int(n)] for n in numbers if int(n) in row_of], np.int64) for name, numbers in drawn.items()}
    return Material({name: found for name, found in rows.items() if len(found)},
                    {p: np.concatenate([piece.stills[p] for piece in pieces]) for p in precisions},
                    {p: np.concatenate([piece.looks[p] for piece in pieces]) for p in precisions}, weights, looks_of)


def _chunks(faces: FaceSet) -> Iterator[tuple[list[int], Pictures]]:
    numbers: list[int] = []
    crops: list[Pictures] = []
    for number in range(len(faces)):
        crop = faces.read(number)
        if crop is not None:
            numbers.append(number)
            crops.append(crop)
        if len(numbers) == CHUNK:
            yield numbers, np.stack(crops)
            numbers, crops = [], []
    if numbers:
        yield numbers, np.stack(crops)


class _Maker:
    """Embeds chunks by all files of a bundle; each thread has interpreters of its own."""

    def __init__(self, bundle: Bundle, views: int, seed: int) -> None:
        self.precisions = [file.precision for file in bundle.files]
        self._bundle, self._views, self._seed = bundle, views, seed
        self._own = local()

    def make(self, crops: Pictures, numbers: list[int | None]) -> _Piece:
        """Stills, and looks of those that have a number."""
        plain = np.ascontiguousarray(crops[:, MARGIN:-MARGIN, MARGIN:-MARGIN])
        having = [place for place, number in enumerate(numbers) if number is not None]
        made = [looks(crops[place], self._views, (self._seed, numbers[place] or 0)) for place in having]
        stills, moving = {}, {}
        for embedder in self._embedders():
            stills[embedder.precision] = np.stack([embedder.embed(face) for face in plain])
            moving[embedder.precision] = np.array([[embedder.embed(face) for face in faces] for faces, _ in made],
                                                  np.float32).reshape(len(made), self._views, embedder.dimension)
        weights = np.array([weight for _, weight in made], np.float32).reshape(len(made), self._views)
        return _Piece(stills, moving, weights, having)

    def _embedders(self) -> list[Embedder]:
        if not hasattr(self._own, "embedders"):
            self._own.embedders = [Embedder(self._bundle, precision) for precision in self.precisions]
        found: list[Embedder] = self._own.embedders
        return found
