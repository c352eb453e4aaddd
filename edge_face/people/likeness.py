"""Whom new templates look like: the person who is enrolled already, and the sibling whom the door could confuse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_face.people.cancelable import Code
from edge_face.people.faces_index import Coded, coded_by_key
from edge_face.people.person import Person, Template, of_model
from edge_face.people.thresholds import threshold_for
from edge_face.types import Floats


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody whom new templates look like. `same`: the score that decides at the door is reached, so that the face
    belongs to them already (or to a twin); otherwise single pictures are as alike as the door's rate allows."""

    person: str
    score: float
    needed: float
    same: bool


class Likeness:
    """Everybody with templates of one embedder, in whatever state; grows as people are added."""

    def __init__(self, people: Iterable[Person], model: str, rate: float, thresholds: Mapping[str, Any]) -> None:
        self._model, self._rate, self._thresholds = model, rate, thresholds
        self._rows: Floats = np.zeros((0, 0), np.float32)
        self._used = 0
        self._owners: list[int] = []
        self._codes: list[tuple[Code, int]] = []
        self._coded: tuple[Coded, ...] | None = ()
        self._people: list[str] = []
        for person in people:
            self.add(person)

    def add(self, person: Person) -> None:
        """One more person."""
        own = of_model(person.templates, self._model)
        if not own:
            return
        plain = [t.embedding for t in own if t.code is None]
        if plain and self._used + len(plain) > len(self._rows):
            grown = np.zeros((max(2 * len(self._rows), 64, self._used + len(plain)), plain[0].size), np.float32)
            grown[:self._used] = self._rows[:self._used] if self._used else 0.0
            self._rows = grown
        for vector in plain:
            self._rows[self._used] = vector
            self._used += 1
        self._owners += [len(self._people)] * len(plain)
        if codes := [(t.code, len(self._people)) for t in own if t.code is not None]:
            self._codes += codes
            self._coded = None
        self._people.append(person.id)

    def alike(self, templates: Sequence[Template], but: str | None = None) -> list[Alike]:
        """Whom these templates of one person look like, the most alike first; `but`: the person's own id."""
        own = of_model(templates, self._model)
        if not own or not self._people:
            return []
        count = len(self._people) + (but not in self._people)
        pooled = threshold_for(self._thresholds, count, self._rate).similarity
        single = threshold_for(self._thresholds, count, self._rate, "single").similarity
        vectors = np.stack([t.direction for t in own])
        mean = vectors.mean(axis=0)
        # One row for each new template, and last the mean of all, as the door pools the pictures of an approach.
        probes = np.vstack([vectors, mean / max(float(np.linalg.norm(mean)), 1e-6)])
        best = np.full((len(self._people), len(probes)), -1.0, np.float32)
        if self._used:
            np.maximum.at(best, np.array(self._owners), self._rows[:self._used] @ probes.T)
        if self._coded is None:
            self._coded = coded_by_key(self._codes)
        for part in self._coded:
            np.maximum.at(best, part.owners, part.index.all_scores(probes.T))
        found = []
        for index in np.flatnonzero((best[:, -1] >= pooled) | (best[:, :-1].max(axis=1) >= single)):
            if self._people[index] == but:
                continue
            same = bool(best[index, -1] >= pooled)
            score = float(best[index, -1] if same else best[index, :-1].max())
            found.append(Alike(self._people[index], score, pooled if same else single, same))
        return sorted(found, key=lambda a: (not a.same, -a.score))
