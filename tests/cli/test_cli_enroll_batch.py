"""`edge-face enroll --batch`: a list of many people, with the shipped models on bundled pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from people_cli import Outcome, Shell

from edge_face.demo import stills


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, capsys, monkeypatch)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    for name in ("ben", "efua", "chidi"):
        (root / name).mkdir(parents=True)
        for path in stills(name)[:4]:
            shutil.copy(path, root / name)
    return root


def batch(run: Shell, photos: Path, text: str, *more: str) -> Outcome:
    (run.folder / "people.csv").write_text(text, encoding="utf-8")
    return run("enroll", "--batch", str(run.folder / "people.csv"), "--images", str(photos), *more)


def states(run: Shell) -> dict[str, str]:
    return {person["name"]: person["state"] for person in run("people", "list", "--json").json["people"]}


def test_who_agreed_is_known_and_who_was_not_asked_waits(run: Shell, photos: Path) -> None:
    done = batch(run, photos, "name,folder,consent,how\nBen,ben,recognise+show,on paper 2026-11-20\nEfua <b>,efua,,\nGone,gone,,\n")
    assert done.code == 1
    assert "1 of 3 are known to the door now, 1 wait for their consent, 0 were there already, 1 were left out" in done.out
    assert "left out Gone" in done.err
    assert states(run) == {"Ben": "active", "Efua <b>": "pending"}
    page = (run.folder / "people-report.html").read_text()
    assert (run.folder / "people-report.html").stat().st_mode & 0o077 == 0
    assert "Efua &lt;b&gt;" in page and "<b>" not in page and "<script" not in page
    assert "Waiting for their consent (1)" in page and "Left out (1)" in page
    ben = next(person for person in run("people", "list", "--json").json["people"] if person["name"] == "Ben")
    assert ben["consent"]["show"]["how"] == "on paper 2026-11-20"


def test_a_list_run_again_records_the_consent_that_was_filled_in(run: Shell, photos: Path) -> None:
    batch(run, photos, "name;folder;consent;how\nBen;ben;;\nEfua;efua;;\n")
    assert states(run) == {"Ben": "pending", "Efua": "pending"}
    done = batch(run, photos, "\ufeffname;folder;consent;how\nBen;ben;recognise;on paper\nEfua;efua;;\n", "--json")
    assert done.code == 0, done.err
    assert [row["what"] for row in done.json["people"]] == ["agreed", "there"]
    assert states(run) == {"Ben": "active", "Efua": "pending"}


def test_a_consent_given_on_the_command_line_counts_too(run: Shell, photos: Path) -> None:
    batch(run, photos, "name\nefua\n")
    run("people", "consent", "efua", "--give", "recognise")
    assert states(run) == {"efua": "active"}


def test_one_face_under_two_names_is_left_out(run: Shell, photos: Path) -> None:
    shutil.copytree(photos / "ben", photos / "again")
    done = batch(run, photos, "name,folder\nBen,ben\nBenjamin,again\n")
    assert done.code == 1
    assert "looks like 'Ben', who is enrolled already" in done.err
    assert states(run) == {"Ben": "pending"}


@pytest.mark.parametrize(("text", "words"), [
    ("", "names the columns"),
    ("name\n", "names nobody"),
    ("names\nBen\n", "'names' is none of them"),
    ("folder\nben\n", "'name' is missing"),
    ("name,consent\nBen,recognise\n", "'how' says how and when"),
    ("name,consent,how\nBen,show,on paper\n", "a consent is empty"),
    ("name,consent,how\nBen,all,on paper\n", "a consent is empty"),
    ("name,folder\nBen,../../etc\n", "must lie in the folder"),
    ("name,folder\nBen,/etc\n", "must lie in the folder"),
    ("name\nBen\nBEN\n", "lines 2 and 3"),
    ("name,folder\nBen,ben,more\n", "line 2 has 3 columns"),
    ("name\n../x\n", "looks like a path"),
    ('name\n"Ben\n', "no CSV"),
])
def test_lists_that_cannot_be_meant_change_nothing(run: Shell, photos: Path, text: str, words: str) -> None:
    done = batch(run, photos, text)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert not run.store.exists()
    assert not (run.folder / "people-report.html").exists()


def test_a_list_in_another_encoding(run: Shell, photos: Path) -> None:
    (run.folder / "people.csv").write_bytes("name\nJürg\n".encode("latin-1"))
    done = run("enroll", "--batch", str(run.folder / "people.csv"), "--images", str(photos))
    assert done.code == 2 and "CSV UTF-8" in done.err


@pytest.mark.parametrize("options", [["Ben"], ["--again"], ["--consent", "recognise"], ["--keep-pictures"], ["--video", "x.mp4"]])
def test_options_that_do_not_go_with_a_list(run: Shell, photos: Path, options: list[str]) -> None:
    (run.folder / "people.csv").write_text("name\nben\n")
    images = [] if "--video" in options else ["--images", str(photos)]
    done = run("enroll", *options, "--batch", str(run.folder / "people.csv"), *images)
    assert done.code == 2 and "--batch goes with" in done.err


def test_a_list_needs_its_pictures_and_a_name_or_a_list_is_needed(run: Shell, tmp_path: Path) -> None:
    (run.folder / "people.csv").write_text("name\nben\n")
    assert "needs --images" in run("enroll", "--batch", str(run.folder / "people.csv")).err
    assert "is no folder" in run("enroll", "--batch", str(run.folder / "people.csv"), "--images", str(tmp_path / "none")).err
    assert "give the NAME" in run("enroll", "--images", str(tmp_path)).err
    assert "--report goes with --batch" in run("enroll", "Ben", "--report", "x.html").err
    assert "cannot be read" in run("enroll", "--batch", str(tmp_path / "gone.csv"), "--images", str(tmp_path)).err


def test_a_report_that_cannot_be_written_is_found_out_before_the_work(run: Shell, photos: Path) -> None:
    done = batch(run, photos, "name\nben\n", "--report", str(run.folder / "none" / "report.html"))
    assert done.code == 1 and "does not exist" in done.err
    assert not run.store.exists()
