"""What may be done with people, as plain values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from people_fakes import BOTH, MODEL, THRESHOLDS, near, template, templates_like, unit

from edge_face.errors import PeopleError, UsageError
from edge_face.people import PeopleCommands, Store, Template
from edge_face.people.commands import WRITING
from edge_face.people.records import template_record


class Door:
    """A store with its commands and how often the gallery was told to change."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.changes = 0
        self.now = 1000.0
        self.commands = PeopleCommands(self.store, self._changed, embedder_id=MODEL, thresholds=THRESHOLDS, rate=1e-4,
                                       wall=lambda: self.now)

    def _changed(self) -> None:
        self.changes += 1

    def run(self, command: str, **arguments: Any) -> Any:
        # As it is on the socket: only JSON goes through.
        return json.loads(json.dumps(self.commands.run(command, json.loads(json.dumps(arguments)))))

    def enroll(self, name: str, seed: int, **more: Any) -> Any:
        records = [template_record(t) for t in templates_like(seed)]
        return self.run("people.enroll", name=name, templates=records, consent=more.pop("consent", ["recognise", "show"]), **more)


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def test_enrolling_listing_and_showing(door: Door) -> None:
    answer = door.enroll("Ben", 1, how="asked")
    assert answer["alike"] == [] and answer["person"]["state"] == "active" and door.changes == 1
    listed = door.run("people.list")
    person, = listed["people"]
    assert person["name"] == "Ben" and person["templates"] == 4 and person["models"] == [MODEL]
    assert person["consent"] == {"recognise": {"wall": 1000.0, "how": "asked"}, "show": {"wall": 1000.0, "how": "asked"}, "pictures": None}
    assert listed["measured"] is True and "one person" in listed["threshold"] and listed["damaged"] == []
    shown = door.run("people.show", who="BEN")
    assert len(shown["kept"]) == 4 and "embedding" not in json.dumps(shown) and shown["grants"] == 0
    assert [e.kind for e in door.store.events.query()] == ["person.enrolled"]


def test_a_taken_name_is_refused_before_and_while_enrolling(door: Door) -> None:
    door.enroll("Ben", 1)
    assert door.run("people.known", name="ben") == {"known": True}
    assert door.run("people.known", name="Ana") == {"known": False}
    with pytest.raises(PeopleError, match="already somebody named"):
        door.enroll("BEN", 2)


@pytest.mark.parametrize("name", ["", "../../etc", "a\nb"])
def test_bad_names(door: Door, name: str) -> None:
    enroll = {"name": name, "templates": [template_record(template(1))]}
    for command, arguments in (("people.known", {"name": name}), ("people.enroll", enroll)):
        with pytest.raises(PeopleError, match="name"):
            door.run(command, **arguments)
    assert door.store.people() == []


def test_a_known_face_is_named(door: Door) -> None:
    ben = door.enroll("Ben", 1)["person"]
    again = door.enroll("Benjamin", 1)
    assert again["alike"][0] | {"score": 0} == {"id": ben["id"], "name": "Ben", "score": 0, "needed": 0.6, "same": True}
    with pytest.raises(PeopleError, match="looks like 'Ben"):
        door.enroll("Third", 1, refuse_same=True)
    alike = door.run("people.alike", templates=[template_record(t) for t in templates_like(1)], who="Ben")["alike"]
    assert [a["name"] for a in alike] == ["Benjamin"]


def test_enrolling_again_replaces_the_templates_and_keeps_the_consent(door: Door) -> None:
    ben = door.enroll("Ben", 1)["person"]
    door.now = 2000.0
    answer = door.enroll("ben", 2, again=True, consent=[])
    assert answer["person"]["id"] == ben["id"] and answer["person"]["consent"] == ben["consent"] and answer["alike"] == []
    kept = door.run("people.show", who=ben["id"])["kept"]
    assert len(kept) == 4
    assert door.store.find("Ben").templates[0].embedding @ templates_like(2)[0].embedding == pytest.approx(1.0, abs=1e-5)
    with pytest.raises(PeopleError, match="nobody named"):
        door.enroll("Nobody", 3, again=True)


def test_consent_decides(door: Door) -> None:
    for without in ([], ["show"], None):
        with pytest.raises(PeopleError, match="nothing is kept"):
            door.enroll("Ben", 1, consent=without)
    assert door.store.people() == []
    door.enroll("Ben", 1, consent=["recognise"])
    assert door.run("people.consent", who="Ben", give=["show"])["consent"]["show"] == {"wall": 1000.0, "how": "a command"}
    assert door.run("people.consent", who="Ben", withdraw=["show"])["consent"]["show"] is None
    answer = door.run("people.consent", who="Ben", withdraw=["recognise"])
    assert answer["templates"] == 0 and answer["state"] == "pending"
    for wrong in ({"give": ["all"]}, {"give": "recognise"}, {"give": ["show"], "withdraw": ["show"]}):
        with pytest.raises(UsageError):
            door.run("people.consent", who="Ben", **wrong)
    with pytest.raises(PeopleError, match="needed too"):
        door.run("people.consent", who="Ben", give=["show"])


def test_taking_back_recognise_takes_show_too(door: Door) -> None:
    door.enroll("Ben", 1)
    assert door.run("people.consent", who="Ben", withdraw=["recognise"])["consent"] == {"recognise": None, "show": None, "pictures": None}


def test_suspending_renaming_forgetting(door: Door) -> None:
    ben = door.enroll("Ben", 1)["person"]["id"]
    assert door.run("people.suspend", who="ben")["state"] == "suspended"
    assert door.run("people.activate", who=ben)["state"] == "active"
    assert door.run("people.rename", who=ben, name="Benjamin")["name"] == "Benjamin"
    assert door.run("people.forget", who="Benjamin") == {"forgotten": ben}
    assert door.changes == 5
    assert door.run("people.list")["people"] == [] and door.store.is_forgotten(ben)
    assert "Benjamin" not in str(door.store.events.query()) and ben not in str(door.store.events.query())
    with pytest.raises(PeopleError, match="nobody"):
        door.run("people.forget", who="Benjamin")
    door.enroll("Ben", 1)


def test_somebody_of_another_embedder_must_enrol_again(door: Door) -> None:
    door.store.add("Old", BOTH, [Template(unit(1), "older-embedder")], wall=0.0)
    person, = door.run("people.list")["people"]
    assert "another embedder" in person["enrol_again"]
    with pytest.raises(PeopleError, match="another embedder"):
        door.run("people.enroll", name="New", templates=[template_record(template(1, "older-embedder"))], consent=["recognise"])


def test_falling_scores_ask_for_a_new_enrolment(door: Door) -> None:
    ben = door.enroll("Ben", 1)["person"]["id"]
    for k in range(60):
        score = 0.9 if k < 20 else 0.7
        reasons = [{"code": "matched", "text": "", "values": {"score": score, "threshold": 0.6}}]
        door.store.events.append("grant", 2000.0 + k, ben, {"reasons": reasons})
    person, = door.run("people.list")["people"]
    assert "from 0.90 to 0.70" in person["enrol_again"]
    assert door.run("people.show", who="Ben")["grants"] == 60
    door.now = 5000.0
    door.enroll("Ben", 1, again=True, consent=[])
    # Templates are as old as their pictures were: those of the new enrolment are newer than all grants.
    door.store.replace_templates(ben, [Template(t.embedding, MODEL, 0.9, "straight", 5000.0) for t in templates_like(1)])
    assert door.run("people.list")["people"][0]["enrol_again"] is None


def test_export_and_import(door: Door, tmp_path: Path) -> None:
    for k, name in enumerate(("Ben", "Ana", "Zoë")):
        door.enroll(name, k + 1)
    door.run("people.suspend", who="Ana")
    exported = door.run("people.export")
    assert exported["next"] is None and len(exported["people"]) == 3
    other = Door(tmp_path / "other")
    answer = other.run("people.import", people=exported["people"])
    assert sorted(p["name"] for p in answer["imported"]) == ["Ana", "Ben", "Zoë"] and answer["left_out"] == [] and other.changes == 1
    assert {p.id: (p.name, p.state, p.consent, len(p.templates)) for p in other.store.people()} == {
        p.id: (p.name, p.state, p.consent, len(p.templates)) for p in door.store.people()}
    assert door.run("people.export", who="ben")["people"][0]["name"] == "Ben"


def test_large_galleries_are_exported_in_pages(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.people.commands.PAGE_BYTES", 20_000)
    for k in range(7):
        door.enroll(f"p{k}", k + 1)
    found: list[str] = []
    after: str | None = ""
    pages = 0
    while after is not None:
        page = door.run("people.export", after=after)
        found += [p["name"] for p in page["people"]]
        after, pages = page["next"], pages + 1
    assert sorted(found) == [f"p{k}" for k in range(7)] and pages >= 3


def test_import_leaves_out_with_reasons(door: Door) -> None:
    door.enroll("Ben", 1)
    records = door.run("people.export")["people"]
    ana = json.loads(json.dumps(records[0])) | {"id": "a" * 16, "name": "BEN"}
    foreign = json.loads(json.dumps(records[0])) | {"id": "b" * 16, "name": "Cy"}
    foreign["templates"][0]["model"] = "older-embedder"
    bad = [ana, foreign, records[0], {"id": "x"}, {**records[0], "id": "c" * 16, "name": "../x"}, 3,
           {**records[0], "id": "d" * 16, "name": "D", "templates": [{}]}, {**records[0], "id": "e" * 16, "name": "E", "state": "king"},
           {**records[0], "id": "f" * 16, "name": "F", "created": "now"},
           {**records[0], "id": "9" * 16, "name": "G", "consent": {"recognise": None, "show": None}}]
    answer = door.run("people.import", people=bad)
    assert answer["imported"] == [] and len(answer["left_out"]) == len(bad) and door.changes == 1
    reasons = [entry["why"] for entry in answer["left_out"]]
    assert "already somebody named" in reasons[0] and "another embedder" in reasons[1] and "enrolled already" in reasons[2]
    assert [p.name for p in door.store.people()] == ["Ben"]


def test_the_forgotten_come_back_only_when_asked_to(door: Door) -> None:
    door.enroll("Ben", 1)
    records = door.run("people.export")["people"]
    door.run("people.forget", who="Ben")
    answer = door.run("people.import", people=records)
    assert answer["imported"] == [] and "--bring-back" in answer["left_out"][0]["why"]
    assert door.run("people.import", people=records, bring_back=True)["imported"][0]["name"] == "Ben"


@pytest.mark.parametrize(("command", "arguments"), [
    ("people.shoot", {}), ("people.show", {}), ("people.show", {"who": 3}), ("people.show", {"name": "Ben"}), ("list", {}),
    ("__init__", {}), ("people.import", {"people": "all"}), ("people.rename", {"who": "Ben"}),
    ("people.consent", {"who": "Ben", "give": [1]})])
def test_wrong_commands_and_arguments(door: Door, command: str, arguments: dict[str, Any]) -> None:
    door.enroll("Ben", 1)
    with pytest.raises(UsageError):
        door.run(command, **arguments)


@pytest.mark.parametrize("templates", [
    None, [], "x", [3], [{}], [{"embedding": "!", "model": MODEL}], [template_record(template(1)) | {"embedding": "AAAA"}],
    [template_record(template(1)) | {"quality": "good"}], [template_record(template(1))] * 100])
def test_wrong_templates(door: Door, templates: Any) -> None:
    with pytest.raises(PeopleError):
        door.run("people.enroll", name="Ben", templates=templates, consent=["recognise"])
    assert door.store.people() == []


def test_without_an_embedder_people_can_be_listed_and_forgotten(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.add("Ben", BOTH, [template(1)], wall=0.0)
        commands = PeopleCommands(store)
        assert commands.run("people.list", {})["threshold"] is None
        with pytest.raises(PeopleError, match="embedder"):
            commands.run("people.enroll", {"name": "Ana", "templates": [template_record(template(2))]})
        commands.run("people.forget", {"who": "Ben"})
        assert store.people() == []


def test_a_damaged_person_is_listed_and_can_be_forgotten(door: Door) -> None:
    import sqlite3

    ben, ana = (door.enroll(n, k + 1)["person"]["id"] for k, n in enumerate(("Ben", "Ana")))
    door.store.close()
    connection = sqlite3.connect(door.store.folder / "people.db")
    with connection:
        connection.execute("UPDATE person SET record = x'00' WHERE id = ?", [ben])
    connection.close()
    again = Door(door.store.folder)
    listed = again.run("people.list")
    assert [p["id"] for p in listed["people"]] == [ana] and listed["damaged"][0]["id"] == ben
    again.run("people.forget", who=ben)
    assert again.run("people.list")["damaged"] == []


def test_which_commands_write() -> None:
    reading = {"people.list", "people.known", "people.show", "people.export", "people.alike", "people.pictures"}
    assert reading == set(PeopleCommands.names()) - WRITING


def test_a_sibling_is_a_warning(door: Door) -> None:
    face = unit(1)
    door.run("people.enroll", name="Ben", templates=[template_record(Template(face, MODEL))], consent=["recognise"])
    sibling = [Template(near(face, 0.57, 3), MODEL), Template(near(unit(9), 0.9, 1), MODEL), Template(near(unit(9), 0.9, 2), MODEL)]
    answer = door.run("people.enroll", name="Bob", templates=[template_record(t) for t in sibling], consent=["recognise"], refuse_same=True)
    assert [(a["name"], a["same"]) for a in answer["alike"]] == [("Ben", False)]
