"""The running door notes an opening of sealed faces in its own audit log, or says that it does not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from edge_face.audit import AuditLog, read_entries
from edge_face.clock import SystemClock
from edge_face.errors import EdgeFaceError, ServiceError, UsageError
from edge_face.service.commands import handlers
from edge_face.service.control import Peer

PEER = Peer(1, os.geteuid(), 0)
GOOD = {"what": "video", "key": "12" * 8, "visible": "ab" * 32, "opened": 2, "faces": 5}


class Door:
    """A daemon's clock and audit log, without the rest."""

    def __init__(self, log: AuditLog | None) -> None:
        self.clock, self.parts, self._log = SystemClock(), self, log

    @property
    def audit(self) -> Any:
        return self if self._log is not None else None

    def call(self, job: Any) -> Any:
        return job(self._log)


def test_an_opening_is_on_the_disk_before_the_answer(tmp_path: Path) -> None:
    with AuditLog(tmp_path, bytes(32), reserve=0) as log:
        assert handlers(Door(log))["sealed.opened"](dict(GOOD), PEER) == {}  # type: ignore[arg-type]
        (entry,) = read_entries(tmp_path, kinds=frozenset({"unsealed"}))
    details = {"what": "video", "key": "key-1212-1212-1212-1212", "file": "file-ababab", "opened": 2, "faces": 5}
    assert dict(entry.record.details) == details
    with pytest.raises(ServiceError, match="nothing was opened"):
        handlers(Door(None))["sealed.opened"](dict(GOOD), PEER)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"what": "name of somebody"}, {"key": "12"}, {"key": 5}, {"visible": "zz"}, {"opened": 6},
                                   {"opened": True}, {"faces": -1}, {"faces": 2.5}, {"more": 1}, {"visible": None}])
def test_anything_else_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with AuditLog(tmp_path, bytes(32), reserve=0) as log, pytest.raises(UsageError):
        handlers(Door(log))["sealed.opened"]({**GOOD, **wrong}, PEER)  # type: ignore[arg-type]
    with AuditLog(tmp_path, bytes(32), reserve=0) as log, pytest.raises(EdgeFaceError):
        handlers(Door(log))["sealed.opened"]({"what": "video"}, PEER)  # type: ignore[arg-type]
    assert list(read_entries(tmp_path, kinds=frozenset({"unsealed"}))) == []
