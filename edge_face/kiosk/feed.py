"""What goes on at the door, fetched once for however many look: the state of the page beside the door, and the hidden pictures.

    daemon --long poll--> one puller a process --newest only--> every open page

Each page gets the newest there is when it is ready for it. One that reads slowly skips what came meanwhile: it slows neither the others
nor the door. Nothing is pulled while nobody looks.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from starlette.requests import Request

from edge_face.errors import DaemonDownError, EdgeFaceError, ServiceError
from edge_face.kiosk.link import Link
from edge_face.kiosk.site import link_of

_log = logging.getLogger("edge_face.kiosk")

MOST_WATCHERS = 64
"""Of each kind, at a time."""
STATE_WAIT, PICTURE_WAIT = 15.0, 5.0
"""Seconds of a long poll."""
PAUSE = 1.0
"""Seconds between two tries while the daemon is down, and between two questions that it answers at once without anything new."""
LINGER = 2.0
"""Seconds for which pulling goes on after the last page was closed: one that is opened anew finds it going on."""
CONNECTIONS = 2
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class State:
    """The page's state as the daemon gave it at `at` (monotonic); None: the daemon is down."""

    number: int
    values: dict[str, Any] | None
    at: float

    def now(self) -> dict[str, Any] | None:
        """With its clock and its times moved on to this moment."""
        if self.values is None:
            return None
        passed, moved = monotonic() - self.at, dict(self.values)
        if isinstance(moved.get("time"), int | float):
            moved["time"] = round(moved["time"] + passed, 3)
        for name in ("prompt_seconds", "rest_seconds"):
            if isinstance(moved.get(name), int | float):
                moved[name] = round(max(0.0, moved[name] - passed), 2)
        return moved


@dataclass(frozen=True, slots=True)
class Picture:
    """One hidden picture; an empty one: this door shows none."""

    number: int
    jpeg: bytes = field(repr=False)


class Topic(Generic[T]):
    """The newest of one kind of thing, and who waits for the next. `pull` runs while somebody watches and calls `put`."""

    def __init__(self, pull: Callable[[Topic[T]], Awaitable[None]]) -> None:
        self._pull = pull
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._going: asyncio.TimerHandle | None = None
        self.newest: T | None = None
        self.count = 0
        """How many were put so far: a watcher's place among them."""
        self.watchers = 0
        self.closed = False

    def put(self, value: T) -> None:
        """Takes the place of what nobody has fetched yet."""
        self.newest, self.count = value, self.count + 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[Watch[T]]:
        """Raises `ServiceError` when too many watch already."""
        if self.watchers >= MOST_WATCHERS:
            raise ServiceError(f"{MOST_WATCHERS} pages look at the door already: close one of them")
        self.watchers += 1
        try:
            if self._going is not None:
                self._going.cancel()
                self._going = None
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._run())
            yield Watch(self)
        finally:
            self.watchers -= 1
            if self.watchers == 0 and not self.closed:
                self._going = asyncio.get_running_loop().call_later(LINGER, self._stop)

    async def wait(self, after: int, seconds: float) -> bool:
        """Was anything put after the first `after`, within so many seconds?"""
        if self.count == after and not self.closed:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), seconds)
        return self.count != after

    async def close(self) -> None:
        """Whoever watches is let go, and nothing is pulled any more."""
        self.closed = True
        task = self._task
        self._stop()
        if task is not None:
            await asyncio.gather(task, return_exceptions=True)
        self._changed.set()

    def _stop(self) -> None:
        if self.watchers and not self.closed:
            return
        if self._going is not None:
            self._going.cancel()
            self._going = None
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.newest = None  # whoever looks next does not see who was there before

    async def _run(self) -> None:
        while True:
            try:
                await self._pull(self)
            except Exception:  # pages that look would wait for ever
                _log.exception("what goes on at the door could not be fetched")
                await asyncio.sleep(PAUSE)
            await asyncio.sleep(0)


class Watch(Generic[T]):
    """One page that watches. It sees the newest at once, then what comes after that."""

    def __init__(self, topic: Topic[T]) -> None:
        self._topic = topic
        self._seen = topic.count if topic.newest is None else topic.count - 1

    @property
    def closed(self) -> bool:
        """Nothing comes any more."""
        return self._topic.closed

    async def next(self, seconds: float) -> T | None:
        """The newest that this page has not seen; None when nothing came in so many seconds."""
        if not await self._topic.wait(self._seen, seconds):
            return None
        self._seen = self._topic.count
        return self._topic.newest


class Feed:
    """Both kinds, over a link of their own: pages that ask for other things never wait for these."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.states: Topic[State] = Topic(self._pull_state)
        self.pictures: Topic[Picture] = Topic(self._pull_picture)

    async def close(self) -> None:
        """Ends every stream."""
        await self.states.close()
        await self.pictures.close()
        self._link.close()

    @property
    def closed(self) -> bool:
        return self.states.closed

    async def _pull_state(self, topic: Topic[State]) -> None:
        begun, before = monotonic(), topic.newest
        number = before.number if before is not None and before.values is not None else 0
        try:
            answer = await self._link.ask("kiosk.state", after=number, wait=STATE_WAIT if number else 0.0)
            state = State(int(answer["number"]), dict(answer["state"]), monotonic())
        except (EdgeFaceError, KeyError, TypeError, ValueError) as error:
            if before is None or before.values is not None:
                topic.put(State(0, None, monotonic()))
            await asyncio.sleep(PAUSE if isinstance(error, DaemonDownError) else 2 * PAUSE)
            return
        if state.number != number:
            topic.put(state)
        else:
            topic.newest = state  # no news, but its clock goes right
            await self._breathe(begun)

    async def _pull_picture(self, topic: Topic[Picture]) -> None:
        begun, before = monotonic(), topic.newest
        number = before.number if before is not None else 0
        try:
            answer = await self._link.ask("kiosk.picture", after=number, wait=PICTURE_WAIT)
            fresh = "jpeg" in answer
            picture = Picture(int(answer["number"]), base64.b64decode(answer["jpeg"], validate=True) if fresh else b"")
        except (EdgeFaceError, KeyError, TypeError, ValueError, binascii.Error):
            topic.newest = None  # the next one is another daemon's: its numbers say nothing
            await asyncio.sleep(PAUSE)
            return
        if fresh:
            topic.put(picture)
        elif answer.get("off") is True:
            topic.put(Picture(0, b""))
            await asyncio.sleep(PICTURE_WAIT)
        else:
            await self._breathe(begun)

    async def _breathe(self, begun: float) -> None:
        """Nothing is asked again and again of a daemon that answers at once."""
        if monotonic() - begun < PAUSE:
            await asyncio.sleep(PAUSE)


_FEEDS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Path, Feed]] = WeakKeyDictionary()


def feed_of(request: Request) -> Feed:
    """The feed of this process: both listeners and all their pages share it."""
    path = link_of(request).path
    feeds = _FEEDS.setdefault(asyncio.get_running_loop(), {})
    feed = feeds.get(path)
    if feed is None or feed.closed:
        feed = feeds[path] = Feed(Link(path, CONNECTIONS))
    return feed
