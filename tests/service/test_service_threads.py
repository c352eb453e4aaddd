"""The door thread and the store thread, with a real lock on mock pins."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from edge_face.clock import SystemClock
from edge_face.door import Lock, open_lock
from edge_face.door.mock import EdgeRecorder
from edge_face.errors import PeopleError, ServiceError, StoreError
from edge_face.service import store_thread
from edge_face.service.door_thread import DoorThread, Order
from edge_face.service.store_thread import StoreThread
from edge_face.settings import DoorSettings


def eventually(condition: Callable[[], object], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.005)


def never(error: BaseException) -> None:
    raise AssertionError(f"failed with {error!r}")


class Door:
    def __init__(self, settings: DoorSettings | None = None, failed: Callable[[BaseException], None] = never) -> None:
        self.pins = EdgeRecorder()
        self.lock: Lock = open_lock(settings or DoorSettings(), self.pins)
        self.beats: list[float] = []
        self.thread = DoorThread(self.lock, SystemClock(), lambda: self.beats.append(time.monotonic()), failed)
        self.thread.start()

    def levels(self) -> list[int]:
        return [edge.level for edge in self.pins.edges if edge.what == "edge"]


def test_a_release_ends_by_itself_and_not_early() -> None:
    door = Door()
    door.thread.order(Order(0.3, "face"))
    eventually(lambda: door.levels() == [1, 0])
    up, down = [edge.time for edge in door.pins.edges if edge.what == "edge"]
    assert down - up >= 0.3
    door.thread.stop()


def test_an_order_to_lock_ends_a_release() -> None:
    door = Door()
    door.thread.order(Order(20.0, "face"))
    eventually(lambda: door.lock.released)
    door.thread.order(Order(None, "owner"))
    eventually(lambda: door.levels() == [1, 0])
    door.thread.stop()


def test_an_order_may_revoke_one_authority_only() -> None:
    door = Door()
    door.thread.order(Order(20.0, "exit button"))
    door.thread.order(Order(None, "vision failed", only="face"))
    door.thread.order(Order(20.0, "exit button"))
    eventually(lambda: door.lock.released and not door.thread._orders)
    door.thread.order(Order(20.0, "face"))
    door.thread.order(Order(None, "vision failed", only="face"))
    eventually(lambda: door.levels() == [1, 0])
    door.thread.stop()


def test_no_order_gets_lost_behind_another() -> None:
    door = Door()
    with door.lock._guard:
        for _ in range(10):
            door.thread.order(Order(None, "vision failed", only="face"))
        door.thread.order(Order(20.0, "exit button"))
        for _ in range(10):
            door.thread.order(Order(None, "vision failed", only="face"))
    eventually(lambda: not door.thread._orders)
    eventually(lambda: door.levels() == [1])
    door.thread.stop()


def test_it_beats_while_nothing_happens_and_stops_when_told_to() -> None:
    door = Door()
    eventually(lambda: len(door.beats) >= 3)
    door.thread.stop()
    count = len(door.beats)
    door.thread.order(Order(1.0, "face"))
    time.sleep(0.05)
    assert len(door.beats) == count and door.levels() == []


def test_a_pin_that_fails_once_does_not_end_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    door = Door()
    on = door.lock._output.on
    calls: list[int] = []

    def fails() -> None:
        calls.append(1)
        raise OSError("i/o error")

    monkeypatch.setattr(door.lock._output, "on", fails)
    door.thread.order(Order(1.0, "face"))
    eventually(lambda: calls)
    monkeypatch.setattr(door.lock._output, "on", on)
    door.thread.order(Order(0.2, "face"))
    eventually(lambda: door.levels()[-2:] == [1, 0])
    door.thread.stop()


def test_what_must_end_the_daemon_is_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    failures: list[BaseException] = []
    door = Door(failed=failures.append)
    monkeypatch.setattr(door.lock, "tick", lambda: 1 / 0)
    eventually(lambda: failures)
    assert isinstance(failures[0], ZeroDivisionError)


class FakeStore:
    def __init__(self) -> None:
        self.thread = threading.get_ident()
        self.written: list[int] = []
        self.closed = False

    def write(self, number: int) -> int:
        assert threading.get_ident() == self.thread
        if number < 0:
            raise PeopleError("no such number")
        self.written.append(number)
        return number

    def close(self) -> None:
        assert threading.get_ident() == self.thread
        self.closed = True


def test_jobs_run_in_order_in_the_thread_that_opened_the_store() -> None:
    made: list[FakeStore] = []

    def open_store() -> FakeStore:
        made.append(FakeStore())
        return made[0]

    thread: StoreThread[FakeStore] = StoreThread(open_store, lambda: None, never)
    thread.start()
    thread.wait_open(20)
    for number in range(50):
        assert thread.post(lambda store, number=number: store.write(number))
    assert thread.call(lambda store: store.write(50)) == 50
    with pytest.raises(PeopleError, match="no such number"):
        thread.call(lambda store: store.write(-1))
    thread.post(lambda store: store.write(-1))
    assert thread.call(lambda store: store.write(51)) == 51
    thread.post(lambda store: store.write(52))
    assert thread.stop(20)
    assert made[0].written == list(range(53)) and made[0].closed
    with pytest.raises(ServiceError, match="is stopping"):
        thread.call(lambda store: store.write(1))


def test_a_store_that_does_not_open_says_why() -> None:
    def refuse() -> FakeStore:
        raise StoreError("the database is of a newer version")

    thread: StoreThread[FakeStore] = StoreThread(refuse, lambda: None, never)
    thread.start()
    with pytest.raises(StoreError, match="newer version"):
        thread.wait_open(20)
    assert thread.stop(20)


def test_events_beyond_the_limit_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.service.store_thread.WAITING", 3)
    busy, go_on = threading.Event(), threading.Event()
    thread: StoreThread[FakeStore] = StoreThread(FakeStore, lambda: None, never)
    thread.start()
    thread.wait_open(20)

    def wait(store: FakeStore) -> None:
        busy.set()
        go_on.wait(20)

    thread.post(wait)
    assert busy.wait(20)
    assert [thread.post(lambda store: None) for _ in range(5)] == [True, True, True, False, False]
    assert thread.lost == 2
    with pytest.raises(ServiceError, match="too much to do"):
        thread.call(lambda store: None)
    go_on.set()
    assert thread.stop(20)


def test_a_slow_store_is_not_waited_for_for_ever() -> None:
    go_on = threading.Event()
    thread: StoreThread[FakeStore] = StoreThread(FakeStore, lambda: None, never)
    thread.start()
    with pytest.raises(ServiceError, match="did not answer within"):
        thread.call(lambda store: go_on.wait(20), timeout=0.05)
    assert not thread.stop(0.05)
    go_on.set()
    eventually(lambda: not thread._thread.is_alive())


def test_jobs_left_over_are_refused_when_the_thread_dies() -> None:
    failures: list[BaseException] = []
    beats: list[int] = []

    def beat() -> None:
        beats.append(1)
        if len(beats) > 1:
            raise SystemError("the disk is gone")

    thread: StoreThread[FakeStore] = StoreThread(FakeStore, beat, failures.append)
    started = threading.Event()
    thread._jobs.put((lambda store: started.wait(0.05), None))
    thread.start()
    with pytest.raises(ServiceError):
        thread.call(lambda store: store.write(1), timeout=20)
    eventually(lambda: failures)


def test_a_disk_that_takes_something_again_is_found_out_though_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_thread, "PROVE", 0.2)
    full, tries = [True], []

    def write(store: str) -> None:
        tries.append(store)
        if full[0]:
            raise StoreError(f"the disk is full, {len(tries)}")

    thread = StoreThread(lambda: "store", lambda: None, never, prove=write)
    thread.start()
    assert thread.post(write)
    eventually(lambda: len(tries) > 2 and thread.fault.startswith("the disk is full"))
    full[0] = False
    eventually(lambda: not thread.fault)
    count = len(tries)
    thread.call(lambda store: None)
    thread.call(lambda store: None)
    assert len(tries) == count, "what is well is not tried"
    assert thread.stop(20)


def test_what_the_disk_refuses_is_a_trouble_until_it_takes_something_again() -> None:
    full = [True]

    def write(store: str) -> None:
        if full[0]:
            raise StoreError("the disk is full")

    thread = StoreThread(lambda: "store", lambda: None, never)
    thread.start()
    assert thread.post(write)
    eventually(lambda: thread.fault == "the disk is full")
    assert thread.call(lambda store: store) == "store" and thread.fault, "reading proves nothing"
    full[0] = False
    thread.post(write)
    eventually(lambda: not thread.fault)
    with pytest.raises(StoreError):
        thread.call(lambda store: (_ for _ in ()).throw(StoreError("read-only")))
    assert thread.fault == "read-only"
    thread.stop()
