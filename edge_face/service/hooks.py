"""Events for whoever wants to be told, and the spool in which they wait: written by the daemon, emptied by `edge-face hooks send`.

One file an event, whole or not there at all; bounded in number and bytes, the oldest dropped first and counted. An event
says what happened at the door and when; who, never: no name, no id, no score, and no picture but one that is hidden already.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge_face.access.outcomes import Alarm, Decision, Kind
from edge_face.errors import ServiceError
from edge_face.settings import EVENTS, HookSettings, Settings

MOST = 200
"""Events that wait at most."""
MOST_BYTES = 8 << 20
LONGEST = 64 << 10
"""Bytes of one event without its picture."""
LARGEST_PICTURE = 512 << 10
VERSION = 1
_MODE = 0o660
"""The sender is another user: the folder gives its files the sender's group."""
_NAME = re.compile(r"(?P<number>[0-9]{8})-[0-9a-f]{16}\.json")

_ALARMS = {Alarm.FORCED: "the door was opened without a release", Alarm.HELD: "the door stands open for too long",
           Alarm.TAMPER: "the housing was opened", Alarm.LINGERING: "an unknown face stays near the door",
           Alarm.ATTEMPTS: "somebody tries to get in: many failed approaches, codes or cards"}
_TOLD: Mapping[Kind, tuple[str, str]] = {
    Kind.GRANT: ("grant", "a face opened the door"), Kind.CODE: ("code", "a code or a card opened the door"),
    Kind.EXIT: ("exit", "the exit button opened the door"), Kind.FIRE: ("alarm", "the fire input opened the door"),
    Kind.OWNER: ("owner", "the owner opened the door"), Kind.SECURE: ("owner", "the owner locked the door"),
    Kind.DENY: ("deny", "somebody was not let in"), Kind.REST: ("deny", "faces open nothing for a while: too many failed approaches"),
    Kind.CODE_REST: ("deny", "codes and cards open nothing for a while: too many wrong ones"),
    Kind.LOCKDOWN: ("lockdown", "the door is locked down"), Kind.LOCKDOWN_OVER: ("lockdown", "the lockdown is over"),
    Kind.DURESS: ("duress", "somebody was let in who says that they are forced"),
    Kind.ALARM: ("alarm", ""), Kind.ALARM_OVER: ("alarm", ""),
    Kind.CLOCK: ("trouble", "the clock cannot be believed: whoever has limited times stays out"),
    Kind.CLOCK_OVER: ("trouble", "the clock can be believed again")}


def event_of(decision: Decision) -> dict[str, Any] | None:
    """What may be told of a decision: `kind` is one of `settings.EVENTS`. None for what nobody asks about."""
    told = _TOLD.get(decision.kind)
    if told is None:
        return None
    kind, text = told
    if decision.alarm is not None:
        text = _ALARMS[decision.alarm]
    found = event(kind, decision.kind.value, text + (" (over)" if decision.kind is Kind.ALARM_OVER else ""), decision.wall)
    if decision.alarm is not None:
        found["alarm"] = decision.alarm.value
    if decision.authority is not None:
        found["authority"] = decision.authority.value
    if decision.seconds:
        found["seconds"] = round(decision.seconds, 3)
    found["reasons"] = [reason.code for reason in decision.reasons]
    return found


def event(kind: str, what: str, text: str, wall: float) -> dict[str, Any]:
    """An event; `what` and `text` are for programs and for people. Raises `ServiceError` for a kind that is none."""
    if kind not in EVENTS:
        raise ServiceError(f"'{kind}' is no kind of event: {', '.join(EVENTS)} are")
    return {"version": VERSION, "kind": kind, "what": what, "text": text, "time": _date(wall)}


def wanted(settings: HookSettings, event: Mapping[str, Any] | None) -> bool:
    """Is there anybody to tell, and do they want to know?"""
    return event is not None and bool(settings.webhook or settings.command) and event["kind"] in settings.events


def spool_folder(settings: Settings) -> Path:
    return Path(settings.store.folder) / "hooks"


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event in the spool; files with lower numbers were written before. Its picture lies beside it, if it has one."""

    path: Path
    number: int

    @property
    def picture(self) -> Path:
        return self.path.with_suffix(".jpg")


class Spool:
    """The events that wait in `folder`. Writing may wait for the disk: never call `put` from a thread that must not."""

    def __init__(self, folder: Path, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self.folder, self._most, self._most_bytes = folder, most, most_bytes

    def put(self, event: Mapping[str, Any], picture: Path | None = None) -> None:
        """Writes an event. `picture`: the latest anonymised picture, taken along when it is there and small enough; nothing
        else may be handed in. Raises `ServiceError` when the event cannot be kept."""
        try:
            self._make_folder()
            lost = self._make_room()
            number = max((entry.number for entry in self.waiting()), default=0) + 1
            # By its id a receiver knows an event that comes twice.
            named = {**event, "id": secrets.token_hex(8), **({"dropped": lost} if lost else {})}
            entry = Waiting(self.folder / f"{number:08d}-{named['id']}.json", number)
            content = _as_line(named)
            if picture is not None and (pixels := _small_file(picture)) is not None:
                self._write(entry.picture, pixels)
            self._write(entry.path, content)
            _sync(self.folder)
        except OSError as error:
            raise ServiceError(f"an event cannot be left in {self.folder}: {error.strerror or error}") from error

    def waiting(self) -> list[Waiting]:
        """Oldest first. Raises `ServiceError` when the folder cannot be read."""
        try:
            names = sorted(os.listdir(self.folder))  # noqa: PTH208 (200 names, no Path for each)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ServiceError(f"the spool of events {self.folder} cannot be read ({error.strerror}): use sudo") from error
        return [Waiting(self.folder / name, int(found["number"])) for name in names if (found := _NAME.fullmatch(name))]

    def load(self, entry: Waiting) -> dict[str, Any]:
        """The event, with its picture as `snapshot`: {"type", "base64"}. Raises `ServiceError` for a damaged file."""
        import base64

        try:
            with entry.path.open("rb") as file:
                found = json.loads(file.read(LONGEST + 1))
        except (OSError, ValueError, RecursionError) as error:
            raise ServiceError(f"the event {entry.path.name} cannot be read: {type(error).__name__}") from error
        if not isinstance(found, dict) or not isinstance(found.get("id"), str) or found.get("kind") not in EVENTS \
                or not all(_plain(value) for value in found.values()):
            raise ServiceError(f"{entry.path.name} is no event")
        if (pixels := _small_file(entry.picture)) is not None:
            found["snapshot"] = {"type": "image/jpeg", "base64": base64.b64encode(pixels).decode()}
        return found

    def drop(self, entry: Waiting) -> None:
        """Raises `ServiceError` for an event that stays: it would be told again and again."""
        try:
            entry.picture.unlink(missing_ok=True)
            entry.path.unlink(missing_ok=True)
        except OSError as error:
            raise ServiceError(f"{entry.path} was told and cannot be deleted: {error.strerror}") from error

    @property
    def dropped(self) -> int:
        """Events that were given up because too many waited."""
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / ".dropped").read_text()[:20])
        return 0

    def _make_folder(self) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o770)  # the sender is another user of our group (systemd/tmpfiles.d gives it a group of its own)
        for path in self.folder.glob(".*.part"):  # what a crash left of one that was being written
            path.unlink(missing_ok=True)

    def _make_room(self) -> int:
        entries = self.waiting()
        kept = {entry.path.stem for entry in entries}
        for path in self.folder.glob("*.jpg"):
            if path.stem not in kept:
                path.unlink(missing_ok=True)
        sizes = [_size(entry.path) + _size(entry.picture) for entry in entries]
        room = self._most_bytes - LONGEST - LARGEST_PICTURE
        lost = 0
        while entries and (len(entries) >= self._most or sum(sizes) > room):
            self.drop(entries.pop(0))
            sizes.pop(0)
            lost += 1
        total = self.dropped + lost
        if lost:
            self._write(self.folder / ".dropped", f"{total}\n".encode())
        return total

    def _write(self, path: Path, content: bytes) -> None:
        partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                os.fchmod(descriptor, _MODE)
                view = memoryview(content)
                while view:
                    view = view[os.write(descriptor, view):]
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            partial.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise


def _as_line(event: Mapping[str, Any]) -> bytes:
    try:
        content = json.dumps(event, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ServiceError(f"an event holds something that JSON cannot: {error}") from error
    if len(content) > LONGEST:
        raise ServiceError(f"an event has {len(content)} bytes, {LONGEST} are allowed")
    return content


def _plain(value: Any) -> bool:
    """A value, or a list of words: nothing that is nested."""
    if isinstance(value, list):
        return all(isinstance(word, str) for word in value)
    return value is None or isinstance(value, (str, int, float))


def _small_file(path: Path) -> bytes | None:
    """The content of an ordinary file that is not too large; None for anything else: a picture is never worth an event."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(LARGEST_PICTURE + 1)
    except OSError:
        return None
    return content if 0 < len(content) <= LARGEST_PICTURE else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _date(wall: float) -> str:
    try:
        return datetime.fromtimestamp(wall, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return "unknown"
