"""The log: lines for people or JSON lines, written by a thread of its own so that a full pipe never holds the door up.

Log lines name people by what the audit log calls them: an alias, nobody's once they are erased. Templates,
embeddings, pictures and keys are never logged.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import threading
import time
from typing import Any, TextIO

ROOT = "edge_face"
_WAITING = 1000
"""Lines that wait for a slow reader; more are dropped and counted."""
_PRIORITY = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


def fields(**values: Any) -> dict[str, Any]:
    """Named values of one line: `log.info("granted", extra=fields(person=alias))`."""
    return {"fields": values}


class TextFormatter(logging.Formatter):
    """`2026-11-21 09:30:12 INFO door: released (seconds=3.0)`; in the journal its priority instead of the time."""

    def __init__(self, journal: bool = False) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        values = getattr(record, "fields", {})
        tail = " (" + ", ".join(f"{name}={_short(value)}" for name, value in values.items()) + ")" if values else ""
        text = f"{_room(record)}: {record.getMessage()}{tail}" + _trace(self, record)
        if self._journal:
            return "\n".join(f"<{_PRIORITY.get(record.levelno, 6)}>{line}" for line in text.splitlines())
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        return f"{stamp}.{int(record.msecs):03d} {record.levelname:<7} {text}"


class JsonFormatter(logging.Formatter):
    """One object a line: time (seconds since 1970), level, part, message, and the line's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {"time": round(record.created, 3), "level": record.levelname.lower(), "part": _room(record),
                                "message": record.getMessage()}
        line.update({name: value for name, value in getattr(record, "fields", {}).items() if name not in line})
        trace = _trace(self, record)
        if trace:
            line["trace"] = trace.strip()
        return json.dumps(line, ensure_ascii=False, default=str)


class _Dropping(logging.Handler):
    """Hands lines to a thread that writes them, without ever waiting; says how many were lost once there is room again."""

    def __init__(self, writer: logging.Handler) -> None:
        super().__init__()
        self._writer = writer
        self._waiting: queue.Queue[logging.LogRecord | None] = queue.Queue(_WAITING)
        self._lost = 0
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        # The message is made here, as its arguments may change before it is written.
        record.msg, record.args = record.getMessage(), None
        try:
            if self._lost:
                self._waiting.put_nowait(logging.LogRecord(ROOT + ".log", logging.WARNING, "", 0,
                                                           f"{self._lost} lines were lost: nobody read them", None, None))
                self._lost = 0
            self._waiting.put_nowait(record)
        except queue.Full:
            self._lost += 1

    def finish(self, patience: float) -> None:
        """Waits until all is written, for at most `patience` seconds."""
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=patience)
            self._thread.join(patience)

    def _write(self) -> None:
        while (record := self._waiting.get()) is not None:
            self._writer.handle(record)


class _Stream(logging.StreamHandler[TextIO]):
    """Writes to a stream whose reader may go away."""

    def handleError(self, record: logging.LogRecord) -> None:
        # What could not be written would fail again when Python ends, and spoil the exit code.
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)


class Log:
    """The log of one process: set up on construction, taken down by `close`."""

    def __init__(self, style: str, stream: TextIO, level: int = logging.INFO) -> None:
        journal = "JOURNAL_STREAM" in os.environ and not stream.isatty()
        handler = _Stream(stream)
        handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter(journal))
        self._front = _Dropping(handler)
        self._root = logging.getLogger(ROOT)
        self._before = (self._root.level, self._root.propagate)
        self._root.addHandler(self._front)
        self._root.setLevel(level)
        self._root.propagate = False

    def close(self, patience: float = 2.0) -> None:
        """Writes what waits, for at most `patience` seconds."""
        self._root.removeHandler(self._front)
        self._root.setLevel(self._before[0])
        self._root.propagate = self._before[1]
        self._front.finish(patience)


def _room(record: logging.LogRecord) -> str:
    return record.name.removeprefix(ROOT + ".")


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return "\n" + formatter.formatException(record.exc_info) if record.exc_info else ""
