"""The lock: one output that is either locked or released, never released without an authority, never for too long.

Two kinds of lock (`DoorSettings.fail`): a fail-secure strike is released by current, a fail-safe magnet is locked by
current. While a lock is open in this process it is locked; when it is closed its coil is off, which is what the owner
chose for a door without power: strike locked, magnet open (docs/decisions/lock-pins.md).
"""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from edge_face.door.coil import Coil
from edge_face.door.pins import hardware_errors, pin_number
from edge_face.errors import HardwareError, SettingsError, UsageError
from edge_face.settings import DoorSettings

LEASE = 10.0
"""Seconds for which a standing release lasts at most without being renewed."""
_PATIENCE = 0.5
"""Seconds to wait for another thread inside the lock before the pin is written all the same."""


class Output(Protocol):
    """What is used of `gpiozero.OutputDevice`: on is energised, whatever level that is."""

    def on(self) -> None: ...

    def off(self) -> None: ...

    def close(self) -> None: ...


class Lock:
    """A lock on one output. Safe to use from several threads; `clock` gives monotonic seconds.

    Whoever calls `release` also sees to it that `tick` is called: the door thread does, and the daemon's main
    thread does it as well, so that one stalled thread does not leave the door open.
    """

    def __init__(self, output: Output, settings: DoorSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._output = output
        self._settings = settings
        self._clock = clock
        self._guard = threading.RLock()
        self._since: float | None = None
        self._ends: dict[bool, float] = {}
        self._authorities: dict[bool, str] = {}
        self._until: float | None = None
        self._coil = Coil(settings.max_on if settings.fail == "secure" else 0.0)
        self._impulse: float | None = None
        self._closed = False

    @property
    def released(self) -> bool:
        return self._until is not None

    @property
    def until(self) -> float | None:
        """Monotonic time at which the door locks again; None while it is locked."""
        return self._until

    @property
    def due(self) -> float | None:
        """Monotonic time at which `tick` has something to do: the end of the release, or of the impulse; None: nothing."""
        times = [at for at in (self._until, self._impulse) if at is not None]
        return min(times) if times else None

    @property
    def authority(self) -> str:
        """Who or what allowed the release that lasts, a lease before anything else; empty while locked."""
        if not self.released:
            return ""
        return self._authorities.get(True) or self._authorities.get(False, "")

    @property
    def rest(self) -> float:
        """Seconds for which the coil has to cool down before it can release again; 0 when it need not."""
        return self._coil.rest(self._clock())

    def release(self, seconds: float, authority: str, *, lease: bool = False) -> float:
        """Releases the door for `seconds` from now, or lets a release last until then; returns when it will end.

        Never past `max_release` seconds after the release began. A `lease` stands for as long as it is renewed (fire, hold
        open): not bounded by `max_release`, but by `LEASE` seconds each time. Neither keeps a coil that releases by current on
        for longer than it may be (`Coil`): a release then ends early and raises `HardwareError` until the coil is cool; a
        lease is not released meanwhile (the time of now comes back) and goes on when it is renewed afterwards.

        Raises `UsageError` for a time that cannot be meant or a missing authority, `HardwareError` when the pin cannot
        be driven (the door is then locked as far as it can be).
        """
        if not math.isfinite(seconds) or seconds <= 0:
            raise UsageError(f"a door cannot be released for {seconds} seconds")
        if not authority:
            raise UsageError("a release of the door must say on whose authority")
        with self._guard:
            if self._closed:
                raise HardwareError("the lock is closed: nothing can release it any more")
            now = self._clock()
            self.tick(now)
            rest = self._coil.rest(now)
            if rest > 0 and self._until is None:
                if lease:
                    return now
                raise HardwareError(f"pin {self._settings.lock_pin}: the lock's coil was on for as long as it may be and cools down for "
                                    f"{rest:.0f} s more (door.max_on = {self._settings.max_on:g}; 0 for a lock made for being on always)")
            if self._until is None or (self._settings.drive == "pulse" and self._wants_impulse(now, lease)):
                self._begin(now)
            self._note(now, seconds, authority, lease)
            assert self._until is not None
            return self._until

    def tick(self, now: float | None = None) -> bool:
        """Locks the door when its time is over; true when it did. Raises `HardwareError`."""
        with self._guard:
            now = self._clock() if now is None else now
            if self._until is not None and now >= self._until:
                self.secure()
                return True
            if self._impulse is not None and now >= self._impulse:
                self._impulse = None
                self._coil.off(now)
                with hardware_errors(self._settings.lock_pin):
                    self._output.off()
            for kind in [kind for kind, end in self._ends.items() if now >= end]:
                self._forget(kind)
            return False

    def secure(self) -> None:
        """Locks the door now, whatever was promised. Raises `HardwareError`, after which the door counts as locked."""
        # A thread that hangs inside this lock must not keep the door open: the level is written without it then.
        held = self._guard.acquire(timeout=_PATIENCE)
        try:
            if self._closed:
                return
            self._over()
            with hardware_errors(self._settings.lock_pin):
                self._drive(released=False)
        finally:
            if held:
                self._guard.release()

    def close(self) -> None:
        """Switches the coil off (strike: locked, magnet: open) and gives the pin back. May be called again."""
        held = self._guard.acquire(timeout=_PATIENCE)
        try:
            if self._closed:
                return
            self._closed = True
            self._over()
            with hardware_errors(self._settings.lock_pin):
                try:
                    self._output.off()
                finally:
                    self._output.close()
        finally:
            if held:
                self._guard.release()

    def __del__(self) -> None:
        # gpiozero gives a forgotten pin back at whatever level it has.
        with contextlib.suppress(Exception):
            self.close()

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def _begin(self, now: float) -> None:
        try:
            with hardware_errors(self._settings.lock_pin):
                self._drive(released=True)
        except HardwareError:
            self.secure()
            raise
        self._coil.on(now)
        if self._settings.drive == "pulse":
            self._impulse = now + self._settings.drive_pulse

    def _wants_impulse(self, now: float, lease: bool) -> bool:
        """The works of a lock that takes impulses run out by themselves: who comes later needs one more."""
        if self._impulse is not None or self._coil.rest(now) > 0:
            return False
        return now - self._coil.began >= (self._settings.pulse if lease else self._settings.drive_pulse)

    def _note(self, now: float, seconds: float, authority: str, lease: bool) -> None:
        if lease:
            end = now + min(seconds, LEASE)
        else:
            self._since = now if self._since is None else self._since
            end = max(min(now + seconds, self._since + self._settings.max_release), self._ends.get(False, now))
        self._ends[lease], self._authorities[lease] = end, authority
        until = max(self._ends.values())
        self._until = until if self._settings.drive == "pulse" else min(until, self._coil.limit)

    def _forget(self, lease: bool) -> None:
        self._ends.pop(lease, None)
        self._authorities.pop(lease, None)
        if not lease:
            self._since = None

    def _over(self) -> None:
        self._until = self._impulse = None
        self._coil.off(self._clock())
        for lease in (False, True):
            self._forget(lease)

    def _drive(self, *, released: bool) -> None:
        if released == (self._settings.fail == "secure"):
            self._output.on()
        else:
            self._output.off()


def check_egress(settings: DoorSettings) -> None:
    """A magnet that only this computer releases can lock people in. Raises `SettingsError`."""
    if settings.kind == "maglock" and settings.pins != "mock" and not settings.egress_cut:
        raise SettingsError(
            f"pin {settings.lock_pin} is not driven: a magnet may hold this door only when exit button and fire alarm cut its power "
            "directly, without this computer (docs/wiring.md). Pull this computer's plug while the magnet has power, press the exit "
            "button and see that the door opens; the same with the fire contact; then set [door] egress_cut = true")


def open_lock(settings: DoorSettings, factory: Any, clock: Callable[[], float] = time.monotonic) -> Lock:
    """The lock of the settings on the pins of a gpiozero factory: locked from the first moment, without an edge
    towards released. Raises `HardwareError`, and `SettingsError` for a magnet whose power nobody else can cut."""
    check_egress(settings)
    number = pin_number(settings.lock_pin, "door.lock_pin")
    with hardware_errors(settings.lock_pin):
        from gpiozero import OutputDevice

        output = OutputDevice(number, active_high=settings.active_high, initial_value=settings.fail == "safe",
                              pin_factory=factory)
    return Lock(output, settings, clock)


def make_safe(settings: DoorSettings, factory: Any) -> None:
    """Switches the coil off, whatever a killed process left behind, and gives the pin back. Raises `HardwareError`."""
    number = pin_number(settings.lock_pin, "door.lock_pin")
    with hardware_errors(settings.lock_pin):
        from gpiozero import OutputDevice

        OutputDevice(number, active_high=settings.active_high, initial_value=False, pin_factory=factory).close()


def safe_level(settings: DoorSettings) -> int:
    """The level (0, 1) of the pin at which the coil is off: what the pull resistor, the line in config.txt and a
    stopped daemon leave behind."""
    return 0 if settings.active_high else 1


def describe_lock(settings: DoorSettings) -> str:
    """One sentence for people: pin, kind, level, and what a stopped or broken door does."""
    kind = ("fail-secure strike, released by current; safe state: locked, coil off" if settings.fail == "secure" else
            "fail-safe magnet, locked by current; safe state: open, coil off")
    level = "high" if settings.active_high else "low"
    pins = "mock pins: nothing is driven" if settings.pins == "mock" else f"{settings.pins}, chip {settings.chip}"
    return f"{settings.lock_pin} ({pins}), coil on at {level} level, {kind}"
