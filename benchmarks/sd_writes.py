"""Counts the bytes that a day at the door writes to its card: store, audit log, hourly clock mark, nightly pruning.

    python benchmarks/sd_writes.py [--events 500] [--people 20] [--folder DIR] [--disk]

Writes what a day of `--events` events writes, each event committed by itself as the daemon does it (no event is dropped by a
power cut), and prints what the kernel counts as written by this process (/proc/self/io, write_bytes: pages that go to a
disk; so `--folder` must not be in memory). `--disk` (root) puts the store on an ext4 of its own in a file and counts the
sectors that reach that disk, the file system's own journal and metadata included. Exit 1 when it is 20 MB or more.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_face.audit.log import AuditLog
from edge_face.audit.record import AuditRecord
from edge_face.people import Consent, Given, Store, Template

LIMIT = 20e6
DAY = 86_400.0
KEEP = 90
START = 1_800_000_000.0
KINDS = ("grant", "grant", "grant", "deny", "exit")
"""Three of five who come are let in, one is not, one leaves by the button."""
REASONS = [{"code": code, "text": text, "values": values} for code, text, values in (
    ("matched", "the face is Ben's: 4 of 5 good frames agree", {"votes": 4, "of": 5, "score": 0.7123, "threshold": 0.5312}),
    ("in-zone", "near enough and turned to the door for long enough", {"eyes": 0.083, "zone": 0.06, "yaw": 4.2, "dwell": 0.6}),
    ("within-hours", "may enter now", {"window": "mon 08:00-18:00"}))]


@dataclass(frozen=True)
class Counted:
    events: float
    audit: float
    clock: float
    tidy: float

    @property
    def total(self) -> float:
        return self.events + self.audit + self.clock + self.tidy


def own_writes() -> int:
    """Bytes that this process has sent to disks."""
    for line in Path("/proc/self/io").read_text().splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    raise SystemExit("this kernel does not count what a process writes (CONFIG_TASK_IO_ACCOUNTING)")


def crowd(store: Store, people: int) -> list[str]:
    given = Given(START, "a benchmark")
    random = np.random.default_rng(0)
    ids = []
    for k in range(people):
        vectors = random.standard_normal((5, 384)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        templates = [Template(v, "m", 0.9, "straight", START) for v in vectors]
        ids.append(store.add(f"person {k}", Consent(given, given), templates, wall=START).id)
    return ids


def a_day(store: Store, audit: AuditLog, ids: list[str], events: int, day: int, written: Callable[[], int]) -> Counted:
    """One day; the pages that it wrote by cause."""
    sums = dict.fromkeys(("events", "audit", "clock", "tidy"), 0)

    def counted(cause: str, job: Callable[[], object]) -> None:
        before = written()
        job()
        sums[cause] += written() - before

    for k in range(events):
        wall = START + day * DAY + k * DAY / max(events, 1)
        kind = KINDS[k % len(KINDS)]
        who = ids[k % len(ids)] if kind == "grant" else None
        details = {"reasons": REASONS, "track": k, "seconds": 3.0}
        counted("events", lambda kind=kind, wall=wall, who=who, details=details: store.events.append(kind, wall, who, details))
        subject = store.alias(who) if who else None

        def record(kind: str = kind, wall: float = wall, subject: str | None = subject, k: int = k) -> None:
            audit.append(AuditRecord(kind, wall, subject, "face" if subject else None, {"score": 0.7123, "votes": 4}), float(k))
            audit.commit()

        counted("audit", record)
    for hour in range(24):
        counted("clock", lambda hour=hour: store.put_record("trusted-clock", {"wall": START + day * DAY + hour * 3600.0, "boot": "0" * 36}))
    counted("tidy", lambda: store.events.prune(START + (day - KEEP) * DAY))
    return Counted(**sums)


@contextlib.contextmanager
def own_disk() -> Iterator[tuple[Path, Callable[[], int]]]:
    """An ext4 of its own, mounted, and how many bytes have reached it."""
    with tempfile.TemporaryDirectory() as scratch:
        image, folder = Path(scratch, "card.img"), Path(scratch, "card")
        folder.mkdir()
        with image.open("wb") as file:
            file.truncate(256 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
        subprocess.run(["mount", "-o", "loop,noatime", image, folder], check=True)
        try:
            device = subprocess.run(["findmnt", "-no", "SOURCE", folder], check=True, capture_output=True, text=True).stdout.strip()
            counter = Path("/sys/block", Path(device).name, "stat")

            with (folder / "marker").open("w") as marker:

                def written() -> int:
                    # Each event is followed by minutes of nothing: the file system writes its journal in between.
                    ctypes.CDLL(None, use_errno=True).syncfs(marker.fileno())
                    return int(counter.read_text().split()[6]) * 512

                yield folder, written
        finally:
            subprocess.run(["umount", folder], check=True)


@contextlib.contextmanager
def plain_folder(parent: str | None) -> Iterator[tuple[Path, Callable[[], int]]]:
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield Path(folder), own_writes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=500)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--folder", help="where the scratch store is made (default: the system's folder for such)")
    parser.add_argument("--disk", action="store_true", help="on an ext4 of its own, and count what reaches it (root)")
    args = parser.parse_args()
    with (own_disk() if args.disk else plain_folder(args.folder)) as (folder, written), \
            Store(folder / "store") as store, AuditLog(folder / "audit", store.audit_key()) as audit:
        ids = crowd(store, args.people)
        # A store that has been in use for a while: its tables have depth, its journal is written over in place.
        a_day(store, audit, ids, args.events, 0, written)
        days = [a_day(store, audit, ids, args.events, day, written) for day in range(1, 4)]
    mean = Counted(*(sum(getattr(day, name) for day in days) / len(days) for name in ("events", "audit", "clock", "tidy")))
    if not mean.total:
        raise SystemExit("nothing was counted: that folder is in memory, choose another one with --folder")
    what = "reached the disk, its journal and metadata included" if args.disk else "sent to the disk"
    print(f"{mean.total / 1e6:.1f} MB a day {what}, mean of {len(days)} days of {args.events} events")
    for name in ("events", "audit", "clock", "tidy"):
        print(f"  {name:<8} {getattr(mean, name) / 1e6:6.2f} MB")
    each = max(args.events, 1) * 1e3
    print(f"  an event: {mean.events / each:.1f} kB in the store, {mean.audit / each:.1f} kB in the audit log")
    return 0 if mean.total < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
