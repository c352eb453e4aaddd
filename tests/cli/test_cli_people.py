"""`edge-face people`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from people_cli import Shell

from edge_face.demo import people as bundled
from edge_face.demo import stills
from edge_face.people import Consent, Given, Store, Template
from edge_face.vision.bundle import load_bundle

GIVEN = Given(1_700_000_000.0, "asked in a test")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, capsys, monkeypatch)


@pytest.fixture
def peopled(run: Shell) -> Shell:
    """Ben and Zoë, made up."""
    import numpy as np

    source = np.random.default_rng(1)
    model = load_bundle("", "embedder").model_id
    with Store(run.store) as store:
        for name, consent in (("Ben", Consent(GIVEN, GIVEN)), ("Zoë", Consent(GIVEN, None))):
            vectors = source.standard_normal((3, 384))
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            templates = [Template(v.astype(np.float32), model, 0.9, "straight", GIVEN.wall) for v in vectors]
            store.add(name, consent, templates, wall=GIVEN.wall)
    return run


def test_listing_and_showing(peopled: Shell) -> None:
    done = peopled("people", "list")
    assert done.code == 0 and "Ben" in done.out and "Zoë" in done.out and "recognise, show" in done.out and "false grant" in done.out
    listed = peopled("people", "list", "--json").json
    assert [p["name"] for p in listed["people"]] == ["Ben", "Zoë"]
    done = peopled("people", "show", "zoë")
    assert done.code == 0 and "show         no" in done.out and "asked in a test" in done.out and "let in       0 times" in done.out
    assert peopled("people", "show", listed["people"][0]["id"], "--json").json["name"] == "Ben"
    done = peopled("people", "show", "Nobody")
    assert done.code == 1 and "nobody named 'Nobody'" in done.err


def test_before_anybody_is_enrolled(run: Shell) -> None:
    done = run("people", "list")
    assert done.code == 1 and "edge-face enroll" in done.err and not run.store.exists()
    Store(run.store).close()
    done = run("people", "list")
    assert done.code == 0 and "nobody is enrolled" in done.out


def test_renaming_suspending_activating(peopled: Shell) -> None:
    assert "Benjamin it is" in peopled("people", "rename", "Ben", "Benjamin").out
    assert peopled("people", "rename", "Benjamin", "zoë").code == 1
    for bad in ("", "../x"):
        assert peopled("people", "rename", "Benjamin", bad).code == 1
    assert peopled("people", "suspend", "benjamin", "--json").json["state"] == "suspended"
    assert "is active" in peopled("people", "activate", "benjamin").out


def test_forgetting_is_asked_for(peopled: Shell) -> None:
    done = peopled("people", "forget", "Ben")
    assert done.code == 2 and "--yes" in done.err
    done = peopled("people", "forget", "Ben", answers="n\n")
    assert done.code == 1 and "Erase Ben for good" in done.err and "nothing was changed" in done.err
    assert len(peopled("people", "list", "--json").json["people"]) == 2
    done = peopled("people", "forget", "Ben", answers="y\n")
    assert done.code == 0 and "nothing is left" in done.out
    assert peopled("people", "forget", "Zoë", "--yes", "--json").json["forgotten"]
    assert peopled("people", "list", "--json").json["people"] == []
    assert peopled("people", "forget", "Zoë", "--yes").code == 1


def test_consent(peopled: Shell) -> None:
    assert "agrees to: recognise, show" in peopled("people", "consent", "Zoë", "--give", "show").out
    assert "agrees to: recognise (" in peopled("people", "consent", "Zoë", "--withdraw", "show").out
    done = peopled("people", "consent", "Zoë", "--withdraw", "recognise")
    assert done.code == 2 and "erases the templates" in done.err
    done = peopled("people", "consent", "Zoë", "--withdraw", "recognise", "--yes")
    assert "agrees to: nothing (pending, 0 templates)" in done.out
    assert peopled("people", "consent", "Zoë").code == 2
    assert peopled("people", "consent", "Zoë", "--give", "all").code == 2


def test_export_and_import(peopled: Shell, tmp_path: Path) -> None:
    target = tmp_path / "people.efp"
    done = peopled("people", "export", str(target), "--passphrase-file", peopled.passphrase())
    assert done.code == 0 and "2 people in" in done.out and stat.S_IMODE(target.stat().st_mode) == 0o600
    assert b'"Ben"' not in target.read_bytes()  # quoted, as in JSON: three letters alone may turn up in base64
    again = peopled("people", "export", str(target), "--passphrase-file", peopled.passphrase())
    assert again.code == 1 and "--force" in again.err
    one = peopled("people", "export", str(target), "--force", "--only", "ben", "--passphrase-file", "-", "--json",
                  stdin="correct horse battery\n")
    assert one.json["people"] == 1

    peopled("people", "forget", "Ben", "--yes")
    done = peopled("people", "import", str(target), "--passphrase-file", peopled.passphrase())
    assert done.code == 1 and "--bring-back" in done.err and "0 imported" in done.out
    wrong = peopled("people", "import", str(target), "--passphrase-file", peopled.passphrase("another passphrase"))
    assert wrong.code == 1 and "passphrase is wrong" in wrong.err
    done = peopled("people", "import", str(target), "--bring-back", "--passphrase-file", peopled.passphrase(), "--json")
    assert done.code == 0 and done.json["imported"][0]["name"] == "Ben"
    assert len(peopled("people", "show", "Ben", "--json").json["kept"]) == 3


def test_passphrases(peopled: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = str(tmp_path / "x.efp")
    assert peopled("people", "export", target).code == 2
    assert peopled("people", "export", target, "--passphrase-file", str(tmp_path / "missing")).code == 2
    assert peopled("people", "export", target, "--passphrase-file", peopled.passphrase("")).code == 2
    assert "8 characters" in peopled("people", "export", target, "--passphrase-file", peopled.passphrase("short")).err
    said = iter(["correct horse", "correct mouse"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(said))
    done = peopled("people", "export", target, answers="")
    assert done.code == 2 and "differ" in done.err and not Path(target).exists()
    monkeypatch.setattr("getpass.getpass", lambda prompt: "correct horse")
    assert peopled("people", "export", target, answers="").code == 0


def test_importing_what_is_no_export(peopled: Shell, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("hello")
    for path, message in ((tmp_path / "x.txt", "no export"), (tmp_path / "missing", "cannot be read"), (tmp_path, "is no file")):
        done = peopled("people", "import", str(path), "--passphrase-file", peopled.passphrase())
        assert done.code == 1 and message in done.err
    for wrong in ((), ("x", "--tree", "y"), ("x", "--consent", "recognise"), ("--tree", str(tmp_path))):
        assert peopled("people", "import", *wrong).code == 2


def test_a_tree_of_people(run: Shell, tmp_path: Path) -> None:
    root = stills("ben")[0].parent.parent
    done = run("people", "import", "--tree", str(root), "--consent", "recognise,show", "--json")
    assert done.code == 0 and [p["name"] for p in done.json["imported"]] == list(bundled()) and done.json["left_out"] == []
    assert "8 of 8: hiro" in done.err
    done = run("people", "import", "--tree", str(root), "--consent", "recognise")
    assert done.code == 1 and done.err.count("enrolled already") == 8 and "0 imported" in done.out
    (tmp_path / "none").mkdir()
    for folder, message in (("none", "holds no folders"), ("missing", "no folder that can be read")):
        done = run("people", "import", "--tree", str(tmp_path / folder), "--consent", "recognise")
        assert done.code == 1 and message in done.err


def test_a_broken_store_is_one_sentence(peopled: Shell) -> None:
    (peopled.store / "people.db").write_bytes(b"this is no database" * 100)
    enroll = ("enroll", "Ana", "--images", str(stills("ana")[0].parent), "--consent", "recognise")
    for arguments in (("people", "list"), ("people", "forget", "Ben", "--yes"), enroll):
        done = peopled(*arguments)
        assert done.code == 1 and "not a database" in done.err and done.err.count("\n") == 1


def test_a_store_in_use_is_one_sentence(peopled: Shell) -> None:
    with Store(peopled.store):
        done = peopled("people", "rename", "Ben", "Bob")
        assert done.code == 1 and f"process {os.getpid()}" in done.err
        assert peopled("people", "list").code == 0


def test_help_imports_nothing_heavy() -> None:
    import subprocess
    import sys

    heavy = ("cv2", "numpy", "cryptography", "sqlite3", "ai_edge_litert")
    code = f"""
import contextlib, io, sys
from edge_face.cli.main import main
with contextlib.redirect_stdout(io.StringIO()):
    main(["people", "--help"])
    main(["enroll", "--help"])
print([m for m in {heavy!r} if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
