"""What the daily upkeep does with pictures of events: time, quota, and a disk that fills up."""

from __future__ import annotations

import logging

from edge_face.errors import StoreError
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
    return old + free_room(recordings)


def free_room(recordings: Recordings) -> int:
    """The part of it that a nearly full disk asks for; how many went. The files of a store that was opened for reading only, because the
    disk was full at the start, go as well: their rows follow when it is opened for writing. Raises StoreError."""
    files = len(recordings.numbers())
    try:
        recordings.drop_oldest(LITTLE - free_bytes(recordings.folder.parent))
    except StoreError:
        if len(recordings.numbers()) == files:
            raise
    short = files - len(recordings.numbers())
    if short:
        _log.warning("the disk is nearly full: the oldest pictures of events were deleted", extra=fields(recordings=short))
    return short
