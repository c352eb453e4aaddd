"""How far a run is: a bar that moves on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from typing import TextIO

WIDTH = 24


def clock(seconds: float) -> str:
    """Time left as people read it: 2 h 05 min, 7 min, 40 s."""
    minutes = round(seconds / 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min" if seconds >= 90 else f"{round(seconds)} s"


class Progress:
    """Writes to a stream; `every` seconds between lines where it is no terminal."""

    def __init__(self, stream: TextIO, every: float = 30.0) -> None:
        self._stream, self._terminal = stream, stream.isatty()
        self._every = 0.2 if self._terminal else every
        self._last = time.monotonic() if not self._terminal else 0.0
        self._begun: tuple[float, float] | None = None
        self._open = False

    def show(self, progress: float, step: int, seconds: float, text: str) -> None:
        """`progress` from 0 to 1 after `seconds` of training; time left is reckoned from this process's own pace."""
        self._begun = self._begun or (progress, seconds)
        now = time.monotonic()
        if now - self._last < self._every:
            return
        self._last = now
        gained, spent = progress - self._begun[0], seconds - self._begun[1]
        left = f", {clock(spent / gained * (1 - progress))} left" if gained > 0 else ""
        line = f"{100 * progress:3.0f} %, step {step}{', ' if text else ''}{text}{left}"
        if self._terminal:
            full = int(progress * WIDTH)
            self._stream.write(f"\r[{'#' * full}{'.' * (WIDTH - full)}] {line}\x1b[K")
            self._open = True
        else:
            self._stream.write(line + "\n")
        self._stream.flush()

    def say(self, text: str) -> None:
        """A line of its own, the bar below it."""
        self.end()
        self._stream.write(text + "\n")
        self._stream.flush()

    def end(self) -> None:
        """Leaves the bar's line."""
        if self._open:
            self._stream.write("\n")
            self._open = False
