"""`edge-face schedule` and `edge-face clock`."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from people_cli import Shell

from edge_face.access.clock_trust import ClockSigns
from edge_face.access.hours import windows_from
from edge_face.build_date import BUILD_DATE
from edge_face.cli.schedule_page import day_cells, week
from edge_face.people import Consent, Given, Store

GIVEN = Given(1_700_000_000.0, "asked in a test")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A house with Ben and office hours, in Zurich; nothing confirms the clock."""
    monkeypatch.setattr("edge_face.clock_sources.read_signs", ClockSigns)
    monkeypatch.setattr("edge_face.clock_sources.boot_id", lambda: "this boot")
    shell = Shell(tmp_path, capsys, monkeypatch)
    with shell.config.open("a", encoding="utf-8") as config:
        config.write('[access]\ntimezone = "Europe/Zurich"\n')
    with Store(shell.store) as store:
        store.add("Ben", Consent(GIVEN, None), wall=GIVEN.wall)
    assert shell("schedule", "set", "office", "Mo-Fr", "08:00-18:00,", "Sa", "09:00-12:00").out == \
        "office: Mo-Fr 08:00-18:00, Sa 09:00-12:00; on holidays never\n"
    return shell


def test_hours_are_set_in_both_ways_and_shown(run: Shell) -> None:
    assert run("schedule", "set", "night = Fr-Su 22:00-06:00").code == 0
    assert "daily 10:00-12:00" in run("schedule", "set", "office", "--on-holidays", "10:00-12:00").out
    assert run("schedule", "group", "staff", "office", "night").code == 0
    assert "(10 days) winter break" in run("schedule", "holiday", "2026-12-24", "2027-01-02", "--name", "winter break").out
    assert "no holiday any more: 2026-12-31" in run("schedule", "holiday", "2026-12-31", "--remove").out
    assert run("schedule", "hold-open", "Mo-Fr", "09:00-11:30").code == 0
    done = run("schedule", "show")
    assert done.code == 0 and "times are those of Europe/Zurich" in done.out
    rows = {line.split("  ")[0]: line.split() for line in done.out.splitlines() if line and not line.startswith(" ")}
    assert rows["office"] == ["office", *["08:00-18:00"] * 5, "09:00-12:00", "-"]
    assert rows["night"] == ["night", "-", "-", "-", "-", *["22:00-06:00+"] * 3]
    assert "2026-12-24 to 2026-12-30  winter break\n" in done.out and "2027-01-01 to 2027-01-02  winter break\n" in done.out
    assert run("schedule", "show", "--json").json["hold_open"] == "Mo-Fr 09:00-11:30"
    assert "never stands open" in run("schedule", "hold-open", "never").out


def test_a_table_of_the_week() -> None:
    windows = windows_from("Mo-We 13:00-17:00, Mo 08:00-12:00, Th 00:00-24:00, Su 20:00-20:00")
    assert [day_cells(windows, day) for day in (0, 1, 3, 4, 6)] == [
        ["08:00-12:00", "13:00-17:00"], ["13:00-17:00"], ["all day"], ["-"], ["20:00-20:00+"]]
    assert list(week({"shop": "Mo 08:00-12:00 13:00-17:00"})) == [
        "      Mo           Tu  We  Th  Fr  Sa  Su", "shop  08:00-12:00  -   -   -   -   -   -", "      13:00-17:00"]


def test_limits_of_a_person(run: Shell) -> None:
    assert run("schedule", "person", "Ben").out == "Ben may enter: at any time\n"
    done = run("schedule", "person", "ben", "--schedule", "office", "--until", "2030-12-31")
    assert done.out == "Ben may enter: within office, until the end of 2030-12-31\n"
    assert "nobody with such limits is let in now" in done.err and "clock set" in done.err
    assert "Ben: within office" in run("schedule", "show").out
    assert run("schedule", "person", "Ben", "--since", "2026-12-01 08:00", "--schedule", "any").out == \
        "Ben may enter: since 2026-12-01 08:00, until the end of 2030-12-31\n"
    assert run("schedule", "person", "Ben", "--unlimited", "--json").json["limits"]["until"] is None


def test_may_ben_enter(run: Shell) -> None:
    run("schedule", "person", "Ben", "--schedule", "office")
    done = run("schedule", "test", "Ben", "--at", "2026-12-24 17:30")
    assert done.code == 0 and done.out.startswith("Ben may enter at 2026-12-24 17:30: within the hours of 'office'\n")
    done = run("schedule", "test", "Ben", "--at", "2026-12-24 18:00")
    assert done.code == 1 and "may not enter" in done.out and "outside the hours" in done.out
    done = run("schedule", "test", "Ben")
    assert done.code == 1 and "not to be believed" in done.out
    run("people", "suspend", "Ben")
    assert "suspended" in run("schedule", "test", "Ben", "--at", "2026-12-24 17:30").out


def test_a_visitor(run: Shell) -> None:
    done = run("schedule", "visitor", "add", "plumber", "--since", "2029-12-01 08:00", "--until", "2029-12-01 18:00")
    pin = done.out.strip()
    assert done.code == 0 and len(pin) == 3 + 6 and pin.isdigit() and "shown only now" in done.err and "1 of 1 entry left" in done.err
    assert pin not in run("schedule", "show").out and "plumber" in run("schedule", "show").out
    assert run("schedule", "test", "plumber", "--at", "2029-12-01 17:59").code == 0
    assert "not valid any more" in run("schedule", "test", "plumber", "--at", "2029-12-01 18:00").out
    made = run("schedule", "visitor", "add", "Anna", "--uses", "any", "--json").json
    assert made["limits"]["uses"] is None and 6.9 < (made["limits"]["until"] - time.time()) / 86_400 <= 7
    assert run("schedule", "visitor", "add", "Otto", "--until", "any", "--json").json["limits"]["until"] is None
    assert "opens nothing any more" in run("schedule", "visitor", "remove", "PLUMBER").out
    done = run("schedule", "visitor", "clear")
    assert done.code == 1 and "cannot be told" in done.err
    run("clock", "set")
    assert run("schedule", "visitor", "clear").out == "0 visitors removed\n"


@pytest.mark.parametrize(("words", "code", "said"), [
    ("person Anna", 1, "nobody named 'Anna'"),
    ("test Anna", 1, "nobody named 'Anna'"),
    ("test Ben --at 25:00", 1, "is no time"),
    ("set late Mo 22:00-25:00", 1, "'25:00'"),
    ("set late", 2, "at which hours?"),
    ("set late Mu 08:00-09:00", 1, "'Mu' is no day"),
    ("set = Mo 08:00-09:00", 2, "a name and hours"),
    ("set any always", 1, "something else"),
    ("person Ben --schedule late", 1, "there is office"),
    ("person Ben --since 2027-01-05 --until 2027-01-01", 1, "not after the beginning"),
    ("person Ben --unlimited --until any", 2, "nothing else"),
    ("person Ben --schedule any --schedule office", 2, "no other name"),
    ("group g late", 1, "no schedule 'late'"),
    ("remove late", 1, "no schedule"),
    ("holiday 2026-02-30", 1, "no date"),
    ("holiday 2026-12-25 2026-12-24", 1, "first day comes first"),
    ("holiday 25.12.2026", 1, "2026-12-24"),
    ("holiday 2026-12-25 --remove", 1, "is no holiday"),
    ("holiday 2026-12-25 --remove --name x", 2, "--name"),
    ("visitor add x --uses 0", 2, "--uses 0"),
    ("visitor add x --uses many", 2, "--uses many"),
    ("visitor add x --digits 2", 1, "digits"),
    ("visitor add x --until 2020-01-01 --since now", 1, "not after"),
    ("visitor remove x", 1, "no visitor 'x'"),
    ("reset", 1, "not damaged"),
    ("hold-open 08:00-09:00", 1, "on which days"),
    ("visitor", 2, ""),
    ("", 2, ""),
])
def test_wrong_use(run: Shell, words: str, code: int, said: str) -> None:
    before = run("schedule", "show", "--json").json
    done = run("schedule", *words.split())
    assert done.code == code and said in done.err and "Traceback" not in done.err
    after = run("schedule", "show", "--json").json
    assert {**after, "clock": 0} == {**before, "clock": 0}


def test_a_zone_that_nobody_knows(run: Shell) -> None:
    run.config.write_text(run.config.read_text().replace("Europe/Zurich", "Europe/Atlantis"))
    for words in (("schedule", "test", "Ben", "--at", "2026-12-24"), ("clock", "show")):
        done = run(*words)
        assert done.code in (1, 2) and "Europe/Atlantis" in done.err


def test_a_store_that_is_not_there(run: Shell, tmp_path: Path) -> None:
    run.config.write_text(run.config.read_text().replace(str(run.store), str(tmp_path / "elsewhere")))
    for words in (("schedule", "show"), ("schedule", "person", "Ben"), ("schedule", "visitor", "remove", "x"), ("clock", "set")):
        done = run(*words)
        assert done.code == 1 and "no people store" in done.err and not (tmp_path / "elsewhere").exists()
    assert run("schedule", "set", "office", "always").code == 0  # a door with codes only begins here


def test_the_clock(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run("clock", "show")
    assert done.code == 1 and "believed     no: nobody has confirmed" in done.out and "sudo edge-face clock set" in done.out
    done = run("clock", "set")
    assert done.code == 0 and "believed     yes: set by the owner" in done.out
    assert run("clock", "show", "--json").json["trusted"] is True


def test_setting_the_clock(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def refuse(clock: int, wall: float) -> None:
        asked.append(wall)
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("time.clock_settime", refuse)
    done = run("clock", "set", "2030-01-01 12:00")
    assert done.code == 1 and "use sudo" in done.err and asked == [1_893_495_600.0]
    assert run("clock", "show").code == 1  # nothing was confirmed
    for words, said in ((("2020-01-01",), "before this version"), (("25:00",), "is no time"), (("soon",), "is no time")):
        done = run("clock", "set", *words)
        assert done.code == 1 and said in done.err
    assert len(asked) == 1

    def accept(clock: int, wall: float) -> None:
        asked.append(wall)

    monkeypatch.setattr("time.clock_settime", accept)
    done = run("clock", "set", "now")
    assert done.code == 0 and "set by the owner" in done.out and len(asked) == 2


def test_a_clock_that_was_never_set_is_not_confirmed(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: BUILD_DATE - 1e6)
    done = run("clock", "set")
    assert done.code == 1 and "before this version" in done.err
    done = run("schedule", "visitor", "add", "x")
    assert done.code == 1 and "never set" in done.err
