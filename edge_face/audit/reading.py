"""Reads records to show or export them. Says nothing about whether they are true: `verify_log` does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from edge_face.audit import head_file
from edge_face.audit.chain import Head
from edge_face.audit.record import Entry, entry_of
from edge_face.audit.segments import Segment, SegmentReader, segments_in
from edge_face.errors import AuditError


def read_entries(folder: str | Path, *, since: float | None = None, kinds: frozenset[str] = frozenset(),
                 subject: str | None = None) -> Iterator[Entry]:
    """Oldest first; those not before the wall time `since`, of these kinds (none: all), of one alias. What is no record is
    passed over to the next segment. Raises AuditError."""
    for segment in _kept(Path(folder)):
        yield from (entry for entry in _of(segment) if _wanted(entry, since, kinds, subject))


def latest_entries(folder: str | Path, count: int, *, since: float | None = None, kinds: frozenset[str] = frozenset(),
                   subject: str | None = None, below: int | None = None) -> list[Entry]:
    """The latest `count`, numbered less than `below`, oldest first; reads no more segments than it must. Raises AuditError."""
    found: deque[Entry] = deque()
    for segment in reversed(_kept(Path(folder))):
        if below is not None and segment.first >= below:
            continue
        wanted = [entry for entry in _of(segment) if _wanted(entry, since, kinds, subject) and (below is None or entry.number < below)]
        found.extendleft(reversed(wanted[-(count - len(found)):] if count > len(found) else []))
        if len(found) >= count:
            break
    return list(found)


def _kept(folder: Path) -> list[Segment]:
    try:
        mark = head_file.read_marks(folder / head_file.FILE, None).newest
        first = mark.first if mark is not None else 0
        return [segment for segment in segments_in(folder) if segment.first >= first]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(folder, error) from error


def _of(segment: Segment) -> Iterator[Entry]:
    try:
        reader = SegmentReader(segment, None)
        if reader.anchor is None:
            return
        for link in reader.links(Head(reader.anchor.log, reader.anchor.first - 1, reader.anchor.link)):
            try:
                yield entry_of(link.body)
            except AuditError:
                return
    except FileNotFoundError:
        return  # pruned meanwhile
    except AuditError:
        raise
    except OSError as error:
        raise _unreadable(segment.path, error) from error


def _wanted(entry: Entry, since: float | None, kinds: frozenset[str], subject: str | None) -> bool:
    record = entry.record
    return ((since is None or record.wall >= since) and (not kinds or record.kind in kinds)
            and (subject is None or record.subject == subject))


def _unreadable(path: Path, error: OSError) -> AuditError:
    return AuditError(f"{path} cannot be read ({error.strerror or error}): run this as the user who owns it, or with sudo")
