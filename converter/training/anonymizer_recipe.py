"""What a recipe of an anonymizer, or of the net that undoes one, may say beyond the common sections."""

from __future__ import annotations

from dataclasses import dataclass

from converter.training.anonymizer_data import Filter
from converter.training.hidden_faces import Hidden
from converter.training.recipe import ranged
from converter.training.recipe_parts import Common


@dataclass(frozen=True)
class Data:
    """`faces`: at most so many aligned ones; `portraits`: the share of patches cut from labelled portraits, where there are any; `jitter`:
    how much of the rough placement is kept; `workers`: processes that make patches."""

    faces: int = ranged(20000, 1, 1_000_000)
    portraits: float = ranged(0.3, 0, 1)
    jitter: float = ranged(1.0, 0, 2)
    workers: int = ranged(1, 1, 64)


@dataclass(frozen=True)
class Target:
    """What is painted: the face through `filter`, as wide as the base's cells; these are drawn, `fewest` to `most` across a patch."""

    filter: Filter = "gaussian"
    fewest: float = ranged(1.5, 1, 64)
    most: float = ranged(24.0, 1, 64)

    def __post_init__(self) -> None:
        if self.fewest > self.most:
            raise ValueError("fewest is above most")


@dataclass(frozen=True)
class Identity:
    """The door's embedder beside the mean squared error. Hiding: 1 - cosine to nobody's direction; undoing: 1 - cosine to the sharp
    face's. `judge`: a .keras embedder, empty for the shipped one."""

    weight: float = ranged(0.01, 0, 100)
    judge: str = ""


@dataclass(frozen=True, kw_only=True)
class AnonymizerRecipe(Common):
    """A recipe with `task = "anonymizer"`; `network` are the keywords of `anonymizer_net.build`. With `[undo]` the direction is turned
    round: from faces that a method has hidden to the sharp ones."""

    data: Data = Data()
    target: Target = Target()
    undo: Hidden | None = None
    identity: Identity | None = None

    def __post_init__(self) -> None:
        if self.task != "anonymizer":
            raise ValueError(f'task is "{self.task}": train it with `edge-face-convert train {self.task}`')
        if self.start.mode not in ("new", "weights"):
            raise ValueError('[start] mode must be "new", or "weights" with --init')
