"""The sender's rounds, on a clock that only moves when it is told to."""

from __future__ import annotations

import itertools
import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_face.clock import ManualClock
from edge_face.errors import ServiceError
from edge_face.service.hook_delivery import (
    Outcome,
    Result,
    post,
)
from edge_face.service.hook_sender import BACK_OFFS, TRIES, Account, Sender
from edge_face.service.hooks import Spool, event

KEY = b"0123456789abcdef0123456789abcdef"
WALL = 1_790_000_000.0


class Script:
    """A channel that answers what it is told to, and remembers when it was asked for what."""

    def __init__(self, clock: ManualClock, answer: Callable[[str, int], Outcome]) -> None:
        self._clock, self._answer, self._asked = clock, answer, 0
        self.calls: list[tuple[float, str]] = []

    def __call__(self, event: Mapping[str, Any]) -> Outcome:
        self.calls.append((self._clock.monotonic(), str(event["text"])))
        self._asked += 1
        return self._answer(str(event["text"]), self._asked)


def filled(folder: Path, *texts: str) -> Spool:
    spool = Spool(folder / "hooks")
    for text in texts:
        spool.put(event("alarm", "alarm", text, WALL))
    return spool


def test_a_receiver_that_is_away_is_asked_with_growing_pauses(tmp_path: Path) -> None:
    clock, spool = ManualClock(), filled(tmp_path, "a", "b")
    channel = Script(clock, lambda text, asked: Outcome(Result.TOLD) if asked > 7 else Outcome(Result.AWAY, "cannot be reached"))
    Sender(spool, {"webhook": channel}, clock).run()
    assert spool.waiting() == []
    away = [moment for moment, _ in channel.calls[:8]]
    assert [round(b - a) for a, b in itertools.pairwise(away)] == [*BACK_OFFS, BACK_OFFS[-1], BACK_OFFS[-1]]
    assert [text for _, text in channel.calls[7:]] == ["a", "b"], "oldest first, and one question while nobody is there"
    account = Account.of(spool.folder)
    assert (account.told, account.given_up, account.last_trouble) == (2, 0, "webhook: cannot be reached")


def test_it_gives_up_after_its_bound(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock, spool = ManualClock(), filled(tmp_path, "a")
    channel = Script(clock, lambda text, asked: Outcome(Result.LATER, "answers 500"))
    with caplog.at_level(logging.INFO):
        Sender(spool, {"webhook": channel}, clock).run()
    assert len(channel.calls) == TRIES and spool.waiting() == [] and Account.of(spool.folder).given_up == 1
    assert 15 * 3600 < clock.monotonic() < 17 * 3600
    assert "given up after 100 attempts" in caplog.text


def test_one_event_that_is_refused_or_fails_does_not_hold_up_the_others(tmp_path: Path) -> None:
    clock, spool = ManualClock(), filled(tmp_path, "refused", "poison", "good")
    answers = {"refused": Outcome(Result.REFUSED, "400"), "poison": Outcome(Result.LATER, "500"), "good": Outcome(Result.TOLD)}
    channel = Script(clock, lambda text, asked: answers[text])
    Sender(spool, {"webhook": channel}, clock).run()
    assert [text for _, text in channel.calls[:3]] == ["refused", "poison", "good"]
    assert [text for _, text in channel.calls].count("refused") == 1 and [text for _, text in channel.calls].count("good") == 1


def test_a_receivers_own_pause_is_kept(tmp_path: Path) -> None:
    clock, spool = ManualClock(), filled(tmp_path, "a")
    channel = Script(clock, lambda text, asked: Outcome(Result.TOLD) if asked > 1 else Outcome(Result.LATER, "429", 77.0))
    Sender(spool, {"webhook": channel}, clock).run()
    assert channel.calls[1][0] - channel.calls[0][0] == pytest.approx(77.0)


def test_two_channels_do_not_wait_for_each_other_and_nothing_is_told_twice(tmp_path: Path) -> None:
    clock, spool = ManualClock(), filled(tmp_path, "a", "b")
    good = Script(clock, lambda text, asked: Outcome(Result.TOLD))
    late = Script(clock, lambda text, asked: Outcome(Result.TOLD) if asked > 3 else Outcome(Result.LATER, "exit code 1"))
    Sender(spool, {"webhook": late, "command": good}, clock).run()
    assert [text for _, text in good.calls] == ["a", "b"] and spool.waiting() == []


def test_a_new_alarm_does_not_wait_for_the_pause(tmp_path: Path) -> None:
    spool = filled(tmp_path, "poison")

    class Busy(ManualClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if 100 < self.monotonic() < 103:
                spool.put(event("alarm", "alarm", "fresh", WALL))

    clock = Busy()
    channel = Script(clock, lambda text, asked: Outcome(Result.TOLD) if text == "fresh" else Outcome(Result.LATER, "500"))
    Sender(spool, {"webhook": channel}, clock).run()
    fresh = [moment for moment, text in channel.calls if text == "fresh"]
    assert fresh and fresh[0] < 105


def test_damaged_events_are_given_up_and_a_spool_that_cannot_be_emptied_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, spool = ManualClock(), filled(tmp_path, "a")
    (spool.folder / "00000000-0123456789abcdef.json").write_text("{{{{")
    channel = Script(clock, lambda text, asked: Outcome(Result.TOLD))
    Sender(spool, {"webhook": channel}, clock).run()
    assert spool.waiting() == [] and Account.of(spool.folder).given_up == 1
    spool.put(event("alarm", "alarm", "stuck", WALL))

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(ServiceError, match="cannot be deleted"):
        Sender(spool, {"webhook": channel}, clock).run()


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
nested = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["id", "kind", "text", "time", "x"]), inner, max_size=4))
deep = st.integers(1, 3000).map(lambda depth: b'{"id":"a","kind":"alarm","x":' + b"[" * depth + b"]" * depth + b"}")


@settings(max_examples=60)
@given(st.binary(max_size=200) | nested.map(lambda value: json.dumps(value).encode()) | deep)
def test_whatever_lies_in_the_spool_it_ends_empty(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder))
        (spool.folder / "00000001-0123456789abcdef.json").write_bytes(content)
        clock = ManualClock()
        keyed = {"webhook": lambda event: post("http://127.0.0.1:1/", KEY, event, 0.5, lambda: WALL) and Outcome(Result.TOLD)}
        Sender(spool, keyed, clock).run()
        assert spool.waiting() == []


def test_one_sender_at_a_time(tmp_path: Path) -> None:
    spool, clock = filled(tmp_path, "a"), ManualClock()

    def second(event: Mapping[str, Any]) -> Outcome:
        with pytest.raises(ServiceError, match="another"):
            Sender(spool, {}, clock).run()
        return Outcome(Result.TOLD)

    Sender(spool, {"command": second}, clock).run()
    assert spool.waiting() == []
    Sender(spool, {}, clock).run()


@pytest.mark.parametrize("text", ["", "[]", '{"told": "many"}', "\0\xff", '{"told": true, "last_trouble": 3}'])
def test_a_damaged_account_begins_anew(tmp_path: Path, text: str) -> None:
    (tmp_path / ".account.json").write_text(text, encoding="latin-1")
    assert Account.of(tmp_path) == Account()
