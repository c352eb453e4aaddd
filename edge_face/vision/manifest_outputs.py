"""What a bundle's network gives, by task: the manifest's `outputs`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge_face.vision.manifest_values import line, listed, mapping, one_of, shape, truth, whole, wrong

ACTIVATIONS = ("softmax", "sigmoid")
MOST_LABELS = 100_000
POINTS = (1, 10)


@dataclass(frozen=True, slots=True)
class Embedding:
    """An embedder's output: `dimension` numbers in `parts`, each of which is normalised before they are joined. `mirrored`: the
    face and its mirror image are both embedded, and the direction of their sum is the embedding."""

    output: str
    dimension: int
    parts: tuple[int, ...]
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Classes:
    """A classifier's output: probabilities in the order of `labels`; one number for two labels is that of the second."""

    output: str
    labels: tuple[str, ...]
    activation: str


def parse_outputs(outputs: dict[str, Any], task: str, where: str) -> tuple[Embedding | None, Classes | None]:
    """Checks the `outputs` (schema 2) of a task; a detector's are read by `edge_face.vision.detector`, those of a task that
    this edge-face does not know only by whoever runs it. Raises ModelError."""
    if task == "embedder":
        return _embedding(outputs, where), None
    if task == "classifier":
        return None, _classes(outputs, where)
    if task == "landmarker":
        _shaped(outputs, "landmarks", where, POINTS)
    elif task == "liveness":
        _shaped(outputs, "live", where, (1, 1))
    elif task == "anonymizer":
        sides = _shaped(outputs, "picture", where)
        if len(sides) != 4 or sides[3] not in (1, 3):
            raise wrong(where, "outputs.picture.shape", "[1, height, width, 1 or 3]")
    return None, None


def _shaped(outputs: dict[str, Any], name: str, where: str, only: tuple[int, ...] | None = None) -> tuple[int, ...]:
    key = f"outputs.{name}"
    found = shape(mapping(outputs.get(name), where, key).get("shape"), where, f"{key}.shape")
    if only is not None and found != only:
        raise wrong(where, f"{key}.shape", str(list(only)))
    return found


def _embedding(outputs: dict[str, Any], where: str) -> Embedding:
    given = mapping(outputs.get("embedding"), where, "outputs.embedding")
    dimension = whole(given.get("dimension"), 8, 8192, where, "outputs.embedding.dimension")
    parts = listed(given.get("parts"), 1, 16, "lengths", where, "outputs.embedding.parts")
    lengths = tuple(whole(part, 1, 8192, where, "outputs.embedding.parts") for part in parts)
    if sum(lengths) != dimension:
        raise wrong(where, "outputs.embedding.parts", f"lengths that add up to the dimension {dimension}")
    if len(sides := _shaped(outputs, "embedding", where)) != 2:
        raise wrong(where, "outputs.embedding.shape", "[1, dimension]")
    if sides[1] != dimension:
        raise wrong(where, "outputs.embedding.shape", f"one that fits the dimension: [1, {dimension}]")
    return Embedding("embedding", dimension, lengths, truth(given.get("mirrored", False), where, "outputs.embedding.mirrored"))


def _classes(outputs: dict[str, Any], where: str) -> Classes:
    key = "outputs.probability"
    given = mapping(outputs.get("probability"), where, key)
    sides = _shaped(outputs, "probability", where)
    if len(sides) != 2:
        raise wrong(where, f"{key}.shape", "[1, number of classes]")
    labels = listed(given.get("labels"), 2, MOST_LABELS, "names of classes", where, f"{key}.labels")
    names = tuple(line(label, where, f"{key}.labels[{number}]") for number, label in enumerate(labels))
    activation = one_of(given.get("activation"), ACTIVATIONS, where, f"{key}.activation")
    if len(names) != sides[1] and (sides[1], len(names)) != (1, 2):
        raise wrong(where, f"{key}.labels", f"as many names as the shape has numbers ({sides[1]}), or two for one number")
    if sides[1] == 1 and activation == "softmax":
        raise wrong(where, f"{key}.activation", "sigmoid for a single number")
    return Classes("probability", names, activation)
