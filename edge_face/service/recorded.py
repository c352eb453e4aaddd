"""Events with their pictures, for whoever asks: the pages, the control socket, a command without a daemon.

`ask(job)` runs a job on the open store, wherever that is open; files are read and opened outside of it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from edge_face.errors import StoreError, UnknownError
from edge_face.people import Store
from edge_face.people.recording_file import RecordingFile
from edge_face.service import diary
from edge_face.service.diary import Wanted

PIECE = 2 << 20
"""Bytes of a film in one answer, as JPEGs: in base64 they fit into any."""
Ask = Callable[[Callable[[Store], Any]], Any]


def listed(store: Store, wanted: Wanted, before: int | None, limit: int) -> dict[str, Any]:
    """Events, the newest first, and where to go on (None at the end); `picture` of each says whether there is one."""
    rows, left = diary.events_page(store, wanted, before, limit)
    return {"events": rows, "before": left, "kinds": store.events.kinds()}


def recording_facts(store: Store, event: int) -> dict[str, Any] | None:
    """What there is of an event beside its reasons; None when nothing is, or what is there was tampered with."""
    try:
        facts = store.recordings.facts(event)
    except StoreError:
        return None
    return None if facts is None else {"frames": facts.frames, "bytes": facts.size, "original": facts.original}


def picture(ask: Ask, event: int) -> dict[str, Any]:
    """The hidden picture. Raises UnknownError when there is none, StoreError."""
    opened = _opened(ask, event)
    return {"event": event, "wall": opened.wall, "jpeg": _text(opened.picture()), "frames": len(opened.times)}


def film(ask: Ask, event: int, at: int) -> dict[str, Any]:
    """Pictures of the film from number `at` on, as many as one answer holds; `next`: where to go on, None at the end. Raises UnknownError
    when there is no film, or none so long."""
    opened = _opened(ask, event)
    times = opened.times
    if not at < len(times):
        raise UnknownError(f"there is no film of event {event}" if not times else f"the film of event {event} has {len(times)} pictures")
    frames: list[dict[str, Any]] = []
    left = PIECE
    while at < len(times) and left > 0:
        jpeg = opened.frame(at)
        frames.append({"at": times[at], "jpeg": _text(jpeg)})
        left, at = left - len(jpeg), at + 1
    return {"event": event, "wall": opened.wall, "frames": frames, "next": at if at < len(times) else None}


def original(ask: Ask, event: int) -> dict[str, Any]:
    """The hidden faces of the picture, sealed for the owner's key: nobody here can open them. Raises UnknownError when there are none."""
    sealed = _opened(ask, event).original()
    if sealed is None:
        raise UnknownError(f"of event {event} no faces were kept sealed: nobody was hidden in its picture, or [recorder] originals was "
                           "empty then")
    return {"event": event, "sealed": _text(sealed)}


def _opened(ask: Ask, event: int) -> RecordingFile:
    found: RecordingFile = ask(lambda store: store.recordings.opened(event))
    return found


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
