"""A listener's pages on a real port of this machine: streams have no end, which a client inside the process cannot wait for."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn
from kiosk_house import House

from edge_face.kiosk.app import make_app
from edge_face.kiosk.cookies import SESSION
from edge_face.kiosk.link import Link
from edge_face.kiosk.pages import Listener
from edge_face.service.protocol import web_socket_path

PATIENCE = 30.0


class Served:
    """From `with` to its end. `site`: what its pages share."""

    def __init__(self, house: House, listener: Listener) -> None:
        self.link = Link(web_socket_path(house.settings))
        walls = make_app(house.settings, listener, self.link)
        self.site = walls.site
        self._socket = socket.create_server(("127.0.0.1", 0))
        # Less room for what a browser has not taken yet, so that tests of slow ones need not send megabytes.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(walls, log_config=None, access_log=False, lifespan="off", ws="none", http="h11", loop="asyncio",
                                timeout_graceful_shutdown=2)
        self._server = uvicorn.Server(config)
        self.loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        await self._server.serve([self._socket])

    def __enter__(self) -> Served:
        self._thread.start()
        until = time.monotonic() + PATIENCE
        while not self._server.started:
            assert time.monotonic() < until
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        for close in self.site.closing:
            self.run(close())
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._socket.close()
        assert not self._thread.is_alive()

    def run(self, work: Any) -> Any:
        """Runs a coroutine where the pages run."""
        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def open(self, path: str, token: str = "", buffer: int | None = None) -> Opened:
        """Asks for a page and reads its head. `buffer`: bytes that the system takes for a client that does not read."""
        return Opened(self.port, path, token, buffer)


class Opened:
    """One answer that is being read."""

    def __init__(self, port: int, path: str, token: str = "", buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        cookie = f"Cookie: {SESSION}={token}\r\n" if token else ""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{cookie}\r\n".encode())
        self._kept = b""
        head = self._until(b"\r\n\r\n").decode()
        self.status = int(head.split(" ")[1])
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)}
        self._chunked = self.headers.get("transfer-encoding") == "chunked"
        self._body = b""
        self.ended = False

    def _more(self) -> bytes:
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise EOFError
        return piece

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._kept:
            self._kept += self._more()
        found, _, self._kept = self._kept.partition(mark)
        return found

    def _chunk(self) -> bytes:
        """The next piece of the body; nothing at its end."""
        try:
            size = int(self._until(b"\r\n"), 16)
            while len(self._kept) < size + 2:
                self._kept += self._more()
        except EOFError:
            size = 0
        if size == 0:
            self.ended = True
            return b""
        piece, self._kept = self._kept[:size], self._kept[size + 2:]
        return piece

    def up_to(self, mark: bytes) -> bytes:
        """The body up to a mark. Raises EOFError where it ends before."""
        assert self._chunked
        while mark not in self._body:
            piece = self._chunk()
            if self.ended:
                raise EOFError
            self._body += piece
        found, _, self._body = self._body.partition(mark)
        return found

    def events(self) -> Iterator[tuple[str, Any]]:
        """Server-sent events: name and data; comments and `retry` are left out."""
        while True:
            fields = dict(line.split(": ", 1) for line in self.up_to(b"\n\n").decode().split("\n") if ": " in line and line[0] != ":")
            if "event" in fields:
                yield fields["event"], json.loads(fields["data"])

    def pictures(self) -> Iterator[bytes]:
        """JPEGs of a moving picture, without what surrounds them."""
        self.up_to(b"--picture\r\n")
        while True:
            _, _, jpeg = self.up_to(b"\r\n--picture\r\n").partition(b"\r\n\r\n")
            yield jpeg

    def close(self) -> None:
        self.socket.close()
