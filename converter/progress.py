"""A progress line on standard error with the time left; nothing where that is no terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType

WIDTH = 24


class Progress:
    """`with Progress("embedding", total) as bar: bar.step()`; the line is taken away at the end."""

    def __init__(self, what: str, total: int, live: bool | None = None) -> None:
        self._what, self._total = what, max(total, 1)
        self._live = sys.stderr.isatty() if live is None else live
        self._done, self._begun, self._drawn = 0, time.monotonic(), 0.0

    def step(self, count: int = 1) -> None:
        """`count` more are done."""
        self._done += count
        now = time.monotonic()
        if self._live and now - self._drawn >= 0.1:
            self._drawn = now
            sys.stderr.write("\r\x1b[K" + line(self._what, self._done, self._total, now - self._begun))
            sys.stderr.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def line(what: str, done: int, total: int, elapsed: float) -> str:
    """`embedding [######..................] 25 % 0:42 left`."""
    share = min(done / total, 1.0)
    left = round(elapsed / share - elapsed) if share > 0 else 0
    filled = int(share * WIDTH)
    return f"{what} [{'#' * filled}{'.' * (WIDTH - filled)}] {share * 100:.0f} % {left // 60}:{left % 60:02d} left"
