"""What a power cut, or somebody, left of the log: looked at when it is opened. Only reads.

Promised order of writings: records are on the disk before a head speaks of them, a segment has its anchor before it has its name,
and a head says which old segments may go before they go. So whatever is behind the head is whole, or torn and cut off; whatever
is missing before it, somebody took away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from edge_face.audit import head_file
from edge_face.audit.chain import Head
from edge_face.audit.segments import Segment, SegmentReader, segments_in


@dataclass(frozen=True, slots=True)
class Found:
    """How to go on. `last`: after the last whole record; `first`: number of the oldest kept one; `segment`: the file that goes on,
    None when there is none; `end`: where its next line goes. `kept`: whole records behind the head; `torn`: bytes behind them
    that are no record; `spoilt`: copies of the head that are not whole. `broken`: why the log cannot be continued, as a code."""

    last: Head | None
    first: int = 1
    generation: int = 0
    segment: Segment | None = None
    end: int = 0
    began: float = 0.0
    kept: int = 0
    torn: int = 0
    spoilt: int = 0
    broken: str | None = None
    largest: int = 0
    """Of a broken log: a new beginning takes a larger number."""


def examine(folder: Path, key: bytes, expect: Head | None) -> Found:
    """`expect`: a head that was seen earlier, which the log must contain. Raises OSError, AuditError for a newer format."""
    marks = head_file.read_marks(folder / head_file.FILE, key)
    segments = segments_in(folder)
    found = _examined(marks, segments, key, expect)
    if found.broken is None:
        return found
    last = found.last.number if found.last is not None else 0
    mark = marks.newest
    largest = max(last, _largest(segments), expect.number if expect is not None else 0, mark.head.number if mark is not None else 0)
    # Files that are there are evidence, also where no head speaks of them.
    return replace(found, largest=largest, first=found.first if segments or mark is not None else largest + 1)


def _examined(marks: head_file.Marks, segments: list[Segment], key: bytes, expect: Head | None) -> Found:
    mark = marks.newest
    if mark is None:
        if marks.missing and _never_begun(segments, key):
            return Found(None, broken="gone" if expect is not None else None)
        return Found(_guessed(segments, key) or expect, segments[0].first if segments else 1, broken="no-head")
    found = _followed(Found(mark.head, mark.first, mark.generation, spoilt=marks.spoilt), mark, segments, key)
    last = found.last or mark.head
    if found.broken is None and found.spoilt and not found.kept:
        # A cut while the head was written leaves the records that it was written for. Here they are not.
        found = replace(found, broken="head-spoilt")
    if found.broken is None and expect is not None and (expect.log != last.log or expect.number > last.number):
        found = replace(found, broken="rolled-back")
    return found


def _guessed(segments: list[Segment], key: bytes) -> Head | None:
    """Whose log it is, where no head says so."""
    anchor = SegmentReader(segments[-1], key).anchor if segments else None
    return None if anchor is None else Head(anchor.log, anchor.first - 1, anchor.link)


def _largest(segments: list[Segment]) -> int:
    """No record of these files has a larger number, whatever is in them."""
    if not segments:
        return 0
    with segments[-1].path.open("rb") as file:
        return segments[-1].first + sum(1 for line in file if line != b"\n")


def _never_begun(segments: list[Segment], key: bytes) -> bool:
    """Nothing is there, or what is left of a cut while the log was made: one segment without a record."""
    if not segments:
        return True
    if [segment.first for segment in segments] != [1]:
        return False
    reader = SegmentReader(segments[0], key)
    if reader.anchor is None:
        return False
    records = list(reader.links(Head(reader.anchor.log, 0, reader.anchor.link)))
    return not records and reader.rest is None


def _followed(found: Found, mark: head_file.Mark, segments: list[Segment], key: bytes) -> Found:
    """From the segment in which the head lies to the end."""
    reach = [segment for segment in segments if segment.first <= max(mark.head.number, mark.first)]
    if not reach:
        return replace(found, broken="segment-gone")
    last: Head | None = None
    for segment in segments[segments.index(reach[-1]):]:
        reader = SegmentReader(segment, key)
        anchor = reader.anchor
        if anchor is None or anchor.log != mark.head.log:
            return replace(found, last=last or mark.head, broken="bad-anchor")
        if last is not None and (anchor.first != last.number + 1 or anchor.link != last.link):
            return replace(found, last=last, broken="segment-gone")
        if last is not None and found.torn:
            return replace(found, last=last, broken="changed")
        last = last or Head(anchor.log, anchor.first - 1, anchor.link)
        if last.number == mark.head.number and last.link != mark.head.link:
            return replace(found, last=last, broken="changed")
        for link in reader.links(last):
            last = replace(last, number=link.number, link=link.link)
            if link.number == mark.head.number and link.link != mark.head.link:
                return replace(found, last=last, broken="changed")
        torn = reader.size - reader.end if reader.rest is not None else 0
        found = replace(found, segment=segment, end=reader.end, began=anchor.wall, torn=torn)
    assert last is not None
    if last.number < mark.head.number:
        return replace(found, last=last, broken="changed" if found.torn else "cut-tail")
    return replace(found, last=last, kept=last.number - mark.head.number)
