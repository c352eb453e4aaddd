"""The web process: both listeners in one event loop, told apart by their ports; ready, alive and stopping are said to systemd."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from edge_face import memory
from edge_face.clock import SystemClock
from edge_face.errors import EdgeFaceError, ServiceError
from edge_face.kiosk.app import make_app
from edge_face.kiosk.link import CONNECTIONS, Link
from edge_face.kiosk.machine_names import all_names, host_names
from edge_face.kiosk.pages import Listener
from edge_face.kiosk.tls import Certificates
from edge_face.kiosk.walls import Walls
from edge_face.service.log import Log, fields
from edge_face.service.notify import Notifier
from edge_face.service.protocol import web_socket_path
from edge_face.settings import Settings

_log = logging.getLogger("edge_face.kiosk")

KIOSK_CONNECTIONS = 3
"""To the daemon: whatever the owner's pages ask, the page beside the door has its own."""
MOST_OPEN = 200
"""Connections and requests at a time on one listener; one more is told to come back (503)."""
KEEP_SECONDS = 15
HEAD_SECONDS = 20.0
"""Within which a request's head must have come."""
ENDING_SECONDS = 2
"""Streams have no end of their own: after this time they are cut."""
UNSENT = 1 << 16
"""Bytes that wait in the kernel for one browser."""
_TCP_NOTSENT_LOWAT = getattr(socket, "TCP_NOTSENT_LOWAT", 25)
LOOK_SECONDS = 1.0
RENEW_SECONDS = 60.0
"""So often the certificate is looked at: an address that changes wants another."""


@dataclass(frozen=True, slots=True)
class _Listening:
    """A listener, ready to be served. `link`: its own, closed with it."""

    walls: Walls
    socket: socket.socket
    link: Link
    context: ssl.SSLContext | None = None

    @property
    def address(self) -> str:
        """Without the name of the machine, which others may know by another."""
        host, port = self.socket.getsockname()[:2]
        return f"{'https' if self.context else 'http'}://{host if host not in ('::', '0.0.0.0') else socket.gethostname()}:{port}/"


class _Protocol(H11Protocol):
    """HTTP/1.1, with an end to requests that never come whole: connections are few, and cheap to hold open from outside."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._silent = True
        self._late: asyncio.TimerHandle | None = self.loop.call_later(HEAD_SECONDS, self._look)

    def data_received(self, data: bytes) -> None:
        self._silent = False
        super().data_received(data)
        if self._late is None and self._waits():
            self._late = self.loop.call_later(HEAD_SECONDS, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._late is not None:
            self._late.cancel()
        super().connection_lost(exc)

    def _waits(self) -> bool:
        """Is there a piece of a head, and not the whole?"""
        return self.conn.their_state is h11.IDLE and (self._silent or bool(self.conn.trailing_data[0]))

    def _look(self) -> None:
        self._late = None
        if self._waits():
            self.transport.close()


class _Server(uvicorn.Server):
    """One listener; signals are caught once, for both."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def main(settings: Settings) -> int:
    """Serves the pages until SIGTERM or Ctrl-C; the exit code. Raises `ServiceError` when a port is taken."""
    memory.keep_to_itself()
    log = Log(settings.service.log, sys.stdout, logging.INFO)
    _hear_uvicorn()
    try:
        code = asyncio.run(serve(settings))
    finally:
        log.close()
    if code == 130:
        raise KeyboardInterrupt
    return code


async def serve(settings: Settings, notifier: Notifier | None = None) -> int:
    """The same in an event loop that runs already."""
    notifier = notifier or Notifier()
    certificates = Certificates(Path(settings.kiosk.folder), lambda: all_names(settings), SystemClock().wall)
    listening: list[_Listening] = []
    try:
        listening.append(_kiosk(settings))
        if settings.kiosk.owner_listen != "off":
            listening.append(_owner(settings, certificates))
        return await _serve(settings, notifier, certificates, listening)
    finally:
        for one in listening:
            one.link.close()
            one.socket.close()


def _kiosk(settings: Settings) -> _Listening:
    link = Link(web_socket_path(settings), KIOSK_CONNECTIONS)
    return _Listening(make_app(settings, Listener.KIOSK, link), _bound("127.0.0.1", settings.kiosk.port, "port"), link)


def _owner(settings: Settings, certificates: Certificates) -> _Listening:
    lan = settings.kiosk.owner_listen == "lan"
    link = Link(web_socket_path(settings), CONNECTIONS)
    app = make_app(settings, Listener.OWNER, link, secure=lan, hosts=host_names(settings), certificates=certificates if lan else None)
    context = certificates.context() if lan else None
    return _Listening(app, _bound("" if lan else "127.0.0.1", settings.kiosk.owner_port, "owner_port"), link, context)


async def _serve(settings: Settings, notifier: Notifier, certificates: Certificates, listening: list[_Listening]) -> int:
    ended = asyncio.Event()
    code = 0

    def end(number: signal.Signals) -> None:
        nonlocal code
        code = 130 if number is signal.SIGINT else 0
        ended.set()

    loop = asyncio.get_running_loop()
    caught = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    for number in caught:
        with contextlib.suppress(ValueError, RuntimeError):  # not in the main thread (tests): ended by being cancelled
            loop.add_signal_handler(number, end, number)
    servers = [_server(one) for one in listening]
    tasks = [asyncio.create_task(server.serve([one.socket])) for server, one in zip(servers, listening, strict=True)]
    try:
        while not all(server.started for server in servers) and not any(task.done() for task in tasks):
            await asyncio.sleep(0.01)
        for one in listening:
            _log.info("the %s pages are at %s", one.walls.site.listener.value, one.address)
        notifier.ready("the pages are served")
        await _watch(notifier, certificates if any(one.context for one in listening) else None, ended, tasks)
    finally:
        notifier.stopping("the pages end")
        for one in listening:
            for close in one.walls.site.closing:
                with contextlib.suppress(Exception):
                    await close()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks, return_exceptions=True)
        for number in caught:
            with contextlib.suppress(ValueError, RuntimeError):
                loop.remove_signal_handler(number)
    _log.info("the pages ended")
    return code


async def _watch(notifier: Notifier, certificates: Certificates | None, ended: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Until the end: feeds the service manager's watchdog, renews the certificate."""
    waited = 0.0
    while not ended.is_set():
        if any(task.done() for task in tasks):
            raise ServiceError("a listener of the pages ended by itself: the log says why")
        notifier.alive()
        if certificates is not None and waited >= RENEW_SECONDS:
            waited = 0.0
            try:
                await asyncio.to_thread(certificates.renew)
            except EdgeFaceError as error:
                _log.error("%s", error)  # the one that there is holds for another while
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), LOOK_SECONDS)
        waited += LOOK_SECONDS


def _server(one: _Listening) -> _Server:
    # No access log: addresses of invitations are secrets.
    config = uvicorn.Config(one.walls, log_config=None, access_log=False, server_header=False, proxy_headers=False, lifespan="off",
                            ws="none", http=_Protocol, loop="asyncio", limit_concurrency=MOST_OPEN, timeout_keep_alive=KEEP_SECONDS,
                            timeout_graceful_shutdown=ENDING_SECONDS)
    config.load()
    config.ssl = one.context  # ours, so that the certificate in it can be renewed
    return _Server(config)


def _bound(host: str, port: int, key: str) -> socket.socket:
    """`host`: "" for the whole network, IPv6 and IPv4 where both are."""
    try:
        if not host and socket.has_dualstack_ipv6():
            bound = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        else:
            bound = socket.create_server((host, port))
        # Its connections inherit it; asyncio sets it on sockets of its own making alone, and each page would come 40 ms later.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The kernel would take 4 MB of pictures for a browser that is slow, which then sees what was half a minute ago.
        bound.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, UNSENT)
        return bound
    except OSError as error:
        raise ServiceError(f"port {port} of this machine cannot be used for the pages ({error.strerror}): another program has it, or set "
                           f"[kiosk] {key} to a free one") from error


class _Forward(logging.Handler):
    """The web server's own words in our log: what went wrong and of what kind, never the text of an error (it may be somebody's input)."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        _log.log(record.levelno, "%s", record.getMessage().splitlines()[0][:200], extra=fields(error=kind) if kind else {})


def _hear_uvicorn() -> None:
    for name in ("uvicorn", "uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [_Forward()], False
        logger.setLevel(logging.WARNING)
