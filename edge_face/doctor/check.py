"""A check asks the host one question; its finding says what is wrong and what mends it.

Checks see the machine only through `Host`, so that each of them can be tested on a made-up machine.
"""

from __future__ import annotations

import enum
import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edge_face.errors import EdgeFaceError
from edge_face.settings import Settings


class Status(enum.Enum):
    """How bad a finding is."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing has to be done."""
    WARN = "warning"
    FAIL = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer: `mend` is a command or a step, empty when nothing is to do."""

    check: str
    status: Status
    text: str
    mend: str = ""


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


@dataclass(frozen=True)
class Host:
    """The machine as checks see it: a root folder for its files, a way to run a command, the time and the user."""

    root: Path = Path("/")
    run: Callable[[list[str]], str] = _run
    groups: Callable[[], frozenset[str]] = field(default_factory=lambda: user_groups)
    wall: Callable[[], float] = field(default_factory=lambda: __import__("time").time)

    def path(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def read(self, name: str) -> str:
        """The text of a file of the machine, empty when there is none."""
        try:
            return self.path(name).read_text(encoding="utf-8", errors="replace").strip("\0\n ")
        except OSError:
            return ""

    @property
    def pi_model(self) -> str:
        """"Raspberry Pi 5 Model B Rev 1.0", or empty off the Pi."""
        model = self.read("/proc/device-tree/model")
        return model if "Raspberry Pi" in model else ""


def user_groups() -> frozenset[str]:
    """Names of the groups of the user who runs this."""
    import grp

    names = set()
    for number in {*os.getgroups(), os.getegid()}:
        try:
            names.add(grp.getgrgid(number).gr_name)
        except KeyError:
            continue
    return frozenset(names)


Check = Callable[[Host, Settings], Iterable[Finding]]


def examine(host: Host, settings: Settings, checks: Iterable[tuple[str, Check]]) -> Iterator[Finding]:
    """Runs the checks; one that breaks is itself a finding and does not hide the others."""
    for name, check in checks:
        try:
            yield from check(host, settings)
        except EdgeFaceError as error:
            yield Finding(name, Status.FAIL, str(error))
        except Exception as error:  # a doctor who dies of the disease helps nobody
            yield Finding(name, Status.WARN, f"could not be checked: {type(error).__name__}: {error}")
