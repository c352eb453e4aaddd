"""What the machine says about its clock: the kernel, systemd-timesyncd, the real-time clock, the id of this boot.

The only file that reads them; the judge is `edge_face.access.clock_trust`. Nothing here raises: what cannot be read is not
known. In the service's sandbox the kernel cannot be asked (ProtectClock=), so that systemd-timesyncd's file speaks there.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge_face.access.clock_trust import ClockSigns

_UNSYNC = 0x0040
"""STA_UNSYNC of <sys/timex.h>."""


@dataclass(frozen=True, slots=True)
class ClockPaths:
    """Where to look. `timesync` is touched by systemd-timesyncd whenever it has synchronised the clock, and gone after a boot."""

    timesync: Path = Path("/run/systemd/timesync/synchronized")
    rtc: Path = Path("/sys/class/rtc")
    boot: Path = Path("/proc/sys/kernel/random/boot_id")

    def under(self, root: Path) -> ClockPaths:
        """The same on a machine whose files lie in a folder."""
        return ClockPaths(*(root / str(path).lstrip("/") for path in (self.timesync, self.rtc, self.boot)))


@dataclass(frozen=True, slots=True)
class Rtc:
    """A real-time clock. `seconds`: since 1970, None when it cannot be read (a DS3231 says so after it lost its power)."""

    device: str
    name: str
    seconds: float | None


class _Timex(ctypes.Structure):
    """The beginning of adjtimex(2)'s structure, and room for the rest of it on any machine."""

    _fields_ = [("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
                ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("rest", ctypes.c_char * 512)]


def kernel_synchronised() -> bool | None:
    """Does the kernel hold its clock for synchronised? None when it may not be asked. A clock that is set by hand is not, until it is
    synchronised again."""
    try:
        ask = ctypes.CDLL(None, use_errno=True).adjtimex
        answer = _Timex()
        if ask(ctypes.byref(answer)) < 0:
            return None
    except (OSError, AttributeError):
        return None
    return not answer.status & _UNSYNC


def real_time_clocks(paths: ClockPaths = ClockPaths()) -> list[Rtc]:
    """By device name; rtc0 first, from which the kernel sets the clock at boot."""
    clocks = []
    with suppress(OSError):
        for folder in sorted(paths.rtc.glob("rtc*")):
            seconds = None
            with suppress(OSError, ValueError):
                seconds = float(int((folder / "since_epoch").read_text(encoding="ascii")))
            name = ""
            with suppress(OSError, UnicodeDecodeError):
                name = (folder / "name").read_text(encoding="ascii").strip()
            clocks.append(Rtc(folder.name, name, seconds))
    return clocks


def read_signs(paths: ClockPaths = ClockPaths(), kernel: Callable[[], bool | None] = kernel_synchronised) -> ClockSigns:
    """All signs at once: some small files of the kernel's and of /run, no disk."""
    stamp = None
    with suppress(OSError):
        stamp = paths.timesync.stat().st_mtime
    clocks = real_time_clocks(paths)
    return ClockSigns(kernel(), stamp, clocks[0].seconds if clocks else None)


def boot_id(paths: ClockPaths = ClockPaths()) -> str:
    """Another one after each boot; empty when it cannot be read."""
    with suppress(OSError, UnicodeDecodeError):
        return paths.boot.read_text(encoding="ascii").strip()
    return ""
