"""The ways of hiding that are attacked, and the attackers that were trained for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge_face.errors import ModelError, UsageError
from edge_face.evaluation.embedding_run import FaceEmbedder
from edge_face.media.paths import shown
from edge_face.privacy.registry import anonymizer
from edge_face.privacy.strengths import power_for
from edge_face.types import Floats, Image
from edge_face.vision.align import SIZE, TEMPLATE, placed
from edge_face.vision.runtime import Interpreter

UNDO, TUNED = "undo", "embedder"
"""Files of an attacker: a network that makes faces of hidden ones, and an embedder that was trained on hidden faces."""

MARGIN = 8
"""Pixels around the aligned face that an undoing network may see."""
WIDE = SIZE + 2 * MARGIN


@dataclass(frozen=True, slots=True)
class Way:
    """A method at a strength, with its option; `amount` and the identity `removed` are what the strength stands for."""

    method: str
    strength: float
    option: str = ""

    @classmethod
    def read(cls, method: str, strength: float, option: str = "") -> Way:
        """Raises UsageError for a method that there is none of, or a strength that is none."""
        anonymizer(method)
        if not 0.0 <= strength <= 1.0:
            raise UsageError(f"--strengths {strength:g}: a strength is 0 to 1")
        return cls(method, strength, option)

    @property
    def name(self) -> str:
        return f"{self.method}{f' ({self.option})' if self.option else ''} {self.strength:g}"

    @property
    def amount(self) -> float:
        return power_for(self.method, self.strength, self.option).amount

    @property
    def removed(self) -> float:
        """As calibrated; what the attacks find is another matter."""
        return power_for(self.method, self.strength, self.option).removed


def ways_of(methods: Sequence[str], strengths: Sequence[float], option: str = "") -> tuple[Way, ...]:
    """Each method at each strength; of strengths that come to the same amount of a method the least, and of a method that does the same
    at any amount the last. `option` goes to the methods that take it. Raises UsageError."""
    from edge_face.privacy.options import check_option

    found: list[Way] = []
    for method in dict.fromkeys(methods):
        own = option
        try:
            check_option(method, option)
        except UsageError:
            own = ""
        asked = [Way.read(method, strength, own) for strength in sorted(set(strengths))]
        least = power_for(method, 0.0, own)
        if least.most and least.removed == least.most:  # as solid: the same picture at any amount
            asked = asked[-1:]
        found += reversed({way.amount: way for way in reversed(asked)}.values())
    return tuple(found)


class Undo:
    """A network that was trained to turn hidden faces into clear ones: BGR of 0 to 255, (1, side, side, 3), as its input and as its
    output "picture", side = 128 with the aligned face's margin or 112 without. One instance for each thread. Raises ModelError for
    another network."""

    def __init__(self, path: Path) -> None:
        self._name = shown(path)
        self._interpreter = _interpreter(path, (SIZE, WIDE))
        self._wide = self._interpreter.inputs[0].shape[1] == WIDE
        side = WIDE if self._wide else SIZE
        self._output = self._interpreter.output_names({"picture": (1, side, side, 3)})["picture"]

    def restore(self, wide: Image) -> Image:
        """The face (112x112 BGR) that it makes of an aligned hidden one with its margin (128x128 BGR). Raises ModelError."""
        found = self._interpreter.run(wide if self._wide else narrow(wide))[self._output][0]
        if not np.isfinite(found).all():
            raise ModelError(f"{self._name} gave a picture of values that are no numbers: make it again")
        face: Image = np.asarray(np.clip(found + 0.5, 0, 255), np.uint8)
        return narrow(face) if self._wide else face


class Tuned:
    """An embedder that was trained on hidden faces: RGB of 0 to 255, (1, 112, 112, 3), and numbers whose `parts` are brought to length
    1 each; face and mirror image are looked at. One instance for each thread. Raises ModelError for another network."""

    def __init__(self, path: Path, parts: Sequence[int]) -> None:
        self._name = shown(path)
        self._interpreter = _interpreter(path, (SIZE,))
        count = sum(parts)
        self._output = self._interpreter.output_names({"embedding": (1, count)})["embedding"]
        ends = np.cumsum(parts).tolist()
        self._parts = [slice(end - length, end) for end, length in zip(ends, parts, strict=True)]

    def embed(self, face: Image) -> Floats:
        """A unit vector for an aligned face (112x112 BGR), hidden or clear. Raises ModelError."""
        return self._unit(self._look(face) + self._look(np.ascontiguousarray(face[:, ::-1])))

    def _look(self, face: Image) -> Floats:
        return self._unit(self._interpreter.run(face[:, :, ::-1])[self._output].reshape(-1))

    def _unit(self, raw: Floats) -> Floats:
        found = np.empty(len(raw), np.float32)
        for part in self._parts:
            length = float(np.linalg.norm(raw[part]))
            if not 1e-6 < length < np.inf:  # NaN fails both
                raise ModelError(f"{self._name} gave an embedding of length {length}: make it again")
            found[part] = raw[part] / np.float32(length * len(self._parts) ** 0.5)
        return found


def _interpreter(path: Path, sides: Sequence[int]) -> Interpreter:
    found = Interpreter(path.read_bytes(), threads=1, name=shown(path))
    if [tensor.shape for tensor in found.inputs] not in [[(1, side, side, 3)] for side in sides]:
        raise ModelError(f"{shown(path)} takes {[t.shape for t in found.inputs]}: an attacker's network takes aligned faces, "
                         f"(1, {SIZE}, {SIZE}, 3)")
    return found


def aligned(image: Image, landmarks: Floats) -> Image:
    """The aligned face with its margin (128x128 BGR). Raises ModelError for landmarks that make no face."""
    return placed(image, landmarks, TEMPLATE + MARGIN, WIDE)[0]


def narrow(wide: Image) -> Image:
    """The aligned face (112x112) without its margin."""
    return np.ascontiguousarray(wide[MARGIN:-MARGIN, MARGIN:-MARGIN])


@dataclass(frozen=True, slots=True, eq=False)
class Attackers:
    """Files by method: what undoes it, and an embedder that was trained on it; `parts` of our embedder, which the latter shares.
    `learned` by way: what a regression learned of it, around the `mean` of our embedder (`privacy_learned`)."""

    undo: dict[str, Path]
    tuned: dict[str, Path]
    parts: tuple[int, ...] = ()
    learned: dict[Way, FaceEmbedder] = field(default_factory=dict)
    mean: Floats | None = None

    @classmethod
    def load(cls, folder: str | None, methods: Sequence[str], parts: Sequence[int] = ()) -> Attackers:
        """From FOLDER/METHOD/undo.tflite and FOLDER/METHOD/embedder.tflite, as far as they are there. Raises ModelError for a folder
        without any, or a file that is no such network."""
        found = cls({}, {}, tuple(parts))
        if folder is None:
            return found
        for method in methods:
            for name, paths in ((UNDO, found.undo), (TUNED, found.tuned)):
                path = Path(folder) / method / f"{name}.tflite"
                if path.is_file():
                    paths[method] = path
        if not found.undo and not found.tuned:
            raise ModelError(f"there is no attacker for {', '.join(methods)} in '{shown(folder)}': METHOD/{UNDO}.tflite and "
                             f"METHOD/{TUNED}.tflite are expected (docs/privacy-attacks.md)")
        found.runners()  # before minutes of work
        return found

    def runners(self) -> Runners:
        """Networks of one's own: one thread each. Raises ModelError."""
        return Runners({name: Undo(path) for name, path in self.undo.items()},
                       {name: Tuned(path, self.parts) for name, path in self.tuned.items()}, self.learned, self.mean)


@dataclass(frozen=True, slots=True, eq=False)
class Runners:
    """The attackers' networks, ready to run."""

    undo: dict[str, Undo]
    tuned: dict[str, Tuned]
    learned: dict[Way, FaceEmbedder]
    mean: Floats | None

    def looks(self, way: Way, ours: FaceEmbedder, wide: Image) -> dict[str, Floats]:
        """Embeddings of an aligned hidden face with its margin (128x128 BGR) by attacker: "ours", and "undo", "tuned" and "learned"
        where there are any for the way."""
        face = narrow(wide)
        found = {"ours": ours.embed(face).copy()}
        if way.method in self.undo:
            found["undo"] = ours.embed(self.undo[way.method].restore(wide)).copy()
        if way.method in self.tuned:
            found["tuned"] = self.tuned[way.method].embed(face)
        if way in self.learned:
            found["learned"] = self.learned[way].embed(face)
        return found

    def clear(self, ours: FaceEmbedder, wide: Image) -> dict[str, Floats]:
        """Embeddings of an aligned clear face with its margin to compare with: "ours", "learned", and under its method each tuned
        one's."""
        face = narrow(wide)
        found = {"ours": ours.embed(face).copy(), **{method: tuned.embed(face) for method, tuned in self.tuned.items()}}
        if self.mean is not None:
            apart = found["ours"] - self.mean
            found["learned"] = (apart / max(float(np.linalg.norm(apart)), 1e-9)).astype(np.float32)
        return found
