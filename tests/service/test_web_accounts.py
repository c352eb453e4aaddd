"""Claiming a door, logging in, logins and their end: a real daemon, asked through its sockets."""

from __future__ import annotations

import logging
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from web_house import NAMES, PASSPHRASE, WebHouse

from edge_face.errors import (
    AccessError,
    ForbiddenError,
    FreshNeededError,
    LoginNeededError,
    PeopleError,
    StoreError,
    TooManyTriesError,
    UsageError,
    WrongPassphraseError,
)
from edge_face.people.accounts import KIND
from edge_face.service.control import Peer
from edge_face.service.web.sessions import FRESH
from edge_face.settings import KioskSettings


@pytest.fixture
def house(tmp_path: Path) -> Iterator[WebHouse]:
    house = WebHouse(tmp_path)
    yield house
    house.stop()


def code_of(house: WebHouse) -> str:
    return str(house.control.call("kiosk.claim")["code"])


def who(house: WebHouse, token: str = "") -> dict[str, object]:
    answer: dict[str, object] = house.web.call("session.who", token=token)
    return answer


# Claiming


def test_a_new_door_is_claimed_with_the_code_of_its_console(house: WebHouse) -> None:
    assert who(house) == {"role": "nobody", "name": "", "fresh": False, "claimed": False, "idle": None}
    typed = code_of(house).replace("-", " ").lower()
    made = house.web.call("session.claim", code=typed, name="Olga", passphrase=PASSPHRASE)
    assert set(made) == {"token", "role", "name"} and (made["role"], made["name"]) == ("owner", "Olga")
    known = who(house, made["token"])
    assert known["role"] == "owner" and known["fresh"] is True and known["claimed"] is True and 890 < float(str(known["idle"])) <= 900
    assert house.said("login") == ["claimed"]


def test_a_code_is_used_once_and_a_claimed_door_gives_none(house: WebHouse) -> None:
    code = code_of(house)
    house.web.call("session.claim", code=code, name="Olga", passphrase=PASSPHRASE)
    with pytest.raises(ForbiddenError, match="has an owner already"):
        house.web.call("session.claim", code=code, name="Eve", passphrase=PASSPHRASE)
    with pytest.raises(ForbiddenError, match="sudo edge-face owner reset"):
        code_of(house)


def test_an_old_code_a_wrong_code_and_none(house: WebHouse) -> None:
    with pytest.raises(WrongPassphraseError, match="kiosk claim"):
        house.web.call("session.claim", code="", name="Eve", passphrase=PASSPHRASE)
    first = code_of(house)
    second = code_of(house)
    for wrong in (first, "AAAA-AAAA-AAAA"):
        with pytest.raises(WrongPassphraseError):
            house.web.call("session.claim", code=wrong, name="Eve", passphrase=PASSPHRASE)
    house.later(3601)
    with pytest.raises(WrongPassphraseError):
        house.web.call("session.claim", code=second, name="Eve", passphrase=PASSPHRASE)
    assert who(house)["claimed"] is False and house.said("login") == ["wrong"] * 4


def test_a_poor_passphrase_leaves_the_code_good(house: WebHouse) -> None:
    code = code_of(house)
    for name, passphrase, error in (("Olga", "short", UsageError), ("", PASSPHRASE, PeopleError), ("Olga", "olga olga 2026", UsageError)):
        with pytest.raises(error):
            house.web.call("session.claim", code=code, name=name, passphrase=passphrase)
    assert house.web.call("session.claim", code=code, name="Olga", passphrase=PASSPHRASE)["role"] == "owner"


def test_two_who_claim_at_once_make_one_owner(house: WebHouse) -> None:
    code, done = code_of(house), []

    def claim(name: str) -> None:
        try:
            done.append(house.web.call("session.claim", code=code, name=name, passphrase=PASSPHRASE)["name"])
        except (ForbiddenError, WrongPassphraseError) as error:
            done.append(type(error))

    threads = [threading.Thread(target=claim, args=(name,)) for name in ("Olga", "Eve")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in done if isinstance(one, str)]) == 1
    assert len(house.daemon.accounts.all()) == 1


def test_only_root_and_the_daemons_user_get_a_code(house: WebHouse) -> None:
    from edge_face.service.commands import handlers

    table = handlers(house.daemon)
    for command in ("kiosk.claim", "owner.reset"):
        with pytest.raises(Exception, match="use sudo"):
            table[command]({}, Peer(1, 99_999, 99_999))
        with pytest.raises(UsageError, match="no command"):
            house.web.call(command)


# Logging in


def test_a_login_by_name_whatever_the_case(house: WebHouse) -> None:
    house.claimed()
    made = house.web.call("session.login", name="  oLGA ", passphrase=PASSPHRASE)
    assert (made["name"], made["role"]) == ("Olga", "owner")
    assert house.said("login") == ["claimed", "login"]
    assert {entry.record.subject for entry in house.records("login")} == {house.daemon.accounts.alias(house.daemon.accounts.all()[0].id)}


def test_a_wrong_name_and_a_wrong_passphrase_are_told_alike(house: WebHouse) -> None:
    house.claimed()
    told = set()
    for name, passphrase in (("Olga", "not her passphrase"), ("Nobody", PASSPHRASE), ("Olga", PASSPHRASE + " "), ("\ud800", "x"), ("", "")):
        with pytest.raises((WrongPassphraseError, UsageError)) as caught:
            house.web.call("session.login", name=name, passphrase=passphrase)
        if "cannot be sent" not in str(caught.value):  # JSON holds no lone surrogate
            told.add(str(caught.value))
    assert told == {"the name or the passphrase is not right"}


def test_an_unknown_name_takes_as_long(house: WebHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_face.service.web import accounts

    house.claimed()
    hashes: list[int] = []
    before = accounts.passphrase_hash
    monkeypatch.setattr(accounts, "passphrase_hash", lambda *given: hashes.append(given[3].memory_kib) or before(*given))
    for name in ("Olga", "Nobody"):
        with pytest.raises(WrongPassphraseError):
            house.web.call("session.login", name=name, passphrase="not her passphrase")
    assert hashes == [19_456, 19_456]


def test_five_wrong_ones_and_all_rest_also_after_a_restart(house: WebHouse) -> None:
    house.claimed()
    for _ in range(5):
        with pytest.raises(WrongPassphraseError):
            house.web.call("session.login", name="Olga", passphrase="not her passphrase")
    for name in ("Olga", "Nobody"):
        with pytest.raises(TooManyTriesError, match=r"for (30|2\d) s"):
            house.web.call("session.login", name=name, passphrase=PASSPHRASE)
    assert house.said("login") == ["claimed", *["wrong"] * 5, "rest"]
    house.stop()
    house.start()
    with pytest.raises(TooManyTriesError, match=r"for (30|2\d) s"):
        house.web.call("session.login", name="Olga", passphrase=PASSPHRASE)
    house.later(31)
    with pytest.raises(WrongPassphraseError):
        house.web.call("session.login", name="Olga", passphrase="not her passphrase")
    with pytest.raises(TooManyTriesError, match=r"for (60|5\d) s"):
        house.web.call("session.login", name="Olga", passphrase=PASSPHRASE)
    house.later(61)
    assert house.web.call("session.login", name="Olga", passphrase=PASSPHRASE)["role"] == "owner"
    with pytest.raises(WrongPassphraseError):  # and her own failures are forgotten
        house.web.call("session.login", name="Olga", passphrase="not her passphrase")


def test_strangers_who_try_do_not_keep_a_logged_in_owner_waiting(house: WebHouse) -> None:
    token = house.claimed()
    for _ in range(5):
        with pytest.raises(WrongPassphraseError):
            house.web.call("session.login", name="Olga", passphrase="not her passphrase")
    token = house.web.call("session.fresh", token=token, passphrase=PASSPHRASE)["token"]
    for _ in range(5):
        with pytest.raises(WrongPassphraseError):
            house.web.call("session.fresh", token=token, passphrase="not her passphrase")
    with pytest.raises(TooManyTriesError):
        house.web.call("session.fresh", token=token, passphrase=PASSPHRASE)


def test_a_right_one_is_no_failure(house: WebHouse) -> None:
    house.claimed()
    for _ in range(12):
        house.web.call("session.login", name="Olga", passphrase=PASSPHRASE)


# Sessions


def test_a_session_ends_by_logging_out_by_idleness_and_by_age(tmp_path: Path) -> None:
    house = WebHouse(tmp_path, kiosk=KioskSettings(session_idle=5, session_most=1))
    token = house.claimed()
    house.web.call("session.logout", token=token)
    assert who(house, token)["role"] == "nobody"
    assert house.web.call("session.logout", token=token) == {}
    token = house.web.call("session.login", name="Olga", passphrase=PASSPHRASE)["token"]
    for _ in range(3):
        house.later(90)
        assert who(house, token)["role"] == "owner"
    house.later(31)  # asking who one is does not count as doing something
    with pytest.raises(LoginNeededError):
        house.web.call("accounts.list", token=token)
    token = house.web.call("session.login", name="Olga", passphrase=PASSPHRASE)["token"]
    for _ in range(17):
        house.later(200)
        house.web.call("accounts.list", token=token)
    house.later(201)
    with pytest.raises(LoginNeededError):
        house.web.call("accounts.list", token=token)
    house.stop()


def test_a_restart_logs_everybody_out_and_logins_stay(house: WebHouse) -> None:
    token = house.claimed()
    house.stop()
    house.start()
    assert who(house, token) == {"role": "nobody", "name": "", "fresh": False, "claimed": True, "idle": None}
    assert house.web.call("session.login", name="Olga", passphrase=PASSPHRASE)["role"] == "owner"


def test_the_passphrase_counts_for_five_minutes(house: WebHouse) -> None:
    token = house.claimed()
    house.later(FRESH + 1)
    assert who(house, token)["fresh"] is False
    with pytest.raises(FreshNeededError):
        house.web.call("accounts.add", token=token, name="Hans", role="helper", passphrase=PASSPHRASE)
    old, token = token, house.web.call("session.fresh", token=token, passphrase=PASSPHRASE)["token"]
    assert who(house, old)["role"] == "nobody" and who(house, token)["fresh"] is True
    house.web.call("accounts.add", token=token, name="Hans", role="helper", passphrase=PASSPHRASE)
    house.daemon.sessions.stale(token)
    with pytest.raises(FreshNeededError):
        house.web.call("accounts.remove", token=token, name="Hans")


def test_logging_in_anew_ends_the_session_of_that_browser(house: WebHouse) -> None:
    old = house.claimed()
    new = house.web.call("session.login", name="Olga", passphrase=PASSPHRASE, token=old)["token"]
    assert new != old and who(house, old)["role"] == "nobody" and who(house, new)["role"] == "owner"


def test_the_other_sessions_are_seen_and_ended(house: WebHouse) -> None:
    first = house.claimed()
    second = house.web.call("session.login", name="Olga", passphrase=PASSPHRASE)["token"]
    seen = house.web.call("session.others", token=second)["sessions"]
    assert [one["this"] for one in seen] == [False, True] and abs(seen[0]["begun"] - time.time()) < 60
    assert house.web.call("session.end_others", token=second) == {"ended": 1}
    assert who(house, first)["role"] == "nobody" and who(house, second)["role"] == "owner"


@pytest.mark.parametrize("token", ["x", "\x00", "é" * 500, "' OR 1=1"])
def test_a_made_up_token_is_nobodys(house: WebHouse, token: str) -> None:
    assert who(house, token)["role"] == "nobody"
    with pytest.raises(LoginNeededError):
        house.web.call("accounts.list", token=token)


def test_a_token_that_is_no_text(house: WebHouse) -> None:
    with pytest.raises(UsageError, match="'token' is a text"):
        house.web.call("session.who", token=7)


# Logins


def test_an_owner_gives_and_takes_logins(house: WebHouse) -> None:
    tokens = house.everybody()
    rows = house.web.call("accounts.list", token=tokens["owner"])["accounts"]
    assert [(row["name"], row["role"], row["sessions"], row["you"]) for row in rows] == \
        [("Olga", "owner", 1, True), ("Hans", "helper", 1, False), ("Vera", "viewer", 1, False)]
    assert all(set(row) == {"name", "role", "added", "sessions", "you"} for row in rows)
    house.web.call("accounts.role", token=tokens["owner"], name="vera", role="helper")
    assert who(house, tokens["viewer"])["role"] == "helper"
    house.web.call("accounts.remove", token=tokens["owner"], name="Hans")
    assert who(house, tokens["helper"])["role"] == "nobody"
    with pytest.raises(WrongPassphraseError):
        house.web.call("session.login", name="Hans", passphrase=PASSPHRASE)
    assert house.said("pages") == ["account-added", "account-added", "account-role", "account-removed"]
    names = house.daemon.accounts.aliases()
    assert {names[str(entry.record.subject)] for entry in house.records("pages")} == {"Olga"}
    assert [entry.record.authority for entry in house.records("pages")] == ["owner"] * 4


def test_what_cannot_be_a_login(house: WebHouse) -> None:
    token = house.claimed()
    for arguments, error in (({"name": "olga", "role": "viewer"}, "already"), ({"name": "Hans", "role": "king"}, "a role is viewer"),
                             ({"name": "", "role": "viewer"}, "empty"), ({"name": "a/b", "role": "viewer"}, "path"),
                             ({"name": "x" * 1001, "role": "viewer"}, "at most"), ({"name": 7, "role": "viewer"}, "a text"),
                             ({"role": "viewer"}, "missing"), ({"name": "Hans", "role": "viewer", "id": "x"}, "no argument 'id'")):
        with pytest.raises((PeopleError, UsageError), match=error):
            house.web.call("accounts.add", token=token, passphrase=PASSPHRASE, **arguments)
    for passphrase in ("short", "aaaaaaaaaaaa", "hanshanshans 12", "x" * 257, "password1234"):
        with pytest.raises(UsageError, match="passphrase"):
            house.web.call("accounts.add", token=token, name="Hans", role="viewer", passphrase=passphrase)
    for number in range(31):
        house.daemon.accounts.add(f"Nr {number}", "viewer", PASSPHRASE)
    with pytest.raises(PeopleError, match="32 logins"):
        house.web.call("accounts.add", token=token, name="Hans", role="viewer", passphrase=PASSPHRASE)


def test_the_only_owner_stays(house: WebHouse) -> None:
    token = house.claimed()
    with pytest.raises(PeopleError, match="only owner"):
        house.web.call("accounts.remove", token=token, name="Olga")
    with pytest.raises(PeopleError, match="only owner"):
        house.web.call("accounts.role", token=token, name="Olga", role="viewer")
    house.web.call("accounts.add", token=token, name="Otto", role="owner", passphrase=PASSPHRASE)
    house.web.call("accounts.remove", token=token, name="Olga")
    assert who(house, token)["role"] == "nobody" and [login.name for login in house.daemon.accounts.all()] == ["Otto"]


def test_a_new_passphrase_ends_the_other_sessions(house: WebHouse) -> None:
    tokens = house.everybody()
    second = house.web.call("session.login", name="Vera", passphrase=PASSPHRASE)["token"]
    house.web.call("accounts.passphrase", token=second, passphrase="another four words then")
    assert who(house, tokens["viewer"])["role"] == "nobody" and who(house, second)["role"] == "viewer"
    with pytest.raises(WrongPassphraseError):
        house.web.call("session.login", name="Vera", passphrase=PASSPHRASE)
    house.web.call("session.login", name="Vera", passphrase="another four words then")
    for name in ("Olga", "Nobody"):
        with pytest.raises(ForbiddenError, match="only an owner"):
            house.web.call("accounts.passphrase", token=second, passphrase=PASSPHRASE, name=name)
    house.web.call("accounts.passphrase", token=tokens["owner"], passphrase="given by the owner 1", name="Vera")
    assert who(house, second)["role"] == "nobody"
    with pytest.raises(PeopleError, match="no login of that name"):
        house.web.call("accounts.passphrase", token=tokens["owner"], passphrase=PASSPHRASE, name="Nobody")


def test_an_owner_logs_others_out(house: WebHouse) -> None:
    tokens = house.everybody()
    assert house.web.call("accounts.logout", token=tokens["owner"], name="vera") == {"ended": 1}
    assert [who(house, tokens[role])["role"] for role in tokens] == ["owner", "helper", "nobody"]
    second = house.web.call("session.login", name="Olga", passphrase=PASSPHRASE)["token"]
    assert house.web.call("accounts.logout", token=tokens["owner"]) == {"ended": 2}
    assert who(house, second)["role"] == "nobody" and who(house, tokens["owner"])["role"] == "owner"
    with pytest.raises(PeopleError, match="no login of that name"):
        house.web.call("accounts.logout", token=tokens["owner"], name="Nobody")


def test_any_letters_make_a_passphrase(house: WebHouse) -> None:
    token = house.claimed()
    words = "très  Ünüsual 四个随机词语 🚪"
    house.web.call("accounts.add", token=token, name="王伟", role="viewer", passphrase=words)
    import unicodedata

    assert house.web.call("session.login", name="王伟", passphrase=unicodedata.normalize("NFD", words))["name"] == "王伟"
    with pytest.raises(WrongPassphraseError):
        house.web.call("session.login", name="王伟", passphrase=words.replace("  ", " "))


# The console


def test_a_reset_removes_all_logins_and_says_so(house: WebHouse) -> None:
    tokens = house.everybody()
    for _ in range(5):
        with pytest.raises(WrongPassphraseError):
            house.web.call("session.login", name="Olga", passphrase="forgotten")
    answer = house.control.call("owner.reset")
    assert answer["removed"] == 3 and answer["seconds"] == 3600
    assert {who(house, token)["role"] for token in tokens.values()} == {"nobody"} and who(house)["claimed"] is False
    made = house.web.call("session.claim", code=answer["code"], name="Olga", passphrase="new words for the door")
    assert made["role"] == "owner"
    assert "reset" in house.said("login")
    assert [entry.record.details["logins"] for entry in house.records("login") if entry.record.details["what"] == "reset"] == [3]


def test_a_spoilt_record_lets_nobody_in_and_a_reset_mends_it(house: WebHouse) -> None:
    house.claimed()
    house.daemon.books(lambda books: books.keep(KIND, {"accounts": [{"role": "owner"}]}))
    house.stop()
    house.start()
    with pytest.raises(AccessError, match="owner reset"):
        house.web.call("session.login", name="Olga", passphrase=PASSPHRASE)
    answer = house.control.call("owner.reset")
    assert house.web.call("session.claim", code=answer["code"], name="Olga", passphrase=PASSPHRASE)["role"] == "owner"


def test_another_store_under_a_running_daemon(house: WebHouse) -> None:
    token = house.claimed()
    house.daemon.books(lambda books: books.keep(KIND, {"accounts": []}))
    assert who(house, token)["claimed"] is True
    house.daemon.accounts.reread()
    assert who(house, token) == {"role": "nobody", "name": "", "fresh": False, "claimed": False, "idle": None}


# What is nowhere


def test_nothing_of_a_login_is_logged_or_lies_open(house: WebHouse, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = house.everybody()
    with pytest.raises(WrongPassphraseError):
        house.web.call("session.login", name="Vera", passphrase="a very wrong one")
    with pytest.raises(ForbiddenError):
        house.web.call("accounts.list", token=tokens["viewer"])
    house.control.call("owner.reset")
    house.records()
    said = caplog.text + repr(house.daemon.accounts._held) + str(house.control.call("status"))
    raw = b"".join(path.read_bytes() for path in house.folder.rglob("*") if path.is_file())
    for secret in (*tokens.values(), PASSPHRASE, "a very wrong one", *NAMES.values()):
        assert secret not in said and secret.encode() not in raw
    assert "a login asked for more than it may" in caplog.text
    assert stat.S_IMODE((house.folder / "web" / "web.sock").stat().st_mode) == 0o660


def test_a_disk_that_takes_nothing_still_counts(house: WebHouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    house.claimed()

    def full(*given: object) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(house.daemon.accounts._rest, "_keep", full)
    for _ in range(5):
        with pytest.raises(WrongPassphraseError):
            house.web.call("session.login", name="Olga", passphrase="not her passphrase")
    with pytest.raises(TooManyTriesError):
        house.web.call("session.login", name="Olga", passphrase=PASSPHRASE)
    assert caplog.text.count("counted in memory only") == 1


def test_a_socket_that_cannot_be_made_does_not_keep_the_door_shut(tmp_path: Path) -> None:
    (tmp_path / "web").write_text("in the way")
    house = WebHouse(tmp_path, pages=False)
    assert "socket of the pages cannot be made" in house.control.call("status")["summary"]
    assert house.control.call("door.pulse")["seconds"] == 0.2
    house.stop()


def test_logins_outlive_a_new_device_key_and_travel_in_a_backup(house: WebHouse, tmp_path: Path) -> None:
    from edge_face.people.backup import back_up, restore
    from edge_face.people.rotation import rotate_key

    house.claimed()
    house.stop()
    rotate_key(house.folder)
    house.start()
    assert house.web.call("session.login", name="Olga", passphrase=PASSPHRASE)["role"] == "owner"
    back_up(house.folder, None, tmp_path / "door.backup", "a passphrase of the backup")
    (tmp_path / "other").mkdir()
    restore(tmp_path / "other", None, tmp_path / "door.backup", "a passphrase of the backup")
    other = WebHouse(tmp_path / "other")
    assert other.web.call("session.login", name="Olga", passphrase=PASSPHRASE)["role"] == "owner"
    with pytest.raises(WrongPassphraseError):
        other.web.call("session.login", name="Olga", passphrase="a passphrase of the backup")
    other.stop()
