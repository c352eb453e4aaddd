"""What is said on the control socket: one JSON object a line, one answer for each request, both of bounded size.

Request: `{"command": "people.list", "arguments": {}}`. Answer: `{"ok": true, "result": ...}` or `{"ok": false,
"error": {"kind": "PeopleError", "message": "..."}}`. The kind is the name of a class in `edge_face.errors`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_face import errors
from edge_face.errors import EdgeFaceError, ServiceError, UsageError
from edge_face.settings import Settings

LONGEST_REQUEST = 1 << 20
LONGEST_ANSWER = 1 << 24
"""Bytes of one line."""
_LONGEST_PATH = 107
"""Bytes of a unix socket's path on Linux."""
_COMMAND = re.compile(r"[a-z][a-z_]{0,31}(\.[a-z][a-z_]{0,31})?")


@dataclass(frozen=True, slots=True)
class Request:
    """A command and its arguments by name."""

    command: str
    arguments: dict[str, Any] = field(default_factory=dict)


def socket_path(settings: Settings) -> Path:
    """Where the daemon of these settings listens. Raises `ServiceError` for a path that no socket can have."""
    path = Path(settings.service.socket) if settings.service.socket else Path(settings.store.folder) / "control.sock"
    if len(str(path.absolute()).encode()) > _LONGEST_PATH:
        raise ServiceError(f"{path} is too long for a socket: set [service] socket to a path of at most {_LONGEST_PATH} bytes")
    return path.absolute()


def web_socket_path(settings: Settings) -> Path:
    """Where it answers the pages. Raises `ServiceError` likewise."""
    path = Path(settings.kiosk.web_socket) if settings.kiosk.web_socket else socket_path(settings).parent / "web" / "web.sock"
    if len(str(path.absolute()).encode()) > _LONGEST_PATH:
        raise ServiceError(f"{path} is too long for a socket: set [kiosk] web_socket to a path of at most {_LONGEST_PATH} bytes")
    return path.absolute()


def parse_request(line: bytes) -> Request:
    """Raises `UsageError` for whatever is no request."""
    table = _parsed(line)
    command, arguments = table.get("command"), table.get("arguments", {})
    if not isinstance(command, str) or not _COMMAND.fullmatch(command):
        raise UsageError("a request has a command: a name such as \"people.list\"")
    if not isinstance(arguments, dict):
        raise UsageError("the arguments of a request are an object: {\"name\": value}")
    if set(table) - {"command", "arguments"}:
        raise UsageError("a request has a command and arguments and nothing else")
    return Request(command, arguments)


def request_line(request: Request, longest: int | None = None) -> bytes:
    """`longest`: bytes that the other end takes. Raises `UsageError` for arguments that JSON cannot hold or that are too long."""
    return _line({"command": request.command, "arguments": request.arguments}, longest or LONGEST_REQUEST, "the request")


def answer_line(result: Any) -> bytes:
    """Raises `UsageError` for a result that JSON cannot hold or that is too long."""
    return _line({"ok": True, "result": result}, LONGEST_ANSWER, "the answer")


def error_line(error: EdgeFaceError) -> bytes:
    """An answer that `result_of` raises again as the nearest class that both sides know."""
    kind = next((base.__name__ for base in type(error).__mro__ if base.__name__ in _KINDS), "EdgeFaceError")
    return _line({"ok": False, "error": {"kind": kind, "message": str(error)[:10_000]}}, LONGEST_ANSWER, "the error")


def result_of(line: bytes) -> Any:
    """The result in an answer. Raises the daemon's error, or `ServiceError` for what is no answer."""
    try:
        table = _parsed(line)
    except UsageError as error:
        raise ServiceError("the daemon's answer cannot be understood: is it of the same version?") from error
    if table.get("ok") is True:
        return table.get("result")
    failure = table.get("error")
    if not isinstance(failure, dict):
        raise ServiceError("the daemon's answer cannot be understood: is it of the same version?")
    raise _KINDS.get(str(failure.get("kind")), EdgeFaceError)(
        str(failure.get("message", "")).strip() or "the daemon did not say what is wrong")


# MissingExtraError is made of a package and an extra; its text alone travels as its base.
_KINDS: dict[str, type[EdgeFaceError]] = {
    name: kind for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, EdgeFaceError) and kind is not errors.MissingExtraError}


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        table = json.loads(line.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UsageError("this is not a line of JSON") from error
    if not isinstance(table, dict):
        raise UsageError("this is not a JSON object")
    return table


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _line(table: dict[str, Any], longest: int, what: str) -> bytes:
    try:
        line = json.dumps(table, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"{what} holds something that cannot be sent: {error}") from error
    if len(line) > longest:
        raise UsageError(f"{what} is too long: {len(line)} bytes, {longest} are allowed")
    return line
