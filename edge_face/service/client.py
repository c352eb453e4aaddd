"""The other end of the control socket: commands ask the running daemon, which alone writes the store and holds the pins."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import Any

from edge_face.errors import EdgeFaceError, ServiceError
from edge_face.service.protocol import LONGEST_ANSWER, Request, request_line, result_of, socket_path
from edge_face.settings import Settings

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 60.0
"""Forgetting somebody rewrites the database file: on a slow card that takes its time."""


class Client:
    """Asks one daemon. Each call is a connection of its own, so that a client may be kept for as long as wanted."""

    def __init__(self, path: Path, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.path = path
        self._answer_seconds = answer_seconds

    def call(self, command: str, /, **arguments: Any) -> Any:
        """The result of a command. Raises the error that the daemon met, or `ServiceError` when it cannot be asked."""
        line = request_line(Request(command, arguments))
        try:
            with _connected(self.path) as channel:
                channel.settimeout(self._answer_seconds)
                # A daemon that refuses us says so before it has read anything, and hangs up: its answer counts.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    channel.sendall(line)
                return result_of(_answer(channel))
        except EdgeFaceError:
            raise  # the daemon's own error; several of them are OSErrors too
        except TimeoutError as error:
            raise ServiceError(f"the daemon did not answer '{command}' within {self._answer_seconds:g} s: "
                               "journalctl -u edge-face shows what it does") from error
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise ServiceError("the daemon is not running: edge-face run, or sudo systemctl start edge-face") from error
        except PermissionError as error:
            raise _forbidden(self.path) from error
        except OSError as error:
            raise ServiceError(f"the daemon broke the connection: {error.strerror or error}") from error


def daemon_for(settings: Settings) -> Client | None:
    """A client of the daemon that runs on these settings, None when none runs. Raises `ServiceError` when it may not
    be asked."""
    path = socket_path(settings)
    try:
        _connected(path).close()
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        return None
    except TimeoutError as error:
        raise ServiceError(f"the daemon at {path} is too busy to listen: journalctl -u edge-face shows what it does") from error
    except PermissionError as error:
        raise _forbidden(path) from error
    except OSError as error:
        raise ServiceError(f"{path} is no daemon's socket: {error.strerror or error}") from error
    return Client(path)


def _connected(path: Path) -> socket.socket:
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        channel.settimeout(CONNECT_SECONDS)
        channel.connect(str(path))
    except BaseException:
        channel.close()
        raise
    return channel


def _answer(channel: socket.socket) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while not pieces or not pieces[-1].endswith(b"\n"):
        piece = channel.recv(1 << 16)
        size += len(piece)
        if not piece or size > LONGEST_ANSWER:
            raise ServiceError("the daemon broke off in the middle of its answer: journalctl -u edge-face shows why")
        pieces.append(piece)
    return b"".join(pieces)


def _forbidden(path: Path) -> ServiceError:
    return ServiceError(f"you may not ask the daemon at {path}: sudo usermod -aG edge-face $USER and log in again, or use sudo")
