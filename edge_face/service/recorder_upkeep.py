"""What the daily upkeep does with pictures of events: time, quota, and a disk that fills up."""

from __future__ import annotations

import logging

from edge_face.people.recordings import Recordings
from edge_face.people.room import LITTLE, free_bytes
from edge_face.service.log import fields
from edge_face.settings import Settings

_log = logging.getLogger("edge_face.recorder")

DAY, MIB = 86_400.0, 1 << 20


def tidy_recordings(recordings: Recordings, settings: Settings, wall: float) -> int:
    """Deletes those whose time is over, the oldest of too many, and the oldest when the disk is nearly full: before anything else that is
    kept, for nothing of the door depends on them. How many that were. Raises StoreError."""
    days = min(settings.recorder.keep, settings.store.keep_events)
    old = recordings.prune(wall - days * DAY) + recordings.fit(settings.recorder.quota * MIB)
    if old:
        _log.info("old pictures of events were deleted", extra=fields(recordings=old))
    short = recordings.drop_oldest(LITTLE - free_bytes(recordings.folder.parent))
    if short:
        _log.warning("the disk is nearly full: the oldest pictures of events were deleted", extra=fields(recordings=short))
    return old + short
