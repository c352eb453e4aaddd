"""A small RTSP camera (RFC 2326) for tests: motion JPEG (RFC 2435) over TCP, with a password, and with ways to fail."""

from __future__ import annotations

import base64
import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType

import cv2
import numpy as np
import numpy.typing as npt

SDP = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=test\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
       "m=video 0 RTP/AVP 26\r\na=control:track1\r\na=framerate:30\r\n")


class RtspCamera:
    """Serves `picture(number)` 30 times a second to one client after another. `frames`: how many, then it falls silent.

    `user`, `password`: asked for by HTTP's Basic scheme. `seen`: the requests' first lines.
    """

    def __init__(self, picture: Callable[[int], npt.NDArray[np.uint8]], frames: int = 10**9, user: str = "", password: str = "",
                 hang_up: bool = False) -> None:
        self._picture, self._frames, self._hang_up = picture, frames, hang_up
        self._credentials = base64.b64encode(f"{user}:{password}".encode()).decode() if user else ""
        self.seen: list[str] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> RtspCamera:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join(10)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client, contextlib.suppress(OSError, ValueError):
                self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(0.02)
        buffer, playing, number, due = b"", False, 0, 0.0
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                data = client.recv(4096)
                if not data:
                    return
                buffer += data
            while b"\r\n\r\n" in buffer and not buffer.startswith(b"$"):
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                playing = self._answer(client, head.decode()) or playing
            while buffer.startswith(b"$") and len(buffer) >= 4 + struct.unpack(">H", buffer[2:4])[0]:
                buffer = buffer[4 + struct.unpack(">H", buffer[2:4])[0]:]  # RTCP of the client
            if playing and number < self._frames and time.monotonic() >= due:
                due = time.monotonic() + 1 / 30
                self._send(client, number)
                number += 1
            if playing and number >= self._frames and self._hang_up:
                return

    def _answer(self, client: socket.socket, head: str) -> bool:
        first, *lines = head.split("\r\n")
        self.seen.append(first)
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        method = first.split()[0]
        extra, body, status = "", "", "200 OK"
        if self._credentials and method != "OPTIONS" and fields.get("authorization") != f"Basic {self._credentials}":
            status, extra = "401 Unauthorized", 'WWW-Authenticate: Basic realm="camera"\r\n'
        elif method == "OPTIONS":
            extra = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        elif method == "DESCRIBE":
            body, extra = SDP, "Content-Type: application/sdp\r\n"
        elif method == "SETUP":
            extra = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
        else:
            extra = "Session: 1\r\n"
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        client.sendall(f"RTSP/1.0 {status}\r\nCSeq: {fields.get('cseq', '0')}\r\n{extra}{length}\r\n{body}".encode())
        return method == "PLAY" and status == "200 OK"

    def _send(self, client: socket.socket, number: int) -> None:
        tables, width, height, scan = _jpeg_parts(self._picture(number))
        offset = 0
        while offset < len(scan):
            chunk = scan[offset: offset + 1400]
            header = struct.pack(">I", offset) + bytes([1, 255, width // 8, height // 8])  # type 1: 4:2:0; Q 255: tables follow
            if offset == 0:
                header += struct.pack(">BBH", 0, 0, len(tables)) + tables
            last = offset + len(chunk) >= len(scan)
            rtp = struct.pack(">BBHII", 0x80, 26 | (0x80 if last else 0), (number * 64 + offset // 1400) & 0xFFFF, number * 3000, 1)
            packet = rtp + header + chunk
            client.sendall(b"$\x00" + struct.pack(">H", len(packet)) + packet)
            offset += len(chunk)


def _jpeg_parts(image: npt.NDArray[np.uint8]) -> tuple[bytes, int, int, bytes]:
    """Both quantisation tables, width, height and the scan of a baseline JPEG."""
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()
    at, tables, width, height = 2, b"", 0, 0
    while True:
        marker, size = data[at + 1], struct.unpack(">H", data[at + 2: at + 4])[0]
        body = data[at + 4: at + 2 + size]
        if marker == 0xDB:
            tables += b"".join(body[start + 1: start + 65] for start in range(0, len(body), 65))
        elif marker == 0xC0:
            height, width = struct.unpack(">HH", body[1:5])
        elif marker == 0xDA:
            return tables, width, height, data[at + 2 + size: -2]
        at += 2 + size
