"""A whole door in a process of its own, its pins on a board: cards, visitors, fire, contact, lockdown, schedules, the audit log."""

from __future__ import annotations

import datetime
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from doors import Running, eventually

from edge_face.audit import Sealer, read_entries, verify_log
from edge_face.cli.main import main
from edge_face.door.board import Board
from edge_face.door.wiegand import frame_bits
from edge_face.errors import ServiceError
from edge_face.people import Consent, Given, Store

CARD = "01704242"
"""Facility 17, number 4242, as printed on the card."""
KEYS, ROWS, COLUMNS = "123456789*0#", ("GPIO7", "GPIO8", "GPIO9", "GPIO10"), ("GPIO11", "GPIO12", "GPIO13")
LOCK, EXIT, CONTACT, FIRE, D0, D1 = "GPIO17", "GPIO27", "GPIO5", "GPIO6", "GPIO23", "GPIO24"
SETTINGS = f"""
[camera]
source = "none"
[door]
exit_pin = "{EXIT}"
pulse = 2.0
[inputs]
contact_pin = "{CONTACT}"
fire_pin = "{FIRE}"
fire_level = "low"
wiegand_d0 = "{D0}"
wiegand_d1 = "{D1}"
keypad_rows = {json.dumps(ROWS)}
keypad_columns = {json.dumps(COLUMNS)}
keypad_keys = "{KEYS}"
[access]
timezone = "Europe/Zurich"
[hooks]
command = ["/bin/true"]
events = ["alarm", "duress"]
"""


class Whole:
    """The door, the board under it, and a hand outside."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.store = folder, folder / "store"
        self.config = str(folder / "edge-face.toml")
        given = Given(1.0, "in a test")
        with Store(self.store) as store:
            self.ben = store.add("Ben", Consent(given, given), wall=1.0).id
        self.text = f'[store]\nfolder = "{self.store}"\n[service]\nsocket = "{folder}/control.sock"\n' + SETTINGS
        (folder / "edge-face.toml").write_text(self.text)
        assert main(["codes", "add", "Ben", "--card", CARD, "--config", self.config]) == 0
        self.board = Board(folder / "board")
        self.board.resist(LOCK, 0)
        self.board.press(CONTACT)  # closed: to ground
        self.start()

    def start(self) -> None:
        self.door = Running(self.folder, "--pins=mock", "--source=none", settings=self.text,
                            environment={"EDGE_FACE_BOARD": str(self.folder / "board")})
        self.door.wait_for("people:")
        eventually(lambda: self.status()["contact"] == "closed")

    def status(self) -> dict[str, object]:
        found: dict[str, object] = self.door.client.call("door.status")
        return found

    def show_card(self, number: int = 4242) -> None:
        self.board.send_bits(D0, D1, frame_bits(17, number))

    def kinds(self) -> list[str]:
        return [event["kind"] for event in self.door.client.call("events", last=100) if event["kind"] not in ("clock", "code.added")]

    def type(self, text: str) -> None:
        """Presses keys of the keypad, each for long enough to be told from chatter."""
        for key in text:
            row, column = divmod(KEYS.index(key), 3)
            self.board.connect(ROWS[row], COLUMNS[column])
            time.sleep(0.2)
            self.board.disconnect(ROWS[row], COLUMNS[column])
            time.sleep(0.2)

    def close(self) -> None:
        if self.door.process.poll() is None:
            self.door.process.kill()
        self.door.process.communicate()
        self.board.close()


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[Whole]:
    made = Whole(tmp_path)
    yield made
    made.close()


def test_a_card_lets_in_the_opened_door_is_locked_again_and_the_log_says_so(whole: Whole) -> None:
    whole.show_card()
    eventually(lambda: whole.board.level(LOCK) == 1)
    assert whole.status()["authority"] == "code"
    whole.board.let_go(CONTACT)
    eventually(lambda: whole.board.level(LOCK) == 0)
    eventually(lambda: whole.status()["mode"] == "open")
    whole.board.press(CONTACT)
    eventually(lambda: "closed" in whole.kinds())
    kinds = whole.kinds()
    assert kinds[0] == "code" and set(kinds[1:3]) == {"opened", "relock"} and kinds[3:] == ["closed"]
    code, _ = whole.door.end(signal.SIGINT)
    assert code == 130
    with Store(whole.store, read_only=True) as store:
        assert verify_log(whole.store / "audit", store.audit_key()).problem is None
        entry = next(e for e in read_entries(whole.store / "audit") if e.record.kind == "code")
        assert entry.record.authority == "code" and entry.record.subject == store.alias(whole.ben)
    assert whole.ben not in "".join(p.read_text() for p in (whole.store / "audit").glob("*.log")), "an alias stands for the person"


def test_a_door_opened_by_force_is_an_alarm_and_its_hook_waits(whole: Whole) -> None:
    whole.board.let_go(CONTACT)
    eventually(lambda: whole.status()["mode"] == "forced")
    assert whole.status()["alarms"] == ["forced"]
    def told() -> list[dict[str, object]]:
        return [event for path in (whole.store / "hooks").glob("*.json") if (event := json.loads(path.read_text()))["kind"] == "alarm"]

    event = eventually(told)[0]
    assert event["alarm"] == "forced" and "Ben" not in json.dumps(event) and whole.ben not in json.dumps(event)


def test_lockdown_stops_cards_and_the_owner_but_not_who_wants_out_nor_fire(whole: Whole) -> None:
    client = whole.door.client
    client.call("door.lockdown")
    eventually(lambda: whole.status()["lockdown"])
    whole.show_card()
    eventually(lambda: "deny" in whole.kinds())
    with pytest.raises(ServiceError, match="lockdown"):
        client.call("door.pulse")
    assert whole.board.level(LOCK) == 0
    whole.board.press(EXIT)
    eventually(lambda: whole.board.level(LOCK) == 1)
    whole.board.let_go(EXIT)
    eventually(lambda: whole.board.level(LOCK) == 0)
    whole.board.press(FIRE)
    eventually(lambda: whole.board.level(LOCK) == 1)
    assert whole.status()["authority"] == "fire"
    whole.board.let_go(FIRE)
    eventually(lambda: whole.board.level(LOCK) == 0)
    client.call("door.lift")
    eventually(lambda: not whole.status()["lockdown"])
    whole.show_card()
    eventually(lambda: whole.board.level(LOCK) == 1)


def test_a_lockdown_outlives_the_daemon(whole: Whole) -> None:
    whole.door.client.call("door.lockdown")
    eventually(lambda: whole.status()["lockdown"])
    whole.door.end(signal.SIGKILL)
    whole.board.killed("keeps")
    whole.start()
    assert whole.status()["lockdown"]
    whole.show_card()
    eventually(lambda: "deny" in whole.kinds())
    assert whole.board.level(LOCK) == 0
    whole.door.client.call("door.lift")
    eventually(lambda: not whole.status()["lockdown"])
    whole.show_card()
    eventually(lambda: whole.board.level(LOCK) == 1)


def test_limits_hold_at_once_and_a_clock_that_is_not_believed_closes_them(whole: Whole, capsys: pytest.CaptureFixture[str]) -> None:
    def schedule(*words: str) -> int:
        return main(["schedule", *words, "--config", whole.config])

    if whole.door.client.call("status")["clock"]["trusted"]:
        today = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"][datetime.datetime.now(datetime.UTC).weekday()]
        assert schedule("set", "never-now", f"{today} 00:00-00:01") == 0
    else:
        assert schedule("set", "never-now", "daily 00:00-24:00") == 0
    assert schedule("person", "Ben", "--schedule", "never-now") == 0, capsys.readouterr()
    whole.show_card()
    eventually(lambda: "deny" in whole.kinds())
    assert whole.board.level(LOCK) == 0
    assert schedule("person", "Ben", "--unlimited") == 0
    whole.show_card()
    eventually(lambda: whole.board.level(LOCK) == 1)


def test_wrong_cards_make_cards_rest_and_an_unknown_one_says_nothing_of_whose_it_is(whole: Whole) -> None:
    for number in range(1, 6):
        whole.show_card(number)
        eventually(lambda number=number: whole.kinds().count("deny") >= number)  # type: ignore[misc]
    eventually(lambda: "code-rest" in whole.kinds())
    whole.show_card()
    eventually(lambda: whole.kinds().count("deny") >= 6)
    assert whole.board.level(LOCK) == 0 and whole.status()["mode"] == "locked out"
    assert "4242" not in json.dumps(whole.door.log()), "no card's number in the log"
    whole.board.press(EXIT)
    eventually(lambda: whole.board.level(LOCK) == 1)


def test_codes_that_rest_still_rest_after_a_kill(whole: Whole) -> None:
    for number in range(1, 6):
        whole.show_card(number)
        eventually(lambda number=number: whole.kinds().count("deny") >= number)  # type: ignore[misc]
    whole.door.end(signal.SIGKILL)
    whole.board.killed("keeps")
    whole.start()
    denied = whole.kinds().count("deny")
    whole.show_card()
    eventually(lambda: whole.kinds().count("deny") > denied)
    assert whole.board.level(LOCK) == 0 and whole.status()["mode"] == "locked out"


def test_a_second_pin_opens_like_the_first_and_only_hook_and_sealed_log_know_which(whole: Whole) -> None:
    client = whole.door.client
    client.call("codes.add", who="Ben", pin="990937")
    number = client.call("codes.duress", who="Ben", pin="990952")["number"]
    shown = []
    for pin in ("990937", "990952"):
        whole.type(f"{number}{pin}#")
        eventually(lambda: whole.board.level(LOCK) == 1)
        shown.append({**whole.status(), "until": None})
        eventually(lambda: whole.board.level(LOCK) == 0)
    assert shown[0] == shown[1], "nothing at the door tells one from the other"
    def told() -> list[str]:
        return [json.loads(path.read_text())["kind"] for path in (whole.store / "hooks").glob("*.json")]

    eventually(lambda: told() == ["duress"])
    events = client.call("events", last=100)
    first, second = (event for event in events if event["kind"] == "code")
    differ = {"id", "wall", "reasons"}
    assert {k: v for k, v in first.items() if k not in differ} == {k: v for k, v in second.items() if k not in differ}
    assert [reason["code"] for reason in first["reasons"]] == [reason["code"] for reason in second["reasons"]]
    whole.door.end(signal.SIGINT)
    words = whole.door.log_file.read_text() + json.dumps(events)
    assert not [word for word in ("duress", "forced", "990952", "990937") if word in words], words
    with Store(whole.store, read_only=True) as store:
        sealer = Sealer(store.audit_key())
    entries = [entry.record for entry in read_entries(whole.store / "audit") if entry.record.kind == "code"]
    assert [sealer.opened(record.sealed or "") for record in entries] == [False, True]


def test_what_the_owner_asks_of_somebody_holds_at_once_and_is_in_the_audit_log(whole: Whole) -> None:
    whole.door.client.call("people.assure", who="Ben", changes={"assurance": "code"})
    whole.show_card()
    eventually(lambda: "deny" in whole.kinds())
    assert whole.board.level(LOCK) == 0
    whole.door.client.call("people.assure", who="Ben", changes={"assurance": None})
    whole.show_card()
    eventually(lambda: whole.board.level(LOCK) == 1)
    whole.door.end(signal.SIGINT)
    said = [entry.record for entry in read_entries(whole.store / "audit") if entry.record.kind == "assurance"]
    assert [(record.subject is not None, record.details["level"]) for record in said] == [(False, "card"), (True, "code"), (True, "door")]


def test_a_visitor_comes_in_once(whole: Whole) -> None:
    client = whole.door.client
    if not client.call("status")["clock"]["trusted"]:
        client.call("clock.set", wall=time.time())
        eventually(lambda: client.call("status")["clock"]["trusted"])
    code = client.call("schedule.visitor", label="plumber")["pin"]
    whole.type(f"{code}#")
    eventually(lambda: whole.board.level(LOCK) == 1)
    eventually(lambda: whole.board.level(LOCK) == 0)
    whole.type(f"{code}#")
    eventually(lambda: "deny" in whole.kinds())
    assert whole.board.level(LOCK) == 0 and whole.kinds().count("code") == 1
    event = next(event for event in client.call("events", last=100) if event["kind"] == "code")
    assert event["person"] is None and len(event["visitor"]) == 16
