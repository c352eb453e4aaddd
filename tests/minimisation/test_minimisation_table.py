"""The table of everything that is kept: whole, in the documentation as in the code, with the settings' own numbers."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import edge_face
from edge_face.minimisation.disk import DATABASE, inside, named_by
from edge_face.minimisation.table import BEGIN, END, markdown, table, with_table
from edge_face.people import Store
from edge_face.people.database import FILE
from edge_face.people.schema import EVENTS_3, TABLES_1, TABLES_2, TABLES_3
from edge_face.service.erasing import PARCELS
from edge_face.service.web.backup_commands import FOLDER
from edge_face.settings import Settings

ROOT = Path(edge_face.__file__).parent
PAGE = ROOT.parent / "docs" / "privacy.md"


def test_the_documentation_shows_the_table_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_table(page, Settings()) == page, "scripts/kept-table writes it anew"
    assert markdown(Settings()) in page and page.index(BEGIN) < page.index(END)


def test_rows_have_names_of_their_own_and_say_everything() -> None:
    names = [kept.name for kept in table()]
    assert len(set(names)) == len(names)
    for kept in table():
        assert all((kept.what, kept.why, kept.where, kept.shut, kept.until, kept.erased)), kept.name
        assert "{" not in kept.lasts(Settings()) and "|" not in kept.what + kept.why + kept.shut + kept.erased, kept.name
        shape = re.compile(r"(store|audit|kiosk|etc|key|preview|table|record|meta):\S.*")
        assert all(shape.fullmatch(address) for address in kept.where), kept.where


def test_numbers_are_those_of_the_settings() -> None:
    settings = Settings()
    changed = replace(settings, store=replace(settings.store, keep_events=11), audit=replace(settings.audit, keep=22))
    assert "| 11 days |" in markdown(changed) and "| 22 days |" in markdown(changed) and "| 11 days |" not in markdown(settings)


def test_every_table_of_the_schema_is_named() -> None:
    tables = re.findall(r"CREATE TABLE (\w+)", " ".join((*TABLES_1, *TABLES_2, *TABLES_3, *EVENTS_3)))
    assert {name for name in tables if named_by(f"table:{name.removesuffix('_3')}") is None} == set()


def test_a_new_store_holds_nothing_without_a_name(tmp_path: Path) -> None:
    Store(tmp_path).close()
    found = list(inside(tmp_path / DATABASE))
    assert {entry.address for entry in found} >= {"table:person", "table:meta", "meta:key", "meta:ring"}
    assert [entry.address for entry in found if entry.kept is None] == []


def test_names_that_are_written_twice_are_the_same() -> None:
    assert DATABASE == FILE and PARCELS == FOLDER


def test_every_kind_of_record_that_a_room_names_is_named() -> None:
    """Constants of the rooms that put records: a new one without a row fails here, before an hour's run meets it."""
    kinds: set[str] = set()
    for path in [*(ROOT / "people").glob("*.py"), *(ROOT / "service").rglob("*.py"), ROOT / "access" / "code_rest.py",
                 ROOT / "access" / "clock_trust.py", ROOT / "audit" / "place.py"]:
        text = path.read_text(encoding="utf-8")
        found = re.findall(r'^(?:[A-Z_]+, )*(?:KIND|RECORD|WITNESS|ALIAS|LOCKDOWN|FIRST_RUN|LAST_BACKUP|RIGHTS|CALENDAR|VISITOR|INVITATION|'
                           r'LASTING|USED)(?:, [A-Z_]+)* = (.+)$', text, re.MULTILINE)
        kinds |= {kind for row in found for kind in re.findall(r'"([a-z][a-z.-]+)"', row)}
    assert {"pin", "rights", "invitation", "audit-head", "totp-used", "recording", "template-key"} <= kinds
    # Kinds of other things: what owners do is a record of the audit log.
    assert {kind for kind in kinds if named_by(f"record:{kind}") is None} - {"pages", "assurance", "control-socket"} == set()
