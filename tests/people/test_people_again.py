"""Re-enrolment from kept pictures: who gets new templates, who has to come again, and why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from people_fakes import BOTH, GIVEN, MODEL, THRESHOLDS, near, quality, template, unit

from edge_face.people import Consent, PeopleCommands, Store, Template
from edge_face.people.again import AgainReport, make_again
from edge_face.people.pictures import Picture, picture_of
from edge_face.types import Floats, Image

NEW = "new-embedder-0123"
ALL = Consent(GIVEN, GIVEN, GIVEN)


class Telling:
    """An embedder to which a crop's first pixel says the person, and the next how much it looks like them, in hundredths."""

    model_id = NEW

    def embed(self, aligned: Image) -> Floats:
        person, alike, seed = (int(v) for v in aligned[0, 0])
        return near(unit(person), alike / 100, seed)


def crops(person: int, count: int = 4, alike: int = 95) -> list[Picture]:
    """Pictures of one made-up person."""
    made = []
    for k in range(count):
        image = np.zeros((112, 112, 3), np.uint8)
        image[0, 0] = (person, alike, k + 1)
        made.append(picture_of(image, ("straight", "left", "right", "up")[k % 4], quality(), 3.0))
    return made


class House:
    def __init__(self, folder: Path) -> None:
        self.store = Store(folder)
        self.commands = PeopleCommands(self.store, embedder_id=NEW, thresholds=THRESHOLDS, wall=lambda: 9.0)

    def again(self, who: str | None = None) -> AgainReport:
        return make_again(lambda command, **arguments: self.commands.run(command, arguments), Telling(), THRESHOLDS, wall=9.0, who=who)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_new_templates_of_kept_pictures(house: House) -> None:
    ben = house.store.add("Ben", ALL, [template(1)], wall=0.0, pictures=crops(1))
    report = house.again()
    assert [(m["name"], m["templates"]) for m in report.made] == [("Ben", 4)] and report.must_come == []
    after = house.store.person(ben.id)
    assert after.models == (NEW,) and after.recognisable and {t.pose for t in after.templates} == {"straight", "left", "right", "up"}
    assert all(float(t.embedding @ unit(1)) > 0.9 for t in after.templates)
    assert after.consent == ALL and len(house.store.pictures(ben.id)) == 4, "the pictures serve the next embedder too"
    assert house.again().fitting == 1


def test_who_left_no_pictures_has_to_come_again(house: House) -> None:
    ana = house.store.add("Ana", BOTH, [template(1)], wall=0.0)
    house.store.add("Ben", ALL, [template(2)], wall=0.0, pictures=crops(2))
    report = house.again()
    assert [m["name"] for m in report.made] == ["Ben"] and report.must_come == [{"name": "Ana", "why": "no pictures were kept"}]
    assert house.store.person(ana.id).models == (MODEL,), "nothing is lost meanwhile"


def test_pictures_that_disagree_make_no_templates(house: House) -> None:
    ben = house.store.add("Ben", ALL, [template(1)], wall=0.0, pictures=[crops(1, 1)[0], crops(2, 1)[0]])
    report = house.again()
    assert report.made == [] and "none of 2 kept pictures" in report.must_come[0]["why"]
    assert house.store.person(ben.id).models == (MODEL,)


def test_a_picture_of_somebody_else_among_them_is_left_out(house: House) -> None:
    ben = house.store.add("Ben", ALL, [template(1)], wall=0.0, pictures=[*crops(1, 3), crops(2, 1)[0]])
    assert [m["templates"] for m in house.again().made] == [3]
    assert all(float(t.embedding @ unit(1)) > 0.9 for t in house.store.person(ben.id).templates)


def test_a_suspended_person_stays_suspended(house: House) -> None:
    ben = house.store.add("Ben", ALL, [template(1)], wall=0.0, pictures=crops(1))
    house.commands.run("people.suspend", {"who": "Ben"})
    assert len(house.again().made) == 1
    assert house.store.person(ben.id).state == "suspended"


def test_nobody_without_consent_is_touched(house: House) -> None:
    house.store.add("Ben", Consent(), wall=0.0)
    report = house.again()
    assert (report.made, report.must_come, report.fitting) == ([], [], 0)


def test_only_one_person(house: House) -> None:
    house.store.add("Ana", ALL, [template(1)], wall=0.0, pictures=crops(1))
    house.store.add("Ben", ALL, [template(2)], wall=0.0, pictures=crops(2))
    assert [m["name"] for m in house.again("ben").made] == ["Ben"]


def test_two_people_who_look_alike_now_are_named(house: House) -> None:
    house.store.add("Ana", ALL, [template(1)], wall=0.0, pictures=crops(7))
    house.store.add("Ben", ALL, [template(2)], wall=0.0, pictures=crops(7))
    first, second = house.again().made
    assert first["alike"] == [] and [a["name"] for a in second["alike"]] == [first["name"]] and second["alike"][0]["same"]


def test_whoever_has_both_kinds_of_templates_fits(house: House) -> None:
    house.store.add("Ben", ALL, [template(1), Template(unit(1), NEW)], wall=0.0, pictures=crops(1))
    assert house.again().fitting == 1
