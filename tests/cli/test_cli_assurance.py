"""`edge-face people assure`, `edge-face schedule assurance`, and enrolling somebody under 16."""

from __future__ import annotations

from pathlib import Path

import pytest
from people_cli import Shell

from edge_face.access.clock_trust import ClockSigns
from edge_face.access.rights import Rights
from edge_face.demo import stills
from edge_face.people import Consent, Given, Store
from edge_face.people.access_records import rights_from_store

GIVEN = Given(1_700_000_000.0, "asked in a test")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setattr("edge_face.clock_sources.read_signs", lambda: ClockSigns(kernel=True))
    shell = Shell(tmp_path, capsys, monkeypatch)
    with Store(shell.store) as store:
        store.add("Ben", Consent(GIVEN, None), wall=GIVEN.wall)
    return shell


def rights(run: Shell) -> list[Rights]:
    with Store(run.store, read_only=True) as store:
        return list(rights_from_store(store)[0].values())


def test_what_is_asked_of_ben(run: Shell) -> None:
    assert run("people", "assure", "Ben").out == "Ben: what the door asks of everybody\n"
    done = run("people", "assure", "ben", "face+code", "--challenge", "left, up", "--release", "45")
    assert done.code == 0
    assert done.out.startswith("Ben: face+code; a challenge of left, up; the door stays released for 45 s\n  face+code: a code, and the")
    assert 'warning: "face+code" asks for a code, and no keypad is fitted' in done.err
    assert "never released for longer than 30 s" in done.err
    assert rights(run) == [Rights(assurance="face+code", actions=("left", "up"), release=45.0)]
    assert "  asked for    face+code; a challenge of left, up" in run("people", "show", "Ben").out
    assert "Ben: at any time; face+code; a challenge of left, up" in run("schedule", "show").out
    asked = run("schedule", "test", "Ben").out
    assert "  asked for    face+code: a code, and the face of the very person whose it is (the owner chose it for this person)\n" in asked
    assert run("people", "assure", "Ben", "door", "--challenge", "any", "--release", "any", "--json").json["own"]["assurance"] == ""
    assert rights(run) == []


def test_somebody_under_16(run: Shell) -> None:
    done = run("people", "assure", "Ben", "--under-16", "--guardian", "his mother, on paper")
    assert done.out == "Ben: under 16, a guardian agreed (his mother, on paper)\n" and "no keypad is fitted" in done.err
    assert "face+code" in run("schedule", "test", "Ben").out
    assert run("people", "assure", "Ben", "--adult").out == "Ben: what the door asks of everybody\n"


@pytest.mark.parametrize(("words", "code", "said"), [
    ("people assure Anna face", 1, "nobody named 'Anna'"),
    ("people assure Ben eyes", 1, "'eyes' is no assurance: there is face, card"),
    ("people assure Ben --challenge left", 1, "two different actions or more"),
    ("people assure Ben --challenge blink,nearer", 1, "gets another assurance, as code or card"),
    ("people assure Ben --release long", 2, "--release long: a number of seconds"),
    ("people assure Ben --release 1000", 1, "0.2 to 300 seconds"),
    ("people assure Ben --release nan", 1, "0.2 to 300 seconds"),
    ("people assure Ben --under-16", 1, "needs a guardian's consent"),
    ("people assure Ben --adult --guardian x", 2, "goes with --under-16"),
    ("people assure Ben --adult --under-16 --guardian x", 2, "not allowed with"),
    ("schedule assurance eyes always", 1, "'eyes' is no assurance"),
    ("schedule assurance face", 2, "at which hours? edge-face schedule assurance face Mo-Fr"),
    ("schedule assurance face Mu 08:00-09:00", 1, "'Mu' is no day"),
    ("enroll Zoe --under-16", 2, "go together"),
    ("enroll Zoe --guardian x", 2, "go together"),
    ("enroll Zoe --under-16 --guardian=", 2, "go together")])
def test_bad_words_are_one_sentence(run: Shell, words: str, code: int, said: str) -> None:
    done = run(*words.split())
    assert done.code == code and said in done.err and rights(run) == []


def test_levels_in_hours_of_their_own(run: Shell) -> None:
    done = run("schedule", "assurance", "face", "Mo-Fr", "08:00-18:00")
    assert done.out == ("Mo-Fr 08:00-18:00: face, a good photo or screen may open the door: passive detection is all that stands against "
                        "it\n") and done.err == ""
    assert "no reader is fitted" in run("schedule", "assurance", "face+card", "always").err
    listed = run("schedule", "assurance").out
    assert listed.startswith("asked for now: face")
    assert "  Mo-Fr 08:00-18:00: face\n" in listed and "  daily 00:00-24:00: face+card\n" in listed
    assert "  Mo-Fr 08:00-18:00: face\n" in run("schedule", "show").out
    assert run("schedule", "assurance", "face", "never").out == "no hours have face any more\n"
    assert run("schedule", "assurance", "--json").json["hours"] == {"face+card": "daily 00:00-24:00"}


def test_enrolling_a_child(run: Shell) -> None:
    pictures = str(stills("ben")[0].parent)
    done = run("enroll", "Zoe", "--images", pictures, "--consent", "recognise", "--under-16", "--guardian", "her mother")
    assert done.code == 0, done.err
    assert rights(run) == [Rights(minor=True, guardian="her mother")]
