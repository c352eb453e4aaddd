"""A progress line on standard error with the time left; nothing where that is no terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType


class ProgressLine:
    """`with ProgressLine("pictures") as line: work(progress=line.step)`. The line is gone when the block ends."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._begun = self._drawn = time.monotonic()
        self._live = sys.stderr is not None and sys.stderr.isatty()

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def step(self, done: int, total: int) -> None:
        """`done` of `total` are done."""
        now = time.monotonic()
        if done == 0:
            self._begun = now
        if not self._live or (now - self._drawn < 0.1 and done):
            return
        self._drawn = now
        sys.stderr.write("\r\x1b[K" + progress_text(self._what, done, total, now - self._begun))
        sys.stderr.flush()


def progress_text(what: str, done: int, total: int, elapsed: float) -> str:
    """`[#####...............] 25 % of 1,080 pictures, 0:42 left`."""
    share = min(done / total, 1.0) if total > 0 else 0.0
    filled = int(share * 20)
    left = round(elapsed / share - elapsed) if share > 0 else 0
    end = f", {left // 60}:{left % 60:02d} left" if share > 0 else ""
    return f"[{'#' * filled}{'.' * (20 - filled)}] {share * 100:.0f} % of {total:,} {what}{end}"
