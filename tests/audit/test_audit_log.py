"""Writing: numbers, batches, full and dead disks, the reserve, segments, pruning, clocks that jump, one writer."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from audit_fakes import DAY, KEY, Quick, SmallDisk, record, written

from edge_face.audit import AuditLog, Head, latest_entries, read_entries, verify_log
from edge_face.audit.log import MOST_WAITING, ROOM, SEGMENT
from edge_face.clock import ManualClock
from edge_face.errors import AuditError


def kinds(folder: Path) -> list[str]:
    return [entry.record.kind for entry in read_entries(folder)]


def test_what_was_appended_is_there_after_a_commit_and_not_before(tmp_path: Path) -> None:
    with AuditLog(tmp_path, KEY, reserve=0) as log:
        assert log.append(record(1), 5.0) == 2
        assert (kinds(tmp_path), log.waiting) == (["begun"], 1)
        assert log.commit() and log.waiting == 0
        assert kinds(tmp_path) == ["begun", "deny"] and log.head.number == 2
    last = list(read_entries(tmp_path))[-1]
    assert (last.number, last.monotonic, last.record) == (2, 5.0, record(1))


def test_a_batch_is_due_after_its_time(tmp_path: Path) -> None:
    with AuditLog(tmp_path, KEY, batch=5.0, reserve=0) as log:
        assert not log.due(1000.0)
        log.append(record(1), 1000.0)
        log.append(record(2), 1004.0)
        assert not log.due(1004.9) and log.due(1005.0)
        assert log.due(3.0), "a clock that starts anew keeps nothing waiting"
        log.commit()
        assert not log.due(2000.0)


def test_closing_commits(tmp_path: Path) -> None:
    with AuditLog(tmp_path, KEY, reserve=0) as log:
        log.append(record(1), 0.0)
    log.close()
    assert verify_log(tmp_path, KEY).records == 2
    with pytest.raises(AuditError, match="closed"):
        log.append(record(2), 0.0)


def test_one_writer(tmp_path: Path) -> None:
    with AuditLog(tmp_path, KEY, reserve=0), pytest.raises(AuditError, match="another program"):
        AuditLog(tmp_path, KEY, reserve=0)
    AuditLog(tmp_path, KEY, reserve=0).close()


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    with AuditLog(tmp_path / "log", KEY, reserve=64):
        modes = {path.name: path.stat().st_mode & 0o777 for path in [tmp_path / "log", *(tmp_path / "log").iterdir()]}
    assert modes.pop("log") == 0o700 and set(modes.values()) == {0o600}


def test_reading_only(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="cannot be used"):
        AuditLog(tmp_path / "none", KEY, read_only=True)
    assert not (tmp_path / "none").exists()
    written(tmp_path / "log", 3)
    with AuditLog(tmp_path / "log", KEY) as writer, AuditLog(tmp_path / "log", KEY, read_only=True) as reader:
        assert reader.head == writer.head
        with pytest.raises(AuditError, match="reading only"):
            reader.append(record(1), 0.0)


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditError, match="cannot be used"):
        AuditLog(tmp_path / "file" / "audit", KEY)
    with pytest.raises(AuditError, match="32 bytes"):
        AuditLog(tmp_path, b"short")


def test_other_peoples_hidden_files_are_left_alone(tmp_path: Path) -> None:
    for name in (".bashrc", ".head.backup", ".head.0123abcd"):
        (tmp_path / name).write_text("mine")
    AuditLog(tmp_path, KEY, reserve=0).close()
    assert sorted(path.name for path in tmp_path.glob(".*")) == [".bashrc", ".head.backup"]


def test_a_record_costs_no_length(tmp_path: Path) -> None:
    """Room is written ahead, so that a commit changes no metadata but once in a while."""
    sizes = set()
    with AuditLog(tmp_path, KEY, reserve=0, disk=Quick()) as log:
        for number in range(200):
            log.append(record(number), 0.0)
            log.commit()
            sizes.add((tmp_path / "000000000001.log").stat().st_size)
    assert sizes == {ROOM, 2 * ROOM}
    assert (tmp_path / "head").stat().st_size == 4608


def test_segments_follow_each_other_by_day_and_by_size(tmp_path: Path) -> None:
    clock = written(tmp_path, 9, each_day=3)
    assert len(list(tmp_path.glob("*.log"))) == 4
    with AuditLog(tmp_path, KEY, reserve=0, clock=clock, disk=Quick()) as log:
        for number in range(9000):
            log.append(record(number, clock.wall()), 0.0)
            if number % 100 == 0:
                log.commit()
    sizes = [path.stat().st_size for path in sorted(tmp_path.glob("*.log"))]
    assert len(sizes) == 5 and SEGMENT <= sizes[-2] < SEGMENT + 20_000
    assert all(path.read_bytes()[-2:] != b"\n\n" for path in sorted(tmp_path.glob("*.log"))[:-1]), "closed segments keep no room"
    verdict = verify_log(tmp_path, KEY)
    assert verdict.problem is None and verdict.records == 9010


def test_pruning_keeps_the_rest_verifiable_and_is_recorded(tmp_path: Path) -> None:
    clock = written(tmp_path, 20, each_day=2)
    before = {entry.number: entry.record for entry in read_entries(tmp_path)}
    with AuditLog(tmp_path, KEY, reserve=0, clock=clock, disk=Quick()) as log:
        assert log.prune(30) == 0
        gone = log.prune(5)
        assert gone > 0 and log.first == gone + 1
        after = {entry.number: entry.record for entry in read_entries(tmp_path)}
        assert min(after) == gone + 1 and after[max(after)].kind == "pruned" and after[max(after)].details == {"records": gone}
        assert all(before[n].wall < clock.wall() - 5 * DAY for n in before if n <= gone)
        assert any(clock.wall() - 7 * DAY < before[n].wall for n in before if n > gone)
        assert log.prune(5) == 0
    assert {n: r for n, r in after.items() if n in before} == {n: r for n, r in before.items() if n > gone}
    verdict = verify_log(tmp_path, KEY)
    assert verdict.problem is None and verdict.first == gone + 1


def test_a_removed_old_segment_is_not_a_pruned_one(tmp_path: Path) -> None:
    written(tmp_path, 12, each_day=3)
    min(tmp_path.glob("*.log")).unlink()
    assert "are missing" in (verify_log(tmp_path, KEY).problem or "")


def test_records_of_a_day_without_a_clock_are_not_pruned_at_once(tmp_path: Path) -> None:
    clock = ManualClock(wall=0.0)
    with AuditLog(tmp_path, KEY, reserve=0, clock=clock, disk=Quick()) as log:
        log.append(record(1, 0.0), 0.0)
        log.commit()
        later = ManualClock(wall=1e9)
        log._clock = later
        log.append(record(2, 1e9), 0.0)
        log.commit()
        assert log.prune(30) == 0
        later.sleep(31 * DAY)
        log.append(record(3, later.wall()), 0.0)
        log.commit()
        assert log.prune(30) == 2


def test_a_wall_clock_that_goes_back_changes_no_order(tmp_path: Path) -> None:
    with AuditLog(tmp_path, KEY, reserve=0, disk=Quick()) as log:
        for number, wall in enumerate((2e9, 1e9, 0.0, 1.5e9), start=1):
            log.append(record(number, wall), float(number))
            log.commit()
    assert verify_log(tmp_path, KEY).problem is None
    assert [entry.record.details.get("mark") for entry in read_entries(tmp_path)] == [None, 1, 2, 3, 4]
    assert [e.record.details["mark"] for e in latest_entries(tmp_path, 2)] == [3, 4]
    assert [e.number for e in latest_entries(tmp_path, 2, below=4)] == [2, 3] and latest_entries(tmp_path, 2, below=1) == []


def test_a_full_disk_takes_the_reserve_step_by_step_and_gives_it_back(tmp_path: Path) -> None:
    disk = SmallDisk(300_000)
    log = AuditLog(tmp_path, KEY, batch=0.0, reserve=128, disk=disk)
    assert log.reserve_left == 128 * 1024
    disk.room, number, left = 0, 0, []
    while log.trouble is None:
        number += 1
        log.append(record(number), 0.0)
        log.commit()
        left.append(log.reserve_left)
        assert number < 3000
    assert left[-1] == 0 and len(set(left)) == 9 and number > 900
    assert "make room" in str(log.trouble)
    disk.room = 1_000_000
    assert log.commit() and log.reserve_left == 128 * 1024
    log.close()
    assert verify_log(tmp_path, KEY).records == number + 1


def test_a_disk_that_stays_full_loses_only_what_memory_cannot_hold_and_says_how_much(tmp_path: Path) -> None:
    disk, clock = SmallDisk(100_000), ManualClock()
    log = AuditLog(tmp_path, KEY, batch=5.0, reserve=0, disk=disk, clock=clock)
    disk.dead = True
    log.append(record(0), 0.0)
    assert not log.commit() and log.trouble
    assert not log.due(clock.monotonic() + 1) and log.due(clock.monotonic() + 5), "it is tried again, not all the time"
    numbers = [log.append(record(number), 0.0) for number in range(1, MOST_WAITING + 5)]
    assert numbers[-5:] == [0] * 5 and numbers[-6] == MOST_WAITING + 1 and log.lost == 5
    assert not log.commit()
    disk.dead, disk.room = False, 100_000_000
    assert log.commit()
    log.close()
    entries = list(read_entries(tmp_path))
    assert entries[-1].record.kind == "lost" and entries[-1].record.details == {"records": 5}
    assert len(entries) == MOST_WAITING + 2 and verify_log(tmp_path, KEY).problem is None


def test_a_log_can_be_opened_on_a_full_disk(tmp_path: Path) -> None:
    written(tmp_path, 3)
    disk = SmallDisk(0)
    with AuditLog(tmp_path, KEY, reserve=64, disk=disk) as log:
        log.append(record(1), 0.0)
        assert log.commit(), "there is room in the segment"
    assert verify_log(tmp_path, KEY).problem is None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_real_full_disk(small_disk: Path) -> None:
    log = AuditLog(small_disk / "log", KEY, reserve=256)
    fat = (small_disk / "fat").open("wb", buffering=0)
    number = 0
    while log.trouble is None:
        number += 1
        log.append(record(number), 0.0)
        log.commit()
        with contextlib.suppress(OSError):
            while fat.write(b"x" * 4096):  # somebody who takes every byte that there is
                pass
    assert number > 1500 and log.reserve_left == 0
    fat.close()
    (small_disk / "fat").unlink()
    assert log.commit() and log.reserve_left == 256 * 1024
    log.close()
    verdict = verify_log(small_disk / "log", KEY)
    assert verdict.problem is None and verdict.records == number + 1


def test_a_limit_on_file_sizes_is_trouble_and_no_end(tmp_path: Path) -> None:
    """SIGXFSZ is ignored by Python; a write beyond the limit is EFBIG."""
    script = f"""
import resource, sys
sys.path[:0] = {[str(Path(__file__).parent)]!r}
from audit_fakes import KEY, record
from edge_face.audit import AuditLog
from pathlib import Path
with AuditLog(Path({str(tmp_path)!r}), KEY, reserve=0) as log:
    resource.setrlimit(resource.RLIMIT_FSIZE, ({ROOM}, resource.RLIM_INFINITY))
    for number in range(300):
        log.append(record(number), 0.0)
        if number % 50 == 0:
            log.commit()
    print(log.commit(), log.waiting > 100, bool(log.trouble))
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(log.commit(), log.waiting, log.trouble)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "True", "True", "True", "0", "None"], done.stderr
    assert verify_log(tmp_path, KEY).records == 301


def test_verify_while_the_door_writes(tmp_path: Path) -> None:
    """A reader that comes at any moment finds a log that is well."""
    script = f"""
import sys
sys.path[:0] = {[str(Path(__file__).parent)]!r}
from audit_fakes import KEY, Quick, record
from edge_face.audit import AuditLog
from edge_face.clock import ManualClock
from pathlib import Path
clock = ManualClock(wall=1e9)
with AuditLog(Path({str(tmp_path)!r}), KEY, reserve=0, clock=clock, disk=Quick()) as log:
    print("open", flush=True)
    number = 0
    while number < 100_000:
        number += 1
        log.append(record(number, clock.wall()), 0.0)
        clock.sleep(3000)
        log.commit()
        if number % 50 == 0:
            log.prune(20)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout is not None and writer.stdout.readline() == b"open\n"
            heads: set[Head | None] = set()
            while len(heads) < 15:  # each a log that was longer than before
                verdict = verify_log(tmp_path, KEY)
                assert verdict.problem is None and writer.poll() is None
                heads.add(verdict.last)
        finally:
            writer.kill()
    with AuditLog(tmp_path, KEY, reserve=0) as log:
        assert log.broken is None
    assert verify_log(tmp_path, KEY).problem is None
