"""Sessions, the claim code and the rests after wrong passphrases, each by itself and by a clock of ours."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from edge_face.clock import ManualClock
from edge_face.errors import StoreError, TooManyTriesError
from edge_face.service.web import login_rest
from edge_face.service.web.claim import LIVES, ClaimCode
from edge_face.service.web.login_rest import LoginRest, duration
from edge_face.service.web.sessions import FRESH, MOST, MOST_OF_ONE, Sessions


def sessions(clock: ManualClock, idle: float = 900.0, most: float = 3600.0) -> Sessions:
    return Sessions(idle, most, clock.monotonic, clock.wall)


def test_a_session_lives_while_it_is_used_but_not_for_ever() -> None:
    clock = ManualClock()
    kept = sessions(clock)
    token = kept.begin("a")
    assert len(token) >= 43 and kept.begin("a") != token
    for _ in range(4):
        clock.sleep(899)
        session = kept.find(token)
        assert session is not None and session.account == "a"
    assert kept.left(session) == 3600 - 4 * 899
    clock.sleep(4)
    assert kept.find(token) is None and kept.find(token) is None


def test_a_page_that_refreshes_itself_does_not_keep_it() -> None:
    clock = ManualClock()
    kept = sessions(clock)
    token = kept.begin("a")
    for _ in range(8):
        clock.sleep(100)
        assert kept.find(token, touch=False) is not None
    clock.sleep(100)
    assert kept.find(token, touch=False) is None


def test_fresh_stale_and_fresh_again() -> None:
    clock = ManualClock()
    kept = sessions(clock)
    token = kept.begin("a")
    session = kept.find(token)
    assert session is not None and kept.is_fresh(session)
    clock.sleep(FRESH)
    assert not kept.is_fresh(session)
    new = kept.renew(token)
    assert kept.find(token) is None and kept.find(new) is session and kept.is_fresh(session) and session.begun == 0.0
    kept.stale(new)
    assert not kept.is_fresh(session)
    kept.stale("nobody's")
    assert kept.renew("nobody's") == "" and kept.renew(token) == ""
    clock.sleep(901)
    assert kept.renew(new) == ""


def test_ending_one_some_and_all() -> None:
    kept = sessions(ManualClock())
    a, b, c = kept.begin("a"), kept.begin("a"), kept.begin("c")
    assert [len(kept.of(who)) for who in ("a", "c", "x")] == [2, 1, 0]
    assert kept.end_of("a", but=b) == 1 and kept.find(a) is None and kept.find(b) is not None
    kept.end(b)
    kept.end(b)
    assert kept.find(b) is None and kept.find(c) is not None
    kept.end_all()
    assert kept.find(c) is None and kept.end_of("c") == 0


def test_one_too_many_ends_the_one_used_longest_ago() -> None:
    clock = ManualClock()
    kept = sessions(clock, 1e6, 1e6)
    tokens = []
    for _ in range(MOST_OF_ONE):
        clock.sleep(1)
        tokens.append(kept.begin("a"))
    clock.sleep(1)
    assert kept.find(tokens[0]) is not None
    kept.begin("a")
    assert kept.find(tokens[0]) is not None and kept.find(tokens[1]) is None and len(kept.of("a")) == MOST_OF_ONE
    for number in range(2 * MOST):
        kept.begin(f"x{number}")
    assert len(kept._sessions) == MOST


def test_tokens_are_not_kept() -> None:
    kept = sessions(ManualClock())
    token = kept.begin("a")
    assert token not in repr(vars(kept)) and token.encode() not in b"".join(kept._sessions)


# The claim code


def test_a_claim_code_as_people_type_it() -> None:
    clock = ManualClock()
    code = ClaimCode(clock.monotonic)
    for _ in range(200):
        text = code.new()
        assert len(text) == 14 and set(text) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ-")
        for typed in (text, text.lower(), text.replace("-", ""), f" {text.replace('-', ' ')} ", text.replace("0", "o").replace("1", "l")):
            assert code.is_right(typed)
    assert not code.is_right(text[:-1]) and not code.is_right(text + "2") and not code.is_right("") and not code.is_right("\ud800")
    assert code.spend(text) and not code.spend(text) and not code.is_right(text)


def test_a_claim_code_ends() -> None:
    clock = ManualClock()
    code = ClaimCode(clock.monotonic)
    assert not code.is_right("") and not code.spend("")
    text = code.new()
    clock.sleep(LIVES - 1)
    assert code.is_right(text)
    clock.sleep(1)
    assert not code.is_right(text) and not code.spend(text)
    assert text not in repr(vars(code))


# Rests


class Disk:
    def __init__(self) -> None:
        self.record: Any = None
        self.writes = 0

    def keep(self, value: Any) -> None:
        self.record, self.writes = dict(value), self.writes + 1

    def rest(self, clock: ManualClock) -> LoginRest:
        return LoginRest(lambda: self.record, self.keep, clock.monotonic)


def wrong(rest: LoginRest, key: str | None, **how: bool) -> None:
    with rest.trying(key, **how):
        pass


def test_the_failure_is_on_the_disk_before_the_look() -> None:
    clock, disk = ManualClock(), Disk()
    with disk.rest(clock).trying("a") as right:
        assert disk.record == {"door": [1, False], "people": {"a": [1, False]}}
        right()
    assert disk.record == {"door": [0, False], "people": {}} and disk.writes == 2


def test_rests_double_up_to_a_quarter_of_an_hour() -> None:
    clock, disk = ManualClock(), Disk()
    rest = disk.rest(clock)
    for _ in range(5):
        wrong(rest, "a")
    waits = []
    for _ in range(8):
        writes, waited = disk.writes, 0
        while disk.writes == writes:
            try:
                wrong(rest, "a")
            except TooManyTriesError:
                clock.sleep(1)
                waited += 1
        waits.append(waited)
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]


def test_a_hundred_tries_a_day_are_the_most() -> None:
    clock, tries = ManualClock(), 0
    rest = Disk().rest(clock)
    while clock.monotonic() < 86_400:
        try:
            wrong(rest, f"{tries % 7}")
            tries += 1
        except TooManyTriesError:
            clock.sleep(5)
    assert tries <= 104


def test_what_rested_rests_again_after_a_restart_and_a_spoilt_record_longest() -> None:
    clock, disk = ManualClock(), Disk()
    rest = disk.rest(clock)
    for _ in range(5):
        wrong(rest, None)
    later = ManualClock()
    again = disk.rest(later)
    with pytest.raises(TooManyTriesError, match="for 30 s"):
        wrong(again, "a")
    assert again.resting()
    disk.record = {"door": "x"}
    with pytest.raises(TooManyTriesError, match="for 15 min"):
        wrong(disk.rest(ManualClock()), "a")


def test_alone_only_the_own_failures_count() -> None:
    rest = Disk().rest(ManualClock())
    for _ in range(5):
        wrong(rest, None)
    wrong(rest, "a/again", alone=True)
    for _ in range(4):
        wrong(rest, "a/again", alone=True)
    with pytest.raises(TooManyTriesError):
        wrong(rest, "a/again", alone=True)


def test_a_right_one_takes_the_own_failures_back_and_no_others() -> None:
    clock, disk = ManualClock(), Disk()
    rest = disk.rest(clock)
    for _ in range(3):
        wrong(rest, "a")
    wrong(rest, "b")
    with rest.trying("a") as right:
        right()
    assert disk.record == {"door": [1, False], "people": {"b": [1, False]}}
    rest.forget("b")
    wrong(rest, "c")
    assert disk.record["people"] == {"c": [1, False]} and disk.record["door"] == [2, False]
    rest.clear()
    assert disk.record == {"door": [0, False], "people": {}} and not rest.resting()


def test_one_is_looked_at_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_rest, "PATIENCE", 0.05)
    rest, held, go = Disk().rest(ManualClock()), threading.Event(), threading.Event()

    def slow() -> None:
        with rest.trying("a"):
            held.set()
            go.wait(30)

    thread = threading.Thread(target=slow)
    thread.start()
    held.wait(30)
    with pytest.raises(TooManyTriesError, match="just being looked at"):
        wrong(rest, "b")
    go.set()
    thread.join()
    wrong(rest, "b")


def test_an_error_inside_counts_as_a_failure_and_lets_the_next_in() -> None:
    disk = Disk()
    rest = disk.rest(ManualClock())
    with pytest.raises(StoreError), rest.trying("a"):
        raise StoreError("disk full")
    assert disk.record["door"] == [1, False]
    wrong(rest, "a")


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (30, "30 s"), (119.5, "2 min"), (120, "2 min"), (899.1, "15 min")])
def test_how_long_in_words(seconds: float, text: str) -> None:
    assert duration(seconds) == text
