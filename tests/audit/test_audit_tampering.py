"""Whoever changes, removes, adds, swaps or cuts anything in the log is noticed; and what cannot be noticed is said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from audit_fakes import DAY, KEY, record, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_face.audit import AuditLog, head_of, read_entries, read_head, verify_log
from edge_face.audit.chain import anchor_line, anchor_of, link_after, record_line

HOUSE = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Four segments of some records."""
    written(tmp_path / "log", 12, each_day=3)
    assert verify_log(tmp_path / "log", KEY).problem is None
    assert len(segments(tmp_path / "log")) == 4
    return tmp_path / "log"


def segments(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.log"))


def problem(folder: Path) -> str:
    found = verify_log(folder, KEY).problem
    assert found is not None, "nobody noticed"
    return found


def changed(log: Path, file: Path, change: Callable[[bytes], bytes]) -> str:
    """What verify says of a change, which is undone afterwards."""
    before = file.read_bytes()
    after = change(before)
    assert after != before
    file.write_bytes(after)
    try:
        return problem(log)
    finally:
        file.write_bytes(before)


@HOUSE
@given(data=st.data())
def test_any_byte_that_is_changed_is_noticed(log: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from([*segments(log), log / "head"]))
    at = data.draw(st.integers(0, file.stat().st_size - 1))
    bits = data.draw(st.integers(1, 255))
    changed(log, file, lambda raw: raw[:at] + bytes([raw[at] ^ bits]) + raw[at + 1:])


def test_each_byte_of_a_record_and_of_the_head(log: Path) -> None:
    for file, length in ((segments(log)[1], 300), (log / "head", 40)):
        for at in range(length):
            changed(log, file, lambda raw, at=at: raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1:])  # type: ignore[misc]


@HOUSE
@given(data=st.data())
def test_any_bytes_that_are_removed_or_added_are_noticed(log: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(segments(log)))
    used = len(file.read_bytes().rstrip(b"\n")) + 1
    at = data.draw(st.integers(0, used - 2))
    if data.draw(st.booleans()):
        length = data.draw(st.integers(1, used))
        changed(log, file, lambda raw: raw[:at] + raw[min(at + length, used):])
    else:
        more = data.draw(st.binary(min_size=1, max_size=20))
        changed(log, file, lambda raw: raw[:at] + more + raw[at:])


@HOUSE
@given(data=st.data())
def test_lines_that_are_removed_doubled_or_swapped_are_noticed(log: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(segments(log)))
    lines = file.read_bytes().rstrip(b"\n").split(b"\n")
    room = file.read_bytes()[len(b"\n".join(lines)) + 1:]
    one, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    kind = data.draw(st.sampled_from(["remove", "double", "swap", "borrow"]))
    if kind == "remove":
        after = lines[:one] + lines[one + 1:]
    elif kind == "double":
        after = [*lines[:one], lines[other], *lines[one:]]
    elif kind == "swap" and one != other:
        after = [lines[other] if n == one else lines[one] if n == other else line for n, line in enumerate(lines)]
    else:
        foreign = data.draw(st.sampled_from([path for path in segments(log) if path != file])).read_bytes().split(b"\n")
        after = [*lines[:one], data.draw(st.sampled_from([line for line in foreign if line])), *lines[one + 1:]]
    changed(log, file, lambda raw: b"\n".join(after) + b"\n" + room)


def test_a_file_that_is_removed_or_swapped_is_noticed(log: Path) -> None:
    for file in [*segments(log), log / "head"]:
        kept = file.read_bytes()
        file.unlink()
        problem(log)
        file.write_bytes(kept)
    first, second = segments(log)[1:3]
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other), second.write_bytes(one)
    assert segments(log)[1].name in problem(log)


def test_the_sentence_names_the_first_bad_place(log: Path) -> None:
    said = changed(log, segments(log)[1], lambda raw: raw.replace(b'"mark":4', b'"mark":5'))
    number = next(entry.number for entry in read_entries(log) if entry.record.details.get("mark") == 4)
    assert said.startswith(f"record {number} ({segments(log)[1].name}, byte ")
    file = segments(log)[2]
    file.rename(file.with_suffix(".old"))
    assert "are missing" in problem(log)


def test_a_cut_tail_is_noticed_however_it_is_cut(log: Path) -> None:
    file = segments(log)[-1]
    lines = file.read_bytes().rstrip(b"\n").split(b"\n")
    assert len(lines) > 1
    for left in range(len(lines) - 1, 0, -1):
        file.write_bytes(b"\n".join(lines[:left]) + b"\n")
        assert "cut off" in problem(log)
    file.unlink()
    assert "cut off" in problem(log)
    segments(log)[-1].unlink()
    assert "cut off" in problem(log)


def test_the_last_commit_cut_and_its_head_spoilt_is_no_power_cut(tmp_path: Path) -> None:
    """The one thing that a cut could look like: but what a head was written for is always on the disk before it."""
    clock = written(tmp_path, 5)
    with AuditLog(tmp_path, KEY, reserve=0, clock=clock) as log:
        log.append(record(6), 0.0)
        log.commit()
        generation = log._generation
    file = segments(tmp_path)[0]
    lines = file.read_bytes().rstrip(b"\n").split(b"\n")
    file.write_bytes(b"\n".join(lines[:-1]) + b"\n")
    head = bytearray((tmp_path / "head").read_bytes())
    at = 4096 if generation % 2 else 0
    head[at:at + 20] = bytes(20)
    (tmp_path / "head").write_bytes(head)
    problem(tmp_path)
    with AuditLog(tmp_path, KEY, reserve=0) as log:
        assert log.broken == "head-spoilt"


def test_who_computes_the_chain_anew_without_the_key_is_noticed(tmp_path: Path) -> None:
    written(tmp_path, 4)
    file = segments(tmp_path)[0]
    anchor, *lines = file.read_bytes().rstrip(b"\n").split(b"\n")
    found = anchor_of(anchor, KEY)
    assert found is not None
    link, forged = found.link, anchor_line(b"x" * 32, found)
    for line in lines:
        body = line.partition(b"\t")[0].replace(b"deny", b"exit")
        link = link_after(link, body)
        forged += record_line(b"x" * 32, body, link)
    file.write_bytes(forged)
    assert problem(tmp_path)


def test_records_that_somebody_adds_behind_the_head_are_not_taken(tmp_path: Path) -> None:
    written(tmp_path, 4)
    file, head = segments(tmp_path)[0], read_head(tmp_path, KEY)
    body = b'{"n":%d,"t":1.0,"m":1.0,"k":"exit"}' % (head.number + 1)
    file.write_bytes(file.read_bytes().rstrip(b"\n") + b"\n" + record_line(b"x" * 32, body, link_after(head.link, body)))
    assert "no record" in problem(tmp_path)
    with AuditLog(tmp_path, KEY, reserve=0):
        pass
    assert [entry.record.kind for entry in read_entries(tmp_path)] == ["begun", *["deny"] * 4, "recovered"]


@pytest.mark.parametrize("harm", ["tail", "record", "head", "segment", "anchor", "all but the head"])
def test_the_door_goes_on_behind_a_break_and_the_evidence_stays(log: Path, harm: str) -> None:
    files = segments(log)
    if harm == "tail":
        files[-1].write_bytes(files[-1].read_bytes().split(b"\n")[0] + b"\n")
    elif harm == "record":
        # In the last segment: the door looks no further back, verify does.
        files[-1].write_bytes(files[-1].read_bytes().replace(b"deny", b"exit"))
    elif harm == "head":
        (log / "head").unlink()
    elif harm == "segment":
        files[-1].unlink()
    elif harm == "anchor":
        files[-1].write_bytes(b"x" + files[-1].read_bytes())
    else:
        for file in files:
            file.unlink()
    said = problem(log)
    evidence = {file: file.read_bytes() for file in segments(log)}
    before = max((entry.number for entry in read_entries(log)), default=0)
    with AuditLog(log, KEY, reserve=0) as again:
        assert again.broken is not None
        assert again.append(record(99), 0.0) > before
        assert again.commit()
    assert all(file.read_bytes() == raw for file, raw in evidence.items())
    assert problem(log) and (said == problem(log) or "begun anew" in problem(log))
    with AuditLog(log, KEY, reserve=0) as again:
        assert again.broken is None, "a break is made once"
    kinds = [entry.record.kind for entry in read_entries(log)]
    assert kinds.count("broken") == 1 and kinds[-1] == "deny"


def test_an_older_copy_put_back_is_noticed_by_whoever_saw_a_later_head(tmp_path: Path) -> None:
    log, copy = tmp_path / "log", tmp_path / "copy"
    written(log, 4)
    shutil.copytree(log, copy)
    with AuditLog(log, KEY, reserve=0) as opened:
        opened.append(record(5), 0.0)
        opened.commit()
        later = opened.head
    assert verify_log(log, KEY, later).problem is None
    shutil.rmtree(log)
    shutil.copytree(copy, log)
    assert verify_log(log, KEY).problem is None, "nothing in the folder itself can tell"
    assert "ends with" in (verify_log(log, KEY, later).problem or "")
    assert "ends with" in (verify_log(log, None, head_of(str(later))).problem or "")
    with AuditLog(log, KEY, reserve=0, expect=later) as opened:
        assert opened.broken == "rolled-back" and opened.append(record(6), 0.0) > later.number
    assert "begun anew" in problem(log)


def test_a_removed_log_is_noticed_by_whoever_saw_a_head(tmp_path: Path) -> None:
    written(tmp_path / "log", 4)
    seen = read_head(tmp_path / "log", KEY)
    shutil.rmtree(tmp_path / "log")
    with AuditLog(tmp_path / "log", KEY, reserve=0, expect=seen) as log:
        assert log.broken == "gone"
    assert "begun anew" in problem(tmp_path / "log")
    shutil.rmtree(tmp_path / "log")
    written(tmp_path / "log", 40)
    assert "of another log" in (verify_log(tmp_path / "log", KEY, seen).problem or "")


def test_without_the_key_a_witnessed_head_holds_everything_before_it(log: Path) -> None:
    seen = read_head(log, KEY)
    assert verify_log(log, None, seen).problem is None
    file = segments(log)[1]
    file.write_bytes(file.read_bytes().replace(b"deny", b"exit"))
    assert verify_log(log, None, seen).problem is not None


def test_a_wrong_key_is_no_key(log: Path) -> None:
    assert verify_log(log, bytes(32)).problem is not None
    with AuditLog(log, bytes(32), reserve=0, clock=None) as opened:
        assert opened.broken == "no-head"
    assert DAY == 86_400.0
