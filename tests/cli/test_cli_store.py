"""`edge-face store` from the command line."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from people_cli import Shell

from edge_face.people import Consent, Given, Store, Template
from edge_face.people.passphrase import ARGON2
from edge_face.service.control import ControlSocket

GIVEN = Given(1.0, "a test")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    import numpy as np

    for name, value in (("memory_kib", 8), ("iterations", 1), ("lanes", 1)):
        monkeypatch.setitem(ARGON2, name, value)
    shell = Shell(tmp_path, capsys, monkeypatch)
    with Store(shell.store) as store:
        ben = store.add("Ben", Consent(GIVEN, GIVEN), [Template(np.eye(8, dtype=np.float32)[0], "m", 0.9, "straight", 1.0)], wall=0.0)
        store.put_record("code", {"hash": "1"}, ben.id, "pin")
        store.events.append("grant", 1.0, ben.id, {})
    return shell


def _names(run: Shell) -> list[str]:
    with Store(run.store, read_only=True) as store:
        return [p.name for p in store.people()]


def test_info_and_check(run: Shell) -> None:
    facts = run("store", "info", "--json").json
    assert (facts["people"], facts["records"], facts["events"], facts["copies"]) == (1, 1, 1, [])
    assert facts["key"] == str(run.store / "device.key") and not facts["credential"]
    text = run("store", "info").out
    assert "people       1" in text and "Ben" not in text
    assert run("store", "check", "--json").json == {"seals": 5, "wrong": []}
    assert "everything is whole" in run("store", "check").out


@pytest.mark.parametrize("harm, word", [("UPDATE template SET sealed = x'00'", "template"), ("UPDATE person SET record = x'00'", "record"),
                                        ("UPDATE sealed_record SET sealed = x'00'", "record (code)"),
                                        ("UPDATE event SET details = x'00'", "event 1")])
def test_check_names_what_is_damaged(run: Shell, harm: str, word: str) -> None:
    connection = sqlite3.connect(run.store / "people.db")
    with connection:
        connection.execute(harm)
    connection.close()
    done = run("store", "check")
    assert done.code == 1 and word in done.err
    assert len(run("store", "check", "--json").json["wrong"]) == 1


def test_a_backup_goes_to_a_new_card(run: Shell, tmp_path: Path) -> None:
    target = tmp_path / "door.efb"
    done = run("store", "backup", str(target), "--passphrase-file", run.passphrase())
    assert done.code == 0 and "1 person" in done.out
    again = run("store", "backup", str(target), "--passphrase-file", run.passphrase())
    assert again.code == 1 and "exists already" in again.err
    assert run("store", "backup", str(target), "--force", "--passphrase-file", "-", stdin="another long one\n").code == 0
    refused = run("store", "restore", str(target), "--passphrase-file", "-", stdin="another long one\n")
    assert refused.code == 1 and "--replace" in refused.err
    wrong = run("store", "restore", str(target), "--replace", "--passphrase-file", run.passphrase())
    assert wrong.code == 1 and "passphrase is wrong" in wrong.err and _names(run) == ["Ben"]
    run.store.rename(tmp_path / "old card")
    done = run("store", "restore", str(target), "--passphrase-file", "-", stdin="another long one\n")
    assert done.code == 0 and "this card knows of nobody who was forgotten" in done.out and _names(run) == ["Ben"]
    answer = run("store", "restore", str(target), "--replace", "--json", "--passphrase-file", "-", stdin="another long one\n").json
    assert answer["marks"] == "merged" and answer["people"] == 1 and Path(answer["kept"]).exists()
    assert "rollback --copy people.db.v3-before-restore" in run("store", "info").out
    assert run("store", "forget-copy", "--json").json == {"dropped": ["people.db.v3-before-restore"]}
    assert run("store", "forget-copy").out == "there is no copy\n"


def test_a_new_key(run: Shell) -> None:
    before = (run.store / "device.key").read_bytes()
    done = run("store", "rotate-key")
    assert done.code == 0 and "1 person" in done.out and (run.store / "device.key").read_bytes() != before
    assert run("store", "rotate-key", "--reseal", "--json").json["damaged"] == [] and _names(run) == ["Ben"]


def test_back_to_before_a_restore(run: Shell, tmp_path: Path) -> None:
    target = str(tmp_path / "door.efb")
    run("store", "backup", target, "--passphrase-file", run.passphrase())
    with Store(run.store) as store:
        store.rename(store.find("Ben").id, "Benno")
    run("store", "restore", target, "--replace", "--passphrase-file", run.passphrase())
    assert _names(run) == ["Ben"]
    asked = run("store", "rollback")
    assert asked.code == 2 and "--yes" in asked.err
    assert run("store", "rollback", answers="n\n").code == 1 and _names(run) == ["Ben"]
    assert run("store", "rollback", answers="y\n").code == 0 and _names(run) == ["Benno"]
    done = run("store", "rollback", "--copy", "people.db.v1", "--yes")
    assert done.code == 1 and "people.db.v1" in done.err


@pytest.mark.parametrize("arguments, code, word", [
    ((), 2, "ACTION"), (("nonsense",), 2, "invalid choice"), (("backup",), 2, "FILE"), (("restore",), 2, "FILE"),
    (("backup", "x.efb"), 2, "passphrase"), (("backup", ""), 1, "no file"), (("restore", "none.efb"), 2, "passphrase")])
def test_wrong_use(run: Shell, arguments: tuple[str, ...], code: int, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.folder)
    done = run("store", *arguments)
    assert done.code == code and word in done.err


def test_no_store(run: Shell) -> None:
    run.config.write_text(f'[store]\nfolder = "{run.folder / "none"}"\n')
    for arguments in (("info",), ("check",)):
        done = run("store", *arguments)
        assert done.code == 1 and "there is no people store" in done.err
    short = run("store", "backup", str(run.folder / "x"), "--passphrase-file", run.passphrase("short"))
    assert short.code == 2 and "8 characters" in short.err


CHANGES = [("rotate-key",), ("rollback", "--yes"), ("forget-copy",), ("restore", "x.efb", "--replace")]


@pytest.mark.parametrize("arguments", CHANGES)
def test_not_while_the_door_runs(run: Shell, arguments: tuple[str, ...]) -> None:
    socket = ControlSocket(run.store / "control.sock", {"status": lambda arguments, peer: {}})
    socket.open()
    socket.start()
    try:
        done = run("store", *arguments, "--passphrase-file", run.passphrase()) if arguments[0] == "restore" else run("store", *arguments)
    finally:
        socket.close()
    assert done.code == 1 and "systemctl stop edge-face" in done.err and "process " in done.err
    assert run("store", "info").code == 0


@pytest.mark.parametrize("arguments", CHANGES)
def test_not_while_another_program_writes(run: Shell, arguments: tuple[str, ...], tmp_path: Path) -> None:
    target = tmp_path / "x.efb"
    run("store", "backup", str(target), "--passphrase-file", run.passphrase())
    code = f"import sys\nfrom edge_face.people import Store\nstore = Store({str(run.store)!r})\nprint(flush=True)\nsys.stdin.readline()"
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    other.stdout.readline()
    try:
        given = [str(target) if a == "x.efb" else a for a in arguments]
        done = run("store", *given, *(["--passphrase-file", run.passphrase()] if given[0] == "restore" else []))
    finally:
        other.communicate("\n", timeout=20)
    assert done.code == 1 and f"process {other.pid}" in done.err and "stop it" in done.err
    assert json.loads(run("store", "info", "--json").out)["people"] == 1
