"""What an hour's run of the real daemon leaves on the disk, and that the table of kept things names all of it; then somebody is erased."""

from __future__ import annotations

import json
import logging
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kept_hour import NAME, VISITS, Hour, run_an_hour

from edge_face.cli.main import main
from edge_face.minimisation import table, unnamed, walk
from edge_face.minimisation.disk import named_by, sockets
from edge_face.minimisation.erasure import look, search_for
from edge_face.people import PeopleCommands, Store
from edge_face.people.subject import SubjectCommands
from edge_face.service.client import Client
from edge_face.service.daemon import Daemon

LINES: list[logging.LogRecord] = []


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        LINES.append(record)


def _meanwhile(daemon: Daemon, client: Client) -> dict[str, Any]:
    """What owners do in an hour."""
    client.call("codes.add", who=NAME, pin="990937")
    client.call("codes.add", who=NAME, card="01704242")
    client.call("schedule.visitor", label="plumber")
    client.call("people.assure", who=NAME, changes={"release": 4.0})
    client.call("door.lockdown")
    client.call("door.lift")
    client.call("door.pulse", seconds=0.5)
    daemon.command("people.greet", {"who": NAME, "text": "Hello"})
    daemon.command("invite.new", {"name": "Ada", "by": "Olga"})
    return {"status": client.call("status")}


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hour]:
    handler, log = _Lines(), logging.getLogger("edge_face")
    log.addHandler(handler)
    before, _ = log.level, log.setLevel(logging.DEBUG)
    with pytest.MonkeyPatch.context() as patch:
        made = run_an_hour(tmp_path_factory.mktemp("hour"), patch, _meanwhile)
        yield made
        made.answers["stop"]()
    log.removeHandler(handler)
    log.setLevel(before)


def test_everything_that_was_written_is_named_by_the_table(hour: Hour) -> None:
    assert hour.answers["grants"] == VISITS
    found = list(walk(hour.settings))
    odd = [entry.address for entry in unnamed(hour.settings) if entry.path not in sockets(hour.settings)]
    assert odd == []
    used = {entry.kept.name for entry in found if entry.kept is not None}
    assert {"person", "templates", "crops", "diary", "codes", "visitors", "greeting", "invitations", "recordings", "state", "keys", "hooks",
            "preview", "audit-log", "wiring", "sockets", "housekeeping"} <= used, "the hour was dull, and proves little"


def test_a_file_a_table_or_a_record_that_nobody_named_is_found(hour: Hour) -> None:
    store = Path(hour.settings.store.folder)
    for name in ("notes.txt", "hooks/deep/x.json", "recordings/1.mp4", "people.db.bak"):
        path = store / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
        assert [entry.address for entry in unnamed(hour.settings)] == [f"store:{name}"]
        path.unlink()
    (store / "hooks/deep").rmdir()
    assert named_by("record:shoe-size") is None and named_by("table:photos") is None and named_by("meta:x") is None


def test_nothing_on_the_disk_or_in_the_log_tells_who_came(hour: Hour) -> None:
    """All of it is sealed: names, templates and pictures are found nowhere, the id only where the table says so."""
    with Store(hour.settings.store.folder, read_only=True) as store:
        call = _reader(store)
        search = search_for(call, hour.settings, NAME)
    plain = tuple(needle for needle in search.needles if needle.what not in ("the id", "a sealed value"))
    assert {needle.what for needle in plain} == {"the name", "a template", "a picture"}
    looked = look(hour.settings, type(search)(search.identity, search.name, plain, search.words))
    assert looked.hits == () and looked.files > 10
    said = "\n".join(f"{line.getMessage()} {getattr(line, 'fields', '')}" for line in LINES)
    assert "grant" in said and hour.person not in said and "Zebed" not in said


def test_all_is_exported_and_then_nothing_is_left_of_the_person(hour: Hour, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["privacy", "export", NAME, "--out", str(tmp_path / "q.zip"), "--config", hour.config]) == 0
    with zipfile.ZipFile(tmp_path / "q.zip") as packed:
        names = packed.namelist()
        facts = json.loads(packed.read("person.json"))
    assert facts["name"] == NAME and sum(event["kind"] == "grant" for event in facts["events"]) == VISITS
    assert [name for name in names if name.startswith("recordings/")] and [name for name in names if name.startswith("pictures/")]
    assert {"pin", "code", "greeting"} <= {record["kind"] for record in facts["records"]}
    assert facts["audit"] and not any(word in json.dumps(facts["records"]) for word in ("salt", "hash", "tag", "secret", "duress"))
    capsys.readouterr()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "list.txt").write_text(f"neighbours: {NAME.upper()} and others")
    code = main(["privacy", "erase", NAME, "--yes", "--json", "--also", str(tmp_path / "elsewhere"), "--config", hour.config])
    answer = json.loads(capsys.readouterr().out)
    assert code == 1 and answer["files"] > 10
    assert [(hit["what"], Path(hit["file"]).name) for hit in answer["hits"]] == [("the name", "list.txt")], "and nothing of the door's"
    store = Path(hour.settings.store.folder)
    assert list((store / "recordings").glob("*.rec")) == [], "they showed the person sharp"
    assert list((store / "hooks").glob("*.jpg")) == [] and list((store / "hooks").glob("*.json"))
    with Store(store, read_only=True) as opened:
        assert opened.people() == [] and opened.events.count("grant") == VISITS and opened.events.count(person=hour.person) == 0
    hour.answers["stop"]()
    code = main(["wipe-device", "--yes", "--no-trim", "--config", hour.config])
    said = capsys.readouterr().out
    assert code == 0 and "keys first" in said
    assert list(walk(hour.settings)) == [] and not store.exists()
    assert len(table()) > 20


def _reader(store: Store) -> Any:
    commands = SubjectCommands(store, PeopleCommands(store))
    return lambda command, **arguments: commands.run(command, arguments)
