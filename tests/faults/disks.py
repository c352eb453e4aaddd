"""Disks that are full, read-only or slow, memory and file descriptors that run out, under a running daemon and at its start.

Full disks are real ones (a tmpfs of 3 MB, which root may mount). Read-only and slow ones are made by power.c inside the daemon's
process. Memory and descriptors are limits that are set from outside on the running process (prlimit). In each round the exit button and
a resident's card must open the door, something must be said, and all must be well once the fault is over; who ends instead must
leave the door safe and start again.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import resource
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from edge_face.audit import AuditLog, read_entries, verify_log
from edge_face.errors import EdgeFaceError
from edge_face.people import Store

from .edge_log import Allowance, openings, read_edges, unallowed
from .house import KINDS, LOCK, LONGEST, House, nursery
from .shim import built_shim
from .verdict import UNNAMED, Row, Trial

ACTS = 10.0
"""Seconds in which exit button and card must open the door."""
AGAIN = 3
"""How often somebody tries within that time when there is no memory."""
RETRY = 4.0
"""Seconds until the daemon tries a disk again, in place of its own 60 and 30."""
HEALS = 60.0
"""Seconds in which all must be well again."""
FULL, READ_ONLY, SLOW, MEMORY, FILES = "disk full", "disk read-only", "disk slow", "out of memory", "out of descriptors"
NAMES = (FULL, READ_ONLY, SLOW, MEMORY, FILES)
AUDIT = "wait = 0.25\nbatch = 0.05\nreserve = 64\n"
SIZE = "3m"
LAG = 15.0
LANES = 6
COUNTED = ("ended, and started again", "had to be tried again, for want of memory", "requests refused for want of it", "releases", UNNAMED)


def disks(trial: Trial, *, names: tuple[str, ...] = NAMES, wrong: str = "") -> Row:
    """`wrong`: what the daemon does wrong on purpose (see kill_child), to see this row fail."""
    row = Row("disk, memory, descriptors", "door safe, residents let in, exit works, a message, recovery")
    shim = built_shim(trial.folder)
    possible = [name for name in names if not (name == FULL and not _may_mount(trial.folder))
                and not (name in (READ_ONLY, SLOW) and isinstance(shim, str))]
    left_out = [name for name in names if name not in possible]
    if not possible:
        row.skipped = f"{', '.join(left_out)}: root and a C compiler are needed"
        return row
    if left_out:
        row.must += f" (left out: {', '.join(left_out)}; root and a C compiler are needed)"
    context, guard = nursery(trial.folder), threading.Lock()
    work = [(possible[number % len(possible)], trial.random.getrandbits(32), trial.folder / str(number)) for number in range(trial.rounds)]

    def one(job: tuple[str, int, Path]) -> None:
        name, seed, folder = job
        own = Row(name, "")
        try:
            with _place(folder, name) as place:
                found = _Trouble(name, place, random.Random(seed), context, own, wrong).found()
        except (OSError, EdgeFaceError, subprocess.SubprocessError) as error:
            found = [f"{type(error).__name__}: {error}"]
        with guard:
            row.rounds += 1
            row.count(name)
            for figure, value in own.figures.items():
                row.count(figure, value) if figure in COUNTED else row.most(f"{figure}, {name}", value)
            for sentence in found:
                row.fails(f"{name}, {seed}: {sentence}")
            trial.say(f"disks {row.rounds} of {trial.rounds}, {row.broken} broken")

    # Most of it is waiting: for a disk, for a lock, for the next try.
    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(one, work))
    return row


class _Trouble:
    """One door, one fault, its end."""

    def __init__(self, name: str, place: Path, luck: random.Random, context: Any, row: Row, wrong: str) -> None:
        self.name, self.luck, self.row, self.place = name, luck, row, place
        self.switch, self.filler = place / "errno", place / "disk" / "filler"
        environment = {"FAULTS_RETRY": str(RETRY)}
        if name in (READ_ONLY, SLOW):
            slow = luck.choice((10_000, 40_000, 150_000)) if name == SLOW else 0
            environment |= {"FAULTS_ROOT": str((place / "disk").resolve()), "FAULTS_SLOW": str(slow),
                            "FAULTS_ERROR": str(self.switch) if name == READ_ONLY else ""}
        self.house = House(place / "door", KINDS[luck.randrange(2)], context, wrong, store=place / "disk" / "store", audit=AUDIT,
                           environment=environment)
        self.words: list[Allowance] = []
        self.at_start = luck.random() < 0.4 and name in (FULL, READ_ONLY)
        self.ended = False
        self.let_in = 0

    def found(self) -> list[str]:
        house, found = self.house, []
        try:
            if self.at_start:
                if self.name == FULL:
                    # What a daemon leaves behind that ran before.
                    found += self._ran_once()
                self._begin()
            house.start()
            if not house.wait_up():
                return [*found, f"it did not start: {self._log()}"]
            if not self.at_start:
                self._begin()
            found += self._provoke()
            found += self._works()
            found += self._says()
            if house.running:
                self._end()
                found += self._heals()
            else:
                self.ended = True
                self.row.count("ended, and started again")
            found += self._after()
        finally:
            house.close()
        return found

    def _ran_once(self) -> list[str]:
        self.house.start()
        up = self.house.wait_up()
        self.house.kill("drops")
        return [] if up else [f"it did not start on an empty disk: {self._log()}"]

    # The faults

    def _begin(self) -> None:
        if self.name == FULL:
            with contextlib.suppress(OSError), self.filler.open("wb", buffering=0) as file:
                for size in (1 << 16, 1 << 12, 512):
                    with contextlib.suppress(OSError):
                        while True:
                            file.write(bytes(size))
        elif self.name == READ_ONLY:
            self.switch.write_text(str(self.luck.choice((errno.EROFS, errno.EIO, errno.EROFS))))
        elif self.name == MEMORY:
            more = self.luck.choice((0, self.luck.randrange(0, 1 << 20)))
            self._limit(resource.RLIMIT_AS, _status(self.house.pid, "VmSize") * 1024 + more)
        elif self.name == FILES:
            self._limit(resource.RLIMIT_NOFILE, len([*Path(f"/proc/{self.house.pid}/fd").iterdir()]) + self.luck.randrange(0, 3))

    def _provoke(self) -> list[str]:
        """Asks for a lot at once, so that it is felt that there is none left. Whoever asks may be refused, or hung up on."""
        if self.name not in (FILES, MEMORY):
            return []
        refused, channels = 0, []
        try:
            for _ in range(6):
                channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                channel.settimeout(1.0)
                channels.append(channel)
                channel.connect(str(self.house.folder / "control.sock"))
                with contextlib.suppress(OSError):
                    channel.sendall(b'{"command": "people.show", "arguments": {"who": "' + b"x" * (1 << 19) + b'"}}\n')
            for channel in channels:
                try:
                    refused += b'"ok": false, "error": {"kind": "PeopleError"' not in channel.recv(1 << 16)
                except OSError:
                    refused += 1
        finally:
            for channel in channels:
                channel.close()
        self.row.count("requests refused for want of it", refused)
        return []

    def _end(self) -> None:
        self.filler.unlink(missing_ok=True)
        self.switch.unlink(missing_ok=True)
        if self.name == MEMORY:
            self._limit(resource.RLIMIT_AS, None)
        elif self.name == FILES:
            self._limit(resource.RLIMIT_NOFILE, None)

    def _limit(self, kind: int, value: int | None) -> None:
        """The soft limit; None: none but the hard one."""
        with contextlib.suppress(ProcessLookupError):
            hard = resource.prlimit(self.house.pid, kind)[1]
            resource.prlimit(self.house.pid, kind, (hard if value is None else value, hard))

    # What must hold

    def _works(self) -> list[str]:
        found: list[str] = []
        deeds: list[tuple[str, Callable[[], None]]] = [("exit button", self.house.press), ("card", self.house.show_card)]
        for name, deed in self.luck.sample(deeds, 2):
            self._wait(lambda: not self._released(), LONGEST + 1.0)
            before, now = len(self._openings()), time.monotonic()
            self.words.append(Allowance(name, now, now + LAG))
            if not self._opens(deed, before):
                if not self.house.running and self.name == MEMORY:
                    return found  # it ended: judged afterwards
                found.append(f"the {name} did not open the door{' (at its start)' if self.at_start else ''}; its log: {self._log()}")
                continue
            self.let_in += name == "card"
            self.row.most("longest wait for a card (s)" if name == "card" else "longest wait for the exit (s)",
                          self._openings()[-1].since - now)
            if not self._wait(lambda: not self._released(), LONGEST + 1.0):
                found.append(f"the door did not lock after the {name}")
        return found

    def _opens(self, deed: Callable[[], None], before: int) -> bool:
        """Does it open? Where there is no memory to note an edge in, one is lost: whoever stands there presses again, or shows the card
        again, as people do."""
        begun, patience = time.monotonic(), ACTS / AGAIN if self.name == MEMORY else ACTS
        while True:
            deed()
            if self._wait(lambda: len(self._openings()) > before, patience):
                return True
            if not self.house.running or time.monotonic() > begun + ACTS - patience / 2:
                return False
            self.row.count("had to be tried again, for want of memory")

    def _says(self) -> list[str]:
        """Whoever asks for what cannot be done is told why, or the status says it."""
        try:
            self.house.call("people.suspend" if self.luck.random() < 0.5 else "people.activate", who=self.house.people["Dea"])
            told = False
        except EdgeFaceError as error:
            told = bool(str(error))
        if self.name not in (FULL, READ_ONLY):
            return []  # it had all that it needed, or said what it lacks

        def said() -> bool:
            with contextlib.suppress(EdgeFaceError):
                return bool(self.house.call("status").get("troubles"))
            return False

        return [] if told or self._wait(said, 10.0) else ["nothing was said"]

    def _heals(self) -> list[str]:
        def well() -> bool:
            with contextlib.suppress(EdgeFaceError):
                status = self.house.call("status")
                self.house.call("people.rename", who=self.house.people["Cem"], name=f"Cem {self.luck.getrandbits(30):x}")
                return not [t for t in status.get("troubles", []) if "lost" not in t]
            return False

        begun = time.monotonic()
        if not self._wait(well, HEALS):
            with contextlib.suppress(EdgeFaceError):
                return [f"not well {HEALS:g} s after the fault had ended: {self.house.call('status').get('troubles')}"]
            return [f"it does not answer {HEALS:g} s after the fault had ended: {self._log()}"]
        self.row.most("slowest recovery (s)", time.monotonic() - begun)
        return self._works()

    def _after(self) -> list[str]:
        """Ended, made safe, its edges looked at, its store and log opened."""
        house, found = self.house, []
        stopped = time.monotonic()
        gone = house.stop()
        self._end_quietly()
        code, safe_at = house.make_safe()
        if code != 0 or house.board.level(LOCK) != house.kind.off:
            found.append(f"not safe after ExecStopPost ({code})")
        # A magnet's coil goes off when the daemon stops: a row of the safe-state table.
        fails_open = house.kind.off == house.kind.released
        was = [o for o in self._openings() if not (fails_open and (o.since >= stopped or (self.ended and o.until is None)))]
        unnamed = unallowed(was, self.words)
        self.row.count(UNNAMED, len(unnamed))
        self.row.count("releases", len(was))
        found += [f"released at {opening.since:.3f} without anybody's word" for opening in unnamed]
        for opening in was:
            length = (opening.until or (safe_at if house.kind.off != house.kind.released else gone)) - opening.since
            self.row.most("longest release (s)", length)
            if length > LONGEST + 0.3:
                found.append(f"released for {length:.2f} s")
        try:
            with Store(house.store) as store:
                if {person.id for person in store.iterate()} != set(house.people.values()):
                    found.append("somebody is missing from the store")
                key = store.audit_key()
            with AuditLog(house.store / "audit", key, reserve=0):
                pass
            verdict = verify_log(house.store / "audit", key)
            if verdict.problem:
                found.append(f"audit verify: {verdict.problem}")
            entries = sum(entry.record.kind == "code" for entry in read_entries(house.store / "audit"))
            if not self.ended and entries < self.let_in:
                found.append(f"audit: {self.let_in} entries by card, {entries} records")
        except EdgeFaceError as error:
            found.append(f"afterwards: {error}")
        if self.ended:
            house.start()
            if not house.wait_up():
                found.append(f"it did not start again: {self._log()}")
        return found

    def _end_quietly(self) -> None:
        self.filler.unlink(missing_ok=True)
        self.switch.unlink(missing_ok=True)

    # Looking

    def _openings(self) -> list[Any]:
        return openings(read_edges(self.house.edges), LOCK, self.house.kind.released, self.house.kind.off)

    def _released(self) -> bool:
        was = self._openings()
        return bool(was) and was[-1].until is None

    def _wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until or not self.house.running:
                return condition()
            time.sleep(0.02)
        return True

    def _log(self) -> str:
        return self.house.log.read_text(errors="replace")[-400:] if self.house.log.exists() else "no log"


def _status(pid: int, key: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    return 0


def _may_mount(folder: Path) -> bool:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    try:
        with _mounted(folder / "may-mount"):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextlib.contextmanager
def _place(folder: Path, name: str) -> Iterator[Path]:
    folder.mkdir()
    try:
        if name == FULL:
            with _mounted(folder / "disk"):
                yield folder
        else:
            (folder / "disk").mkdir()
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _mounted(place: Path) -> Iterator[None]:
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(place)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)
