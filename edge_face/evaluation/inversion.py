"""The inversion attack: a template is turned back into a face, and the face is shown to the door.

How much of an identity comes back is asked of the door's own embedder, against *other* pictures of the person: what a thief could do
with the painted face elsewhere. It is 1 for the picture itself and 0 where the painted face says no more than a stranger's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from edge_face.errors import ModelError
from edge_face.evaluation.intervals import Interval, drawn_people, interval
from edge_face.evaluation.unlinkability import some_people
from edge_face.people.cancelable import Code, Protection
from edge_face.types import Floats, Image

SIDE = 112
MOST_FACES = 300
DRAWS = 200
CASES = {
    "no key": "a protected template alone",
    "key too": "a protected template and the key",
    "embedding": "a template without protection",
    "picture": "the enrolled picture itself",
}
"""What was stolen, in words, in the order in which it is shown."""
Indices = npt.NDArray[np.int64]
Progress = Callable[[int, int], None]


class Embedder(Protocol):
    """What turns an aligned face into a unit vector."""

    def embed(self, aligned: Image) -> Floats: ...


class Inverter:
    """A decoder of embeddings (`edge-face-convert train inverter`) as a TFLite file: [1, d] -> [1, 112, 112, 3] BGR 0..255. Raises
    ModelError for any other file."""

    def __init__(self, path: Path, dimension: int) -> None:
        from edge_face.vision.runtime import Interpreter

        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"the inverter {path} cannot be read ({error.strerror}): docs/decisions/cancelable-templates.md says how one "
                             "is made") from error
        self._interpreter = Interpreter(content, name=str(path))
        shapes = [[tensor.shape for tensor in tensors] for tensors in (self._interpreter.inputs, self._interpreter.outputs)]
        if shapes != [[(1, dimension)], [(1, SIDE, SIDE, 3)]]:
            raise ModelError(f"{path} is no inverter of embeddings of {dimension} numbers: it takes {shapes[0]} and gives {shapes[1]}")

    def paint(self, vector: Floats) -> Image:
        """(112, 112, 3) BGR."""
        painted = next(iter(self._interpreter.run(vector[None]).values()))[0]
        return np.ascontiguousarray(np.clip(np.rint(painted), 0, 255).astype(np.uint8))


@dataclass(frozen=True, slots=True)
class Back:
    """What came back by one kind of theft. `auc`: pairs of the painted face and another picture of the same person against pairs with
    strangers; `identity`: (auc - 0.5) over that of the enrolled picture; `again`: how often the painted face reaches the door's
    similarity against another picture of the person, `itself`: against the template that was stolen; `cosine`: the mean to it."""

    auc: float
    identity: float
    span: Interval | None
    again: float
    itself: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Inversion:
    """By the names of CASES: `faces` as painted by the inverter (None without one), `vectors` as they are, without painting."""

    tried: int
    similarity: float
    faces: Mapping[str, Back] | None
    vectors: Mapping[str, Back]


def measure_inversion(embeddings: Floats, person: Indices, similarity: float, embedder: Embedder | None = None,
                      inverter: Inverter | None = None, *, seed: int = 0, progress: Progress = lambda done, total: None) -> Inversion:
    """(n, d) unit embeddings, whose each is, and the similarity that a door asks of one picture. Of at most MOST_FACES pictures."""
    chosen = some_people(person, MOST_FACES, seed)
    rows, owners = embeddings[chosen], person[chosen]
    protection, strange = Protection.new().projection(rows.shape[1]), Protection.new().projection(rows.shape[1])
    codes = [protection.encode(row) for row in rows]
    stolen: dict[str, Floats] = {
        "embedding": rows, "key too": np.stack([code.vector() for code in codes]),
        "no key": np.stack([strange.decode(Code(code.bits, code.length, strange)) for code in codes]), "picture": rows,
    }
    vectors = {name: given for name, given in stolen.items() if name != "picture"}
    faces = None
    if inverter is not None and embedder is not None:
        painted: dict[str, Floats] = {"picture": rows}
        cases = ("embedding", "key too", "no key")
        for number, name in enumerate(cases):
            seen = []
            for place, vector in enumerate(stolen[name]):
                seen.append(embedder.embed(inverter.paint(vector)))
                progress(number * len(rows) + place + 1, len(cases) * len(rows))
            painted[name] = np.stack(seen)
        faces = _judged(painted, rows, owners, similarity, seed)
    return Inversion(len(rows), similarity, faces, _judged(vectors, rows, owners, similarity, seed))


def _judged(shown: Mapping[str, Floats], rows: Floats, owners: Indices, similarity: float, seed: int) -> dict[str, Back]:
    people, index = np.unique(owners, return_inverse=True)
    same = index[:, None] == index[None]
    mates, strangers = same & ~np.eye(len(rows), dtype=bool), ~same
    weights = drawn_people(len(people), DRAWS, seed)
    clear = _auc((rows @ rows.T)[mates], (rows @ rows.T)[strangers])
    found = {}
    for name, given in shown.items():
        scores = given @ rows.T
        auc = _auc(scores[mates], scores[strangers])
        drawn = []
        for weight in weights:
            kept = np.repeat(np.arange(len(rows)), weight[index])
            part, mate, strange = scores[np.ix_(kept, kept)], mates[np.ix_(kept, kept)], strangers[np.ix_(kept, kept)]
            drawn.append(_share(_auc(part[mate], part[strange]), clear))
        found[name] = Back(auc, _share(auc, clear), interval(drawn), float((scores[mates] >= similarity).mean()),
                           float((np.diagonal(scores) >= similarity).mean()), float(np.diagonal(scores).mean()))
    return found


def _share(auc: float, clear: float) -> float:
    return min(max((auc - 0.5) / max(clear - 0.5, 1e-6), 0.0), 1.0)


def _auc(mated: Floats, others: Floats) -> float:
    """The share of pairs of scores that are in the right order."""
    if not len(mated) or not len(others):
        return float("nan")
    ranked = np.sort(others)
    below = np.searchsorted(ranked, mated, "left") + np.searchsorted(ranked, mated, "right")
    return float(below.mean() / (2 * len(ranked)))
