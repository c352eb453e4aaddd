"""Pictures and films of events as files, for `edge-face events`."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_face.errors import MediaError, UnknownError, UsageError

if TYPE_CHECKING:
    from edge_face.service.recorded_commands import Call
    from edge_face.types import Image

JPEGS = (".jpg", ".jpeg")


def write_picture(call: Call, event: int, path: Path, force: bool = False) -> Path:
    """The JPEG as it was kept. Raises UsageError for another kind of file and for one that exists, UnknownError, MediaError."""
    if path.suffix.lower() not in JPEGS:
        raise UsageError(f"--picture {path}: pictures of events are JPEGs, name it .jpg")
    return _write(path, base64.b64decode(call("events.picture", event=event)["jpeg"]), force)


def write_sealed(call: Call, event: int, picture: Path, force: bool = False) -> Path:
    """The sealed faces beside their picture, where `edge-face unseal` looks for them. Raises the same."""
    sealed = base64.b64decode(call("events.original", event=event)["sealed"])
    return _write(picture.with_name(f"{picture.name}.sealed"), sealed, force)


def write_film(call: Call, event: int, path: Path, force: bool = False) -> Path:
    """The film as MP4, in the time in which it was taken. Raises the same."""
    from edge_face.media import VideoWriter

    if not force and path.exists():
        raise UsageError(f"{path} exists already: --force replaces it")
    frames = _frames(call, event)
    first_at, image = next(frames)
    with VideoWriter(path, image.shape[1], image.shape[0], 30.0) as film:
        film.write(image, 0.0)
        for at, image in frames:
            film.write(image, at - first_at)
    path.chmod(0o600)
    return path


def export(call: Call, folder: Path, events: Iterable[dict[str, Any]], *, films: bool) -> dict[str, Any]:
    """A new folder with a table and whatever there is of its events. What cannot be written or was deleted meanwhile is named, the rest
    is written. Raises UsageError for a folder that exists."""
    from edge_face.errors import EdgeFaceError
    from edge_face.service.diary import csv_of

    rows = list(events)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError as error:
        raise UsageError(f"{folder} exists already: name a new folder") from error
    except OSError as error:
        raise MediaError(f"{folder} cannot be made ({error.strerror}): name another folder") from error
    pictures, made, troubles = 0, 0, []
    for row in rows:
        if not row["picture"]:
            continue
        number = int(row["id"])
        try:
            answer = call("events.picture", event=number)
            _write(folder / f"{number}.jpg", base64.b64decode(answer["jpeg"]), False)
            pictures += 1
            if films and answer["frames"]:
                write_film(call, number, folder / f"{number}.mp4")
                made += 1
        except EdgeFaceError as error:
            troubles.append(f"event {number}: {error}")
    _write(folder / "events.csv", csv_of(rows[::-1], heading=True).encode("utf-8"), False)
    return {"events": len(rows), "pictures": pictures, "films": made, "troubles": troubles}


def _frames(call: Call, event: int) -> Iterator[tuple[float, Image]]:
    """When, and the picture. At least one. Raises UnknownError."""
    import numpy as np

    from edge_face.opencv import cv2

    at: int | None = 0
    while at is not None:
        answer = call("events.film", event=event, at=at)
        for frame in answer["frames"]:
            image = cv2.imdecode(np.frombuffer(base64.b64decode(frame["jpeg"]), np.uint8), cv2.IMREAD_COLOR)
            if image is None:
                raise UnknownError(f"a picture of the film of event {event} cannot be read")
            yield frame["at"], image.astype(np.uint8, copy=False)
        at = answer["next"]


def _write(path: Path, content: bytes, force: bool) -> Path:
    """For its owner only: it shows who came when."""
    from edge_face.media import writing

    if not force and path.exists():
        raise UsageError(f"{path} exists already: --force replaces it")
    with writing(path) as temporary:
        temporary.chmod(0o600)
        temporary.write_bytes(content)
    return path
