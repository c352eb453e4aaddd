"""What a bundle's network takes: one picture, or arrays by name."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from edge_face.vision.manifest_values import line, listed, mapping, one_of, shape, whole, wrong

KINDS = ("picture", "arrays")
COLOURS = ("RGB", "BGR", "grey")
DTYPES = ("float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool")
ALIGNED = "arcface-112"
"""A face brought onto the ArcFace template of 112x112 (`edge_face.vision.align`)."""
NOT_ALIGNED = "none"
ALWAYS_PICTURE = ("embedder", "detector", "landmarker", "anonymizer")
"""Tasks whose input is one picture."""
WHOLE_VIEW = ("embedder", "detector", "landmarker")
"""Tasks that look at all of what they are handed: `crop` is 1."""


@dataclass(frozen=True, slots=True)
class ArraySpec:
    """One input that is no picture: its name in the signature, its shape with the batch of 1, its numpy dtype's name."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What the network takes. A picture: pixels 0 to 255 as they are, in this colour order and size (0: each file names its
    own); `alignment` "arcface-112", "none" or words for people; `crop`: the middle share of the sides that is used.
    Arrays: `arrays`, and the rest has no meaning."""

    width: int
    height: int
    colour: str
    kind: str = "picture"
    alignment: str = NOT_ALIGNED
    crop: float = 1.0
    arrays: tuple[ArraySpec, ...] = ()


def parse_input(given: dict[str, Any], task: str, where: str) -> InputSpec:
    """The manifest's `input` (schema 2). Raises ModelError."""
    kind = one_of(given.get("kind"), KINDS, where, "input.kind")
    if kind == "arrays":
        if task in ALWAYS_PICTURE:
            raise wrong(where, "input.kind", f"picture for the task {task}")
        return InputSpec(0, 0, "", kind, arrays=_arrays(given.get("tensors"), where))
    sizes = [whole(given[key], 16, 8192, where, f"input.{key}") if key in given else 0 for key in ("width", "height")]
    colour = one_of(given.get("colour"), COLOURS, where, "input.colour")
    pixels = given.get("range")
    if pixels != [0, 255] or any(type(end) is not int for end in pixels):
        raise wrong(where, "input.range", "[0, 255]: pixels as they are, scaled inside the network")
    alignment = line(given.get("alignment", NOT_ALIGNED), where, "input.alignment", 1000)
    if task == "embedder" and alignment != ALIGNED:
        raise wrong(where, "input.alignment", f"{ALIGNED} for an embedder: other faces never reach it")
    return InputSpec(sizes[0], sizes[1], colour, kind, alignment, _crop(given.get("crop", 1), task, where))


def _crop(given: Any, task: str, where: str) -> float:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0.1 <= given <= 1 or not math.isfinite(given):
        raise wrong(where, "input.crop", "a share from 0.1 to 1")
    if task in WHOLE_VIEW and given != 1:
        raise wrong(where, "input.crop", f"1 for the task {task}")
    return float(given)


def _arrays(given: Any, where: str) -> tuple[ArraySpec, ...]:
    tensors = mapping(given, where, "input.tensors")
    listed(list(tensors), 1, 64, "inputs", where, "input.tensors")
    found = []
    for name, value in tensors.items():
        key = f"input.tensors.{name}"
        line(name, where, key)
        entry = mapping(value, where, key)
        found.append(ArraySpec(name, shape(entry.get("shape"), where, f"{key}.shape"),
                               one_of(entry.get("dtype"), DTYPES, where, f"{key}.dtype")))
    return tuple(found)
