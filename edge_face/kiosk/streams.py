"""Answers without an end, events and pictures, for a browser that may go away or stop reading at any time."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from edge_face.kiosk.feed import Picture, State, Topic

SLOW = 20.0
"""Seconds in which a browser must have taken what it was sent, or it is left: it has gone without a word."""
ALIVE = 10.0
"""Seconds of silence after which something is sent all the same: that is how a browser that went away is noticed."""
AGAIN_MS = 2000
"""After so many milliseconds a browser asks for lost events anew."""
BOUNDARY = "picture"
Allowed = Callable[[], Awaitable[bool]]


class Stream(Response):
    """Sends pieces as they come, each as soon as the browser took the one before. Ends when the pieces do, when the browser goes away,
    when it takes nothing for `SLOW` seconds."""

    def __init__(self, pieces: AsyncIterator[bytes], media_type: str) -> None:
        super().__init__(media_type=media_type)
        del self.headers["content-length"]
        self.headers["Cache-Control"] = "no-store"
        # A reverse proxy that collects pieces would hold back the newest.
        self.headers["X-Accel-Buffering"] = "no"
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(_until_gone(receive))
        sending = asyncio.create_task(self._send(send))
        try:
            await asyncio.wait((gone, sending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (gone, sending):
                task.cancel()
            await asyncio.gather(gone, sending, return_exceptions=True)
            close = getattr(self._pieces, "aclose", None)
            if close is not None:
                await close()

    async def _send(self, send: Send) -> None:
        with contextlib.suppress(TimeoutError, OSError):
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for piece in self._pieces:
                async with asyncio.timeout(SLOW):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def events(topic: Topic[State], allowed: Allowed | None = None) -> Stream:
    """The state as server-sent events: `state` with the state as JSON at once and at each change, `down` while the daemon is."""
    async def pieces() -> AsyncIterator[bytes]:
        async with topic.watched() as watch:
            yield f"retry: {AGAIN_MS}\n\n".encode()
            while not watch.closed:
                state = await watch.next(ALIVE)
                if allowed is not None and not await allowed():
                    yield b"event: ended\ndata: {}\n\n"
                    return
                if state is not None:
                    yield event(state)
                elif not watch.closed:
                    yield b": still here\n\n"

    return Stream(pieces(), "text/event-stream")


def event(state: State) -> bytes:
    """One event."""
    values = state.now()
    name, data = ("down", {}) if values is None else ("state", values)
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False, allow_nan=False)}\n\n".encode()


def motion(topic: Topic[Picture], allowed: Allowed | None = None) -> Stream:
    """Pictures one after the other (multipart/x-mixed-replace)."""
    async def pieces() -> AsyncIterator[bytes]:
        async with topic.watched() as watch:
            yield f"--{BOUNDARY}\r\n".encode()
            last: Picture | None = None
            while not watch.closed:
                picture = await watch.next(ALIVE)
                if allowed is not None and not await allowed():
                    return
                last = picture or last
                if last is not None and not last.jpeg:
                    return
                if last is not None:
                    yield part(last)

    return Stream(pieces(), f"multipart/x-mixed-replace; boundary={BOUNDARY}")


def part(picture: Picture) -> bytes:
    """One picture with the line that ends it: browsers show a picture when they see that line, not before."""
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture.jpeg)}\r\n\r\n".encode()
    return head + picture.jpeg + f"\r\n--{BOUNDARY}\r\n".encode()

