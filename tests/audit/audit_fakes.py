"""Records, a disk that remembers every operation and can be cut off at any of them, and a disk with little room."""

from __future__ import annotations

import errno
import os
import random
from dataclasses import dataclass, field
from pathlib import Path

from edge_face.audit import AuditLog, AuditRecord
from edge_face.audit.disk import Disk, DiskFile
from edge_face.clock import ManualClock

KEY = bytes(range(32))
DAY = 86_400.0


def record(number: int, wall: float = 1e9, kind: str = "deny") -> AuditRecord:
    """One that can be told from others."""
    return AuditRecord(kind, wall, f"{number:016x}", "face", {"mark": number})


def written(folder: Path, count: int, *, each_day: int = 0, clock: ManualClock | None = None) -> ManualClock:
    """A log of `count` records besides its own, committed two at a time; a day goes by after each `each_day`."""
    clock = clock or ManualClock(wall=1e9)
    with AuditLog(folder, KEY, reserve=0, clock=clock, disk=Quick()) as log:
        for number in range(1, count + 1):
            log.append(record(number, clock.wall()), clock.monotonic())
            if number % 2 == 0:
                log.commit()
            if each_day and number % each_day == 0:
                clock.sleep(DAY)
                log.commit()
    return clock


class _QuickFile(DiskFile):
    def sync(self) -> None:
        return


class Quick(Disk):
    """Promises nothing about power cuts, and is fast."""

    def open(self, path: Path) -> DiskFile:
        return _QuickFile(path)

    def sync_folder(self, folder: Path) -> None:
        return

    def _new(self, path: Path) -> DiskFile:
        return _QuickFile(path, create=True)


@dataclass
class Operation:
    """What was asked of the disk. `file`: number of an inode; `done`: a commit came back, with the log's head."""

    what: str
    file: int = -1
    offset: int = 0
    data: bytes = b""
    names: tuple[str, ...] = ()
    done: tuple[int, int] | None = None


class _TapeFile(DiskFile):
    def __init__(self, path: Path, tape: Tape, *, create: bool = False) -> None:
        super().__init__(path, create=create)
        self._tape = tape
        self._inode = os.fstat(self._descriptor).st_ino

    def write(self, offset: int, data: bytes) -> None:
        super().write(offset, data)
        self._tape.add(Operation("write", self._inode, offset, bytes(data)))

    def truncate(self, size: int) -> None:
        super().truncate(size)
        self._tape.add(Operation("truncate", self._inode, size))

    def sync(self) -> None:
        self._tape.add(Operation("sync", self._inode))


@dataclass
class Tape(Disk):
    """A real disk whose operations are written down; `after` makes a folder as a power cut may leave it."""

    operations: list[Operation] = field(default_factory=list)

    def add(self, operation: Operation) -> None:
        self.operations.append(operation)

    def open(self, path: Path) -> DiskFile:
        return _TapeFile(path, self)

    def remove(self, path: Path) -> None:
        super().remove(path)
        self.add(Operation("unlink", names=(path.name,)))

    def sync_folder(self, folder: Path) -> None:
        self.add(Operation("sync folder"))

    def _new(self, path: Path) -> DiskFile:
        file = _TapeFile(path, self, create=True)
        self.add(Operation("link", path.stat().st_ino, names=(path.name,)))
        return file

    def _rename(self, source: Path, target: Path) -> None:
        super()._rename(source, target)
        self.add(Operation("rename", names=(source.name, target.name)))

    def after(self, cut: int, folder: Path, luck: random.Random, *, kill: bool = False) -> None:
        """The operations before `cut` have happened, and half of that one. `kill`: only the process ended, and the kernel
        writes the rest; else what was not synced is there, torn, or not at all. An inode number that is used again is told apart
        by its link."""
        done = list(self.operations[:cut])
        if cut < len(self.operations) and self.operations[cut].what == "write":
            last = self.operations[cut]
            done.append(Operation("write", last.file, last.offset, last.data[:luck.randint(0, len(last.data))]))
        names: dict[str, int] = {}
        contents: list[bytearray] = []
        current: dict[int, int] = {}
        synced_names = max((at for at, op in enumerate(done) if op.what == "sync folder"), default=-1)
        some = luck.randint(synced_names, len(done))
        for at, op in enumerate(done):
            survives = kill or at <= synced_names or at < some
            if op.what == "link":
                current[op.file] = len(contents)
                contents.append(bytearray())
                if survives:
                    names[op.names[0]] = current[op.file]
            elif op.what == "rename" and survives and op.names[0] in names:
                names[op.names[1]] = names.pop(op.names[0])
            elif op.what == "unlink" and survives:
                names.pop(op.names[0], None)
            elif op.what in ("write", "truncate"):
                certain = kill or any(later.what == "sync" and later.file == op.file for later in done[at:])
                _apply(contents[current[op.file]], op, None if certain else luck)
        folder.mkdir()
        for name, own in names.items():
            (folder / name).write_bytes(contents[own])


def _apply(content: bytearray, op: Operation, luck: random.Random | None) -> None:
    if op.what == "truncate":
        if luck is None or luck.random() < 0.5:
            del content[op.offset:]
            content.extend(bytes(op.offset - len(content)))
        return
    # In pieces of a sector, each of which is there or not; a hole in what is new is zeros.
    for start in range(0, len(op.data), 512):
        if luck is not None and luck.random() < 0.4:
            continue
        piece, at = op.data[start:start + 512], op.offset + start
        content.extend(bytes(max(0, at + len(piece) - len(content))))
        content[at:at + len(piece)] = piece


class _SmallFile(DiskFile):
    def __init__(self, path: Path, disk: SmallDisk, *, create: bool = False) -> None:
        super().__init__(path, create=create)
        self._disk = disk

    def write(self, offset: int, data: bytes) -> None:
        self._disk.take(offset + len(data) - self.size())
        super().write(offset, data)

    def allocate(self, size: int) -> None:
        self._disk.take(size - self.size())
        super().allocate(size)

    def truncate(self, size: int) -> None:
        self._disk.room += max(0, self.size() - size)
        super().truncate(size)

    def sync(self) -> None:
        if self._disk.dead:
            raise OSError(errno.EIO, os.strerror(errno.EIO))


class SmallDisk(Disk):
    """So many bytes are left; what grows takes of them. `dead`: nothing is synced any more."""

    def __init__(self, room: int) -> None:
        self.room, self.dead = room, False

    def take(self, more: int) -> None:
        if more > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.room -= max(0, more)

    def open(self, path: Path) -> DiskFile:
        return _SmallFile(path, self)

    def free(self, folder: Path) -> int:
        return self.room

    def _new(self, path: Path) -> DiskFile:
        return _SmallFile(path, self, create=True)
