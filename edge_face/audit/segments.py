"""The files of the log: `000000000001.log` begins with record 1. An anchor line, then a line for each record, then room.

Room is newlines that were written ahead, so that a record changes no length and costs one block on the card. Only the last segment
has any.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_face.audit.chain import MAC_HEX, Anchor, Head, anchor_of, link_after, mac

NAME = re.compile(r"[0-9]{12}\.log")
_LONGEST_LINE = 1 << 14


@dataclass(frozen=True, slots=True)
class Segment:
    """One file; `first` is the number of its first record, as its name says."""

    path: Path
    first: int


@dataclass(frozen=True, slots=True)
class Link:
    """A whole record: number, body (JSON), the link there, and where its line ends in the file."""

    number: int
    body: bytes
    link: bytes
    end: int


def segment_path(folder: Path, first: int) -> Path:
    return folder / f"{first:012d}.log"


def segments_in(folder: Path) -> list[Segment]:
    """By number. Raises OSError."""
    return sorted((Segment(path, int(path.stem)) for path in folder.iterdir() if NAME.fullmatch(path.name)),
                  key=lambda segment: segment.first)


class SegmentReader:
    """Reads one segment as far as it is whole. After `links` is used up: `rest` is None, or the offset at which something
    begins that is neither a record nor room; `end` is where the whole records end, `size` what was read in all.

    Raises OSError; AuditError for a newer format."""

    def __init__(self, segment: Segment, key: bytes | None) -> None:
        self.segment, self._key = segment, key
        self.end = self.size = 0
        self.rest: int | None = None
        with segment.path.open("rb") as file:
            line = file.readline(_LONGEST_LINE)
        found = anchor_of(line[:-1], key) if line.endswith(b"\n") else None
        # An anchor under another name belongs to another place.
        self.anchor: Anchor | None = found if found is not None and found.first == segment.first else None
        if self.anchor is not None:
            self.end = self.size = len(line)

    def links(self, after: Head) -> Iterator[Link]:
        """The records that follow `after` without a break."""
        number, link, key = after.number, after.link, self._key
        with self.segment.path.open("rb") as file:
            file.seek(self.end)
            while line := file.readline(_LONGEST_LINE):
                self.size += len(line)
                body, _, given = line.partition(b"\t")
                following = link_after(link, body)
                if (not body.startswith(b'{"n":%d,' % (number + 1)) or len(given) != MAC_HEX + 1 or given[-1:] != b"\n"
                        or (key is not None and not hmac.compare_digest(mac(key, b"record", following), given[:-1]))):
                    self._look_at_rest(file.seek(self.end))
                    return
                number, link = number + 1, following
                self.end += len(line)
                yield Link(number, body, link, self.end)

    def _look_at_rest(self, at: int) -> None:
        with self.segment.path.open("rb") as file:
            file.seek(at)
            while block := file.read(1 << 16):
                left = block.lstrip(b"\n")
                if left and self.rest is None:
                    self.rest = at + len(block) - len(left)
                at += len(block)
        self.size = at
