"""The audit log as the worker writes it and the checker reads it. Days pass fast, so that segments follow each other and are pruned."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_face.audit import AuditLog, AuditRecord, read_entries, verify_log
from edge_face.audit.disk import Disk, DiskFile
from edge_face.clock import ManualClock
from edge_face.people import Store

KINDS = ("grant", "deny", "exit", "relock", "alarm")
KEEP = 3.0
"""Days."""


class _ForgetfulFile(DiskFile):
    def sync(self) -> None:
        return


class _ForgetfulDisk(Disk):
    """Says that it has synced, and has not."""

    def open(self, path: Path) -> DiskFile:
        return _ForgetfulFile(path)


class AuditSide:
    """`early`: wrong on purpose, says "committed" before it is."""

    def __init__(self, folder: Path, store: Store, luck: random.Random, wall: float, *, early: bool = False) -> None:
        self._luck, self._clock = luck, ManualClock(wall=wall)
        self._log = AuditLog(folder, store.audit_key(), reserve=16, clock=self._clock, disk=_ForgetfulDisk() if early else None)

    @property
    def wall(self) -> float:
        return self._clock.wall()

    def write(self) -> dict[str, Any]:
        """Appends some records and commits them; what is certain from now on."""
        self._clock.sleep(self._luck.choice((1.0, 10_000.0, 30_000.0)))
        made = dict(self._append() for _ in range(self._luck.randint(1, 4)))
        return {"do": "audit", "records": made if self._log.commit() else {}}

    def leave(self) -> None:
        """Appends one that nobody has promised to keep yet."""
        self._append()

    def prune(self) -> dict[str, Any]:
        self._log.prune(KEEP)
        return {"do": "prune", "first": self._log.first}

    def close(self) -> None:
        self._log.close()

    def _append(self) -> tuple[int, str]:
        subject = f"{self._luck.getrandbits(64):016x}"
        record = AuditRecord(self._luck.choice(KINDS), self._clock.wall(), subject, "face")
        return self._log.append(record, self._clock.monotonic()), subject


def audit_faults(folder: Path, store: Store, committed: Mapping[int, str], pending: Mapping[str, Any] | None) -> list[str]:
    """What is wrong with the log after a cut, and once the door has opened it again."""
    if not committed and not folder.exists():
        return []
    key, found = store.audit_key(), []
    before = _lost(folder, committed, pending)
    with AuditLog(folder, key, reserve=16, clock=ManualClock(wall=2e9)) as log:
        if log.broken or log.trouble:
            found.append(f"the audit log was begun anew: {log.broken or log.trouble}")
        log.append(AuditRecord("started", 2e9), 0.0)
        if not log.commit():
            found.append(f"the audit log does not go on: {log.trouble}")
    problem = verify_log(folder, key).problem
    if problem:
        found.append(f"audit verify: {problem}")
    return [*found, *before, *(lost for lost in _lost(folder, committed, pending) if not before)]


def _lost(folder: Path, committed: Mapping[int, str], pending: Mapping[str, Any] | None) -> list[str]:
    there = {entry.number: entry.record.subject for entry in read_entries(folder)}
    lost = [number for number, subject in committed.items() if there.get(number) != subject]
    if not lost or (pending and pending["do"] == "prune" and there and max(lost) < min(there)):
        return []
    return [f"audit: record {min(lost)} and {len(lost) - 1} more were acknowledged and are lost (there: {min(there, default=0)} to "
            f"{max(there, default=0)})"]
