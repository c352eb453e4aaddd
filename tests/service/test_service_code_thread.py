"""The thread that verifies codes: one at a time, written down before it is known, and what guessing at it gets."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from edge_face.access import CodeFact
from edge_face.access.code_rest import CodeState, restored
from edge_face.access.inputs import Inputs
from edge_face.access.outcomes import Kind
from edge_face.access.policy import PolicyRules, PolicyState, step
from edge_face.access.rules import Rules
from edge_face.errors import StoreError
from edge_face.people import Consent, Given, Store
from edge_face.people import codes as codes_module
from edge_face.people.codes import CodeBook, CodeCommands
from edge_face.service.code_thread import CodeThread, Offer
from edge_face.settings import AccessSettings

ACCESS = AccessSettings()
PIN = "990937"


class Desk:
    """A code thread over a real store, whose clock stands still unless it is moved."""

    def __init__(self, store: Store) -> None:
        self.store, self.now, self.facts, self.kept = store, 1000.0, list[CodeFact](), list[dict[str, Any]]()
        self.ben = store.add("Ben", Consent(Given(1e9, "a test"), None), [], wall=1e9).id
        self.code = str(CodeCommands(store).run("codes.add", {"who": "Ben", "pin": PIN})["number"]) + PIN
        self.book, self.hashes = CodeBook.build(store), 0
        self.start()

    def start(self) -> None:
        """The program is started (again)."""
        state = restored(self.store.record("code-rest"), self.now, ACCESS)
        self.thread = CodeThread(self._look_up, self._keep, self.facts.append, whose=self.book.whose, access=ACCESS, state=state,
                                 monotonic=lambda: self.now)

    def give(self, text: str, factor: str = "pin") -> Offer:
        offer = self.thread.offer(text, factor)
        self.thread.turn()
        return offer

    def _look_up(self, text: str, factor: str) -> CodeFact:
        self.hashes += 1
        return self.book.look_up(text, factor)

    def _keep(self, record: dict[str, Any]) -> None:
        self.kept.append(record)
        self.store.put_record("code-rest", record)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Store(tmp_path / "store") as store:
        yield Desk(store)


def wrong(desk: Desk, number: int) -> str:
    return f"{desk.code[:3]}{700_000 + number}"


def test_a_right_code_is_answered_and_its_try_taken_back(desk: Desk) -> None:
    assert desk.give(desk.code) is Offer.TAKEN and desk.facts == [CodeFact("pin", desk.ben)]
    assert [record["door"] for record in desk.kept] == [[1, False], [0, False]] and desk.thread.state == CodeState()


def test_a_try_is_on_the_disk_before_it_is_verified(desk: Desk) -> None:
    """Whoever cuts the power while the hash is computed, or right after, has lost the try."""
    on_disk: list[Any] = []

    def look_up(text: str, factor: str) -> CodeFact:
        on_disk.append(desk.store.record("code-rest"))
        return CodeFact(factor, None, desk.ben)

    with patch.object(desk, "book") as book:
        book.look_up.side_effect = look_up
        desk.give(wrong(desk, 1))
    assert on_disk == [{"door": [1, False], "people": {desk.ben: [1, False]}}]


def test_brute_force_over_restarts_gets_no_more_guesses(desk: Desk) -> None:
    """The power is cut after each guess and in each rest, or left on until the rest is over and cut then."""
    for seconds in (1.0, 901.0):
        desk.store.drop_record("code-rest")
        desk.hashes, started = 0, desk.now
        while desk.now - started < 3600.0:
            desk.start()
            if desk.give(wrong(desk, desk.hashes)) is Offer.RESTING:
                desk.now += seconds
                desk.thread.turn()
        assert desk.hashes == (5 if seconds == 1.0 else 5 + 3) and desk.thread.state.fails == desk.hashes


def test_a_restart_in_a_rest_begins_it_anew(desk: Desk) -> None:
    for number in range(5):
        desk.give(wrong(desk, number))
    desk.now += 29.0
    desk.start()
    desk.now += 29.0
    assert desk.give(desk.code) is Offer.RESTING and desk.hashes == 5
    desk.now += 1.0
    assert desk.give(desk.code) is Offer.TAKEN and desk.facts[-1].person == desk.ben
    desk.start()
    assert desk.give(desk.code) is Offer.TAKEN, "a rest that was over is over after a restart too"


def test_keypad_and_page_at_once_share_one_count(desk: Desk) -> None:
    offers = Counter(desk.give(wrong(desk, number), "pin") for number in range(100) for _ in ("keypad", "page"))
    assert offers == {Offer.TAKEN: 5, Offer.RESTING: 195} and desk.hashes == 5
    assert [fact.note for fact in desk.facts] == [""] * 5 + ["rest"], "and the policy is told of the rest once"


def test_a_thousand_tries_a_second_cost_one_hash_at_a_time(desk: Desk) -> None:
    """From two threads, on the real thread: while one is verified all others are refused at once and count for nothing."""
    entered, go_on, running = threading.Event(), threading.Event(), []

    def slow(text: str, factor: str) -> CodeFact:
        running.append(text)
        entered.set()
        assert go_on.wait(30)
        return CodeFact(factor, None, desk.ben)

    thread = CodeThread(slow, lambda record: None, desk.facts.append, whose=desk.book.whose, access=ACCESS)
    thread.start()
    try:
        assert thread.offer(wrong(desk, 0), "pin") is Offer.TAKEN and entered.wait(30)
        refused = Counter[Offer]()
        pads = [threading.Thread(target=lambda: refused.update(thread.offer(wrong(desk, n), "pin") for n in range(500))) for _ in range(2)]
        for pad in pads:
            pad.start()
        for pad in pads:
            pad.join(30)
        assert refused == {Offer.BUSY: 1000} and len(running) == 1 and desk.facts == []
    finally:
        go_on.set()
        thread.stop(30)
    assert desk.facts == [CodeFact("pin", None, desk.ben)] and thread.state.fails == 1
    assert thread.offer(desk.code, "pin") is Offer.BUSY, "it has stopped"


@pytest.mark.parametrize("text", ["", "\0", "457\x00990937", "\uff14\uff15\uff17990937", "\u0664\u0665\u0667990937", "4" * 33, "4 5"])
def test_what_is_no_code_is_neither_hashed_nor_counted(desk: Desk, text: str) -> None:
    assert desk.give(text) is Offer.NONSENSE and (desk.hashes, desk.kept, desk.facts) == (0, [], [])


@pytest.mark.parametrize("text", ["0", "12345", "0" * 9, "9", "99999", "1" * 32, "000990937"])
def test_odd_codes_are_wrong_codes(desk: Desk, text: str) -> None:
    assert desk.give(text) is Offer.TAKEN and desk.facts[-1].person is None and desk.thread.state.fails == 1


def test_cards_count_too_and_a_right_one_takes_no_failure_away(desk: Desk) -> None:
    CodeCommands(desk.store).run("codes.add", {"who": "Ben", "card": "77"})
    desk.book = CodeBook.build(desk.store)
    desk.start()
    for number in range(4):
        desk.give(wrong(desk, number))
        desk.give("77", "card")
        assert desk.facts[-1] == CodeFact("card", desk.ben)
    assert desk.thread.state.fails == 4 and desk.give("78", "card") is Offer.TAKEN and desk.give("77", "card") is Offer.RESTING


def test_a_disk_that_refuses_is_said_once_and_failures_count_in_memory(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with patch.object(desk.store, "put_record", side_effect=StoreError("the disk is full")), caplog.at_level(logging.DEBUG):
        offers = [desk.give(wrong(desk, number)) for number in range(7)]
    assert offers == [Offer.TAKEN] * 5 + [Offer.RESTING] * 2
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_nothing_of_a_code_is_in_a_log_an_error_or_a_repr(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), patch.object(desk.book.__class__, "look_up", side_effect=RuntimeError(desk.code)):
        assert desk.give(desk.code) is Offer.TAKEN
        desk.thread.offer(desk.code, "pin")
        shown = repr(vars(desk.thread)) + repr(desk.facts) + repr(desk.kept)
    assert desk.facts[0] == CodeFact("pin", None, desk.ben, note="fault") and desk.thread.state.fails == 0
    assert "RuntimeError" in caplog.text and PIN not in caplog.text + shown


def test_whoever_is_gone_is_forgotten(desk: Desk) -> None:
    desk.give(wrong(desk, 1))
    desk.thread.forget_others(frozenset())
    desk.give("99999123456")
    assert desk.kept[-1] == {"door": [2, False], "people": {}}


def test_thread_and_policy_count_alike(desk: Desk) -> None:
    """The same facts, the same pure rules: what the thread lets through, the policy does not find resting, and the other way round."""
    rules, state = PolicyRules(Rules(), access=AccessSettings(many_failures=0)), PolicyState()
    for number in range(400):
        desk.now += 40.0
        desk.give(desk.code if number % 17 == 0 else wrong(desk, number))
        state, made = step(state, Inputs(desk.now, 1e9, codes=tuple(desk.facts)), rules)
        rests = any(reason.code == "codes-rest" for decision in made for reason in decision.reasons if decision.kind is Kind.DENY)
        assert not rests or desk.facts[-1].note == "rest"
        desk.facts.clear()
        assert (state.codes.door, state.codes.people) == (desk.thread.state.door, desk.thread.state.people)
    assert desk.thread.state.fails > 5


def test_the_hash_of_a_try_is_one_argon2(desk: Desk) -> None:
    with patch.object(codes_module, "hashed", return_value=bytes(32)) as counted:
        for number in range(20):
            desk.give(wrong(desk, number))
    assert counted.call_count == 5


def test_a_right_code_does_not_wait_for_its_failure_to_be_taken_back(desk: Desk) -> None:
    """A slow disk costs whoever stands there one wait, not two."""
    answered_after: list[int] = []
    with patch.object(desk.thread, "_answered", lambda fact: answered_after.append(len(desk.kept))):
        desk.give(desk.code)
    assert answered_after == [1] and len(desk.kept) == 2


def test_a_code_for_which_there_was_no_memory_is_verified_again(desk: Desk) -> None:
    tries: list[str] = []

    def look_up(text: str, factor: str) -> CodeFact:
        tries.append(factor)
        if len(tries) == 1:
            raise MemoryError
        return desk.book.look_up(text, factor)

    with patch.object(desk.thread, "_look_up", look_up):
        desk.give(desk.code)
    assert len(tries) == 2 and desk.facts == [CodeFact("pin", desk.ben)]


def test_nothing_ends_the_thread(desk: Desk) -> None:
    """Neither a store that has no memory nor an answer that nobody could take: the next code is verified."""
    heard = threading.Event()

    def deaf(fact: CodeFact) -> None:
        heard.set()
        raise MemoryError

    def full(record: dict[str, Any]) -> None:
        raise MemoryError

    desk.start()
    with patch.object(desk.thread, "_answered", deaf), patch.object(desk.thread, "_keep", full):
        desk.thread.start()
        assert desk.thread.offer(desk.code, "pin") is Offer.TAKEN and heard.wait(20.0)
        until = 200
        while desk.thread.offer(desk.code, "pin") is Offer.BUSY and until:
            until -= 1
            threading.Event().wait(0.05)
        assert until
    heard.clear()
    threading.Event().wait(0.1)
    for _ in range(200):
        if desk.facts:
            break
        desk.thread.offer(desk.code, "pin")
        threading.Event().wait(0.1)
    desk.thread.stop()
    assert desk.facts and desk.facts[-1].person == desk.ben
