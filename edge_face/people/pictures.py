"""Pictures that somebody agreed to leave here: aligned crops as PNG, from which a later embedder makes new templates.

Plain data and their checks; where they are kept is `edge_face.people.shelf`.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from edge_face.errors import PeopleError
from edge_face.types import Image, Quality

SIDE = 112
"""Pixels of an aligned crop (`edge_face.vision.align`)."""
MOST_PICTURES = 8
"""Of one person: more than any enrolment makes, and together within one request of the control socket."""
LARGEST_PNG = 48 * 1024
"""Bytes; a crop of pure noise takes 38 kB."""
_HEAD = struct.Struct(">8sI4sIIBBBBB")
"""PNG (ISO/IEC 15948): signature, length and type of the first chunk, width, height, depth, colour, three methods."""
_WANTED = (b"\x89PNG\r\n\x1a\n", 13, b"IHDR", SIDE, SIDE, 8, 2)
_QUALITIES = tuple(f.name for f in fields(Quality))


@dataclass(frozen=True, slots=True)
class Picture:
    """One aligned crop, 112x112 in colour, with the pose and quality it was enrolled with, and when. Raises PeopleError for
    bytes that are no such PNG."""

    # Never in a log, not even by accident.
    png: bytes = field(repr=False)
    pose: str
    quality: Quality
    wall: float

    def __post_init__(self) -> None:
        # Looked at before any decoder is: a few bytes can claim a picture that fills the memory.
        fine = len(self.png) <= LARGEST_PNG and len(self.png) > _HEAD.size and _HEAD.unpack_from(self.png)[:7] == _WANTED
        if not fine:
            raise PeopleError(f"a kept picture is a PNG of {SIDE}x{SIDE} pixels in colour, this one is not: it is not taken")


def picture_of(crop: Image, pose: str, quality: Quality, wall: float) -> Picture:
    """From an aligned crop, (112, 112, 3) BGR uint8."""
    from edge_face.opencv import cv2

    done, png = cv2.imencode(".png", crop)
    if not done:
        raise PeopleError("a picture could not be packed as PNG: enrol again")
    return Picture(png.tobytes(), pose, quality, wall)


def crop_of(picture: Picture) -> Image:
    """The crop, (112, 112, 3) BGR uint8. Raises PeopleError for a damaged one."""
    import numpy as np

    from edge_face.opencv import cv2

    crop = cv2.imdecode(np.frombuffer(picture.png, np.uint8), cv2.IMREAD_COLOR)
    if crop is None or crop.shape != (SIDE, SIDE, 3):
        raise PeopleError("a kept picture is damaged: enrol again, or import it from an export")
    image: Image = crop.astype(np.uint8, copy=False)
    return image


def facts_of(picture: Picture) -> dict[str, Any]:
    """What is known of a picture, without the picture."""
    return {"pose": picture.pose, "quality": asdict(picture.quality), "wall": picture.wall}


def picture_record(picture: Picture) -> dict[str, Any]:
    return {"png": base64.b64encode(picture.png).decode("ascii"), **facts_of(picture)}


def picture_from(png: bytes, facts: Any) -> Picture:
    """Raises PeopleError."""
    if not isinstance(facts, Mapping) or not isinstance(facts.get("quality"), Mapping):
        raise PeopleError("a kept picture has a pose, a quality and a time")
    pose, quality = facts.get("pose"), facts["quality"]
    if not isinstance(pose, str) or not 0 < len(pose) <= 20:
        raise PeopleError("the pose of a kept picture is a short text")
    return Picture(png, pose, Quality(**{name: _number(quality.get(name)) for name in _QUALITIES}), _number(facts.get("wall")))


def pictures_of(values: Any) -> tuple[Picture, ...]:
    """From records. Raises PeopleError."""
    if not isinstance(values, list | tuple) or len(values) > MOST_PICTURES:
        raise PeopleError(f"pictures are a list of at most {MOST_PICTURES}")
    return tuple(_picture_of_record(value) for value in values)


def picture_records(pictures: Iterable[Picture]) -> list[dict[str, Any]]:
    return [picture_record(picture) for picture in pictures]


def _picture_of_record(value: Any) -> Picture:
    try:
        png = base64.b64decode(value["png"], validate=True)
    except (binascii.Error, ValueError, TypeError, KeyError) as error:
        raise PeopleError("a kept picture is damaged: it is not taken") from error
    return picture_from(png, value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e12 <= value <= 1e12:
        raise PeopleError("the quality and the time of a kept picture are numbers")
    return float(value)
