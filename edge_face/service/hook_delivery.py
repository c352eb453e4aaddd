"""How an event reaches its receiver: a signed POST, or a program of the owner's. Each attempt ends in bounded time.

Signature (as common webhooks do it): `X-Edge-Face-Signature: t=SECONDS,v1=HEX`, HEX being HMAC-SHA256 over "SECONDS." and the
body, under the shared key. A receiver refuses times that are minutes old, and ids that it has seen, and nothing can be replayed.
"""

from __future__ import annotations

import contextlib
import enum
import hashlib
import hmac
import json
import os
import signal
import stat
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from edge_face import __version__
from edge_face.errors import ServiceError, SettingsError
from edge_face.settings import HookSettings

SHORTEST_KEY = 16
LONGEST_KEY = 4096
"""Bytes."""
LONGEST_REST = 900.0
"""Seconds that a receiver's Retry-After is believed."""
_GRACE = 5.0
"""Seconds beyond the settings' time limit, after which an attempt that drips along is left to itself."""
_TRY_AGAIN = frozenset({408, 425, 429})


class Result(enum.Enum):
    """How an attempt ended."""

    TOLD = "told"
    REFUSED = "refused"
    """The receiver will never take this event."""
    LATER = "later"
    """It may take it another time."""
    AWAY = "away"
    """Nobody is there: the next event need not be tried now."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`text` says why, without address or key; `rest`: seconds that the receiver asked for."""

    result: Result
    text: str = ""
    rest: float = 0.0


Channel = Callable[[Mapping[str, Any]], Outcome]
"""Tells one event; never raises."""


def sign(key: bytes, body: bytes, wall: float) -> str:
    """The value of the signature's header."""
    moment = str(int(wall))
    return f"t={moment},v1={hmac.new(key, moment.encode() + b'.' + body, hashlib.sha256).hexdigest()}"


def verify(key: bytes, body: bytes, header: str, wall: float, tolerance: float = 300.0) -> bool:
    """What a receiver does: is the signature right, and its time within `tolerance` seconds of `wall`?"""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    moment = parts.get("t", "")
    if not moment.isdecimal() or len(moment) > 12 or abs(wall - int(moment)) > tolerance:
        return False
    return hmac.compare_digest(sign(key, body, int(moment)).encode(), header.encode(errors="surrogatepass"))


def read_key(settings: HookSettings) -> bytes:
    """The key of the signature: systemd's credential "hooks.key" where there is one, else `hooks.secret_file`. Raises
    `SettingsError`."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    given = Path(credentials, "hooks.key") if credentials else None
    path = given if given is not None and given.exists() else Path(settings.secret_file)
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            key = file.read(LONGEST_KEY + 1).strip()
    except OSError as error:
        raise SettingsError(f"hooks.secret_file {path} cannot be read ({error.strerror}): make it with 'sudo edge-face hooks key "
                            f"{path}'") from error
    if not stat.S_ISREG(mode) or (path != given and mode & 0o037):
        raise SettingsError(f"hooks.secret_file {path} may be read by others: sudo chmod 0400 {path}")
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise SettingsError(f"hooks.secret_file {path} has {len(key)} bytes, at least {SHORTEST_KEY} are needed: "
                            f"sudo edge-face hooks key {path}")
    return key


def channels_of(settings: HookSettings, wall: Callable[[], float]) -> dict[str, Channel]:
    """The ways that the settings name. Raises `SettingsError` for a key that cannot be used."""
    found: dict[str, Channel] = {}
    if settings.webhook:
        key = read_key(settings)
        found["webhook"] = lambda event: post(settings.webhook, key, event, settings.timeout, wall)
    if settings.command:
        found["command"] = lambda event: run_command(settings.command, event, settings.timeout)
    return found


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A signed body goes to the address that the owner wrote down and nowhere else."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Message, newurl: str) -> None:
        return None


def post(address: str, key: bytes, event: Mapping[str, Any], timeout: float, wall: Callable[[], float]) -> Outcome:
    """One signed POST; certificates are verified, redirections not followed."""
    body = _body(event)
    try:
        request = urllib.request.Request(address, body, method="POST", headers={
            "Content-Type": "application/json", "User-Agent": f"edge-face/{__version__}", "X-Edge-Face-Event": str(event["kind"]),
            "X-Edge-Face-Id": str(event["id"]), "X-Edge-Face-Signature": sign(key, body, wall())})
    except ValueError:
        return Outcome(Result.REFUSED, "hooks.webhook is no address")

    def attempt() -> Outcome:
        import http.client

        try:
            # The default context verifies certificates and names.
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=timeout) as answer:
                return Outcome(Result.TOLD, str(answer.status))
        except urllib.error.HTTPError as error:
            with contextlib.suppress(OSError):
                error.close()
            return _judged(error.code, error.headers.get("Retry-After", ""))
        except urllib.error.URLError as error:
            return Outcome(Result.AWAY, f"{_host(address)} cannot be reached: {error.reason}")
        except (OSError, http.client.HTTPException) as error:
            return Outcome(Result.AWAY, f"{_host(address)} did not answer as it must: {type(error).__name__}")
        except ValueError:
            return Outcome(Result.REFUSED, "hooks.webhook is no address that can be used")

    return _bounded(attempt, timeout + _GRACE, f"{_host(address)} did not answer within {timeout:g} s")


def run_command(command: Sequence[str], event: Mapping[str, Any], timeout: float) -> Outcome:
    """Runs the owner's program, without a shell, with the event as JSON on its standard input; exit code 0 is "told"."""
    try:
        started = subprocess.Popen(list(command), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True, cwd="/")
    except (OSError, ValueError) as error:
        return Outcome(Result.LATER, f"hooks.command cannot be started: {getattr(error, 'strerror', None) or error}")
    try:
        started.communicate(_body(event), timeout)
    except subprocess.TimeoutExpired:
        return Outcome(Result.LATER, f"hooks.command did not end within {timeout:g} s and was killed")
    finally:
        # Whatever it has left running goes too.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(started.pid, signal.SIGKILL)
        if started.stdin is not None:
            with contextlib.suppress(OSError):
                started.stdin.close()
        started.wait()
    code = started.returncode
    return Outcome(Result.TOLD) if code == 0 else Outcome(Result.LATER, f"hooks.command ended with exit code {code}")


def _judged(code: int, rest: str) -> Outcome:
    if code in _TRY_AGAIN or code >= 500:
        seconds = min(float(rest), LONGEST_REST) if rest.isdecimal() and len(rest) < 8 else 0.0
        return Outcome(Result.LATER, f"the receiver answers {code}", seconds)
    if 300 <= code < 400:
        return Outcome(Result.REFUSED, f"the receiver answers {code} and points elsewhere: set hooks.webhook to its last address")
    return Outcome(Result.REFUSED, f"the receiver refuses it with {code}")


def _bounded(attempt: Callable[[], Outcome], seconds: float, late: str) -> Outcome:
    """A server that sends a byte now and then resets every time limit of a socket; this one it cannot."""
    found: list[Outcome] = []
    worker = threading.Thread(target=lambda: found.append(attempt()), name="post", daemon=True)
    worker.start()
    worker.join(seconds)
    return found[0] if found else Outcome(Result.AWAY, late)


def _body(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def _host(address: str) -> str:
    """Of an address only this is shown: many carry a secret in their path."""
    try:
        return urlsplit(address).hostname or "the receiver"
    except ValueError:
        return "the receiver"


def make_key(path: Path) -> None:
    """A new key of 64 hex digits, mode 0400. Raises `ServiceError` when something is there already."""
    import secrets

    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
    except FileExistsError as error:
        raise ServiceError(f"{path} exists: with a new key the receiver would refuse every event; delete it first") from error
    except OSError as error:
        raise ServiceError(f"{path} cannot be made ({error.strerror}): use sudo") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
