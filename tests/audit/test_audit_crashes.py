"""Whatever is cut, wherever: the log opens, holds all that was committed, says nothing is wrong with it, and goes on."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from audit_fakes import DAY, KEY, Operation, Quick, Tape, record
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_face.audit import AuditLog, AuditRecord, read_entries, verify_log
from edge_face.clock import ManualClock

ACTIONS = st.lists(st.sampled_from(["append", "append", "commit", "commit", "hours", "day", "prune", "open"]), min_size=1, max_size=14)


def recorded(folder: Path, actions: list[str]) -> Tape:
    """Operations of a life of a log, with a mark wherever a commit came back."""
    tape, clock = Tape(), ManualClock(wall=1e9)
    log = AuditLog(folder, KEY, reserve=0, clock=clock, disk=tape)
    number = 0
    for action in [*actions, "append", "commit"]:
        if action == "append":
            number += 1
            log.append(record(number, clock.wall()), clock.monotonic())
        elif action == "commit":
            assert log.commit()
        elif action in ("hours", "day"):
            clock.sleep(DAY if action == "day" else DAY / 4)
        elif action == "prune":
            log.prune(1.5)
        else:
            log.close()
            log = AuditLog(folder, KEY, reserve=0, clock=clock, disk=tape)
        tape.add(Operation("mark", done=(log.first, log.head.number)))
    log.close()
    return tape


def check_after(tape: Tape, cut: int, where: Path, truth: dict[int, AuditRecord], luck: random.Random, *, kill: bool) -> None:
    tape.after(cut, where, luck, kill=kill)
    marks = [op.done for op in tape.operations[:cut] if op.done is not None]
    committed = marks[-1][1] if marks else 0
    pruned_to = max((op.done[0] for op in tape.operations[:cut + 40] if op.done is not None), default=1)
    clock = ManualClock(wall=2e9)
    for _ in range(2):
        with AuditLog(where, KEY, reserve=0, clock=clock, disk=Quick()) as log:
            assert log.broken is None and log.trouble is None
            number = log.append(record(10_000), clock.monotonic())
            assert number > committed and log.commit()
        verdict = verify_log(where, KEY)
        assert verdict.problem is None and verdict.uncommitted == 0
        kept = {entry.number: entry.record for entry in read_entries(where)}
        assert set(range(max(pruned_to, verdict.first), committed + 1)) <= set(kept) and verdict.first <= pruned_to
        assert all(kept[n] == truth[n] for n in kept if n <= committed)


@settings(max_examples=20)
@given(ACTIONS, st.integers(0, 2**32))
def test_a_cut_at_any_operation_loses_nothing_that_was_committed(actions: list[str], seed: int) -> None:
    luck = random.Random(seed)
    with tempfile.TemporaryDirectory() as scratch:
        tape, truth = _life(Path(scratch), actions)
        for cut in sorted(luck.sample(range(len(tape.operations)), min(5, len(tape.operations)))):
            check_after(tape, cut, Path(scratch, f"cut{cut}"), truth, luck, kill=luck.random() < 0.3)


def test_a_cut_at_every_operation_of_one_life(tmp_path: Path) -> None:
    tape, truth = _life(tmp_path, ["append", "commit", "append", "day", "commit", "append", "append", "commit", "day", "commit", "append",
                                   "day", "prune", "commit", "open", "append", "commit"])
    assert {"rename", "unlink", "truncate", "write"} <= {op.what for op in tape.operations}
    for cut in range(len(tape.operations)):
        for turn in range(2):
            check_after(tape, cut, tmp_path / f"cut{cut}-{turn}", truth, random.Random(cut * 7 + turn), kill=turn == 1)


def _life(scratch: Path, actions: list[str]) -> tuple[Tape, dict[int, AuditRecord]]:
    """The operations, and every record that was ever in the log: those that were pruned are read while nothing prunes."""
    tape = recorded(scratch / "log", actions)
    recorded(scratch / "all", [action for action in actions if action != "prune"])
    truth = {entry.number: entry.record for entry in read_entries(scratch / "log")}
    if "prune" not in actions:
        assert truth == {entry.number: entry.record for entry in read_entries(scratch / "all")}
    else:
        first = min(truth)
        truth |= {entry.number: entry.record for entry in read_entries(scratch / "all") if entry.number < first}
    return tape, truth


def test_a_torn_record_is_cut_off_and_that_is_recorded(tmp_path: Path) -> None:
    with AuditLog(tmp_path, KEY, reserve=0) as log:
        log.append(record(1), 0.0)
        log.commit()
    path = tmp_path / "000000000001.log"
    whole = path.read_bytes()
    path.write_bytes(whole.rstrip(b"\n") + b'\n{"n":3,"t":1000')
    assert "no record" in (verify_log(tmp_path, KEY).problem or "")
    with AuditLog(tmp_path, KEY, reserve=0) as log:
        assert log.broken is None
    entries = list(read_entries(tmp_path))
    assert [entry.record.kind for entry in entries] == ["begun", "deny", "recovered"]
    assert entries[-1].record.details == {"kept": 0, "torn": 15, "heads": 0}
    assert verify_log(tmp_path, KEY).problem is None


def test_records_behind_the_head_are_kept_when_they_are_ours(tmp_path: Path) -> None:
    with AuditLog(tmp_path, KEY, reserve=0) as log:
        head = (tmp_path / "head").read_bytes()
        log.append(record(1), 0.0)
        log.commit()
    (tmp_path / "head").write_bytes(head)  # the cut came before the head was written
    assert verify_log(tmp_path, KEY).uncommitted == 1
    with AuditLog(tmp_path, KEY, reserve=0) as log:
        assert log.broken is None
    kinds = [entry.record.kind for entry in read_entries(tmp_path)]
    assert kinds == ["begun", "deny", "recovered"]
    assert verify_log(tmp_path, KEY).problem is None
