"""Looks through the raw bytes of files for many needles at once, at every place of every file."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_face.errors import StoreError
from edge_face.minimisation.needles import SHORTEST, Needle

CHUNK = 1 << 22
"""Bytes that are looked through at a time."""
_TEXT = 1 << 22
"""Bytes of a text in which words are looked for."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that should not be there: what, in which file, at which byte."""

    path: Path
    what: str
    at: int


class Scanner:
    """`needles`: of at least `SHORTEST` bytes. `words` are looked for in texts, whatever their length."""

    def __init__(self, needles: Iterable[Needle], words: Sequence[str] = ()) -> None:
        self._by_head: dict[bytes, list[tuple[int, Needle]]] = {}
        for needle in needles:
            if len(needle.content) >= SHORTEST:
                at = _varied(needle.content)
                self._by_head.setdefault(needle.content[at:at + 4], []).append((at, needle))
        heads = np.array([np.frombuffer(head, "<u4")[0] for head in self._by_head], np.uint32)
        self._heads = np.unique(heads)
        self._begins = np.zeros(1 << 16, bool)
        self._begins[self._heads & 0xFFFF] = True
        self._longest = max((len(needle.content) for row in self._by_head.values() for _, needle in row), default=0)
        self._words = [re.compile(rf"(?<!\w){re.escape(word)}(?!\w)") for word in words]

    def look(self, paths: Iterable[Path]) -> list[Hit]:
        """The first hit of each kind in each file. Raises `StoreError` for a file that cannot be read."""
        return [hit for path in paths for hit in self._file(path)]

    def _file(self, path: Path) -> Iterator[Hit]:
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                return
            found: dict[str, int] = {}
            with path.open("rb") as file:
                start, tail = 0, b""
                while piece := file.read(CHUNK):
                    content = tail + piece
                    for what, at in self._bytes(content):
                        found.setdefault(what, start - len(tail) + at)
                    start += len(piece)
                    tail = content[-self._longest:] if self._longest else b""
                file.seek(0)
                if self._words and (place := self._text(file.read(_TEXT))) is not None:
                    found.setdefault("the name", place)
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"{path} cannot be looked through ({error.strerror}): run this as the user who owns it, or with "
                             "sudo") from error
        yield from (Hit(path, what, at) for what, at in found.items())

    def _bytes(self, content: bytes) -> Iterator[tuple[str, int]]:
        raw = np.frombuffer(content, np.uint8)
        if len(raw) < SHORTEST or not self._by_head:
            return
        # Two bytes pick out few places, four of them nearly none, and those are compared in full.
        pairs = raw[:-1].astype(np.uint16) | (raw[1:].astype(np.uint16) << 8)
        places = np.flatnonzero(self._begins[pairs[:-2]])
        quads = pairs[places].astype(np.uint32) | (pairs[places + 2].astype(np.uint32) << 16)
        for at in places[np.isin(quads, self._heads)].tolist():
            for skipped, needle in self._by_head.get(content[at:at + 4], ()):
                if at >= skipped and content.startswith(needle.content, at - skipped):
                    yield needle.what, at - skipped

    def _text(self, content: bytes) -> int | None:
        if b"\0" in content:
            return None
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            return None
        return next((len(text[:match.start()].encode()) for word in self._words if (match := word.search(text))), None)


def _varied(content: bytes) -> int:
    """Where four bytes of it differ most from one another: runs of one byte, which fill whole files, pick out nothing."""
    return max(range(len(content) - 3), key=lambda at: len(set(content[at:at + 4])))
