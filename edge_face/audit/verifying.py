"""Is the log as it was written? Walks the whole chain and names the first place where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edge_face.audit import head_file
from edge_face.audit.chain import Anchor, Head
from edge_face.audit.segments import Segment, SegmentReader, segments_in
from edge_face.errors import AuditError

Progress = Callable[[int, int], None]
_TRIES = 20
"""While the door writes and prunes, what is read of it may not belong together."""
_EVERY = 4096


@dataclass(frozen=True, slots=True)
class Verdict:
    """`problem`: None, or one sentence that names the first bad place. `records` were found good before it, numbered from `first`;
    `last` is the head they lead to; `uncommitted` of them stand behind the log's own head. `began`, `keyed`: since when (seconds
    since 1970), and whether MACs were checked."""

    problem: str | None
    records: int = 0
    first: int = 0
    last: Head | None = None
    uncommitted: int = 0
    began: float | None = None
    keyed: bool = True


def verify_log(folder: str | Path, key: bytes | None, against: Head | None = None, progress: Progress | None = None) -> Verdict:
    """Without a key only the chain and `against` (a head that was written down elsewhere) are checked. The door may write
    meanwhile. Raises AuditError when nothing can be read."""
    folder = Path(folder)
    try:
        for _ in range(_TRIES - 1):
            before = _stamp(folder)
            try:
                verdict = _verified(folder, key, against, progress)
            except FileNotFoundError:  # pruned meanwhile
                if _stamp(folder) == before:
                    raise
                continue
            if verdict.problem is None or _stamp(folder) == before:
                return verdict
        return _verified(folder, key, against, progress)
    except AuditError:
        raise
    except OSError as error:
        raise AuditError(f"the audit log in {folder} cannot be read ({error.strerror or error}): set [audit] folder to where it "
                         "is, or run this as the user who owns it (sudo)") from error


def _stamp(folder: Path) -> object:
    """Differs when the door has written in between."""
    return head_file.read_marks(folder / head_file.FILE, None), segments_in(folder) if folder.exists() else None


def _verified(folder: Path, key: bytes | None, against: Head | None, progress: Progress | None) -> Verdict:
    marks = head_file.read_marks(folder / head_file.FILE, key)
    segments = segments_in(folder) if folder.exists() else []
    mark = marks.newest
    if mark is None:
        if marks.missing and not segments:
            return Verdict("there is no audit log: nothing was written yet, or somebody removed all of it", keyed=key is not None)
        return Verdict(f"the head of the log ({head_file.FILE}) is {'missing' if marks.missing else 'damaged or was changed'}: "
                       "what is at its end cannot be told", keyed=key is not None)
    walk = _Walk(mark, key, against, progress)
    # A segment before the first kept record is what a pruning that was cut short left.
    verdict = walk.all([segment for segment in segments if segment.first >= mark.first])
    if verdict.problem is None and marks.spoilt:
        verdict = replace(verdict, problem="one of the two copies of the head is damaged: a power cut while it was written (then the "
                                           "door mends it when it starts), or it was changed")
    return verdict


class _Walk:
    """From the oldest kept record to the end."""

    def __init__(self, mark: head_file.Mark, key: bytes | None, against: Head | None, progress: Progress | None) -> None:
        self._mark, self._key, self._against = mark, key, against
        self._progress = progress or (lambda done, total: None)
        self._last: Head | None = None
        self._seen = False
        self._began: float | None = None

    def all(self, segments: list[Segment]) -> Verdict:
        own, against = self._mark.head, self._against
        if against is not None and against.log != own.log:
            return self._verdict(f"the given head is of another log ({against.log}), this one is {own.log}: it was replaced, or begun anew")
        problem = None
        for segment in segments:
            problem = self._segment(segment)
            if problem is not None:
                break
        return self._verdict(problem or self._ending())

    def _segment(self, segment: Segment) -> str | None:
        reader = SegmentReader(segment, self._key)
        anchor, name = reader.anchor, segment.path.name
        if anchor is None:
            return f"the first line of {name} was changed or is damaged"
        problem = self._joins(anchor, name)
        if problem is not None:
            return problem
        if self._last is None:
            self._last, self._began = Head(anchor.log, anchor.first - 1, anchor.link), anchor.wall
            problem = self._at(self._last)
            if problem is not None:
                return problem
        head = self._last
        for link in reader.links(head):
            head = Head(head.log, link.number, link.link)
            if link.number == self._mark.head.number or (self._against and link.number == self._against.number):
                problem = self._at(head)
                if problem is not None:
                    return problem
            self._last = head
            if link.number % _EVERY == 0:
                self._progress(link.number - self._mark.first, self._mark.head.number - self._mark.first + 1)
        if reader.rest is None:
            return None
        if head.number >= self._mark.head.number:
            return (f"behind record {head.number}, the last that is certain, {name} goes on with something that is no record (byte "
                    f"{reader.end}): torn by a power cut (then the door cuts it off when it starts), or written by somebody")
        return f"record {head.number + 1} ({name}, byte {reader.end}) was changed, removed or is damaged"

    def _joins(self, anchor: Anchor, name: str) -> str | None:
        last = self._last
        expected = self._mark.first if last is None else last.number + 1
        if anchor.broken is not None:
            return (f"the log was begun anew with record {anchor.first} ({name}), since what was there before could not be continued "
                    f"({anchor.broken})" + (f": records {expected} to {anchor.first - 1} are missing" if anchor.first > expected else ""))
        if anchor.first != expected:
            return f"records {expected} to {anchor.first - 1} are missing: their file was removed, or cut"
        if anchor.log != self._mark.head.log or (last is not None and anchor.link != last.link):
            return f"{name} does not continue what is before it: records before {anchor.first} were changed or replaced"
        return None

    def _at(self, head: Head) -> str | None:
        own, against = self._mark.head, self._against
        if head.number == own.number and head.link != own.link:
            return f"the log does not lead to its own head: records up to {own.number} were changed or replaced"
        if against is not None and head.number == against.number:
            self._seen = True
            if head.link != against.link:
                return f"record {head.number} is not what the given head says: records up to it were replaced"
        return None

    def _ending(self) -> str | None:
        own, last, against = self._mark.head, self._last, self._against
        if last is None or last.number < own.number:
            first = self._mark.first if last is None else last.number + 1
            return f"the end of the log is cut off: records {first} to {own.number} are missing"
        if against is None or self._seen:
            return None
        if against.number > last.number:
            return (f"the given head speaks of record {against.number}, the log ends with {last.number}: its end was cut off, or an older "
                    "copy put back")
        return f"record {against.number} of the given head was pruned since (the oldest is {self._mark.first}): take a later head"

    def _verdict(self, problem: str | None) -> Verdict:
        last = self._last
        count = 0 if last is None else last.number - self._mark.first + 1
        behind = 0 if last is None else max(0, last.number - self._mark.head.number)
        return Verdict(problem, count, self._mark.first, last, behind, self._began, self._key is not None)
