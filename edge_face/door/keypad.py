"""A matrix keypad: each key connects one row with one column.

Rows are inputs with pull-ups. A column is either driven low or let go (an input without a pull), never driven high: two keys
pressed in one row would short a high column with a low one. At rest all columns are low, so that any key pulls its row
down: that edge wakes the scan, and nothing runs while nobody keys.

A key counts when two scans in a row agree. Two keys at a time are read truly; from three on, keys that nobody pressed may
show (three corners of a rectangle make the fourth), so three refuse everything until all are let go.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from edge_face.door.pins import hardware_errors, pin_number, unraised
from edge_face.errors import HardwareError

SCAN = 0.01
"""Seconds between two scans while a key is down: contacts chatter for up to 5 ms."""
SETTLE = 0.0002
"""Seconds that a row gets to rise by its pull-up after another column let it go."""
STUCK = 20.0
"""Seconds after which a key that is down is stuck, and is looked at rarely."""
STUCK_SCAN = 0.25
Keys = frozenset[tuple[int, int]]


class KeyFilter:
    """From scans to key presses: debounced, without ghosts. Pure."""

    def __init__(self) -> None:
        self._seen: Keys = frozenset()
        self._down: Keys = frozenset()
        self._refused = False

    @property
    def quiet(self) -> bool:
        """Two scans in a row saw nothing."""
        return not self._seen and not self._down

    def scan(self, keys: Keys) -> tuple[int, int] | None:
        """One scan's keys as (row, column); returns the key that was pressed."""
        agreed, self._seen = keys == self._seen, keys
        if not agreed:
            return None
        new, self._down = keys - self._down, keys
        if not keys:
            self._refused = False
        elif len(keys) > 2 or len(new) > 1:
            self._refused = True
        elif new and not self._refused:
            return next(iter(new))
        return None


class Keypad:
    """`tick` scans when there is something to scan. Not for several threads; only `wake` is called from the pin library's."""

    def __init__(self, rows: Sequence[Any], columns: Sequence[Any], pins: str, keys: str, wake: Callable[[], None],
                 sleep: Callable[[float], None] = time.sleep) -> None:
        self._rows, self._columns, self._pins, self._keys = rows, columns, pins, keys
        self._wake, self._sleep = wake, sleep
        self._filter = KeyFilter()
        self._active_since: float | None = None
        self._next = 0.0
        self._rested = False
        self.trouble: str | None = None
        for row in rows:
            row.pin.edges = "falling"
            row.pin.when_changed = self._edge
        self._rest()

    def tick(self, now: float) -> tuple[str, float | None]:
        """The keys that were pressed since the last call, and when it wants to be called again (None: at the next edge)."""
        try:
            with hardware_errors(self._pins):
                return self._look(now)
        except HardwareError as error:
            self.trouble = f"inputs.keypad_rows: {error}"
            self._active_since, self._rested = None, False
            return "", None

    def close(self) -> None:
        for device in (*self._rows, *self._columns):
            with hardware_errors(self._pins):
                device.pin.when_changed = None
                device.close()

    def _look(self, now: float) -> tuple[str, float | None]:
        if not self._rested and self._active_since is None:
            self._rest()
        if self._active_since is None:
            if not any(self._row_is_low(row) for row in self._rows):
                self.trouble = None
                return "", None
            self._active_since, self._next = now, now
        if now < self._next:
            return "", self._next
        found = self._filter.scan(self._scan())
        if self._filter.quiet:
            self._active_since = self.trouble = None
            self._rest()
            # A key may have come down just before the columns were all low again: that made no edge.
            return self._named(found), now + SCAN if any(self._row_is_low(row) for row in self._rows) else None
        stuck = now - self._active_since >= STUCK
        self.trouble = "inputs.keypad_rows: a key of the keypad is stuck, or its cable is pinched" if stuck else None
        self._next = now + (STUCK_SCAN if stuck else SCAN)
        return self._named(found), self._next

    def _named(self, key: tuple[int, int] | None) -> str:
        return "" if key is None else self._keys[key[0] * len(self._columns) + key[1]]

    def _scan(self) -> Keys:
        self._rested = False
        for column in self._columns:
            column.pin.function = "input"
        found = set()
        for number, column in enumerate(self._columns):
            column.pin.output_with_state(0)
            self._sleep(SETTLE)
            found |= {(row, number) for row, device in enumerate(self._rows) if self._row_is_low(device)}
            column.pin.function = "input"
        return frozenset(found)

    def _rest(self) -> None:
        for column in self._columns:
            column.pin.output_with_state(0)
        self._rested = True

    @staticmethod
    def _row_is_low(row: Any) -> bool:
        return not row.pin.state

    @unraised
    def _edge(self, ticks: Any, state: Any) -> None:
        # A scan makes edges itself: it is running then and needs no waking.
        if self._rested:
            self._wake()


def open_keypad(rows: Sequence[str], columns: Sequence[str], keys: str, factory: Any, wake: Callable[[], None],
                sleep: Callable[[float], None] = time.sleep) -> Keypad | None:
    """The keypad on these pins, None without pins. Raises `HardwareError`."""
    if not rows or not columns:
        return None
    opened: list[Any] = []
    try:
        for key, pins in (("inputs.keypad_rows", rows), ("inputs.keypad_columns", columns)):
            for pin in pins:
                number = pin_number(pin, key)
                with hardware_errors(pin):
                    from gpiozero import GPIODevice, InputDevice

                    opened.append(InputDevice(number, pull_up=True, pin_factory=factory) if key.endswith("rows") else
                                  GPIODevice(number, pin_factory=factory))
        names = ", ".join((*rows, *columns))
        with hardware_errors(names):
            return Keypad(opened[:len(rows)], opened[len(rows):], names, keys, wake, sleep)
    except BaseException:
        for device in opened:
            device.close()
        raise
