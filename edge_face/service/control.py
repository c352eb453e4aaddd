"""The control socket: who may ask is checked by the kernel's word, what is asked is bounded, nothing asked can crash us."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import queue
import socket
import stat
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_face.errors import EdgeFaceError, ServiceError, UsageError
from edge_face.service.log import fields
from edge_face.service.protocol import LONGEST_REQUEST, answer_line, error_line, parse_request

_log = logging.getLogger("edge_face.control")

MODE = 0o660
_NO_PLACE = (errno.EROFS, errno.ENOSPC, errno.EDQUOT)
CONNECTIONS = 8
"""At a time; one more is told to come back. As many threads wait for them: one that is started when memory has run out may never come
back, nor whoever started it (CPython's `Thread.start` waits for a sign of life)."""
IDLE_SECONDS = 30.0
"""A connection without a whole request for so long is closed."""
PIECE = 1 << 16
"""Bytes read at a time."""
_SO_PEERGROUPS = 59
"""Linux's socket option for the supplementary groups of the other end; Python has no name for it."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end, as the kernel says. `owner`: root or the user who runs the daemon."""

    pid: int
    uid: int
    gid: int
    groups: frozenset[int] = frozenset()

    @property
    def owner(self) -> bool:
        return self.uid in (0, os.geteuid())


Handler = Callable[[dict[str, Any], Peer], Any]
"""Gets the arguments of a request and who asks; returns what JSON can hold; raises `EdgeFaceError`."""


class NoPlaceError(ServiceError):
    """The disk has no place for the socket: full or read-only."""


@dataclass(frozen=True, slots=True)
class SocketKind:
    """What is particular to a socket. `name` and `setting` are for messages; `longest`: bytes of a request; `folder`: mode of the
    folder where there is none yet; `group`: who may ask besides root and the daemon's user, where there is such a group ("": the group
    that new files there have)."""

    name: str = "control socket"
    setting: str = "[service] socket"
    longest: int = LONGEST_REQUEST
    connections: int = CONNECTIONS
    folder: int = 0o700
    group: str = ""


class ControlSocket:
    """Listens at a path from `open` to `close`, answers from `start` on."""

    def __init__(self, path: Path, handlers: Mapping[str, Handler], idle_seconds: float = IDLE_SECONDS,
                 kind: SocketKind | None = None) -> None:
        self._path = path
        self._handlers = dict(handlers)
        self._idle = idle_seconds
        self._kind = kind or SocketKind()
        self._room = threading.BoundedSemaphore(self._kind.connections)
        self._waiting: queue.SimpleQueue[socket.socket | None] = queue.SimpleQueue()
        self._server: socket.socket | None = None
        self._held: int | None = None
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()

    def open(self) -> None:
        """Raises `ServiceError` when a daemon is running already or the socket cannot be made, `NoPlaceError` when that is because the
        disk is full or read-only."""
        self._held = _hold(self._path, self._kind)
        try:
            self._server = _listening(self._path, self._kind)
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Answers from now on."""
        for _ in range(self._kind.connections):
            threading.Thread(target=self._work, name="control-peer", daemon=True).start()
        threading.Thread(target=self._accept, name="control", daemon=True).start()

    def close(self) -> None:
        """Takes the socket away and breaks all connections. May be called again."""
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
        with self._guard:
            for channel in self._open:
                with contextlib.suppress(OSError):
                    channel.shutdown(socket.SHUT_RDWR)
        for _ in range(self._kind.connections):
            self._waiting.put(None)
        held, self._held = self._held, None
        if held is not None:
            os.close(held)

    def _accept(self) -> None:
        while (server := self._server) is not None:
            try:
                channel, _ = server.accept()
                if not self._room.acquire(blocking=False):
                    _refuse(channel, ServiceError("too many are asking the daemon at once: try again"))
                    continue
                with self._guard:
                    self._open.add(channel)
                self._waiting.put(channel)
            except Exception as error:  # too many open files, no memory: it passes or it does not, but never in a hot loop
                if self._server is None:
                    return
                with contextlib.suppress(Exception):
                    _log.error("the %s does not accept: %s", self._kind.name, error)
                threading.Event().wait(0.5)

    def _work(self) -> None:
        while (channel := self._waiting.get()) is not None:
            try:
                self._serve(channel)
            except Exception as error:  # no memory even to say so: the next one may be served
                with contextlib.suppress(Exception):
                    _log.error("a connection was not served: %s", error)

    def _serve(self, channel: socket.socket) -> None:
        try:
            with channel:
                channel.settimeout(self._idle)
                peer = peer_of(channel)
                if not may_ask(peer, self._path):
                    _log.warning("refused a stranger at the %s", self._kind.name, extra=fields(uid=peer.uid, pid=peer.pid))
                    channel.sendall(error_line(ServiceError("you may not ask this daemon")))
                    return
                self._converse(channel, peer)
        except OSError:
            return  # the other end went away or fell silent: no fault of ours
        finally:
            with self._guard:
                self._open.discard(channel)
            self._room.release()

    def _converse(self, channel: socket.socket, peer: Peer) -> None:
        waiting, looked = bytearray(), 0
        while True:
            end = waiting.find(b"\n", looked)
            if end < 0:
                if len(waiting) > self._kind.longest:
                    channel.sendall(error_line(UsageError(f"a request has at most {self._kind.longest} bytes")))
                    return
                looked = len(waiting)
                piece = channel.recv(PIECE)
                if not piece:
                    return
                waiting += piece
                continue
            line = bytes(waiting[:end])
            del waiting[:end + 1]
            looked = 0
            if line.strip():
                channel.sendall(self.answer(line, peer))

    def answer(self, line: bytes, peer: Peer) -> bytes:
        """The answer to one request, whatever it is. Never raises."""
        try:
            request = parse_request(line)
            handler = self._handlers.get(request.command)
            if handler is None:
                raise UsageError(f"the daemon has no command '{request.command}': it has {', '.join(sorted(self._handlers))}")
            return answer_line(handler(request.arguments, peer))
        except EdgeFaceError as error:
            return error_line(error)
        except Exception as error:
            _log.exception("a command failed")
            return error_line(ServiceError(f"the daemon met {type(error).__name__} while it did that: its log shows more"))


def peer_of(channel: socket.socket) -> Peer:
    """Who is at the other end of a unix socket (SO_PEERCRED, SO_PEERGROUPS). Raises `OSError`."""
    pid, uid, gid = struct.unpack("iII", channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII")))
    try:
        raw = channel.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, 4096)
    except OSError:
        raw = b""
    return Peer(pid, uid, gid, frozenset(struct.unpack(f"{len(raw) // 4}I", raw[:len(raw) // 4 * 4])))


def may_ask(peer: Peer, path: Path) -> bool:
    """Root, the daemon's own user, and members of the group that owns the socket."""
    if peer.owner:
        return True
    try:
        group = path.stat().st_gid
    except OSError:
        return False
    return group != 0 and (peer.gid == group or group in peer.groups)


def _hold(path: Path, kind: SocketKind) -> int:
    """A lock that ends with the process, whatever ends it: what tells a stale socket from a running daemon."""
    place = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=kind.folder)
        try:
            descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            if error.errno not in _NO_PLACE or not place.exists():
                raise
            # Enough to see whether somebody else holds it.
            descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise _refused(error)(f"the {kind.name} cannot be made in {path.parent}: {error.strerror}: make the folder and give it "
                              f"to the user of the daemon, or set {kind.setting}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        who = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
        os.close(descriptor)
        raise ServiceError(f"the door is already running{f' (process {who})' if who.isdigit() else ''}: stop it first "
                           "(sudo systemctl stop edge-face)") from error
    with contextlib.suppress(OSError):  # for messages only: a full disk has worse to say later
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def _listening(path: Path, kind: SocketKind) -> socket.socket:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        if os.path.lexists(path):
            if not stat.S_ISSOCK(path.lstat().st_mode):
                raise ServiceError(f"{path} is in the way and no socket: move it, or set {kind.setting}")
            path.unlink()  # stale: the lock above says that nobody listens
        # Born for its owner alone (Linux takes the mode of the unbound socket), and opened to its group when that is the right one.
        # Not by the umask: that is the whole process's, and every other thread makes files too.
        os.fchmod(server.fileno(), 0o600)
        server.bind(str(path))
        if kind.group:
            _give_to(kind.group, path)
        path.chmod(MODE)
        server.listen(kind.connections)
    except OSError as error:
        server.close()
        if isinstance(error, ServiceError):
            raise
        raise _refused(error)(f"the {kind.name} {path} cannot be made: {error.strerror or error}: set {kind.setting}") from error
    return server


def _give_to(group: str, path: Path) -> None:
    """Lets the members of a group ask. Where there is no such group, or it is not ours to give to, nobody else may."""
    import grp

    try:
        number = grp.getgrnam(group).gr_gid
        if path.stat().st_gid != number:
            os.chown(path, -1, number)
    except KeyError:
        pass  # nothing is installed: whoever runs the door asks it
    except OSError as error:
        _log.warning("the group %s cannot be given %s (%s): the daemon's user must be a member of it", group, path, error.strerror)


def _refused(error: OSError) -> type[ServiceError]:
    return NoPlaceError if error.errno in _NO_PLACE else ServiceError


def _refuse(channel: socket.socket, error: EdgeFaceError) -> None:
    with channel, contextlib.suppress(OSError):
        channel.settimeout(1.0)
        channel.sendall(error_line(error))
