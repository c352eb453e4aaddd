"""`edge-face codes` as somebody at a terminal meets it, without a daemon."""

from __future__ import annotations

import getpass
import re
import time
from pathlib import Path

import pytest
from people_cli import Shell

from edge_face.people import Consent, Given, Store
from edge_face.people.codes import CodeBook
from edge_face.people.totp import hotp


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell(tmp_path, capsys, monkeypatch)
    with Store(made.store) as store:
        store.add("Ben", Consent(Given(1e9, "a test"), None), [], wall=1e9)
        store.add("Eve", Consent(Given(1e9, "a test"), None), [], wall=1e9)
    return made


def whose(shell: Shell, text: str, factor: str = "pin") -> str | None:
    """Of a person; what is keyed is the number, then the PIN."""
    with Store(shell.store) as store:
        found = CodeBook.build(store).look_up(text, factor).person
        return None if found is None else store.person(found).name


def number(shell: Shell, who: str) -> str:
    return next(str(row["number"]) for row in shell("codes", "list", "--json").json["codes"] if row["name"] == who)


def typed(monkeypatch: pytest.MonkeyPatch, *texts: str) -> None:
    answers = iter(texts)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(answers))


def test_a_pin_is_typed_twice_and_never_shown(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "990937", "990937")
    done = shell("codes", "add", "Ben", answers="")
    ben = number(shell, "Ben")
    assert done.code == 0 and "990937" not in done.out + done.err and ben in done.out and whose(shell, ben + "990937") == "Ben"
    typed(monkeypatch, "990952", "990953")
    assert "differ" in shell("codes", "add", "Ben", answers="").err
    assert whose(shell, ben + "990937") == "Ben"
    typed(monkeypatch, "990937")
    assert shell("codes", "test", "Ben", answers="").code == 0
    typed(monkeypatch, "990937")
    other = shell("codes", "test", "Eve", answers="")
    assert other.code == 1 and other.out == "that is not Eve's\n"


def test_a_pin_from_a_pipe(shell: Shell) -> None:
    assert shell("codes", "add", "Ben", stdin="990937\n").code == 0
    assert shell("codes", "add", "Eve", stdin="990937\n").code == 0, "two may have one PIN, and nobody learns of it"
    assert whose(shell, number(shell, "Eve") + "990937") == "Eve"
    assert "tried first" in shell("codes", "add", "Eve", stdin="123456\n").err
    assert "6 to 12 digits" in shell("codes", "add", "Eve", stdin="4815\n").err
    assert shell("codes", "add", "Eve").code == 2


def test_a_made_pin_is_printed_alone_after_the_number(shell: Shell) -> None:
    done = shell("codes", "add", "Ben", "--generate")
    ben, pin = done.out.split()
    assert len(pin) == 6 and ben == number(shell, "Ben") and whose(shell, ben + pin) == "Ben"
    assert len(shell("codes", "add", "Ben", "--generate", "8", "--json").json["pin"]) == 8
    assert shell("codes", "add", "Ben", "--generate", "5").code == 1


def test_the_code_for_being_forced(shell: Shell) -> None:
    assert "no PIN yet" in shell("codes", "add", "Ben", "--duress", stdin="990952\n").err
    shell("codes", "add", "Ben", stdin="990937\n")
    before = shell("codes", "list").out
    done = shell("codes", "add", "Ben", "--duress", stdin="990952\n")
    assert done.code == 0 and "duress" in done.out and "990952" not in done.out and shell("codes", "list").out == before
    assert whose(shell, number(shell, "Ben") + "990952") == "Ben"
    assert shell("codes", "remove", "Ben", "duress").code == 0 and whose(shell, number(shell, "Ben") + "990952") is None


def test_an_authenticator_app(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "ben.html"
    monkeypatch.setattr("edge_face.people.totp.secrets.token_bytes", lambda size: b"12345678901234567890"[:size])

    def now() -> str:
        return hotp(b"12345678901234567890", int(time.time() // 30))

    unfinished = shell("codes", "add", "Ben", "--totp", "--page", str(page))
    assert unfinished.code == 2 and "codes confirm 'Ben'" in unfinished.err and "otpauth://totp/edge-face:Ben?secret=GEZD" in unfinished.out
    assert "waits for its first code" in shell("codes", "list").out
    wrong = shell("codes", "confirm", "Ben", stdin="000000x\n")
    assert wrong.code == 1 and "clocks of the door and the phone" in wrong.err
    assert shell("codes", "confirm", "Ben", stdin=now() + "\n").code == 0
    text = page.read_text(encoding="utf-8")
    assert page.stat().st_mode & 0o777 == 0o600 and "<svg" in text
    assert "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" in text and number(shell, "Ben") in text
    assert not re.search(r"(src|href|@import|url\()", text), "nothing is loaded from anywhere"
    drawn = shell("codes", "add", "Eve", "--totp", stdin=now() + "\n")
    assert drawn.code == 0 and "\u2588" in drawn.out and "Eve has an authenticator app" in drawn.out
    asked = shell("codes", "add", "Ben", "--totp", "--json").json
    assert asked["uri"].startswith("otpauth://") and asked["what"] == "totp"


def test_a_visitors_code_and_its_page(shell: Shell, tmp_path: Path) -> None:
    page = tmp_path / "plumber.html"
    done = shell("codes", "new", "--for", "<plumber>", "--until", "+2h", "--uses", "1", "--page", str(page))
    assert done.code == 0 and "shown only now" in done.err
    keyed, pin = done.out.split()
    with Store(shell.store) as store:
        assert CodeBook.build(store).look_up(keyed + pin, "pin").factor == "visitor"
    text = page.read_text(encoding="utf-8")
    assert keyed in text and pin in text and "&lt;plumber&gt;" in text and "<plumber>" not in text and "1 of 1" in text
    assert "visitor" in shell("codes", "list").out and pin not in shell("codes", "list").out
    again = shell("codes", "new", "--for", "postman", "--until", "+2h", "--page", str(page))
    assert again.code == 2 and "there already" in again.err and "postman" not in shell("codes", "list").out
    failed = shell("codes", "new", "--for", "<plumber>", "--until", "+2h", "--page", str(tmp_path / "other.html"))
    assert failed.code == 1 and not (tmp_path / "other.html").exists(), "no empty page is left"
    assert shell("codes", "new", "--for", "x", "--until", "+2h", "--page", "/proc/none/x.html").code == 2
    later = shell("codes", "new", "--for", "gardener", "--until", "2099-12-24", "--from", "2099-12-01", "--digits", "8", "--json")
    assert later.json["limits"]["uses"] is None and len(later.json["pin"]) == 11


def test_codes_of_an_earlier_version_are_named(shell: Shell) -> None:
    with Store(shell.store) as store:
        store.put_record("code", {"tag": "0" * 32, "added": 1e9}, store.find("Ben").id, "pin")
        store.put_record("visitor", {"label": "plumber", "rights": {}, "code": "1" * 32, "created": 1e9}, name="00112233445566aa")
    lines = shell("codes", "list").out.splitlines()
    assert "Ben  of an earlier version, opens nothing: add it anew" in lines[0] and "make a new visitor" in lines[1]


def test_cards_and_the_list(shell: Shell) -> None:
    assert "card:1" in shell("codes", "add", "Ben", "--card", "0077").out
    assert shell("codes", "add", "Eve", "--card", "-", stdin="78\n").code == 0
    shown = shell("codes", "list")
    assert [line.split()[-1] for line in shown.out.splitlines()] == ["Ben", "Eve"] and "77" not in shown.out
    assert [row["what"] for row in shell("codes", "list", "--json").json["codes"]] == ["card:1", "card:1"]
    assert whose(shell, "77", "card") == "Ben"
    assert "nothing any more" in shell("codes", "remove", "Ben", "card:1").out
    assert whose(shell, "77", "card") is None
    assert shell("codes", "remove", "Ben", "pin").code == 1


def test_a_card_at_the_reader_needs_the_door(shell: Shell) -> None:
    done = shell("codes", "add", "Ben", "--present")
    assert done.code == 1 and "running door" in done.err


def test_a_wrong_folder_stays_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell(tmp_path, capsys, monkeypatch)
    for arguments in (["list"], ["add", "Ben", "--generate"], ["remove", "Ben", "pin"]):
        done = shell("codes", *arguments)
        assert done.code == 1 and done.err.count("\n") == 1
    assert not shell.store.exists()


@pytest.mark.parametrize("wrong", [["add"], ["add", "Ben", "--generate", "--card", "5"], ["add", "Ben", "--generate", "many"],
                                   ["add", "Ben", "--totp", "--duress"], ["new", "--for", "x"], ["new", "--until", "+2h"],
                                   ["add", "Ben", "--card", "5", "--page", "x.html"],
                                   ["new", "--for", "x", "--until", "+2h", "--uses", "0"],
                                   ["steal", "Ben"]])
def test_wrong_use(shell: Shell, wrong: list[str]) -> None:
    assert shell("codes", *wrong).code == 2
