"""Pictures of the device in hand, for whoever enrols with it: one frame of its camera at a time, or a form with photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge_face.errors import EdgeFaceError, EnrolmentError, MediaError
from edge_face.kiosk.acting import ask
from edge_face.kiosk.enrol_words import prompt_words, state_record
from edge_face.kiosk.site import language_of
from edge_face.kiosk.unpacking import MOST_BYTES
from edge_face.kiosk.uploads import photos_of, unpacker_of

LARGEST_LOOK = 1 << 20
"""Bytes of one frame of a camera: the script sends some 60 kB."""
MOST_AT_ONCE = 6
LARGEST_PHOTOS = 2 * MOST_BYTES
"""Of a form with photos, in all."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a page with a camera or photos sends what: one frame, photos, the end, giving up, and the page with the other way."""

    look: str
    photos: str
    done: str
    leave: str
    other: str


async def looked(request: Request, command: str, /, **arguments: Any) -> Response:
    """One frame, unpacked and looked at. What keeps it from that is said as a prompt: the next frame may be better."""
    picture = await unpacker_of(request).unpack(await request.body())
    try:
        state = await ask(request, command, **arguments, **picture.arguments())
    except EnrolmentError as error:
        return JSONResponse({"error": {"kind": type(error).__name__, "message": str(error)}}, 409)
    return JSONResponse(state_record(language_of(request), state))


async def photos_sent(request: Request, command: str, /, **arguments: Any) -> list[dict[str, Any]]:
    """What became of each photo of a form: `good`, and a sentence."""
    try:
        files = await photos_of(request, "photo", MOST_AT_ONCE)
    except MediaError as error:
        return [{"good": False, "words": str(error)}]
    found: list[dict[str, Any]] = []
    for data in files:
        try:
            picture = await unpacker_of(request).unpack(data)
            state = await ask(request, command, **arguments, **picture.arguments())
        except (MediaError, EnrolmentError) as error:
            found.append({"good": False, "words": str(error)})
            continue
        except EdgeFaceError as error:
            found.append({"good": False, "words": str(error)})
            break
        good = bool(state["prompt"].get("good"))
        found.append({"good": good, "words": "" if good else prompt_words(language_of(request), state["prompt"])})
    return found
