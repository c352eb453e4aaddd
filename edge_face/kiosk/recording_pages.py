"""Pictures and films of events: as they were hidden when they were taken. A film needs no script: it is pictures one after the other."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edge_face.kiosk.acting import ask
from edge_face.kiosk.feed import Picture
from edge_face.kiosk.pages import Page
from edge_face.kiosk.streams import BOUNDARY, Stream, part
from edge_face.service.web.roles import Role

LONGEST_PAUSE = 2.0
"""Seconds between two pictures of a film at most: where the camera was away nobody waits for it."""


async def picture(request: Request) -> Response:
    answer = await ask(request, "events.picture", event=_number(request))
    return Response(base64.b64decode(answer["jpeg"]), media_type="image/jpeg", headers={"Cache-Control": "no-store"})


async def film(request: Request) -> Response:
    """In the time in which it was taken (multipart/x-mixed-replace); it stops at its last picture."""
    first = await ask(request, "events.film", event=_number(request))
    return Stream(_played(request, first), f"multipart/x-mixed-replace; boundary={BOUNDARY}")


async def sealed(request: Request) -> Response:
    """The hidden faces, for whoever has the private key: a file to be laid beside the picture."""
    number = _number(request)
    answer = await ask(request, "events.original", event=number)
    headers = {"Content-Disposition": f'attachment; filename="event-{number}.jpg.sealed"', "Cache-Control": "no-store"}
    return Response(base64.b64decode(answer["sealed"]), media_type="application/octet-stream", headers=headers)


async def _played(request: Request, answer: Any) -> AsyncIterator[bytes]:
    """Memory holds one answer's pictures."""
    yield f"--{BOUNDARY}\r\n".encode()
    shown: float | None = None
    count = 0
    while True:
        for frame in answer["frames"]:
            if shown is not None:
                await asyncio.sleep(min(max(frame["at"] - shown, 0.0), LONGEST_PAUSE))
            shown, count = frame["at"], count + 1
            yield part(Picture(count, base64.b64decode(frame["jpeg"])))
        if answer["next"] is None:
            return
        answer = await ask(request, "events.film", event=_number(request), at=answer["next"])


def _number(request: Request) -> int:
    return int(request.path_params["number"])


PAGES: tuple[Page, ...] = (
    Page("/events/{number:int}/picture.jpg", picture),
    Page("/events/{number:int}/film.mjpeg", film),
    Page("/events/{number:int}/sealed", sealed, role=Role.OWNER),
)
