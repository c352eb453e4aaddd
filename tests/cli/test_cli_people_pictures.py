"""`enroll --keep-pictures`, `people pictures` and `people re-enrol`, with the shipped models on bundled pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from people_cli import Shell

from edge_face.demo import stills
from edge_face.media import read_picture
from edge_face.people import Store

BEN, CHIDI = (str(stills(name)[0].parent) for name in ("ben", "chidi"))
KEEP = ("--consent", "recognise,pictures", "--keep-pictures")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, capsys, monkeypatch)


def test_pictures_are_kept_shown_written_out_and_erased(run: Shell, tmp_path: Path) -> None:
    done = run("enroll", "Ben", "--images", BEN, *KEEP)
    assert done.code == 0 and "4 pictures are kept, sealed" in done.out, done.err
    assert run("people", "show", "Ben").out.count("  picture      ") == 4
    assert run("people", "pictures", "Ben").out.count("\n") == 5
    out = tmp_path / "out"
    assert run("people", "pictures", "Ben", "--out", str(out)).code == 0
    files = sorted(out.iterdir())
    assert len(files) == 4 and all(read_picture(f).shape == (112, 112, 3) and f.stat().st_mode & 0o077 == 0 for f in files)
    again = run("people", "pictures", "Ben", "--out", str(out))
    assert again.code == 1 and "exists already" in again.err
    assert "4 pictures of Ben are erased" in run("people", "pictures", "Ben", "--forget").out
    shown = run("people", "show", "Ben", "--json").json
    assert (shown["pictures"], shown["consent"]["pictures"], shown["templates"]) == (0, None, 4)
    assert "there are no pictures of Ben" in run("people", "pictures", "Ben", "--forget").out


def test_without_the_option_nothing_is_kept_and_nothing_asked(run: Shell) -> None:
    done = run("enroll", "Ben", "--images", BEN, answers="y\nn\n")
    assert done.code == 0 and "pictures of Ben's face" not in done.err
    assert run("people", "show", "Ben", "--json").json["pictures"] == 0


@pytest.mark.parametrize(("answers", "kept"), [("y\nn\ny\n", 4), ("y\ny\nn\n", 0)])
def test_the_third_question(run: Shell, answers: str, kept: int) -> None:
    done = run("enroll", "Ben", "--images", BEN, "--keep-pictures", answers=answers)
    assert done.code == 0 and "keep the few small pictures of Ben's face" in done.err
    assert run("people", "show", "Ben", "--json").json["pictures"] == kept


@pytest.mark.parametrize(("arguments", "said"), [
    (("--keep-pictures", "--consent", "recognise"), "--consent recognise,pictures"),
    (("--consent", "recognise,pictures"), "only kept with enroll --keep-pictures"),
    (("--keep-pictures", "--consent", "pictures"), "only somebody who is recognised"),
    (("--keep-pictures",), "nobody can be asked")])
def test_option_and_consent_belong_together(run: Shell, arguments: tuple[str, ...], said: str) -> None:
    done = run("enroll", "Ben", "--images", BEN, *arguments)
    assert done.code == 2 and said in done.err
    assert not run.store.exists()


def test_enrolling_again_asks_for_the_pictures_only(run: Shell) -> None:
    assert run("enroll", "Ben", "--images", BEN, "--consent", "recognise,show").code == 0
    done = run("enroll", "Ben", "--images", BEN, "--again", "--keep-pictures", answers="y\n")
    assert done.code == 0, done.err
    shown = run("people", "show", "Ben", "--json").json
    assert shown["pictures"] == 4 and shown["consent"]["show"] is not None


def test_out_and_forget_are_two_steps(run: Shell, tmp_path: Path) -> None:
    run("enroll", "Ben", "--images", BEN, *KEEP)
    done = run("people", "pictures", "Ben", "--forget", "--out", str(tmp_path / "out"))
    assert done.code == 2 and run("people", "show", "Ben", "--json").json["pictures"] == 4


def _as_of_an_older_embedder(run: Shell, *names: str) -> None:
    with Store(run.store) as store:
        for name in names:
            person = store.find(name)
            store.replace_templates(person.id, [replace(t, model="older-embedder-0") for t in person.templates])


def test_re_enrol_makes_the_same_templates_as_the_enrolment(run: Shell) -> None:
    run("enroll", "Ben", "--images", BEN, *KEEP)
    run("enroll", "Chidi", "--images", CHIDI, "--consent", "recognise")
    with Store(run.store) as store:
        before = {p.name: p for p in store.people()}
    _as_of_an_older_embedder(run, "Ben", "Chidi")
    assert run("people", "list").out.count("made by another embedder") == 2
    done = run("people", "re-enrol")
    assert done.code == 1, "Chidi has to come"
    assert "Ben: 4 new templates" in done.out and "Chidi has to come again (no pictures were kept)" in done.out
    with Store(run.store) as store:
        after = {p.name: p for p in store.people()}
    assert after["Ben"].models == before["Ben"].models and after["Chidi"].models == ("older-embedder-0",)
    for old in before["Ben"].templates:
        assert max(float(old.direction @ new.direction) for new in after["Ben"].templates) > 0.999
    rest = run("people", "re-enrol", "Ben", "--json")
    assert rest.code == 0 and rest.json == {"made": [], "must_come": [], "fitting": 1}


def test_re_enrol_without_a_store_says_so(run: Shell) -> None:
    done = run("people", "re-enrol")
    assert done.code == 1 and "no people store" in done.err and not run.store.exists()


def test_exports_bring_pictures_to_another_door(run: Shell, tmp_path: Path) -> None:
    run("enroll", "Ben", "--images", BEN, *KEEP)
    target = str(tmp_path / "people.efp")
    assert run("people", "export", target, "--passphrase-file", run.passphrase()).code == 0
    assert run("people", "forget", "Ben", "--yes").code == 0
    assert run("people", "import", target, "--passphrase-file", run.passphrase(), "--bring-back").code == 0
    assert run("people", "show", "Ben", "--json").json["pictures"] == 4
