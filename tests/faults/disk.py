"""A disk as a power cut may leave it, made from what `power.c` recorded of a process.

What a file held at its last fsync is there. Of what was written since, each sector of 512 bytes holds any of the contents that it
had since then, whatever its neighbours hold: writes are lost, torn, and reordered. A file that grew may have any size that it had, and
what was not written in the new part is zeros or noise. Names (made, renamed, linked, removed) are certain once their folder was
synced; of those after that either a beginning of the list is there, as a journal replays it, or any of them that do not
build on one that is missing. An fsync of a new file does not keep its name: ext4 happens to, POSIX does not ask for it.
SQLite's documented assumptions allow all of this but a sector that changes while it is not written (powersafe overwrite).
"""

from __future__ import annotations

import os
import random
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
HEAD = struct.Struct("<cQQII")
NOTE = b"N"
VOLATILE = ("-shm", ".lock", ".sock")
"""Ends of names whose contents mean nothing after a restart."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the recording; `kind` as in power.c, or N: a note of the process itself."""

    kind: bytes
    inode: int
    number: int
    one: bytes
    two: bytes


def read_recording(path: Path) -> Iterator[Record]:
    """All whole records; the last may be cut when the process was killed."""
    data = path.read_bytes()
    at = 0
    while at + HEAD.size <= len(data):
        kind, inode, number, size_one, size_two = HEAD.unpack_from(data, at)
        at += HEAD.size
        if at + size_one + size_two > len(data):
            return
        yield Record(kind, inode, number, data[at:at + size_one], data[at + size_one:at + size_one + size_two])
        at += size_one + size_two


def note(descriptor: int, text: bytes) -> None:
    """Appends a note to the recording: in order with the writes around it."""
    os.write(descriptor, HEAD.pack(NOTE, 0, 0, len(text), 0) + text)


@dataclass
class _File:
    """What is certain, and (offset, bytes) or (size, None) since the last sync, in order."""

    certain: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        for at, data in self.since:
            _apply(self.certain, at, data)
        self.since.clear()

    def cut(self, luck: random.Random, survival: float, noise: bool) -> bytes:
        if not self.since:
            return bytes(self.certain)
        content, sizes = bytearray(self.certain), [len(self.certain)]
        fill = luck.randbytes(SECTOR) if noise else bytes(SECTOR)
        versions: dict[int, list[bytes]] = {}

        def sector(index: int) -> bytes:
            return bytes(content[index * SECTOR:(index + 1) * SECTOR])

        for at, data in self.since:
            if data is None:
                low, high = min(at, len(content)) // SECTOR, max(at, len(content)) // SECTOR
            else:
                low, high = at // SECTOR, (at + len(data) - 1) // SECTOR
            for index in range(low, high + 1):
                if index not in versions:
                    versions[index] = [sector(index) if index * SECTOR < len(self.certain) else fill]
            _apply(content, at, data)
            for index in range(low, high + 1):
                versions[index].append(sector(index))
            if len(content) != sizes[-1]:
                sizes.append(len(content))
        size = sizes[-1] if luck.random() < survival else luck.choice(sizes)
        result = bytearray(self.certain[:size])
        while len(result) < size:
            result += fill[:min(SECTOR - len(result) % SECTOR, size - len(result))]
        for index, contents in versions.items():
            kept = contents[-1] if luck.random() < survival else luck.choice(contents)
            begin = index * SECTOR
            if begin < size:
                kept = kept.ljust(min(SECTOR, size - begin), b"\0")[:size - begin]
                result[begin:begin + len(kept)] = kept
        return bytes(result)


def _apply(content: bytearray, at: int, data: bytes | None) -> None:
    if data is None:
        del content[at:]
        content.extend(bytes(at - len(content)))
        return
    if at > len(content):
        content.extend(bytes(at - len(content)))
    content[at:at + len(data)] = data


class Disk:
    """Feed it records with `take`; `cut` says at any moment what a power cut could leave. Starts from what lies in `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[int, _File | None] = {}  # None: a folder
        self._current: dict[int, int] = {}  # the kernel's inode numbers are used again: ours are not
        self._names: dict[str, int] = {}
        self._certain: dict[str, int] = {}
        self._since: list[dict[str, int | None]] = []
        for path in sorted(root.rglob("*")):
            made = self._new(path.stat().st_ino, folder=path.is_dir())
            self._names[str(path)] = self._certain[str(path)] = made
            if path.is_file() and (file := self._files[made]) is not None:
                file.certain[:] = path.read_bytes()

    def take(self, record: Record) -> None:
        one, two = os.fsdecode(record.one), os.fsdecode(record.two)
        if record.kind == b"C":
            self._rename({one: self._new(record.inode, folder=bool(record.number))})
        elif record.kind == b"U":
            self._rename({one: None})
        elif record.kind == b"L":
            self._rename({two: self._names[one]})
        elif record.kind == b"R":
            if self._files[self._names[one]] is None:
                raise ValueError(f"a folder was renamed ({one}): this disk cannot tell what then lies in it")
            self._rename({one: None, two: self._names[one]})
        elif record.kind == b"Y":
            for file in self._files.values():
                if file is not None:
                    file.sync()
            self._settle(None)
        elif record.kind == b"S" and record.number:
            self._settle(record.inode)
        else:
            known = self._files[self._current[record.inode]]
            assert known is not None, "a folder is not written"
            if record.kind == b"S":
                known.sync()
            else:
                known.since.append((record.number, record.one if record.kind == b"W" else None))

    def cut(self, luck: random.Random) -> dict[str, bytes | None]:
        """Paths below the root and what they hold; None: a folder."""
        names = self._names_after_cut(luck)
        survival, noise = luck.choice((0.0, 1.0, luck.random(), luck.random())), luck.random() < 0.5
        contents: dict[int, bytes] = {}
        left: dict[str, bytes | None] = {}
        for path in sorted(names):
            parent = str(Path(path).parent)
            if parent != str(self.root) and parent not in left:
                continue  # its folder is not there
            own = names[path]
            file = self._files[own]
            if file is None:
                left[path] = None
            elif path.endswith(VOLATILE[0]):
                # Shared memory: never synced, so it is there as noise or not at all.
                if luck.random() < 0.5:
                    left[path] = luck.randbytes(luck.choice((0, 100, 32768)))
            else:
                # A file of two names has one content.
                if own not in contents:
                    contents[own] = file.cut(luck, survival, noise)
                left[path] = contents[own]
        return left

    def _new(self, inode: int, *, folder: bool) -> int:
        own = len(self._files)
        self._files[own], self._current[inode] = None if folder else _File(), own
        return own

    def _rename(self, change: Mapping[str, int | None]) -> None:
        _set(self._names, change)
        self._since.append(dict(change))

    def _settle(self, inode: int | None) -> None:
        """The names in a folder (None: in all) are certain from now on."""
        own = None if inode is None else self._current.get(inode)
        folder = next((path for path, other in self._names.items() if other == own), str(self.root))
        later: list[dict[str, int | None]] = []
        for change in self._since:
            if inode is None or any(str(Path(path).parent) == folder for path in change):
                _set(self._certain, change)
            else:
                later.append(change)
        self._since = later

    def _names_after_cut(self, luck: random.Random) -> dict[str, int]:
        names = dict(self._certain)
        if luck.random() < 0.5:
            for change in self._since[:luck.randint(0, len(self._since))]:
                _set(names, change)
            return names
        share, missing = luck.random(), set[str]()
        for change in self._since:
            if missing.isdisjoint(change) and luck.random() < share:
                _set(names, change)
            else:
                missing.update(change)
        return names


def _set(names: dict[str, int], change: Mapping[str, int | None]) -> None:
    for path, own in change.items():
        if own is None:
            names.pop(path, None)
        else:
            names[path] = own


def lay_out(left: Mapping[str, bytes | None], root: Path, place: Path, modes: Mapping[str, int]) -> None:
    """Makes the folder `place` as the cut left `root`. `modes`: by a part of the name."""
    place.mkdir(parents=True, mode=0o700)
    for path, content in left.items():
        target = place / Path(path).relative_to(root)
        if content is None:
            target.mkdir(mode=0o700)
            continue
        target.write_bytes(content)
        target.chmod(next((mode for part, mode in modes.items() if part in Path(path).name), 0o600))


def cuts_of(records: Iterable[Record], points: Iterable[int], disk: Disk, luck: random.Random
            ) -> Iterator[tuple[int, dict[str, bytes | None], list[bytes]]]:
    """For each point (a count of records, ascending): the point, what is left, and the notes made until then."""
    stops, notes = iter(sorted(points)), list[bytes]()
    stop = next(stops, None)
    for done, record in enumerate(records):
        while stop is not None and stop <= done:
            yield stop, disk.cut(luck), list(notes)
            stop = next(stops, None)
        if stop is None:
            return
        if record.kind == NOTE:
            notes.append(record.one)
        else:
            disk.take(record)
    while stop is not None:
        yield stop, disk.cut(luck), list(notes)
        stop = next(stops, None)
