"""Exports: sealed with a passphrase, opened only whole."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from people_fakes import BOTH, template

from edge_face.errors import PeopleError, UsageError
from edge_face.people import Person, State
from edge_face.people.passphrase import ARGON2, SCRYPT, check_passphrase
from edge_face.people.records import person_of, person_record
from edge_face.people.transfer import open_people, read_export, seal_people, write_export

PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2id as it is takes a second a call; the file says which cost was used."""
    for name, value in (("memory_kib", 8), ("iterations", 1), ("lanes", 1)):
        monkeypatch.setitem(ARGON2, name, value)
    monkeypatch.setitem(SCRYPT, "n", 1 << 10)


def _record(name: str = "Zoë Ω") -> dict[str, Any]:
    return person_record(Person("0123456789abcdef", name, State.ACTIVE, BOTH, 5.0, (template(1), template(2))))


def test_what_is_exported_comes_back() -> None:
    content = seal_people([_record(), _record("B")], PASSPHRASE)
    back = [person_of(r) for r in open_people(content, PASSPHRASE)]
    assert [p.name for p in back] == ["Zoë Ω", "B"] and back[0].consent == BOTH
    assert (back[0].templates[1].embedding == template(2).embedding).all()


def test_nothing_can_be_read_without_the_passphrase() -> None:
    content = seal_people([_record()], PASSPHRASE)
    for secret in ("Zoë".encode(), b"Zo\\u00eb", b"straight", b"recognise"):
        assert secret not in content
    assert b"0123456789abcdef" not in content and json.loads(content)["people"] == 1
    assert seal_people([_record()], PASSPHRASE) != content
    for wrong in ("correct horse batterx", "", "Correct horse battery"):
        with pytest.raises(PeopleError, match="passphrase is wrong"):
            open_people(content, wrong)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_export_is_refused(data: st.DataObject) -> None:
    content = bytearray(seal_people([_record()], PASSPHRASE))
    where = data.draw(st.integers(0, len(content) - 2))
    content[where] ^= data.draw(st.integers(1, 127))
    try:
        # What lies outside the values (white space) may change; what comes out is then the same.
        assert open_people(bytes(content), PASSPHRASE) == [_record()]
    except PeopleError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"no json", b'{"sealed": 3}', b'{"sealed": "AAAA", "format": "other"}',
                                     b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_export(content: bytes) -> None:
    with pytest.raises(PeopleError, match="no export of edge-face"):
        open_people(content, PASSPHRASE)


SALT = "AAAAAAAAAAAAAAAA"


@pytest.mark.parametrize("kdf", [
    None, {"name": "md5"}, {"name": "scrypt", "n": 1 << 40, "r": 8, "p": 1, "salt": SALT}, {"name": "scrypt", "n": 1024},
    {"name": "scrypt", "n": 1000, "r": 8, "p": 1, "salt": SALT}, {"name": "scrypt", "n": 1024, "r": 8, "p": 10**6, "salt": SALT},
    {"name": "argon2id", "memory_kib": 1 << 22, "iterations": 1, "lanes": 1, "salt": SALT},
    {"name": "argon2id", "memory_kib": 8, "iterations": 10**6, "lanes": 1, "salt": SALT},
    {"name": "argon2id", "memory_kib": 8, "iterations": 1, "lanes": 4, "salt": SALT},
    {"name": "argon2id", "memory_kib": 8, "iterations": True, "lanes": 1, "salt": SALT},
    {"name": "argon2id", "memory_kib": 8.0, "iterations": 1, "lanes": 1, "salt": SALT},
    {"name": "argon2id", "memory_kib": 8, "iterations": 1, "lanes": 1, "salt": ""}, {"name": "argon2id", "salt": SALT}])
def test_costs_that_nobody_can_pay(kdf: Any) -> None:
    table = json.loads(seal_people([_record()], PASSPHRASE)) | {"kdf": kdf}
    with pytest.raises(PeopleError, match="way of making keys"):
        open_people(json.dumps(table).encode(), PASSPHRASE)


def test_a_newer_export() -> None:
    table = json.loads(seal_people([_record()], PASSPHRASE)) | {"version": 3}
    with pytest.raises(PeopleError, match="version 3"):
        open_people(json.dumps(table).encode(), PASSPHRASE)


@pytest.mark.parametrize("passphrase", ["", "short", "1234567"])
def test_short_passphrases(passphrase: str) -> None:
    with pytest.raises(UsageError, match="8 characters"):
        check_passphrase(passphrase)
    with pytest.raises(UsageError):
        seal_people([], passphrase)


def test_files_are_for_their_owner_and_never_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "people.efp"
    write_export(path, b"one")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(PeopleError, match="exists already"):
        write_export(path, b"two")
    assert read_export(path) == b"one"
    write_export(path, b"two", replace=True)
    assert read_export(path) == b"two" and [p.name for p in tmp_path.iterdir()] == ["people.efp"]
    for bad in (tmp_path / "missing" / "x", tmp_path):
        with pytest.raises(PeopleError):
            write_export(bad, b"x")
    for bad, message in ((tmp_path / "missing", "cannot be read"), (tmp_path, "no file")):
        with pytest.raises(PeopleError, match=message):
            read_export(bad)


def test_an_export_of_version_1_is_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As edge-face 0.1 wrote it: scrypt."""
    with monkeypatch.context() as then:
        then.setattr("edge_face.people.passphrase._has_argon2", lambda: False)
        then.setattr("edge_face.people.transfer.VERSION", 1)
        content = seal_people([_record()], PASSPHRASE)
    table = json.loads(content)
    assert (table["version"], table["kdf"]["name"]) == (1, "scrypt")
    assert open_people(content, PASSPHRASE) == [_record()]
    with pytest.raises(PeopleError, match="passphrase is wrong"):
        open_people(content, PASSPHRASE + "!")


def test_the_usual_cost_is_what_is_recommended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert ARGON2 == {"memory_kib": 64 * 1024, "iterations": 3, "lanes": 4}
    assert SCRYPT["n"] * SCRYPT["r"] * 128 == 64 << 20 and SCRYPT["p"] == 2
    content = seal_people([_record()], PASSPHRASE)
    assert json.loads(content)["kdf"]["name"] == "argon2id"
    assert [r["name"] for r in open_people(content, PASSPHRASE)] == ["Zoë Ω"]
