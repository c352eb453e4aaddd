"""`edge-face codes` as somebody at a terminal meets it, without a daemon."""

from __future__ import annotations

import getpass
from pathlib import Path

import pytest
from people_cli import Shell

from edge_face.people import Consent, Given, Store
from edge_face.people.codes import CodeBook


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell(tmp_path, capsys, monkeypatch)
    with Store(made.store) as store:
        store.add("Ben", Consent(Given(1e9, "a test"), None), [], wall=1e9)
        store.add("Eve", Consent(Given(1e9, "a test"), None), [], wall=1e9)
    return made


def whose(shell: Shell, text: str, factor: str = "pin") -> str | None:
    with Store(shell.store) as store:
        found = CodeBook.build(store).look_up(text, factor).person
        return None if found is None else store.person(found).name


def typed(monkeypatch: pytest.MonkeyPatch, *texts: str) -> None:
    answers = iter(texts)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(answers))


def test_a_code_is_typed_twice_and_never_shown(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "481516", "481516")
    done = shell("codes", "add", "Ben", answers="")
    assert done.code == 0 and "481516" not in done.out + done.err and whose(shell, "481516") == "Ben"
    typed(monkeypatch, "907153", "907154")
    assert "differ" in shell("codes", "add", "Ben", answers="").err
    assert whose(shell, "481516") == "Ben"
    typed(monkeypatch, "481516")
    assert shell("codes", "test", "Ben", answers="").code == 0
    typed(monkeypatch, "481516")
    other = shell("codes", "test", "Eve", answers="")
    assert other.code == 1 and other.out == "that is not Eve's\n"


def test_a_code_from_a_pipe(shell: Shell) -> None:
    assert shell("codes", "add", "Ben", stdin="481516\n").code == 0
    assert whose(shell, "481516") == "Ben"
    taken = shell("codes", "add", "Eve", stdin="481516\n")
    assert taken.code == 1 and "Ben" not in taken.err and "481516" not in taken.err
    assert "tried first" in shell("codes", "add", "Eve", stdin="1234\n").err
    assert shell("codes", "add", "Eve").code == 2


def test_a_made_code_is_printed_alone(shell: Shell) -> None:
    done = shell("codes", "add", "Ben", "--generate")
    assert len(done.out.strip()) == 6 and whose(shell, done.out.strip()) == "Ben"
    assert len(shell("codes", "add", "Ben", "--generate", "8", "--json").json["pin"]) == 8
    assert shell("codes", "add", "Ben", "--generate", "3").code == 1


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
                                   ["steal", "Ben"]])
def test_wrong_use(shell: Shell, wrong: list[str]) -> None:
    assert shell("codes", *wrong).code == 2
