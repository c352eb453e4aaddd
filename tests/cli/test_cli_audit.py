"""`edge-face audit` as somebody at a terminal meets it."""

from __future__ import annotations

import csv
import io
import json
import time
from pathlib import Path

import pytest
from people_cli import Shell

from edge_face.audit import WITNESS, AuditLog, AuditRecord, visitor_alias, witness_record
from edge_face.people import Consent, Given, Store

NOW = time.time()


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """With a log of four records, one of them about somebody with an odd name."""
    made = Shell(tmp_path, capsys, monkeypatch)
    with Store(made.store) as store:
        given = Given(1e9, "a test")
        ben = store.add("=Ben", Consent(given, None), [], wall=1e9)
        with AuditLog(made.store / "audit", store.audit_key(), reserve=16) as log:
            log.append(AuditRecord("grant", NOW, store.alias(ben.id), "face", {"seconds": 3.0, "why": ("matched", "votes")}), 1.0)
            log.append(AuditRecord("relock", NOW, None, None, {"why": ("time-over",)}), 4.0)
            log.append(AuditRecord("alarm", 1e9, None, None, {"alarm": "forced"}), 9.0)
    return made


def test_show(shell: Shell) -> None:
    shown = shell("audit", "show")
    assert shown.code == 0 and shown.out.count("\n") == 4 and "=Ben" not in shown.out
    assert "grant" in shown.out.splitlines()[1] and "matched, votes" in shown.out
    assert "=Ben" in shell("audit", "show", "--names").out
    assert [row["kind"] for row in shell("audit", "show", "--last", "2", "--json").json] == ["relock", "alarm"]
    lately = shell("audit", "show", "--since", "24h", "--kind", "grant", "--kind", "alarm", "--json").json
    assert [row["kind"] for row in lately] == ["grant"]
    assert "no such record" in shell("audit", "show", "--kind", "tamper").out


def test_a_visitor_has_a_name_too(shell: Shell) -> None:
    with Store(shell.store) as store:
        store.put_record("visitor", {"label": "plumber"}, name="00112233445566aa")
        with AuditLog(shell.store / "audit", store.audit_key(), reserve=16) as log:
            log.append(AuditRecord("code", NOW, visitor_alias(store.audit_key(), "00112233445566aa"), "code"), 9.0)
    assert "plumber" in shell("audit", "show", "--last", "1", "--names").out


def test_an_empty_house(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    shell = Shell(tmp_path, capsys, monkeypatch)
    assert "nothing is in the audit log" in shell("audit", "show").out
    for command in ("verify", "head"):
        done = shell("audit", command)
        assert done.code == 1 and done.err.count("\n") == 1
    assert not shell.store.exists()
    Store(shell.store).close()
    assert "removed all of it" in shell("audit", "verify").err


@pytest.mark.parametrize("wrong", [["show", "--last", "0"], ["show", "--since", "yesterday"], ["verify", "--keyless"],
                                   ["export", "x", "--format", "xml"]])
def test_wrong_use(shell: Shell, wrong: list[str]) -> None:
    assert shell("audit", *wrong).code == 2


def test_verify(shell: Shell) -> None:
    good = shell("audit", "verify")
    assert good.code == 0 and "4 records, from 1 on" in good.out
    assert shell("audit", "verify", "--json").json["records"] == 4
    path = shell.store / "audit" / "000000000001.log"
    path.write_bytes(path.read_bytes().replace(b'"forced"', b'"tamper"'))
    bad = shell("audit", "verify")
    assert bad.code == 1 and "record 4 (000000000001.log, byte " in bad.err and bad.err.count("\n") == 1
    broken = shell("audit", "verify", "--json")
    assert broken.code == 1 and broken.json["ok"] is False and broken.json["records"] == 3


def test_a_head_that_was_written_down_holds_the_log(shell: Shell) -> None:
    head = shell("audit", "head").out.strip()
    assert shell("audit", "verify", "--against", head).code == 0
    copy = ("audit", "verify", "--folder", str(shell.store / "audit"), "--keyless", "--against", head)
    assert "without the key" in shell(*copy).out
    for path in (shell.store / "audit").glob("*"):
        path.unlink()
    with Store(shell.store) as store:
        AuditLog(shell.store / "audit", store.audit_key(), reserve=16).close()
    assert shell("audit", "verify").code == 0
    assert "of another log" in shell("audit", "verify", "--against", head).err
    assert shell("audit", "verify", "--against", "42").code == 1


def test_the_stores_own_memory_of_a_head_is_asked(shell: Shell) -> None:
    with Store(shell.store) as store:
        with AuditLog(shell.store / "audit", store.audit_key(), reserve=16) as log:
            store.put_record(WITNESS, witness_record(log.head))
        assert shell("audit", "verify").code == 0
        for path in (shell.store / "audit").glob("*"):
            path.unlink()
        AuditLog(shell.store / "audit", store.audit_key(), reserve=16).close()
    assert "of another log" in shell("audit", "verify").err


def test_export(shell: Shell, tmp_path: Path) -> None:
    table = tmp_path / "log.csv"
    assert "4 records" in shell("audit", "export", str(table), "--names").out
    rows = list(csv.DictReader(io.StringIO(table.read_text(), newline="")))
    assert [row["kind"] for row in rows] == ["begun", "grant", "relock", "alarm"] and rows[1]["name"] == "'=Ben"
    assert table.stat().st_mode & 0o777 == 0o600
    assert shell("audit", "export", str(table)).code == 2
    assert shell("audit", "export", str(table), "--force", "--kind", "alarm", "--json").json == {"records": 1}
    lines = shell("audit", "export", "-").out.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2, 3, 4]
    assert shell("audit", "export", str(tmp_path / "none" / "x")).code == 1
    assert shell("audit", "export", str(tmp_path), "--force").code == 2
    assert not list(tmp_path.glob(".*"))
