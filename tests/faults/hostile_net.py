"""Ways in from the network: what a webhook's receiver answers, and signatures that somebody made up."""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

from edge_face.service.hook_delivery import LONGEST_REST, post, sign, verify

from .hostile import Granted, Try
from .mutate import mutated

KEY = bytes(range(32))
EVENT = {"id": "0123456789abcdef", "kind": "alarm", "what": "forced", "text": "opened without a release", "wall": 1.0e9}
ANSWERS = (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"HTTP/1.1 429 Too Many\r\nRetry-After: 30\r\nContent-Length: 0\r\n\r\n",
           b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n",
           b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\n\r\n")


class _Receiver:
    """Answers each connection with whatever it is told to, and hangs up."""

    def __init__(self) -> None:
        self.answer = b""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._server.getsockname()[1]}/door"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                channel, _ = self._server.accept()
                with channel, suppress(OSError):
                    channel.settimeout(2.0)
                    channel.recv(1 << 16)
                    channel.sendall(self.answer)
                    channel.shutdown(socket.SHUT_WR)
                    while channel.recv(1 << 16):
                        pass

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


class Webhook:
    """`post` comes back with an outcome, whatever the receiver says."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("no_proxy", "127.0.0.1")
        self._receiver = _Receiver()

    def __call__(self, luck: random.Random) -> None:
        self._receiver.answer = mutated(luck.choice(ANSWERS), luck) if luck.random() < 0.95 else b""
        outcome = post(self._receiver.address, KEY, EVENT, 2.0, time.time)
        if not 0 <= outcome.rest <= LONGEST_REST:
            raise AssertionError(f"a rest of {outcome.rest} s")

    def close(self) -> None:
        self._receiver.close()


def signatures(folder: Path) -> Try:
    """Headers and bodies that were changed are no signature."""
    body = b'{"kind":"alarm"}'
    header = sign(KEY, body, 2.0e9)

    def attempt(luck: random.Random) -> None:
        if luck.random() < 0.3:
            given, other = mutated(body, luck), header
        else:
            given, other = body, mutated(header.encode(), luck).decode("utf-8", "surrogateescape")
        if (given, other) != (body, header) and verify(KEY, given, other, 2.0e9 + luck.uniform(-100, 100)):
            raise Granted(f"{other!r}")

    return attempt
