"""The audit thread: what opens the door is on the disk before it opens, the rest is written in batches; nobody waits for long."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from edge_face.audit import AuditLog, AuditRecord
from edge_face.clock import Clock
from edge_face.errors import AuditError, EdgeFaceError, ServiceError
from edge_face.service.log import fields
from edge_face.service.store_thread import StoreThread

_log = logging.getLogger("edge_face.audit")

AGAIN = 30.0
"""Seconds after which a log that could not be opened is tried again."""


class AuditThread:
    """Holds the log from `start` to `stop`. A disk that is slow, full or gone never keeps anybody out: `before` waits `wait`
    seconds at the most and says whether the record was on the disk by then."""

    def __init__(self, open_log: Callable[[], AuditLog], clock: Clock, wait: float, beat: Callable[[], None],
                 failed: Callable[[BaseException], None]) -> None:
        self._open, self._clock, self._wait, self._beat = open_log, clock, wait, beat
        self._thread: StoreThread[AuditLog] = StoreThread(self._opened, beat, failed, idle=self._flush, name="audit log")
        self._stopping = threading.Event()
        self._log: AuditLog | None = None
        self._fault = "the audit log is just being opened"
        self.late = 0
        """Entries whose record was not on the disk when the door opened."""

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong, in sentences."""
        found = [self._fault] if self._fault else []
        log = self._log
        if log is not None and log.broken:
            found.append(f"the audit log was changed outside edge-face ({log.broken}): edge-face audit verify")
        lost = self._thread.lost + (log.lost if log is not None else 0)
        if lost:
            found.append(f"{lost} records found no place in the audit log")
        return tuple(found)

    def start(self) -> None:
        self._thread.start()

    def before(self, record: AuditRecord) -> bool:
        """Puts a record on the disk before what it tells of happens; false when that took too long or failed. Never raises."""
        at = self._clock.monotonic()
        try:
            self._thread.call(lambda log: self._write(log, record, at, now=True), self._wait, forget=False)
        except EdgeFaceError as error:
            self.late += 1
            _log.error("the door opens before its record is on the disk: %s", error, extra=fields(late=self.late))
            return False
        return True

    def later(self, record: AuditRecord, *, at_once: bool = False) -> None:
        """Writes a record within the batch's time, or as soon as the disk takes it. Never waits, never raises."""
        at = self._clock.monotonic()
        self._thread.post(lambda log: self._write(log, record, at, now=at_once))

    def call(self, job: Callable[[AuditLog], Any]) -> Any:
        """Runs a job on the log. Raises what the job raises, ServiceError."""
        return self._thread.call(job)

    def post(self, job: Callable[[AuditLog], Any]) -> bool:
        """Runs a job some time; false when it had to be dropped. Never waits."""
        return self._thread.post(job)

    def stop(self, patience: float = 10.0) -> bool:
        self._stopping.set()
        return self._thread.stop(patience)

    def _opened(self) -> AuditLog:
        """A log that cannot be opened keeps no door shut: it is tried again, and meanwhile records wait in memory."""
        while True:
            try:
                self._log = log = self._open()
            except EdgeFaceError as error:
                _log.error("%s", error)
                self._fault = str(error)
            else:
                self._fault = ""
                return log
            until = self._clock.monotonic() + AGAIN
            while self._clock.monotonic() < until:
                self._beat()
                if self._stopping.wait(0.5):
                    raise ServiceError("the daemon is stopping")

    def _write(self, log: AuditLog, record: AuditRecord, at: float, *, now: bool) -> None:
        log.append(record, at)
        if now or log.due(self._clock.monotonic()):
            self._commit(log)
            if now and self._fault:
                raise AuditError(self._fault)

    def _flush(self, log: AuditLog) -> None:
        """Between jobs and while idle."""
        if log.due(self._clock.monotonic()):
            self._commit(log)

    def _commit(self, log: AuditLog) -> None:
        log.commit()
        trouble = log.trouble or ""
        if trouble and trouble != self._fault:
            _log.error("%s", trouble)
        self._fault = trouble
