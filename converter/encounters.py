"""Lets strangers come to doors: every person as a stranger before everybody else's door, several times over.

A door knows one person, by three or four templates that are drawn anew for each approach. What a stranger shows is
made in two ways, between which a real track lies: looks of one still (frames of a moment, but with that still's errors
in every look), and looks of several stills, one after the other (less alike than frames of one approach ever are).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from converter.approaches import NOBODY, Floats, Votes, best_of, deciding, trace
from converter.face_material import Material
from edge_face.errors import ModelError

TEMPLATES = (3, 4)
"""Fewest and most templates of a person."""
LOOKS = 30
"""Looks of an approach: two seconds at 15 a second, after which a face that was not recognised has failed."""
FEWEST_STILLS = 2
"""Stills of a stranger who is shown in several."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """`impostor` (rounds, strangers, owners), NOBODY where a person meets themselves; `strangers`, `owners` say who;
    `genuine` is that of people before their own door, by templates of other stills."""

    impostor: Floats
    strangers: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]
    genuine: Floats

    @property
    def same(self) -> npt.NDArray[np.bool_]:
        """(strangers, owners): where a person meets themselves."""
        found: npt.NDArray[np.bool_] = self.strangers[:, None] == self.owners[None]
        return found


class Encounters:
    """Everybody of a set by one file of a bundle. The same seed gives the same encounters.

    Raises ModelError where fewer than two people have enough stills to be known.
    """

    def __init__(self, material: Material, precision: str, rounds: int, seed: int = 0) -> None:
        self.owners = [name for name in sorted(material.people) if len(material.people[name]) >= TEMPLATES[0]]
        if len(self.owners) < 2:
            raise ModelError(f"only {len(self.owners)} people have {TEMPLATES[0]} or more pictures: no false match rate can be measured")
        self._material, self._rounds, self._seed = material, rounds, seed
        self._stills, self._looks = material.stills[precision], material.looks[precision]
        random = np.random.default_rng((seed, 1))
        self._doors = [self._templates(random) for _ in range(rounds)]

    def single(self, made_up: bool, step: Callable[[int], None] = lambda count: None) -> Scores:
        """One picture against one person: a still as it is, or one look of a still (`made_up`)."""
        strangers = [name for name in sorted(self._material.people) if not made_up or self._material.tracked(name)]
        random = np.random.default_rng((self._seed, 2, made_up))
        impostor = np.empty((self._rounds, len(strangers), len(self.owners)), np.float32)
        genuine: list[float] = []
        for turn, door in enumerate(self._doors):
            probes = []
            for name in strangers:
                shown = self._material.tracked(name) if made_up else self._material.people[name].tolist()
                row = int(random.choice(shown))
                probes.append(self._some_looks([row], 1, random)[0][0] if made_up else self._stills[row])
                genuine += [float(best_of(probes[-1][None], own)[0, 0]) for own in self._own_door(name, [row], random)]
            impostor[turn] = best_of(np.stack(probes), door)
            step(len(strangers))
        return self._scores(impostor, strangers, genuine)

    def approaches(self, several: bool, rule: Votes, step: Callable[[int], None] = lambda count: None) -> Scores:
        """Whole approaches, each with the score that decides: of one still, or of `several`."""
        least = FEWEST_STILLS if several else 1
        strangers = [name for name in sorted(self._material.people) if len(self._material.tracked(name)) >= least]
        if len(strangers) < 2:
            raise ModelError(f"only {len(strangers)} people have {least} or more usable pictures: no false match rate can be measured")
        random = np.random.default_rng((self._seed, 3, several))
        impostor = np.empty((self._rounds, len(strangers), len(self.owners)), np.float32)
        genuine: list[float] = []
        for turn, door in enumerate(self._doors):
            for number, name in enumerate(strangers):
                stills = self._material.tracked(name)
                shown = stills if several else [stills[turn % len(stills)]]
                impostor[turn, number] = self._decided(shown, door, rule, random)
                if several:
                    # What the templates leave: at least two stills, or this person is not tried.
                    shown = shown[:len(self._material.people[name]) - TEMPLATES[0]]
                if len(shown) >= least:
                    genuine += [float(self._decided(shown, own, rule, random)[0]) for own in self._own_door(name, shown, random)]
                step(1)
        return self._scores(impostor, strangers, genuine)

    def _decided(self, stills: Sequence[int], door: Floats, rule: Votes, random: np.random.Generator) -> Floats:
        embeddings, weights = self._some_looks(stills, LOOKS, random)
        track = trace(embeddings, weights)
        scores = best_of(np.concatenate([track.pooled, embeddings]), door)
        return deciding(scores[:LOOKS], scores[LOOKS:], track.counted, rule)

    def _some_looks(self, stills: Sequence[int], count: int, random: np.random.Generator) -> tuple[Floats, Floats]:
        """`count` looks, one still after the other, none of a still twice before all were shown."""
        order = random.permutation(np.asarray(stills))
        chosen: list[tuple[int, int]] = []
        for number, still in enumerate(order):
            row = int(self._material.looks_of[still])
            able = np.flatnonzero(self._material.weights[row] > 0)
            share = (number + 1) * count // len(order) - number * count // len(order)
            shown = np.concatenate([random.permutation(able) for _ in range(-(-share // len(able)))] or [able])[:share]
            chosen += [(row, int(view)) for view in shown]
        rows, views = np.array(chosen, np.int64).T
        return self._looks[rows, views], self._material.weights[rows, views]

    def _templates(self, random: np.random.Generator) -> Floats:
        """(most templates, owners, dimension); who has fewer shows one twice."""
        chosen = np.stack([np.resize(random.permutation(self._material.people[name])[:TEMPLATES[1]], TEMPLATES[1]) for name in self.owners])
        found: Floats = self._stills[chosen.T]
        return found

    def _own_door(self, name: int, shown: Sequence[int], random: np.random.Generator) -> list[Floats]:
        """The door of the person, known by other stills; none where too few are left."""
        others = [int(row) for row in self._material.people[name] if int(row) not in shown]
        if len(others) < TEMPLATES[0]:
            return []
        return [self._stills[random.permutation(others)[:TEMPLATES[1]]][:, None]]

    def _scores(self, impostor: Floats, strangers: Sequence[int], genuine: Sequence[float]) -> Scores:
        found = Scores(impostor, np.array(strangers, np.int64), np.array(self.owners, np.int64), np.array(genuine, np.float32))
        found.impostor[:, found.same] = NOBODY
        return found
