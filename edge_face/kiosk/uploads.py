"""Pictures that people send: sniffed and bounded here, unpacked in a child process, sent on to the daemon as bare pixels.

Names, EXIF and whatever else came along are left behind with the file.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import sys
import weakref
from dataclasses import dataclass
from time import monotonic
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from edge_face.errors import MediaError, ServiceError
from edge_face.kiosk.site import site_of
from edge_face.kiosk.unpacking import ANSWER, MOST_BYTES, REQUEST
from edge_face.media.headers import foreign_kind, is_picture

LONGEST_SIDE = 960
"""Pixels of what is sent on: a face that fills a third of the picture is more than large enough for a template."""
SECONDS = 12.0
"""For one picture; the child is killed then."""
START_SECONDS = 20.0
WAITING = 4
"""Pictures that may wait for their turn."""
MOST_PICTURES = 300
"""Then a fresh child takes over."""
IDLE_SECONDS = 45.0
"""An idle child is ended: its memory is for the door."""
_LARGEST_ANSWER = 4 << 20


@dataclass(frozen=True, slots=True)
class Pixels:
    """A picture as the daemon takes it."""

    width: int
    height: int
    pixels: str

    def arguments(self) -> dict[str, Any]:
        return {"width": self.width, "height": self.height, "pixels": self.pixels}


class Unpacker:
    """One child, one picture at a time. Belongs to one event loop."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._child: asyncio.subprocess.Process | None = None
        self._count = 0
        self._used = 0.0
        self._watch: asyncio.Task[None] | None = None

    async def unpack(self, data: bytes, longest: int = LONGEST_SIDE) -> Pixels:
        """Raises MediaError with what to do about it, ServiceError when too many wait."""
        sniff(data)
        if self._waiting >= WAITING:
            raise ServiceError("too many pictures are being looked at: try again in a few seconds")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._asked(data, longest)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Ends the child. May be called again."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
        await self._end()

    async def _asked(self, data: bytes, longest: int) -> Pixels:
        if self._child is None or self._child.returncode is not None or self._count >= MOST_PICTURES:
            await self._end()
            await self._start()
        child = self._child
        assert child is not None and child.stdin is not None and child.stdout is not None
        self._count += 1
        whole = False
        try:
            # The first answer waits for the child's start.
            async with asyncio.timeout(SECONDS + (START_SECONDS if self._count == 1 else 0.0)):
                child.stdin.write(REQUEST.pack(len(data), longest) + data)
                await child.stdin.drain()
                kind, width, height, length = ANSWER.unpack(await child.stdout.readexactly(ANSWER.size))
                if length > _LARGEST_ANSWER:
                    raise MediaError("this picture cannot be used: send another one")
                content = await child.stdout.readexactly(length)
                whole = True
        except TimeoutError as error:
            raise MediaError("this picture takes too long to unpack: send it smaller, as JPEG") from error
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise MediaError("this picture needs more memory or time than there is: send it smaller, as JPEG") from error
        finally:
            if not whole:
                await self._end()
            self._used = monotonic()
        if kind:
            raise MediaError(content.decode("utf-8", "replace"))
        return Pixels(width, height, base64.b64encode(content).decode("ascii"))

    async def _start(self) -> None:
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG", "VIRTUAL_ENV") if name in os.environ}
        environment = kept | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_LOG_LEVEL": "SILENT"}
        try:
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "edge_face.kiosk.unpacking", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL, env=environment, cwd="/", limit=_LARGEST_ANSWER + 1024)
        except OSError as error:
            raise ServiceError(f"pictures cannot be unpacked now ({error.strerror}): try again") from error
        self._count = 0
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._leave_when_idle())

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()

    async def _leave_when_idle(self) -> None:
        while self._child is not None:
            await asyncio.sleep(IDLE_SECONDS / 3)
            if not self._turn.locked() and monotonic() - self._used > IDLE_SECONDS:
                async with self._turn:
                    await self._end()


def sniff(data: bytes) -> None:
    """Raises MediaError for what is no picture that can be used, with the way out, before anything is unpacked."""
    if not data:
        raise MediaError("no picture came: choose a file first")
    if len(data) > MOST_BYTES:
        raise MediaError(f"this file is larger than {MOST_BYTES >> 20} MB: send it smaller")
    kind = foreign_kind(data)
    if kind in ("HEIC", "AVIF"):
        raise MediaError(f"this is a {kind} picture, which cannot be used here: on an iPhone choose Settings, Camera, Formats, Most "
                         "Compatible and take it again; elsewhere save it as JPEG")
    if kind == "video":
        raise MediaError("this is a video: send a photo")
    if kind is not None or not is_picture(data[:16].ljust(16, b"\0")):
        raise MediaError("this is no picture that can be used here: send a photo as JPEG, PNG or WebP")


_UNPACKERS: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Unpacker] = weakref.WeakKeyDictionary()


def unpacker_of(request: Request) -> Unpacker:
    """That of the running event loop; ends with the listener."""
    loop = asyncio.get_running_loop()
    found = _UNPACKERS.get(loop)
    if found is None:
        found = _UNPACKERS[loop] = Unpacker()
        site_of(request).closing.append(found.close)
    return found


async def photos_of(request: Request, field: str, most: int) -> list[bytes]:
    """The files of a form's field. Raises MediaError for none, and for more than `most`."""
    found = [part for part in (await request.form()).getlist(field) if isinstance(part, UploadFile) and part.size]
    if not found:
        raise MediaError("no picture came: choose a file first")
    if len(found) > most:
        raise MediaError(f"at most {most} pictures can be sent at once: choose fewer")
    return [await part.read(MOST_BYTES + 1) for part in found]
