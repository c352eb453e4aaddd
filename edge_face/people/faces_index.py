"""Templates of a gallery, plain ones and protected ones of each key, and whose each is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_face.people.cancelable import Code
from edge_face.people.code_index import CodeIndex
from edge_face.people.search import SearchIndex
from edge_face.types import Floats

Owners = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Codes of one key, and the number of the person whom each is of, sorted."""

    index: CodeIndex
    owners: Owners


def coded_by_key(codes: Iterable[tuple[Code, int]]) -> tuple[Coded, ...]:
    """Codes and their people's numbers, which rise, by key and length. One group is the rule; more of them cost a search each."""
    groups: dict[tuple[str, int], list[tuple[Code, int]]] = {}
    for code, owner in codes:
        groups.setdefault((code.projection.fingerprint, code.projection.dimension), []).append((code, owner))
    return tuple(Coded(CodeIndex([code for code, _ in group]), np.array([owner for _, owner in group], np.int64))
                 for group in groups.values())


class FacesIndex:
    """`rows` (n, d) unit vectors of `owners` (n,), sorted; and `coded` ones."""

    def __init__(self, rows: Floats, owners: Owners, coded: Sequence[Coded] = ()) -> None:
        self._plain, self._owners, self._coded = SearchIndex(rows), owners, tuple(coded)

    def __len__(self) -> int:
        return len(self._owners) + sum(len(part.index) for part in self._coded)

    def candidates(self, embedding: Floats) -> tuple[Owners, Floats]:
        """Whose templates may be nearest, and their scores."""
        found = []
        if len(self._owners):
            where, scores = self._plain.candidates(embedding)
            found.append((self._owners[where], scores))
        for part in self._coded:
            where, scores = part.index.candidates(embedding)
            found.append((part.owners[where], scores))
        if len(found) == 1:
            return found[0]
        return np.concatenate([owners for owners, _ in found]), np.concatenate([scores for _, scores in found])

    def all_scores(self, embedding: Floats) -> Iterator[tuple[Owners, Floats]]:
        """Whose, and the score of every one."""
        if len(self._owners):
            yield self._owners, self._plain.all_scores(embedding)
        for part in self._coded:
            yield part.owners, part.index.all_scores(embedding)

    def own(self, owner: int, embedding: Floats) -> Floats:
        """The scores of one person's templates; may be none."""
        start, end = np.searchsorted(self._owners, (owner, owner + 1))
        parts = [self._plain.rows[start:end] @ np.asarray(embedding, np.float32)] if end > start else []
        for part in self._coded:
            start, end = np.searchsorted(part.owners, (owner, owner + 1))
            if end > start:
                parts.append(part.index.own(start, end, embedding))
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def directions(self) -> tuple[Floats, Owners]:
        """All of them as (n, d) unit vectors, and whose they are."""
        rows = [self._plain.rows] if len(self._owners) else []
        rows += [part.index.directions() for part in self._coded]
        owners = [self._owners, *(part.owners for part in self._coded)]
        return (np.concatenate(rows) if rows else np.zeros((0, 1), np.float32)), np.concatenate(owners)

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Everything in it that tells of a face."""
        return [*self._plain.arrays(), *(array for part in self._coded for array in part.index.arrays())]
