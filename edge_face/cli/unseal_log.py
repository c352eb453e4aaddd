"""An opening is noted before anything that was sealed is written: where there is a door's audit log, in that."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from edge_face.settings import Settings


class OpeningLog:
    """Notes openings with one key. `where`: the place of the last note, in words."""

    def __init__(self, settings: Settings, key: bytes) -> None:
        self._settings, self._key = settings, key
        self.where = "nothing"

    def note(self, what: str, source: Path, opened: Sequence[int], faces: Sequence[int]) -> None:
        """`what`: picture or video. Raises AuditError, StoreError, ServiceError when there is a log and it does not take the note: then
        nothing may be given out. With nothing opened there is nothing to note."""
        from edge_face.people.database import FILE
        from edge_face.privacy.sealed.pictures import digest_of_file
        from edge_face.service.client import daemon_for

        if not opened:
            return
        visible = digest_of_file(source)
        daemon = daemon_for(self._settings)
        if daemon is not None:
            daemon.call("sealed.opened", what=what, key=self._key.hex(), visible=visible.hex(), opened=len(opened), faces=len(faces))
            self.where = "the door's audit log"
        elif os.path.lexists(Path(self._settings.store.folder, FILE)):
            self._write(what, visible, len(opened), len(faces))
            self.where = "the audit log"
        else:
            self._say(what, visible, opened, faces)
            self.where = "this line alone (there is no audit log here)"

    def _write(self, what: str, visible: bytes, opened: int, faces: int) -> None:
        from edge_face.audit import AuditLog, audit_folder, seen_head
        from edge_face.clock import SystemClock
        from edge_face.errors import AuditError
        from edge_face.people import Store
        from edge_face.privacy.sealed.opening import opening_record

        clock = SystemClock()
        with Store(self._settings.store.folder, self._settings.store.key_file or None, read_only=True) as store:
            key, seen = store.audit_key(), seen_head(store.record)
        with AuditLog(audit_folder(self._settings), key, reserve=self._settings.audit.reserve, expect=seen, clock=clock) as log:
            log.append(opening_record(what, self._key, visible, opened, faces, clock.wall()), clock.monotonic())
            if not log.commit():
                raise AuditError(f"the opening cannot be noted in the audit log ({log.trouble}): nothing was opened")

    def _say(self, what: str, visible: bytes, opened: Sequence[int], faces: Sequence[int]) -> None:
        from edge_face.privacy.sealed import key_words

        numbers = ", ".join(map(str, opened[:12])) + (", …" if len(opened) > 12 else "")
        print(f"note: face {numbers} of {len(faces)} opened with the key {key_words(self._key)} in the {what} {visible.hex()[:12]}",
              file=sys.stderr)
