"""The way to the daemon: its answers and errors, its absence, its return, and never more connections than it has."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from edge_face.errors import DaemonDownError, ForbiddenError, PeopleError, ServiceError, UsageError
from edge_face.kiosk import link as under_test
from edge_face.kiosk.link import Link
from edge_face.service.protocol import answer_line, error_line

Reply = Callable[[dict[str, Any]], Awaitable[bytes]]


class Daemon:
    """Answers like the real one, one line for each request, and counts."""

    def __init__(self, path: Path, reply: Reply) -> None:
        self.path, self._reply = path, reply
        self.connections = self.open = self.most = 0
        self._writers: set[asyncio.StreamWriter] = set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most = max(self.most, self.open)
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                answer = await self._reply(json.loads(line))
                if not answer:
                    break
                writer.write(answer)
                await writer.drain()
        self.open -= 1
        self._writers.discard(writer)
        writer.close()

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[Daemon]:
        self.path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._serve, str(self.path), limit=16 << 20)
        try:
            yield self
        finally:
            server.close()
            for writer in set(self._writers):
                writer.close()


async def _echo(request: dict[str, Any]) -> bytes:
    return answer_line(request)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "w.sock"


def test_a_request_is_answered_with_the_token_of_the_session(path: Path) -> None:
    async def run() -> None:
        async with Daemon(path, _echo).up() as daemon:
            link = Link(path)
            assert await link.ask("people.list", token="abc", who="Ben") == {"command": "people.list",
                                                                             "arguments": {"who": "Ben", "token": "abc"}}
            assert await link.ask("health") == {"command": "health", "arguments": {}}
            assert daemon.connections == 1, "a connection is used again"
            link.close()

    asyncio.run(run())


@pytest.mark.parametrize("error", [PeopleError("nobody is called so"), ForbiddenError("not for you"), ServiceError("busy")])
def test_the_daemons_own_error_is_raised(path: Path, error: Exception) -> None:
    async def reply(_: dict[str, Any]) -> bytes:
        return error_line(error)  # type: ignore[arg-type]

    async def run() -> None:
        async with Daemon(path, reply).up():
            link = Link(path)
            for _ in range(2):  # and the connection is as good as before
                with pytest.raises(type(error), match=str(error)):
                    await link.ask("x")

    asyncio.run(run())


def test_no_daemon_is_said(path: Path) -> None:
    async def run() -> None:
        with pytest.raises(DaemonDownError, match="does not run"):
            await Link(path).ask("x")
        path.write_bytes(b"no socket")
        with pytest.raises(DaemonDownError):
            await Link(path).ask("x")

    asyncio.run(run())


def test_a_daemon_that_comes_back_is_found(path: Path) -> None:
    async def run() -> None:
        link = Link(path)
        async with Daemon(path, _echo).up():
            await link.ask("one")
        path.unlink(missing_ok=True)
        with pytest.raises(DaemonDownError):
            await link.ask("two")
        async with Daemon(path, _echo).up():
            assert (await link.ask("three"))["command"] == "three"

    asyncio.run(run())


def test_a_daemon_that_breaks_off_may_have_done_it(path: Path) -> None:
    asked = []

    async def reply(request: dict[str, Any]) -> bytes:
        asked.append(request)
        return b""

    async def run() -> None:
        async with Daemon(path, reply).up():
            with pytest.raises(DaemonDownError, match="look whether it was done"):
                await Link(path).ask("people.forget")

    asyncio.run(run())
    assert len(asked) == 1, "it is never asked twice"


def test_a_daemon_that_says_nothing_is_not_waited_for_for_ever(path: Path) -> None:
    async def reply(request: dict[str, Any]) -> bytes:
        await asyncio.sleep(0.3 if request["arguments"].get("wait") else 30)
        return answer_line({})

    async def run() -> None:
        async with Daemon(path, reply).up():
            link = Link(path, answer_seconds=0.1)
            with pytest.raises(DaemonDownError, match="did not answer 'slow' in time"):
                await link.ask("slow")
            assert await link.ask("kiosk.state", wait=5) == {}, "a long poll waits for longer"

    asyncio.run(run())


def test_never_more_connections_than_it_may_have(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def reply(_: dict[str, Any]) -> bytes:
        await asyncio.sleep(0.02)
        return answer_line({})

    async def run() -> int:
        async with Daemon(path, reply).up() as daemon:
            link = Link(path, connections=3)
            await asyncio.gather(*(link.ask("x") for _ in range(30)))
            return daemon.most

    assert asyncio.run(run()) == 3

    async def full() -> None:
        async with Daemon(path, lambda _: asyncio.sleep(30, b"")).up():  # type: ignore[arg-type]
            monkeypatch.setattr(under_test, "TURN_SECONDS", 0.05)
            link = Link(path, connections=1, answer_seconds=0.5)
            slow = asyncio.create_task(link.ask("x"))
            await asyncio.sleep(0.01)
            with pytest.raises(ServiceError, match="try again"):
                await link.ask("y")
            with contextlib.suppress(DaemonDownError):
                await slow

    asyncio.run(full())


def test_whoever_goes_away_leaves_no_answer_for_the_next(path: Path) -> None:
    async def reply(request: dict[str, Any]) -> bytes:
        await asyncio.sleep(0.1)
        return answer_line(request["command"])

    async def run() -> None:
        async with Daemon(path, reply).up():
            link = Link(path, connections=1)
            gone = asyncio.create_task(link.ask("gone"))
            await asyncio.sleep(0.03)
            gone.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await gone
            assert await link.ask("next") == "next"

    asyncio.run(run())


def test_what_cannot_be_sent_is_refused_here(path: Path) -> None:
    async def run() -> None:
        link = Link(path)
        for value in (float("nan"), b"bytes", "\ud800"):
            with pytest.raises(UsageError):
                await link.ask("x", value=value)
        with pytest.raises(UsageError, match="too long"):
            await link.ask("x", value="a" * (9 << 20))

    asyncio.run(run())


def test_long_answers_arrive_whole(path: Path) -> None:
    async def reply(_: dict[str, Any]) -> bytes:
        return answer_line("a" * (12 << 20))

    async def run() -> int:
        async with Daemon(path, reply).up():
            return len(await Link(path).ask("x"))

    assert asyncio.run(run()) == 12 << 20


def test_a_link_may_be_used_in_another_loop(path: Path) -> None:
    link = Link(path)

    async def run() -> None:
        async with Daemon(path, _echo).up():
            await link.ask("x")

    asyncio.run(run())
    asyncio.run(run())
