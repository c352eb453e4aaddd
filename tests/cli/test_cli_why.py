"""`edge-face why` on a store without a daemon."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from edge_face.access import Authority, Decision, Kind, Reason
from edge_face.cli.main import main
from edge_face.people import Consent, Given, Store
from edge_face.service.books import StoreBooks, open_books
from edge_face.settings import Settings, StoreSettings


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "door.toml").write_text(f'[store]\nfolder = "{tmp_path / "store"}"\n')
    return str(tmp_path / "door.toml")


@pytest.fixture
def books(tmp_path: Path) -> StoreBooks:
    return open_books(Settings(store=StoreSettings(folder=str(tmp_path / "store"))))


def decision(kind: Kind, person: str | None, *reasons: Reason, seconds: float = 0.0) -> Decision:
    return Decision(kind, 12.5, 1_790_000_000.0, reasons, person, 4, seconds)


UNKNOWN = Reason("unknown", "nobody is similar enough: best score 0.301, 0.670 needed", {"score": 0.301, "nearest": None})
MATCHED = Reason("matched", "score 0.856, 0.670 needed", {"score": 0.856, "threshold": 0.67, "odd": float("nan")})
VOTES = Reason("votes", "5 of the last 5 good frames agree", {"failing": ("light", "pose")})


def test_a_grant_and_a_refusal_in_words(books: StoreBooks, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    given = Given(1.0, "test")
    zoe = books.store.add("Zoë", Consent(given, given), wall=1.0).id
    books.write(decision(Kind.DENY, None, UNKNOWN, VOTES))
    books.write(decision(Kind.GRANT, zoe, VOTES, MATCHED, seconds=3.0))
    books.write(decision(Kind.REST_OVER, None, Reason("rest-over", "the rest is over", {})))
    books.write(Decision(Kind.OWNER, 13.5, 1_790_000_001.0, (), seconds=2.5, authority=Authority.OWNER))
    books.close()

    assert main(["why", "--config", config]) == 0
    assert capsys.readouterr().out == ("event 2, 2026-09-21 14:13:20: Zoë: let in, released for 3 s\n"
                                       "  - 5 of the last 5 good frames agree\n  - score 0.856, 0.670 needed\n")
    assert main(["why", "1", "--config", config]) == 0
    assert capsys.readouterr().out.startswith("event 1, 2026-09-21 14:13:20: not let in\n  - nobody is similar enough: best score 0.301")
    assert main(["why", "4", "--config", config]) == 0
    assert capsys.readouterr().out == ("event 4, 2026-09-21 14:13:21: released by the owner, released for 2.5 s\n"
                                       "  - on the authority of: owner\n")
    assert main(["why", "--last", "3", "--config", config]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "3", "4"]
    assert "let in" in lines[0] and "Zoë" in lines[0] and "score 0.856" in lines[0] and "the rest is over" in lines[1]
    assert main(["why", "2", "--json", "--config", config]) == 0
    event = json.loads(capsys.readouterr().out)
    assert event["person"] == zoe and event["name"] == "Zoë" and event["kind"] == "grant" and event["track"] == 4
    assert event["reasons"][1]["values"] == {"score": 0.856, "threshold": 0.67, "odd": None}


def test_who_was_forgotten_is_not_named(books: StoreBooks, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    zoe = books.store.add("Zoë", Consent(), wall=1.0).id
    books.write(decision(Kind.GRANT, zoe, MATCHED, seconds=3.0))
    books.store.forget(zoe, wall=2.0)
    books.close()
    assert main(["why", "--config", config]) == 0
    told = capsys.readouterr().out
    assert "somebody who has been forgotten" in told and "Zoë" not in told and zoe not in told


@pytest.mark.parametrize(("options", "code", "words"), [
    (["99"], 2, "there is no event 99"), (["--last", "0"], 2, "between 1 and 1000"), (["1", "--last", "3"], 2, "either one EVENT"),
    ([], 2, "nobody has come to this door yet"), (["-5"], 2, ""), (["x"], 2, "invalid int value"), ([str(10**30)], 2, "there is no event")])
def test_what_cannot_be_explained(books: StoreBooks, config: str, capsys: pytest.CaptureFixture[str], options: list[str],
                                  code: int, words: str) -> None:
    books.close()
    assert main(["why", *options, "--config", config]) == code
    assert words in capsys.readouterr().err


def test_nothing_happened_yet(books: StoreBooks, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    books.close()
    assert main(["why", "--last", "5", "--config", config]) == 0
    assert capsys.readouterr().out == "nothing has happened at this door yet\n"


def test_without_a_store(tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["why", "--config", config]) == 1
    assert "no people store" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


def test_old_events_are_tidied_away(books: StoreBooks) -> None:
    books.write(decision(Kind.DENY, None, UNKNOWN))
    books.tidy(1_790_000_000.0 + 89 * 86_400)
    assert len(books.events(10)) == 1
    books.tidy(1_790_000_000.0 + 91 * 86_400)
    assert books.events(10) == []
    assert isinstance(books.store, Store)
    books.close()
