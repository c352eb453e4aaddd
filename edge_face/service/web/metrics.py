"""How the door does, in numbers for whoever watches many machines: of the machine and the door, of nobody in particular.

Who may read them: whoever is logged in, and a program that shows the key in `metrics.token` in the store's folder. The owner makes that
file; without it no program is let in. What is counted of decisions says how often, never who; duress is not among them.
"""

from __future__ import annotations

import functools
import hmac
import logging
import os
import stat
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_face.access import Alarm, Decision, Kind
from edge_face.access.outcomes import PASSING, SILENT
from edge_face.errors import LoginNeededError
from edge_face.service.machine import storage, temperature
from edge_face.service.wear import process_written
from edge_face.service.web.arguments import text
from edge_face.service.web.roles import Caller, Role, WebCommand

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

_log = logging.getLogger("edge_face.pages")

TOKEN_FILE = "metrics.token"
SHORTEST_TOKEN, LONGEST_TOKEN = 32, 256
"""Characters."""
COUNTED = tuple(kind for kind in Kind if kind not in PASSING | SILENT)
Sample = tuple[Mapping[str, str], float]


class Counts:
    """How often each kind of decision was made since the start. Told by the policy thread."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._kinds: Counter[Kind] = Counter()

    def hear(self, decision: Decision) -> None:
        if decision.kind in COUNTED:
            with self._guard:
                self._kinds[decision.kind] += 1

    def read(self) -> dict[Kind, int]:
        with self._guard:
            return {kind: self._kinds[kind] for kind in COUNTED}


def command(daemon: Daemon) -> WebCommand:
    """`metrics.read(secret)`: for whoever is logged in, and for whoever has the key."""
    def read(caller: Caller, arguments: Mapping[str, Any]) -> Any:
        secret = text(arguments, "secret", "")
        if caller.role < Role.VIEWER and not opens(daemon, secret):
            raise LoginNeededError(f"the numbers are for whoever is logged in, or has the key in {TOKEN_FILE} (docs/metrics.md)")
        return {"metrics": [{"name": name, "type": kind, "help": words, "samples": [[dict(labels), value] for labels, value in samples]}
                            for name, kind, words, samples in metrics(daemon)]}

    return WebCommand("metrics.read", Role.NOBODY, read, ("secret",))


def opens(daemon: Daemon, secret: str) -> bool:
    """Is it the key of this door's numbers? Takes as long for one that is nearly right."""
    kept = kept_key(Path(daemon.settings.store.folder) / TOKEN_FILE)
    return kept is not None and hmac.compare_digest(kept.encode(), secret.encode())


def kept_key(path: Path) -> str | None:
    """The key in a file that not everybody can read; None without one, or where it is too short."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        mode = os.fstat(descriptor).st_mode
        key = os.read(descriptor, LONGEST_TOKEN + 2).decode("ascii", "replace").strip() if stat.S_ISREG(mode) else ""
    except OSError:
        return None
    finally:
        os.close(descriptor)
    if mode & 0o007:
        _tell(f"{path} may be read by everybody, so it opens nothing: sudo chmod 0640 {path}")
        return None
    if not SHORTEST_TOKEN <= len(key) <= LONGEST_TOKEN:
        _tell(f"{path} holds {len(key)} characters, {SHORTEST_TOKEN} to {LONGEST_TOKEN} are needed, so it opens nothing")
        return None
    return key


@functools.lru_cache(maxsize=8)
def _tell(sentence: str) -> None:
    """Once: whoever asks again and again must not fill the log."""
    _log.error("%s", sentence)


def _one(word: str | None, wanted: str) -> bool | None:
    return None if word is None else word == wanted


def metrics(daemon: Daemon) -> list[tuple[str, str, str, list[Sample]]]:
    """Name, type, words and samples of each. Names follow Prometheus: base units, `_total` for what only grows. Raises `ServiceError`
    while the door is just starting."""
    health = daemon.health()
    disk, warm = storage(Path(daemon.settings.store.folder)), temperature()
    rows: list[tuple[str, str, str, float | None]] = [
        ("healthy", "gauge", "Nothing is wrong with the door (1) or something is (0).", health.healthy),
        ("troubles", "gauge", "How many things are wrong.", len(health.troubles)),
        ("uptime_seconds", "gauge", "Since the daemon's start.", health.uptime),
        ("camera_ok", "gauge", "The camera brings pictures.", health.feed.ok),
        ("camera_frames_per_second", "gauge", "Pictures from the camera.", health.feed.fps),
        ("camera_reopens_total", "counter", "How often the camera was opened anew.", health.feed.reopens),
        ("vision_frames_per_second", "gauge", "Pictures that were judged.", health.vision_fps),
        ("vision_frames_total", "counter", "Pictures that were worked on.", health.frames),
        ("vision_failures_total", "counter", "Pictures of these that could not be judged.", health.failed_frames),
        ("light_ok", "gauge", "There is light enough, and not too much, to recognise anybody.", health.light == "ok"),
        ("people", "gauge", "People who can be recognised.", health.people),
        ("door_released", "gauge", "The lock is released.", health.released),
        ("door_resting", "gauge", "Faces or codes rest after failures.", health.resting),
        ("door_lockdown", "gauge", "Nobody is let in until the owner lifts it.", health.lockdown),
        ("door_open", "gauge", "The door stands open (where there is a contact).", _one(health.contact, "open")),
        ("clock_trusted", "gauge", "Date and time may be believed.", health.clock_trusted),
        ("lost_events_total", "counter", "Events that could not be written.", health.lost_events),
        ("late_audit_records_total", "counter", "Audit records that were written after the door had opened.", health.late_records),
        ("event_pictures", "gauge", "Pictures and films of events that are kept.", health.recorder.kept if health.recorder else None),
        ("event_pictures_bytes", "gauge", "Their size.", health.recorder.size if health.recorder else None),
        ("event_pictures_missed_total", "counter", "Events of which a picture was wanted and none could be kept.",
         health.recorder.missed if health.recorder else None),
        ("written_bytes_total", "counter", "What the daemon sent to disks, as the kernel counts it.", process_written()),
        ("memory_bytes", "gauge", "Of the daemon, resident.", round(health.memory_mb * 1e6)),
        ("temperature_celsius", "gauge", "Of the processor.", warm),
        ("storage_free_bytes", "gauge", "Free on the disk of the store.", disk["free"] if disk else None),
        ("storage_size_bytes", "gauge", "Size of that disk.", disk["total"] if disk else None)]
    found: list[tuple[str, str, str, list[Sample]]] = [
        (f"edge_face_{name}", kind, words, [({}, float(value))]) for name, kind, words, value in rows if value is not None]
    alarms = frozenset(health.alarms)
    found.append(("edge_face_alarm", "gauge", "What is wrong at the door.",
                  [({"alarm": alarm.value}, float(alarm.value in alarms)) for alarm in Alarm]))
    found.append(("edge_face_decisions_total", "counter", "Decisions since the daemon's start.",
                  [({"kind": kind.value.replace(" ", "_")}, float(count)) for kind, count in daemon.board.counts.read().items()]))
    return found
