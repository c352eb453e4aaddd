"""The audit log's writer: records go into memory, `commit` brings them to the disk, and a full disk stops nobody at the door.

    with AuditLog(folder, key, batch=5.0, reserve=1024) as log:
        log.append(AuditRecord("grant", wall, alias, "face"), monotonic)
        log.commit()        # before the door opens
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from edge_face.audit import head_file
from edge_face.audit.chain import Anchor, Head, anchor_line, check_key, first_link, link_after, new_log, record_line
from edge_face.audit.disk import Disk, DiskFile, is_full
from edge_face.audit.record import AuditRecord, body_of, entry_of
from edge_face.audit.recovery import Found, examine
from edge_face.audit.reserve import Reserve
from edge_face.audit.segments import SegmentReader, segment_path, segments_in
from edge_face.clock import Clock, SystemClock
from edge_face.errors import AuditError

LOCK = "lock"
DAY = 86_400.0
ROOM = 1 << 14
"""Bytes written ahead at a time."""
SEGMENT = 1 << 20
"""A segment that is longer, or older than a day, is followed by another."""
_DRAFT = re.compile(r"\.(head|reserve|[0-9]{12}\.log)\.[0-9a-f]{8}")
MOST_WAITING = 10_000
"""Records kept in memory while the disk takes none (some 3 MB)."""


class AuditLog:
    """The log in `folder`, with one writer at a time and used by one thread. `batch`: seconds that records which opened
    nothing may wait; `reserve`: kB kept back on the disk. `expect`: a head that was seen earlier (`Head`), which the log must
    contain. What somebody changed is kept as it is and the log goes on after a break, which `verify_log` reports for as long as it is
    kept. Raises AuditError when the folder cannot be used at all.

    `trouble`: what is wrong with the disk, in words, or None. `lost`: records that found no place in memory either. `head`: what
    is on the disk for sure. `broken`: why the log had to begin anew when it was opened, as a code, or None.
    """

    def __init__(self, folder: str | Path, key: bytes, *, batch: float = 5.0, reserve: int = 1024, read_only: bool = False,
                 expect: Head | None = None, clock: Clock | None = None, disk: Disk | None = None) -> None:
        self.folder, self.batch, self.read_only = Path(folder), batch, read_only
        self._key, self._clock, self._disk = check_key(key), clock or SystemClock(), disk or Disk()
        self.trouble: str | None = None
        self.broken: str | None = None
        self.lost = 0
        self._unsaid = 0
        self._waiting: list[bytes] = []
        self._since = self._tried = 0.0
        self._lock: int | None = None
        self._segment: DiskFile | None = None
        self._heads: DiskFile | None = None
        self._reserve = Reserve(self.folder, reserve * 1024, self._disk)
        self.head = self._last = new_log()
        self.first, self._generation, self._end, self._size, self._began = 1, 0, 0, 0, 0.0
        try:
            if not read_only:
                self._lock = _held(self.folder)
                self._clear_drafts()
            self._begin(examine(self.folder, key, expect), expect)
        except OSError as error:
            self.close()
            if isinstance(error, AuditError):
                raise
            raise AuditError(f"the audit log in {self.folder} cannot be used ({error.strerror or error}): run this as the user who "
                             "owns it, make room, or set [audit] folder") from error

    def __enter__(self) -> AuditLog:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def append(self, record: AuditRecord, monotonic: float) -> int:
        """Keeps a record in memory until the next commit; its number, 0 when there is no place. Touches no disk."""
        self._insist_on_writing()
        if len(self._waiting) >= MOST_WAITING:
            self.lost += 1
            self._unsaid += 1
            return 0
        number = self._last.number + 1
        body = body_of(number, monotonic, record)
        self._last = replace(self._last, number=number, link=link_after(self._last.link, body))
        if not self._waiting:
            self._since = monotonic
        self._waiting.append(record_line(self._key, body, self._last.link))
        return number

    def commit(self) -> bool:
        """Everything that was appended outlives a power cut from now on. False when the disk does not take it: `trouble` says
        why, the records stay in memory and go with a later commit. Never raises OSError."""
        self._insist_on_writing()
        if self._waiting and not self._attempt(self._write):
            return False
        if self._unsaid:
            told, self._unsaid = self._unsaid, 0
            self._note("lost", records=told)
            return self._attempt(self._write)
        if self.trouble is None and self._reserve.left < self._reserve.size:
            self._reserve.fill()
        return self.trouble is None

    def due(self, monotonic: float) -> bool:
        """Has something waited for long enough (or, after trouble, is it time to try again)?"""
        since, patience = (self._tried, max(self.batch, 1.0)) if self.trouble else (self._since, self.batch)
        # A clock that starts anew is no reason to wait for ever.
        return bool(self._waiting) and not 0 <= monotonic - since < patience

    @property
    def waiting(self) -> int:
        """Records that are in memory only."""
        return len(self._waiting)

    @property
    def reserve_left(self) -> int:
        """Bytes of the reserve that are still there."""
        return self._reserve.left

    def prune(self, keep: float) -> int:
        """Drops whole segments in which every record is older than `keep` days; how many records that were. Only to be called
        while the wall clock can be believed. Raises AuditError."""
        self._insist_on_writing()
        before = self._clock.wall() - keep * DAY
        try:
            segments = segments_in(self.folder)
            first = self.first
            for segment, following in itertools.pairwise(segments):
                anchor = SegmentReader(following, self._key).anchor
                reader = SegmentReader(segment, self._key)
                if anchor is None or reader.anchor is None or anchor.wall >= before:
                    break
                links = reader.links(Head(reader.anchor.log, reader.anchor.first - 1, reader.anchor.link))
                if max((entry_of(link.body).record.wall for link in links), default=0.0) >= before:
                    break
                first = following.first
            if first == self.first:
                return 0
            gone, self.first = first - self.first, first
            self._note("pruned", records=gone)
            if not self._attempt(self._write):
                return 0
            self._drop_pruned()
        except AuditError:
            raise
        except OSError as error:
            raise AuditError(f"old records of the audit log in {self.folder} cannot be dropped ({error.strerror or error}): check "
                             "its disk") from error
        return gone

    def close(self) -> None:
        """Commits and gives the lock back. May be called again."""
        if self._segment is not None and self._waiting:
            self._attempt(self._write)
        for file in (self._segment, self._heads):
            if file is not None:
                file.close()
        self._segment = self._heads = None
        self._reserve.close()
        held, self._lock = self._lock, None
        if held is not None:
            os.close(held)

    # --- beginning ---

    def _begin(self, found: Found, expect: Head | None) -> None:
        self.broken, self.first, self._generation = found.broken, found.first, found.generation
        self.head = self._last = found.last or self.head
        self._end, self._began = found.end, found.began
        if self.read_only:
            return
        self._reserve.fill()
        if found.last is None and found.broken is None:
            self._at_all_costs(lambda: self._begin_segment(None))
            self._at_all_costs(self._make_heads)
            self._note("begun")
        elif found.broken is not None:
            number = found.largest + 1
            # A log that was put in place of the one that is remembered does not become the one to be expected.
            log = (expect or found.last or self.head).log
            self.head = self._last = Head(log, number - 1, first_link(log))
            self._at_all_costs(lambda: self._begin_segment(found.broken))
            self._at_all_costs(self._make_heads)
            self._note("broken", why=found.broken)
        else:
            assert found.segment is not None
            self._segment = self._disk.open(found.segment.path)
            if found.torn:
                self._segment.truncate(found.end)
                self._segment.sync()
            self._heads = self._disk.open(self.folder / head_file.FILE)
            if found.torn or found.kept or found.spoilt:
                self._note("recovered", kept=found.kept, torn=found.torn, heads=found.spoilt)
        self._size = self._segment.size() if self._segment is not None else 0
        self._attempt(self._write)
        self._drop_pruned()

    def _begin_segment(self, broken: str | None) -> None:
        """A new file that begins after the head; the old one loses its room."""
        head, wall = self.head, self._clock.wall()
        path = segment_path(self.folder, head.number + 1)
        line = anchor_line(self._key, Anchor(head.log, head.number + 1, head.link, wall, broken))
        self._disk.create(path, line.ljust(ROOM, b"\n"))
        old, self._segment = self._segment, self._disk.open(path)
        old_end, self._end, self._size, self._began = self._end, len(line), ROOM, wall
        if old is not None:
            with contextlib.suppress(OSError):
                old.truncate(old_end)
                old.sync()
            old.close()

    def _make_heads(self) -> None:
        path = self.folder / head_file.FILE
        self._generation += 1
        mark = head_file.Mark(self._generation, self._last, self.first, self._clock.wall())
        self._disk.create(path, head_file.whole_file(self._key, mark))
        self._heads = self._disk.open(path)
        self.head = self._last

    def _clear_drafts(self) -> None:
        for path in self.folder.glob(".*"):
            if _DRAFT.fullmatch(path.name):
                self._disk.remove(path)

    def _drop_pruned(self) -> None:
        dropped = [segment for segment in segments_in(self.folder) if segment.first < self.first]
        for segment in dropped:
            self._disk.remove(segment.path)
        if dropped:
            self._disk.sync_folder(self.folder)

    # --- writing ---

    def _write(self) -> None:
        """Records, then the head that speaks of them. Done again from the start after a failure: what was not synced may be
        gone from memory too (a failed fsync drops pages)."""
        if not self._waiting:
            return
        assert self._segment is not None and self._heads is not None
        if self._is_full():
            # Only when there is something to write: a segment without a record could be removed unnoticed.
            with contextlib.suppress(OSError):
                self._begin_segment(None)
        data = b"".join(self._waiting)
        if self._end + len(data) > self._size:
            self._make_room(len(data))
        self._segment.write(self._end, data)
        self._segment.sync()
        mark = head_file.Mark(self._generation + 1, self._last, self.first, self._clock.wall())
        self._heads.write(head_file.offset_of(mark.generation), head_file.slot(self._key, mark))
        self._heads.sync()
        self._generation, self.head = mark.generation, self._last
        self._end += len(data)
        self._waiting.clear()

    def _make_room(self, needed: int) -> None:
        assert self._segment is not None
        size = -(-(self._end + needed) // ROOM) * ROOM
        self._segment.write(self._size, b"\n" * (size - self._size))
        self._size = size

    def _is_full(self) -> bool:
        """Is it time for another segment?"""
        assert self._segment is not None
        if int(self._segment.path.stem) > self.head.number:
            return False
        return self._end >= SEGMENT or self._clock.wall() - self._began >= DAY

    def _at_all_costs(self, action: Callable[[], None]) -> None:
        """The reserve is given up for it, step by step. Raises OSError."""
        while True:
            try:
                return action()
            except OSError as error:
                if not (is_full(error) and self._reserve.give_up()):
                    raise

    def _attempt(self, action: Callable[[], None]) -> bool:
        try:
            self._at_all_costs(action)
        except OSError as error:
            self._tried = self._clock.monotonic()
            way_out = "make room on its disk" if is_full(error) else "check its disk"
            self.trouble = (f"the audit log in {self.folder} cannot be written ({error.strerror or error}): {way_out}; "
                            "meanwhile records wait in memory")
            return False
        self.trouble = None
        return True

    def _note(self, kind: str, **details: int | str) -> None:
        self.append(AuditRecord(kind, max(0.0, self._clock.wall()), None, None, details), self._clock.monotonic())

    def _insist_on_writing(self) -> None:
        if self.read_only or self._lock is None:
            raise AuditError(f"the audit log in {self.folder} is {'opened for reading only' if self.read_only else 'closed'}")


def _held(folder: Path) -> int:
    """The writer's lock: ends with the process, whatever ends it."""
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        Disk().sync_folder(folder.parent)  # else a power cut may take the whole folder along
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise AuditError(f"the audit log in {folder} is being written by another program: does the door run already?") from error
    return descriptor
