"""The web process's way to the daemon: requests over the unix socket, a bounded number at a time, found again by itself.

    people = await link_of(request).ask("people.list", token=token_of(request))
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from pathlib import Path
from time import monotonic
from typing import Any

from edge_face.errors import DaemonDownError, EdgeFaceError, ServiceError, UsageError
from edge_face.kiosk.site import caller_of, link_of, token_of
from edge_face.service.protocol import LONGEST_ANSWER, result_of

__all__ = ["Link", "caller_of", "link_of", "token_of"]

CONNECTIONS = 9
"""At a time. The daemon has 16 for all pages: the owner's 9, the kiosk's 3, 2 for what all watch (kiosk/feed.py), 2 to spare."""
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 60.0
"""Forgetting somebody rewrites the database file: on a slow card that takes its time. A long poll's own wait is added."""
TURN_SECONDS = 10.0
"""For so long a request waits for a free connection."""
LONGEST_REQUEST = 8 << 20
"""Bytes; the raw pixels of an enrolment's picture are the longest thing that is sent."""
KEEP_SECONDS = 20.0
"""A connection that nobody used for so long is left: the daemon closes it after 30 s, and a request must not meet that moment."""


class _Channel:
    """One connection: asked and answered in turns."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.used = monotonic()

    def alive(self, keep: float) -> bool:
        return not self.reader.at_eof() and not self.writer.is_closing() and monotonic() - self.used < keep

    async def ask(self, line: bytes, seconds: float) -> bytes:
        async with asyncio.timeout(seconds):
            # A daemon that refuses us says so before it has read anything, and hangs up: its answer counts.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.writer.write(line)
                await self.writer.drain()
            answer = await self.reader.readline()
        self.used = monotonic()
        if not answer.endswith(b"\n"):
            raise ConnectionResetError
        return answer

    def close(self) -> None:
        self.writer.close()


class Link:
    """Asks one daemon. May be made before it runs, and outlives it. `keep_seconds`: 0 for a connection of its own for each request."""

    def __init__(self, path: Path, connections: int = CONNECTIONS, answer_seconds: float = ANSWER_SECONDS,
                 keep_seconds: float = KEEP_SECONDS) -> None:
        self.path, self._keep = path, keep_seconds
        self._answer_seconds = answer_seconds
        self._connections = connections
        self._turn: asyncio.Semaphore | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: deque[_Channel] = deque()

    async def ask(self, command: str, /, *, token: str = "", **arguments: Any) -> Any:
        """The result of a command. Raises the daemon's own error, `DaemonDownError` when it cannot be asked or went away. An argument
        `wait` (seconds of a long poll) is waited for in addition."""
        if token:
            arguments["token"] = token
        line = _request(command, arguments)
        wait = arguments.get("wait", 0)
        seconds = self._answer_seconds + (float(wait) if isinstance(wait, int | float) else 0.0)
        turn = self._turns()
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await turn.acquire()
        except TimeoutError as error:
            raise ServiceError("too many are asking the door at once: try again") from error
        try:
            return result_of(await self._answer(line, seconds, command))
        finally:
            turn.release()

    async def _answer(self, line: bytes, seconds: float, command: str) -> bytes:
        channel: _Channel | None = None
        kept = False
        try:
            channel = self._kept() or await self._connected()
            answer = await channel.ask(line, seconds)
            if self._keep > 0:
                self._idle.append(channel)
                kept = True
            return answer
        except EdgeFaceError:
            raise
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError) as error:
            raise DaemonDownError("the door's own program does not run") from error
        except TimeoutError as error:
            raise DaemonDownError(f"the door's own program did not answer '{command}' in time: look whether it was done") from error
        except PermissionError as error:
            raise DaemonDownError("these pages may not ask the door's own program: sudo edge-face service install, "
                                  "then sudo systemctl restart edge-face edge-face-kiosk") from error
        except (OSError, ValueError) as error:  # ValueError: a line longer than an answer may be
            raise DaemonDownError("the door's own program stopped while it was asked: look whether it was done") from error
        finally:
            if channel is not None and not kept:
                channel.close()  # also when whoever asked went away: the answer would be taken for the next one's

    def _kept(self) -> _Channel | None:
        while self._idle:
            channel = self._idle.pop()
            if channel.alive(self._keep):
                return channel
            channel.close()
        return None

    async def _connected(self) -> _Channel:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_unix_connection(str(self.path), limit=LONGEST_ANSWER + 1)
        return _Channel(reader, writer)

    def _turns(self) -> asyncio.Semaphore:
        """Made anew in another event loop (tests run one for each client): nothing of the old one can be awaited there."""
        loop = asyncio.get_running_loop()
        if self._turn is None or self._loop is not loop:
            self._loop, self._turn = loop, asyncio.Semaphore(self._connections)
            self._idle.clear()
        return self._turn

    def close(self) -> None:
        """Leaves all connections. May be called again."""
        while self._idle:
            self._idle.pop().close()


def _request(command: str, arguments: dict[str, Any]) -> bytes:
    try:
        line = json.dumps({"command": command, "arguments": arguments}, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n"
    except (TypeError, ValueError, RecursionError) as error:  # lone surrogates in what somebody typed, too
        raise UsageError("this holds something that cannot be sent to the door: write it in plain letters") from error
    if len(line) > LONGEST_REQUEST:
        raise UsageError(f"this is too long for the door: {len(line)} bytes, {LONGEST_REQUEST} are allowed")
    return line
