"""systemd's notification protocol (sd_notify(3)): a datagram to $NOTIFY_SOCKET."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

_LONGEST = 1024
"""Bytes of one value; STATUS= is one line for people."""


class Notifier:
    """Tells the service manager how we are; does nothing where none asked. Never raises: a door outlives its watcher."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self.watchdog = watchdog_seconds(environment) if self._address else None

    @property
    def active(self) -> bool:
        return bool(self._address)

    def ready(self, status: str) -> None:
        self.send(READY="1", STATUS=status)

    def status(self, text: str) -> None:
        self.send(STATUS=text)

    def alive(self) -> None:
        self.send(WATCHDOG="1")

    def stopping(self, status: str) -> None:
        self.send(STOPPING="1", STATUS=status)

    def send(self, **values: str) -> bool:
        """Sends `KEY=value` lines; false when there is nobody or the datagram was not taken."""
        if not self._address:
            return False
        lines = (f"{key}={value.replace(chr(10), ' ')[:_LONGEST]}" for key, value in values.items())
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
                channel.setblocking(False)
                channel.sendto("\n".join(lines).encode(errors="replace"), self._address)
        except OSError:
            return False
        return True


def watchdog_seconds(environment: Mapping[str, str]) -> float | None:
    """The time within which `alive` must be called, None when nobody watches this process (sd_watchdog_enabled(3))."""
    try:
        microseconds = int(environment.get("WATCHDOG_USEC", ""))
        watched = int(environment.get("WATCHDOG_PID", "") or os.getpid())
    except ValueError:
        return None
    return microseconds / 1e6 if microseconds > 0 and watched == os.getpid() else None


def _address(name: str) -> str:
    """A path, or a name in Linux's abstract namespace (written with @); anything else is ignored."""
    if name.startswith("@"):
        return "\0" + name[1:]
    return name if name.startswith("/") else ""
