"""The audit log as the worker writes it and the checker reads it; unusable in a version of edge-face that has none."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from edge_face.people import Store


class AuditSide:
    """`early`: wrong on purpose, says "committed" before it is."""

    def __init__(self, folder: Path, store: Store, *, early: bool = False) -> None:
        self._early = early
        self._log: Any = None

    @property
    def usable(self) -> bool:
        return self._log is not None

    def write(self, luck: random.Random) -> list[int]:
        """Appends some records and commits them; their numbers."""
        raise NotImplementedError

    def close(self) -> None:
        return


def audit_faults(folder: Path, store: Store, committed: set[int]) -> list[str]:
    """What is wrong with the log after a cut."""
    return []
