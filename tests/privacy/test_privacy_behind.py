"""Work behind: all of it, in order, and no failure is lost or waits for ever."""

from __future__ import annotations

import threading
import time

import pytest

from edge_face.privacy.behind import Behind


def test_everything_is_done_in_order_in_another_thread() -> None:
    done: list[int] = []
    threads: set[str] = set()

    def work(item: int) -> None:
        done.append(item)
        threads.add(threading.current_thread().name)

    with Behind(work, room=2) as behind:
        for item in range(100):
            behind.put(item)
    assert done == list(range(100)) and threads == {"behind"}


def test_it_holds_back_whoever_is_too_fast() -> None:
    gate, taken = threading.Event(), list[int]()

    def work(item: int) -> None:
        gate.wait(10)
        taken.append(item)

    with Behind(work, room=3) as behind:
        for item in range(4):  # one at work, three waiting
            behind.put(item)
        late = threading.Thread(target=lambda: behind.put(4))
        late.start()
        late.join(0.2)
        assert late.is_alive() and taken == []
        gate.set()
        late.join(10)
    assert taken == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("failure", [RuntimeError("x"), KeyboardInterrupt()])
def test_a_failure_comes_back_and_ends_the_work(failure: BaseException) -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == 5:
            raise failure
        done.append(item)

    with pytest.raises(type(failure)), Behind(work, room=1) as behind:
        for item in range(1000):
            behind.put(item)
    assert done == [0, 1, 2, 3, 4]


def test_a_failure_of_the_last_item_comes_back_too() -> None:
    def work(item: int) -> None:
        time.sleep(0.05)
        raise ValueError(item)

    with pytest.raises(ValueError, match="7"), Behind(work) as behind:
        behind.put(7)


def test_an_error_outside_drops_what_waits_and_returns() -> None:
    done: list[int] = []

    def work(item: int) -> None:
        time.sleep(0.05)
        done.append(item)

    with pytest.raises(KeyError), Behind(work, room=50) as behind:
        for item in range(50):
            behind.put(item)
        raise KeyError("outside")
    assert len(done) < 10 and not any(t.name == "behind" and t.is_alive() for t in threading.enumerate())
