"""What a recipe of an embedder may say beyond the common sections."""

from __future__ import annotations

from dataclasses import dataclass, field

from converter.training.face_augment import Augmentation
from converter.training.hidden_faces import Hidden
from converter.training.recipe import ranged
from converter.training.recipe_parts import Common


@dataclass(frozen=True)
class Data:
    """`path` (or --data): shards, a folder per person, a CSV. `size`: side of the faces that the net takes, px.

    `held_out`: a file of names, or a folder, of people who are for testing: found among the pictures they are refused.

    With `people` and `faces` above 0 a batch is that many people with that many faces each, whoever has how many
    pictures (class-balanced); else every face comes once in each pass.
    """

    path: str = ""
    held_out: str = ""
    size: int = ranged(112, 16, 112)
    people: int = ranged(0, 0, 4096)
    faces: int = ranged(0, 0, 256)
    workers: int = ranged(1, 1, 64)

    def __post_init__(self) -> None:
        if (self.people > 0) != (self.faces > 0) or self.faces == 1 or self.people == 1:
            raise ValueError("people and faces are set together, each 2 or more, or both 0")


@dataclass(frozen=True)
class Imitation:
    """1 - cosine to each teacher, weighted by `teachers`."""

    weight: float = ranged(1.0, 0, 1000)
    teachers: tuple[float, ...] = ranged((1.0, 0.7), 0, 1000)


@dataclass(frozen=True)
class Neighbours:
    """Who is near whom among `bank` other faces, as the teachers see it."""

    weight: float = ranged(0.3, 0, 1000)
    bank: int = ranged(4096, 1, 65536)
    temperature: float = ranged(0.07, 0.001, 10)


@dataclass(frozen=True)
class Margin:
    """Margin softmax over the labelled people."""

    weight: float = ranged(1.0, 0, 1000)
    margin: float = ranged(0.2, 0, 1)
    scale: float = ranged(32.0, 1, 256)


@dataclass(frozen=True)
class Triplet:
    """Semi-hard triplets within a balanced batch; `margin` in squared Euclidean distance of unit vectors."""

    weight: float = ranged(1.0, 0, 1000)
    margin: float = ranged(0.3, 0, 4)


@dataclass(frozen=True)
class Contrastive:
    """Siamese pairs within a balanced batch; different people are pushed apart up to `margin`, in Euclidean distance of
    unit vectors."""

    weight: float = ranged(1.0, 0, 1000)
    margin: float = ranged(1.0, 0, 2)


@dataclass(frozen=True)
class Losses:
    """Each one that has a section is used; their weighted sum is minimised."""

    imitation: Imitation | None = None
    neighbours: Neighbours | None = None
    margin: Margin | None = None
    triplet: Triplet | None = None
    contrastive: Contrastive | None = None

    def __post_init__(self) -> None:
        if not any((self.imitation, self.neighbours, self.margin, self.triplet, self.contrastive)):
            raise ValueError("name at least one of [losses.imitation], [losses.neighbours], [losses.margin], [losses.triplet], "
                             "[losses.contrastive]")

    @property
    def teachers(self) -> bool:
        """Whether the teachers' embeddings are needed."""
        return self.imitation is not None or self.neighbours is not None

    @property
    def pairs(self) -> bool:
        """Whether a batch must hold several faces of a person."""
        return self.triplet is not None or self.contrastive is not None


@dataclass(frozen=True, kw_only=True)
class EmbedderRecipe(Common):
    """A recipe with task = "embedder". With `hidden` it learns to know people whose faces a method has hidden: an attack."""

    data: Data = Data()
    losses: Losses
    augmentation: Augmentation = field(default_factory=Augmentation)
    hidden: Hidden | None = None

    def __post_init__(self) -> None:
        if self.task != "embedder":
            raise ValueError(f'task is "{self.task}": train it with `edge-face-convert train {self.task}`')
        if self.data.people and self.batch != self.data.people * self.data.faces:
            raise ValueError(f"batch must be people x faces, {self.data.people * self.data.faces}, not {self.batch}")
        if self.losses.pairs and not self.data.people:
            raise ValueError("triplet and contrastive losses need [data] people and faces: several faces of a person in each batch")
