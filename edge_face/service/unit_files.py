"""The files that systemd needs of us: where they travel, where they belong, and what is there already."""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from edge_face.errors import ServiceError

SHIPPED = Path(__file__).parent / "units"
"""In a checkout a link to `systemd/`, in a wheel that folder itself."""
UNITS = "/etc/systemd/system"
WATCHDOG = "/etc/systemd/system.conf.d/60-edge-face-watchdog.conf"
MANIFEST = "/etc/edge-face/.installed.json"
"""What was installed, and its digests: how an edited file is told from one of an older version."""
STARTED = ("edge-face.service", "edge-face-hooks.path", "edge-face-maintenance.timer")
"""Units that are enabled in any case; the others are started by these."""
CHOSEN = {"kiosk": ("edge-face-kiosk.service",), "screen": ("edge-face-kiosk.service", "edge-face-screen.service"),
          "screen-night": ("edge-face-screen-night.timer", "edge-face-screen-day.timer")}
"""Units that are enabled when they are asked for; they are all installed."""
SERVICES = ("edge-face.service", "edge-face-failed.service", "edge-face-hooks.service", "edge-face-kiosk.service",
            "edge-face-maintenance.service", "edge-face-screen.service", "edge-face-screen-night.service")
CHROMIUM = "/etc/edge-face/chromium/edge-face.json"
"""What Chromium beside the door may not. The unit alone shows it to Chromium: other browsers of this machine are not ours to rule."""
DATA = ("/var/lib/edge-face", "/var/lib/edge-face-kiosk", "/etc/edge-face")
"""Folders that uninstalling leaves alone."""
DROP_INS = {"credential": ("edge-face.service", "edge-face-maintenance.service"), "lan": ("edge-face-kiosk.service",),
            "rtsp": ("edge-face.service",)}
"""What may be chosen besides, and which services it changes."""
SEARCHED = ("/opt/edge-face/bin", "/usr/local/bin", "/usr/bin", "/bin")
"""Where the units look for the program."""


class State(enum.Enum):
    """What lies at a file's place."""

    MISSING = "missing"
    CURRENT = "installed"
    OUTDATED = "of another version"
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class UnitFile:
    """One file: its place (an absolute path on the machine) and what belongs there."""

    place: str
    content: bytes

    def below(self, root: Path) -> Path:
        return root / self.place.lstrip("/")


def shipped_files(*, drop_ins: Iterable[str] = (), watchdog: bool = True, program: str = "") -> list[UnitFile]:
    """All files in the order in which they are installed. `program`: the folder of the command, when the units would not
    find it by themselves. Raises `ServiceError` when this installation lacks them."""
    names = sorted(path.name for path in _listed(SHIPPED) if path.suffix in (".service", ".path", ".timer"))
    if not set(SERVICES) <= set(names):
        raise ServiceError("the systemd units are missing in this installation of edge-face: install it again")
    files = [UnitFile(f"{UNITS}/{name}", _read(name)) for name in names]
    files += [UnitFile("/etc/sysusers.d/edge-face.conf", _read("sysusers.d/edge-face.conf")),
              UnitFile("/etc/tmpfiles.d/edge-face.conf", _read("tmpfiles.d/edge-face.conf")),
              UnitFile("/etc/udev/rules.d/60-edge-face.rules", _read("udev/60-edge-face.rules")),
              UnitFile(CHROMIUM, _read("chromium/edge-face.json"))]
    if watchdog:
        files.append(UnitFile(WATCHDOG, _read(f"system.conf.d/{PurePosixPath(WATCHDOG).name}")))
    files += [UnitFile(f"{UNITS}/{service}.d/{name}.conf", _read(f"drop-ins/{name}.conf"))
              for name in drop_ins for service in DROP_INS[name]]
    if program:
        text = f"# Where the program lies.\n[Service]\nEnvironment=PATH={program}:{':'.join(SEARCHED)}\n".encode()
        files += [UnitFile(f"{UNITS}/{name}.d/10-program.conf", text) for name in SERVICES]
    return files


def states(root: Path, files: list[UnitFile]) -> dict[str, State]:
    """What lies at each place."""
    known = manifest(root)
    return {file.place: _state(file.below(root), digest(file.content), known.get(file.place)) for file in files}


def ours(root: Path) -> dict[str, State]:
    """Every file of the manifest, and every shipped one that is there though no manifest tells of it."""
    known = manifest(root)
    found = {place: _state(root / place.lstrip("/"), mark, mark) for place, mark in known.items()}
    for file in shipped_files(drop_ins=DROP_INS):
        if file.place not in found and file.below(root).exists():
            found[file.place] = _state(file.below(root), digest(file.content), None)
    return found


def manifest(root: Path) -> dict[str, str]:
    """Digests by place, as they were installed; empty when nothing was, or the manifest cannot be read."""
    with suppress(OSError, ValueError, RecursionError):
        table = json.loads((root / MANIFEST.lstrip("/")).read_text(encoding="utf-8"))
        if isinstance(table, dict):
            return {place: mark for place, mark in table.items() if _plausible(place) and isinstance(mark, str)}
    return {}


def manifest_text(marks: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(marks.items())), indent=1) + "\n"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _plausible(place: object) -> bool:
    """Whatever a damaged manifest says, only files in these folders are ever deleted."""
    if place == CHROMIUM:
        return True
    return isinstance(place, str) and place.startswith(("/etc/systemd/", "/etc/sysusers.d/", "/etc/tmpfiles.d/", "/etc/udev/rules.d/")) \
        and ".." not in PurePosixPath(place).parts and "edge-face" in place


def _state(path: Path, wanted: str, installed: str | None) -> State:
    try:
        there = digest(path.read_bytes())
    except FileNotFoundError:
        return State.MISSING
    except OSError as error:
        raise ServiceError(f"{path} cannot be read ({error.strerror}): use sudo") from error
    if there == wanted:
        return State.CURRENT
    return State.OUTDATED if there == installed else State.EDITED


def _read(name: str) -> bytes:
    try:
        return (SHIPPED / name).read_bytes()
    except OSError as error:
        raise ServiceError(f"the systemd file {name} is missing in this installation of edge-face: install it again") from error


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
