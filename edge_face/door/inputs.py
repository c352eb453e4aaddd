"""What the door feels: contact, fire, tamper, keypad, card reader. One thread looks after all of them and sleeps between edges.

Edges come from threads of the pin library: they only wake the thread `inputs`, which reads, settles and decodes, and then calls
`on_change`. What cannot be read is told in `troubles` and means: contact unknown, no fire, no tamper, no keys. A broken fire
input must not open the door for everybody, and a fire alarm cuts a magnet's power by itself (docs/wiring.md).
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from edge_face.access.inputs import Contact
from edge_face.door.code_entry import CodeEntry
from edge_face.door.keypad import Keypad, open_keypad
from edge_face.door.levels import LevelInput, open_level
from edge_face.door.wiegand import WiegandReader, open_wiegand
from edge_face.errors import EdgeFaceError, HardwareError
from edge_face.settings import InputSettings, Settings

ALARM_SETTLE = 0.05
"""Seconds for which fire and tamper must last: a coil's spike on a long cable is no fire."""
LOOK = 1.0
"""Seconds between two looks at the levels when no edge comes."""
MOST_CODES = 16
"""Codes and cards that wait to be taken; who gives more in that time is not a person."""


class DoorInputs:
    """`contact`, `fire`, `tamper`: levels now. `codes()`: what was keyed and shown since the last call. Safe to use from several
    threads. `on_change` is called after any of them changed, never with a lock held."""

    def __init__(self, settings: InputSettings, factory: Any, on_change: Callable[[], None],
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock, self._on_change = settings, clock, on_change
        self._codes: deque[tuple[str, str]] = deque(maxlen=MOST_CODES)
        self._guard = threading.Lock()
        self._ticking = threading.RLock()
        self._news = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._failure: str | None = None
        self._told: tuple[str, ...] = ()
        self._entry = CodeEntry(settings.keypad_timeout)
        self._levels: list[LevelInput] = []
        self._contact = self._fire = self._tamper = None
        self._keypad: Keypad | None = None
        self._reader: WiegandReader | None = None
        try:
            self._contact = self._open(settings.contact_pin, "inputs.contact_pin", factory, settings.contact_settle)
            self._fire = self._open(settings.fire_pin, "inputs.fire_pin", factory, ALARM_SETTLE)
            self._tamper = self._open(settings.tamper_pin, "inputs.tamper_pin", factory, ALARM_SETTLE)
            self._keypad = open_keypad(settings.keypad_rows, settings.keypad_columns, settings.keypad_keys, factory, self._wake)
            self._reader = open_wiegand(settings.wiegand_d0, settings.wiegand_d1, factory, self._wake)
        except BaseException:
            self.close()
            raise
        for level in self._levels:
            level.tick(clock())

    @property
    def contact(self) -> Contact | None:
        """None: none is fitted, or it cannot be read."""
        value = None if self._contact is None else self._contact.value
        if value is None:
            return None
        return Contact.CLOSED if value == _level(self._settings.contact_closed) else Contact.OPEN

    @property
    def fire(self) -> bool:
        return self._fire is not None and self._fire.value == _level(self._settings.fire_level)

    @property
    def tamper(self) -> bool:
        return self._tamper is not None and self._tamper.value == _level(self._settings.tamper_level)

    @property
    def troubles(self) -> tuple[str, ...]:
        """What does not work now, in sentences without anything that was keyed or shown."""
        now = self._clock()
        found = [level.trouble for level in self._levels]
        found += [None if self._keypad is None else self._keypad.trouble, None if self._reader is None else self._reader.trouble(now)]
        return tuple(text for text in (*found, self._failure) if text)

    def status(self) -> dict[str, Any]:
        """What is fitted and how it is now, for `edge-face door status`; nothing of what was keyed or shown."""
        contact = self.contact
        return {"contact": {"pin": self._settings.contact_pin, "state": "unknown" if contact is None else contact.value},
                "fire": {"pin": self._settings.fire_pin, "state": _said(self._fire, "alarm", self.fire)},
                "tamper": {"pin": self._settings.tamper_pin, "state": _said(self._tamper, "open", self.tamper)},
                "keypad": {"rows": list(self._settings.keypad_rows), "columns": list(self._settings.keypad_columns)},
                "wiegand": {"d0": self._settings.wiegand_d0, "d1": self._settings.wiegand_d1,
                            "bad_frames": 0 if self._reader is None else self._reader.bad_frames},
                "troubles": list(self.troubles)}

    def codes(self) -> list[tuple[str, str]]:
        """`("pin", digits)` and `("card", number)` since the last call, oldest first."""
        with self._guard:
            taken = list(self._codes)
            self._codes.clear()
        return taken

    def start(self) -> None:
        """Begins to look after the inputs in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="inputs", daemon=True)
        self._thread.start()

    def tick(self, now: float | None = None) -> float:
        """Looks at everything once; returns when it wants to be called again without an edge."""
        with self._ticking:
            if self._stopped:
                return math.inf
            now = self._clock() if now is None else now
            before = (self.contact, self.fire, self.tamper, self._told)
            times = [now + LOOK, *(level.tick(now) for level in self._levels)]
            found, again = self._keyed(now)
            times += again
            self._told = self.troubles
            changed = before != (self.contact, self.fire, self.tamper, self._told)
            with self._guard:
                self._codes.extend(found)
        if changed or found:
            self._on_change()
        return min(times)

    def _keyed(self, now: float) -> tuple[list[tuple[str, str]], list[float]]:
        """Codes and cards that are whole now, and when to look again."""
        found: list[tuple[str, str]] = []
        times: list[float | None] = []
        if self._keypad is not None:
            key, again = self._keypad.tick(now)
            code = self._entry.press(key, now) if key else None
            if code is not None:
                found.append(("pin", code))
            times += [again, self._entry.tick(now)]
        if self._reader is not None:
            cards, again = self._reader.tick(now)
            found += [("card", card.text) for card in cards]
            times.append(again)
        return found, [at for at in times if at is not None]

    def close(self) -> None:
        """Gives the pins back. May be called again."""
        with self._ticking:
            self._stopped = True
        self._news.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(2.0)
        parts = [*self._levels, self._keypad, self._reader]
        self._levels, self._keypad, self._reader = [], None, None
        failed: HardwareError | None = None
        for part in parts:
            try:
                if part is not None:
                    part.close()
            except HardwareError as error:
                failed = error
        if failed is not None:
            raise failed

    def _open(self, pin: str, key: str, factory: Any, settle: float) -> LevelInput | None:
        level = open_level(pin, key, factory, settle, self._wake)
        if level is not None:
            self._levels.append(level)
        return level

    def _wake(self) -> None:
        self._news.set()

    def _run(self) -> None:
        while not self._stopped:
            self._news.clear()
            try:
                again = self.tick()
                self._failure = None
            except Exception as error:  # whatever the pin library does, the other inputs and the door go on
                self._failure = f"the inputs failed: {error if isinstance(error, EdgeFaceError) else type(error).__name__}"
                again = self._clock() + LOOK
            self._news.wait(max(again - self._clock(), 0.0))


def open_inputs(settings: Settings, factory: Any, on_change: Callable[[], None],
                clock: Callable[[], float] = time.monotonic, *, start: bool = True) -> DoorInputs:
    """The inputs of the settings on the pins of a gpiozero factory, read once; `start=False`: somebody else calls `tick`.
    Raises `HardwareError` that names key, pin and reason."""
    inputs = DoorInputs(settings.inputs, factory, on_change, clock)
    if start:
        inputs.start()
    return inputs


def _level(word: str) -> int:
    return 1 if word == "high" else 0


def _said(level: LevelInput | None, word: str, true: bool) -> str:
    if level is None or level.value is None:
        return "unknown"
    return word if true else "quiet"
