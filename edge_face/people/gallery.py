"""The gallery: whom an embedding shows. Best score over a person's templates; what decides is the exact float32 cosine, or of
protected templates the cosine that their code gives (`edge_face.people.cancelable`).

Built once from the people of the store and never changed: when somebody is added or forgotten, another one is built.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_face.memory import wipe_with
from edge_face.people.cancelable import Code
from edge_face.people.faces_index import Coded, FacesIndex, coded_by_key
from edge_face.people.person import Person, of_model
from edge_face.people.rows import Rows
from edge_face.people.thresholds import Threshold, threshold_for, verify_threshold, vote_rate
from edge_face.types import Floats, Match

NOBODY = -1.0
"""The score when there is nobody to compare with."""
VERIFY_RATE = 1e-3
"""False matches for each approach when a face is compared with one claimed person, unless the settings say otherwise."""
_BLOCK = 1024


class Gallery:
    """Everybody who may be recognised, by one embedder. `people` ids, `rows` (n, d) unit vectors, `owners` (n,) indices
    into `people`, sorted; `coded`: the same for protected templates, those of each key together."""

    def __init__(self, people: tuple[str, ...], rows: Floats, owners: npt.NDArray[np.int64], pooled: Threshold,
                 single: Threshold, *, verify: Threshold | None = None, verify_single: Threshold | None = None,
                 consenting: frozenset[str] = frozenset(),
                 must_enrol_again: tuple[str, ...] = (), coded: Sequence[Coded] = ()) -> None:
        self.people = people
        self.threshold = pooled
        """For the pooled embedding of a track: this decides."""
        self.vote_threshold = single
        """For one frame by itself."""
        self.verify_threshold = verify or pooled
        """For the pooled embedding of a track against one claimed person."""
        self._verify_single = verify_single or single
        self.consenting = consenting
        """Ids of those who agreed to be shown sharp."""
        self.must_enrol_again = must_enrol_again
        """Ids of active people who have no template of this embedder."""
        self._index = FacesIndex(rows, owners, coded)
        self._numbers = {person: number for number, person in enumerate(people)}

    @classmethod
    def build(cls, people: Iterable[Person], embedder_id: str, rate: float, thresholds: Mapping[str, Any],
              verify_rate: float = VERIFY_RATE) -> Gallery:
        """The gallery of all active people who agreed to be recognised, at `rate` false grants for each approach, and at
        `verify_rate` false matches where somebody is claimed.

        `thresholds`: the embedder's own tables (`Bundle.thresholds`). Raises ModelError for a bundle without.
        """
        ids: list[str] = []
        rows = Rows()
        owners: list[int] = []
        codes: list[tuple[Code, int]] = []
        consenting: set[str] = set()
        again: list[str] = []
        for person in people:
            if not person.recognisable:
                continue
            own = of_model(person.templates, embedder_id)
            if not own:
                again.append(person.id)
                continue
            if person.shown:
                consenting.add(person.id)
            plain = [t.embedding for t in own if t.code is None]
            owners += [len(ids)] * len(plain)
            codes += [(t.code, len(ids)) for t in own if t.code is not None]
            ids.append(person.id)
            rows.extend(plain)
        made = cls(tuple(ids), rows.taken(), np.array(owners, np.int64), threshold_for(thresholds, len(ids), rate),
                   threshold_for(thresholds, len(ids), vote_rate(rate), "single"),
                   verify=verify_threshold(thresholds, verify_rate),
                   verify_single=threshold_for(thresholds, 1, vote_rate(verify_rate), "single"), consenting=frozenset(consenting),
                   must_enrol_again=tuple(again), coded=coded_by_key(codes))
        # Rows and codes were copied for this gallery alone: somebody who is erased is gone from memory with it.
        wipe_with(made, *made._index.arrays())
        return made

    def __len__(self) -> int:
        """How many people there are to match with."""
        return len(self.people)

    @property
    def templates(self) -> int:
        return len(self._index)

    def match(self, embedding: Floats, monotonic: float) -> Match:
        """The pooled embedding of a track against everybody. `person` only from the threshold on."""
        best, score, runner_up = self._best(embedding)
        # Written so that a score that is no number matches nobody.
        person = best if score >= self.threshold.similarity else None
        return Match(person, best, score, self.threshold.similarity, runner_up, monotonic)

    def best_single(self, embedding: Floats) -> tuple[str | None, float]:
        """Whom one picture by itself shows, or None, and the best score."""
        best, score, _ = self._best(embedding)
        return (best if score >= self.vote_threshold.similarity else None), score

    def verify(self, person: str, embedding: Floats) -> tuple[float, float]:
        """One claimed person (1:1): the best score over the templates of `person`, NOBODY for whoever is not enrolled or for no
        numbers, and the threshold that the score of a track's pool must reach."""
        return self._own_score(person, embedding), self.verify_threshold.similarity

    def verifies(self, person: str, embedding: Floats) -> bool:
        """Does one picture by itself show `person`? Held to the votes' rate; the pool decides (`verify`)."""
        return self._own_score(person, embedding) >= self._verify_single.similarity

    def scores(self, embedding: Floats) -> dict[str, float]:
        """The best score of everybody, for explanations; slow in large galleries."""
        best = np.full(len(self.people), NOBODY, np.float32)
        for owners, found in self._index.all_scores(embedding):
            np.maximum.at(best, owners, found)
        return {person: float(score) for person, score in zip(self.people, best, strict=True)}

    def confusable(self) -> Iterator[tuple[str, str, float]]:
        """Pairs of people of whom two templates are more alike than the door's threshold, each pair once with its best
        score. Compares everybody with everybody."""
        found: dict[tuple[int, int], float] = {}
        rows, owners = self._index.directions()
        for start in range(0, len(rows), _BLOCK):
            scores = rows[start:start + _BLOCK] @ rows[start:].T
            for i, j in zip(*np.nonzero(scores >= self.threshold.similarity), strict=True):
                a, b = int(owners[start + i]), int(owners[start + j])
                if a != b:
                    pair = (min(a, b), max(a, b))
                    found[pair] = max(found.get(pair, NOBODY), float(scores[i, j]))
        for (a, b), score in sorted(found.items(), key=lambda item: -item[1]):
            yield self.people[a], self.people[b], score

    def _own_score(self, person: str, embedding: Floats) -> float:
        if (number := self._numbers.get(person)) is None:
            return NOBODY
        score = float(self._index.own(number, embedding).max(initial=NOBODY))
        return score if math.isfinite(score) else NOBODY

    def _best(self, embedding: Floats) -> tuple[str | None, float, float]:
        """The best person, their score, and the best score of anybody else."""
        if not self.people:
            return None, NOBODY, NOBODY
        owners, scores = self._index.candidates(embedding)
        if not np.isfinite(scores).all():
            return None, NOBODY, NOBODY
        first = int(np.argmax(scores))
        others = scores[owners != owners[first]]
        runner_up = float(others.max()) if others.size else NOBODY
        return self.people[owners[first]], float(scores[first]), runner_up
