"""Mailboxes and heartbeats."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.service.heartbeat import Heartbeats
from edge_face.service.mailbox import Mailbox


def test_only_the_newest_is_kept() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.get(0) is None
    for item in range(5):
        box.put(item)
    assert box.get(0) == 4
    assert box.get(0) is None
    assert box.replaced == 4


def test_a_waiting_reader_is_woken() -> None:
    box: Mailbox[str] = Mailbox()
    got: list[str | None] = []
    reader = threading.Thread(target=lambda: got.append(box.get(60)))
    reader.start()
    box.put("news")
    reader.join(30)
    assert got == ["news"]


def test_a_writer_can_wait_until_its_item_was_fetched() -> None:
    box: Mailbox[int] = Mailbox()
    got: list[int] = []

    def read() -> None:
        while (item := box.get(60)) is not None:
            got.append(item)

    reader = threading.Thread(target=read)
    reader.start()
    for item in range(200):
        box.wait_empty(60)
        box.put(item)
    box.wait_empty(60)
    box.close()
    reader.join(30)
    assert got == list(range(200))


def test_a_reader_can_be_woken_without_post() -> None:
    box: Mailbox[str] = Mailbox()
    box.wake()
    assert box.get(60) is None
    box.put("news")
    box.wake()
    assert box.get(60) == "news"
    assert box.get(0) is None


def test_closing_wakes_the_reader_and_ends_the_post() -> None:
    box: Mailbox[str] = Mailbox()
    got: list[str | None] = []
    reader = threading.Thread(target=lambda: got.append(box.get(60)))
    reader.start()
    box.close()
    reader.join(30)
    assert got == [None] and box.closed
    box.put("late")
    assert box.get(0) is None


def test_silence_is_found_out() -> None:
    beats = Heartbeats({"door": 1.0, "store": 5.0}, now=10.0)
    assert beats.silent(11.0) == {}
    beats.beat("door", 11.0)
    assert beats.silent(12.5) == {"door": 1.5}
    assert beats.silent(16.0) == {"door": 5.0, "store": 6.0}
    assert beats.ages(12.0) == {"door": 1.0, "store": 2.0}
    with pytest.raises(KeyError):
        beats.beat("nobody", 1.0)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 100))))
def test_a_beat_never_makes_anybody_look_older(beats: list[tuple[str, float]]) -> None:
    hearts = Heartbeats({"a": 1.0, "b": 1.0}, now=0.0)
    ages = hearts.ages(100.0)
    for name, when in beats:
        hearts.beat(name, when)
        now = hearts.ages(100.0)
        assert all(now[key] <= ages[key] for key in ages)
        ages = now
