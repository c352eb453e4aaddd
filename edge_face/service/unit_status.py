"""How the units are: installed, running, watched over, how exposed, and why the door stopped the last times."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_face.service.unit_files import SERVICES, UNITS, WATCHDOG, State, ours

Ask = Callable[[Sequence[str]], str]
"""Standard output of a command, empty when it failed."""
_ENDED = "98e322203f7a4ed290d09fe03c09fe15"
"""systemd's message id (SD_MESSAGE_UNIT_PROCESS_EXIT): a process of a unit has ended."""
_SHOWN = ("edge-face.service", "edge-face-failed.service", "edge-face-hooks.path", "edge-face-hooks.service", "edge-face-kiosk.service",
          "edge-face-maintenance.timer", "edge-face-maintenance.service", "edge-face-screen.service", "edge-face-screen-night.service",
          "edge-face-screen-night.timer", "edge-face-screen-day.timer")
_PROPERTIES = ("ActiveState", "SubState", "UnitFileState", "Result", "StatusText", "NRestarts", "NeedDaemonReload")


@dataclass(frozen=True, slots=True)
class UnitStatus:
    """`file`: what lies at its place; the rest is systemd's word, empty where it cannot be asked."""

    name: str
    file: str
    active: str
    enabled: str
    result: str
    text: str
    restarts: int
    exposure: float | None

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def ask(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(list(command), capture_output=True, text=True, timeout=20, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def unit_statuses(root: Path, ask: Ask = ask) -> list[UnitStatus]:
    """All units, the door first. An image (another root) is not asked how it runs."""
    files = ours(root)
    return [_unit(name, files.get(f"{UNITS}/{name}", State.MISSING), root, ask) for name in _SHOWN]


def odd_files(root: Path) -> dict[str, str]:
    """Files of ours that are edited, missing or of another version: what they are, by place."""
    return {place: state.value for place, state in ours(root).items() if state is not State.CURRENT}


def watchdog(root: Path, ask: Ask = ask) -> str:
    """The hardware watchdog in words."""
    if root != Path("/"):
        return "set up" if (root / WATCHDOG.lstrip("/")).exists() else "not set up"
    seconds = watchdog_seconds(ask)
    if seconds is None:
        return "systemd cannot be asked"
    if not seconds:
        return "off: a hung kernel is not restarted"
    if not any(Path("/dev").glob("watchdog*")):
        return f"set to {seconds:g} s, but this machine has none (/dev/watchdog)"
    return f"resets a hung machine after {seconds:g} s"


def watchdog_seconds(ask: Ask) -> float | None:
    """What systemd uses; None when it cannot be asked."""
    return spoken_seconds(ask(["systemctl", "show", "--property=RuntimeWatchdogUSec", "--value"]))


def spoken_seconds(text: str) -> float | None:
    """systemd's way of writing a time: "0", "14s", "1min 30s", "500ms", "infinity" (which is 0 here: never)."""
    text = text.strip()
    if not text:
        return None
    if text in ("0", "infinity", "off"):
        return 0.0
    units = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
    parts = re.findall(r"([0-9.]+)(us|ms|s|min|h|d)\b", text)
    return sum(float(number) * units[unit] for number, unit in parts) if parts else None


def last_stops(ask: Ask = ask, count: int = 5) -> list[dict[str, Any]]:
    """The latest ends of the door's main process in the journal, newest first: {time (seconds since 1970), how, status}."""
    lines = ask(["journalctl", "--unit=edge-face.service", f"MESSAGE_ID={_ENDED}", "--output=json", "--reverse", f"--lines={count}",
                 "--no-pager"])
    found = []
    for line in lines.splitlines():
        try:
            entry = json.loads(line)
            found.append({"time": int(entry["__REALTIME_TIMESTAMP"]) / 1e6, "how": str(entry.get("EXIT_CODE", "")),
                          "status": str(entry.get("EXIT_STATUS", ""))})
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
    return found


def _unit(name: str, state: State, root: Path, ask: Ask) -> UnitStatus:
    shown: dict[str, str] = {}
    if root == Path("/"):
        answer = ask(["systemctl", "show", name, f"--property={','.join(_PROPERTIES)}"])
        shown = dict(row.split("=", 1) for row in answer.splitlines() if "=" in row)
    active = f"{shown['ActiveState']} ({shown.get('SubState', '')})" if shown.get("ActiveState") else ""
    restarts = shown.get("NRestarts", "")
    file = state.value + (", not read yet (systemctl daemon-reload)" if shown.get("NeedDaemonReload") == "yes" else "")
    return UnitStatus(name, file, active, shown.get("UnitFileState", ""), shown.get("Result", ""), shown.get("StatusText", ""),
                      int(restarts) if restarts.isdecimal() else 0, _exposure(name, state, root, ask))


def _exposure(name: str, state: State, root: Path, ask: Ask) -> float | None:
    if name not in SERVICES or state is State.MISSING:
        return None
    # With its drop-ins where it is loaded; a file alone in an image.
    where = ["--offline=true", str(root / f"{UNITS}/{name}".lstrip("/"))] if root != Path("/") else [name]
    found = re.search(r"exposure level for \S+: ([0-9.]+)", ask(["systemd-analyze", "security", "--no-pager", *where]))
    return float(found[1]) if found else None
