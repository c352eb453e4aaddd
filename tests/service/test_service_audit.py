"""Records come before entries; a disk that is slow, full or gone keeps nobody out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge_face.access import Alarm, Authority, Decision, Kind, Reason
from edge_face.audit import AuditLog, AuditRecord, Sealer, read_entries
from edge_face.audit.record import body_of
from edge_face.clock import SystemClock
from edge_face.errors import AuditError
from edge_face.service import audit_thread as audit_module
from edge_face.service.audit_thread import AuditThread
from edge_face.service.consequences import Consequences, order_of
from edge_face.service.door_thread import Order

KEY = bytes(range(32))


def eventually(condition: Callable[[], object], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.002)


def record(kind: str) -> AuditRecord:
    return AuditRecord(kind, 1.79e9, None, None, {})


class Room:
    """An audit thread over a log in a folder; `hold` keeps its disk from answering."""

    def __init__(self, folder: Path, *, batch: float = 60.0, wait: float = 5.0, opens: Callable[[], AuditLog] | None = None) -> None:
        self.folder = folder
        self.failures: list[BaseException] = []
        self.thread = AuditThread(opens or (lambda: AuditLog(folder, KEY, batch=batch, reserve=0)), SystemClock(), wait, lambda: None,
                                  self.failures.append)
        self.thread.start()

    def on_disk(self) -> list[str]:
        return [entry.record.kind for entry in read_entries(self.folder)]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path / "audit")


def test_a_record_before_is_on_the_disk_when_it_returns_and_takes_the_others_along(room: Room) -> None:
    room.thread.later(record("deny"))
    assert room.thread.before(record("grant"))
    assert room.on_disk()[-2:] == ["deny", "grant"]
    assert room.thread.late == 0 and room.thread.troubles == ()
    assert room.thread.stop() and not room.failures


def test_records_of_what_opened_nothing_wait_for_each_other_and_are_written_at_the_end(room: Room) -> None:
    room.thread.call(lambda log: log.commit())
    before = room.on_disk()
    room.thread.later(record("deny"))
    room.thread.call(lambda log: None)
    assert room.on_disk() == before
    room.thread.stop()
    assert room.on_disk()[len(before):] == ["deny"]


def test_a_batch_is_written_in_its_time(tmp_path: Path) -> None:
    room = Room(tmp_path / "audit", batch=0.01)
    room.thread.later(record("deny"))
    eventually(lambda: "deny" in room.on_disk())
    assert room.thread.stop() and not room.failures


def test_a_disk_that_does_not_answer_delays_an_entry_only_so_long(tmp_path: Path) -> None:
    room = Room(tmp_path / "audit", wait=0.05)
    eventually(lambda: not room.thread.troubles)
    go_on = threading.Event()
    room.thread.post(lambda log: go_on.wait(20))
    assert not room.thread.before(record("grant")) and room.thread.late == 1
    go_on.set()
    eventually(lambda: "grant" in room.on_disk())
    room.thread.stop()


def test_a_log_that_cannot_be_opened_is_tried_again_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_module, "AGAIN", 0.05)
    mended = threading.Event()

    def opens() -> AuditLog:
        if not mended.is_set():
            raise AuditError("the audit log is somewhere else")
        return AuditLog(tmp_path / "audit", KEY, reserve=0)

    room = Room(tmp_path / "audit", wait=0.05, opens=opens)
    assert not room.thread.before(record("grant"))
    eventually(lambda: room.thread.troubles == ("the audit log is somewhere else",))
    mended.set()
    eventually(lambda: not room.thread.troubles and "grant" in room.on_disk())
    room.thread.stop()
    assert not room.failures


def test_a_log_that_never_opens_keeps_nothing_from_ending(tmp_path: Path) -> None:
    def opens() -> AuditLog:
        raise AuditError("no")

    room = Room(tmp_path, wait=0.01, opens=opens)
    assert not room.thread.before(record("grant"))
    assert room.thread.stop(10.0)


def decision(kind: Kind, authority: Authority | None = None, *reasons: Reason, seconds: float = 0.0) -> Decision:
    return Decision(kind, 5.0, 1.79e9, reasons, None, None, seconds, authority)


def test_what_each_decision_orders() -> None:
    wanted = {Kind.GRANT: Authority.FACE, Kind.CODE: Authority.CODE, Kind.OWNER: Authority.OWNER, Kind.EXIT: Authority.EXIT}
    for kind in Kind:
        order = order_of(decision(kind, wanted.get(kind), seconds=2.0), 5.0, 5.0)
        if kind in wanted:
            assert order == Order(2.0, wanted[kind].value)
        elif kind is Kind.SECURE:
            assert order == Order(None, "owner")
        elif kind is Kind.RELOCK:
            assert order == Order(None, "policy")
        else:
            assert order is None, kind
    assert order_of(decision(Kind.RELOCK, None, Reason("time-over", "released for 3.0 s")), 5.0, 5.0) is None
    assert order_of(decision(Kind.GRANT, None, seconds=2.0), 5.0, 5.0) is None, "nothing opens without an authority"
    assert order_of(decision(Kind.GRANT, Authority.FACE), 5.0, 5.0) is None, "nor for no time"


def test_the_record_of_an_entry_is_on_the_disk_before_the_door_hears_of_it(room: Room) -> None:
    happened: list[str] = []

    def order(given: Order) -> None:
        happened.append("order " + ",".join(kind for kind in room.on_disk() if kind in ("grant", "exit", "deny")))

    follow = Consequences(SystemClock(), room.thread, lambda person: "a" * 16, lambda: 5.0, order,
                          lambda d: happened.append(f"keep {d.kind.value}"), lambda d: happened.append(f"tell {d.kind.value}"))
    follow.follow(decision(Kind.DENY))
    follow.follow(decision(Kind.GRANT, Authority.FACE, seconds=3.0))
    assert happened == ["tell deny", "keep deny", "order deny,grant", "tell grant", "keep grant"]
    happened.clear()
    follow.follow(decision(Kind.EXIT, Authority.EXIT, seconds=3.0))
    eventually(lambda: "exit" in room.on_disk())
    follow.lease(Authority.FIRE)
    room.thread.stop()


def test_what_somebody_is_asked_for_is_for_nobodys_books_and_duress_for_no_diary(room: Room) -> None:
    happened: list[str] = []
    follow = Consequences(SystemClock(), room.thread, lambda person: "a" * 16, lambda: 5.0, lambda order: happened.append("order"),
                          lambda d: happened.append(f"keep {d.kind.value}"), lambda d: happened.append(f"tell {d.kind.value}"))
    for kind in (Kind.PROMPT, Kind.PROMPT_OVER, Kind.DURESS):
        follow.follow(Decision(kind, 5.0, 1.79e9, (), person="p1"))
    room.thread.stop()
    assert happened == ["tell prompt", "tell prompt over", "tell duress"]
    assert {entry.record.kind for entry in read_entries(room.folder)} & {"duress", "prompt", "prompt-over"} == set()


def test_that_somebody_was_forced_stands_sealed_in_records_that_look_alike(room: Room) -> None:
    sealer = Sealer(b"k" * 32)
    follow = Consequences(SystemClock(), room.thread, lambda person: "a" * 16, lambda: 5.0, lambda order: None, lambda d: None,
                          lambda d: None, sealer.seal)
    for forced in (False, True):
        follow.follow(Decision(Kind.CODE, 5.0, 1.79e9, (), "p1", None, 3.0, Authority.CODE, forced=forced))
        follow.follow(Decision(Kind.DENY, 5.0, 1.79e9, (), "p1"))
    room.thread.stop()
    records = [entry.record for entry in read_entries(room.folder) if entry.record.sealed is not None]
    opened = [(record.kind, sealer.opened(record.sealed)) for record in records]
    assert opened == [("code", False), ("deny", False), ("code", True), ("deny", False)]
    assert len({len(body_of(1, 1.0, record)) for record in records if record.kind == "code"}) == 1
    assert len({record.sealed for record in records}) == 4
    for key, text in ((b"j" * 32, records[0].sealed), (b"k" * 32, "A" * 39)):
        with pytest.raises(AuditError, match="does not open"):
            Sealer(key).opened(text)


def test_an_alarm_is_a_record_with_its_name(room: Room) -> None:
    follow = Consequences(SystemClock(), room.thread, lambda person: None, lambda: 5.0, lambda order: None, lambda d: None, lambda d: None)
    follow.follow(Decision(Kind.ALARM, 5.0, 1.79e9, (), alarm=Alarm.FORCED))
    room.thread.stop()
    entry = list(read_entries(room.folder))[-1]
    assert entry.record.kind == "alarm" and entry.record.details["alarm"] == "forced"
