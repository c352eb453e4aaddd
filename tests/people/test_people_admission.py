"""Whoever is held back stays pending, whatever is done to them, until the owner approved and they passed; invitations and own links."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from people_fakes import BOTH, MODEL, THRESHOLDS, templates_like

from edge_face.errors import PeopleError, UsageError
from edge_face.people import Gallery, PeopleCommands, Store
from edge_face.people.admission import KIND, Admission, admission_of, admission_record, is_held
from edge_face.people.admission_commands import WAITS_DAYS, AdmissionCommands, forget_stale
from edge_face.people.person import Consent, State
from edge_face.people.records import template_record

DAY = 86_400.0
FACES = [template_record(template) for template in templates_like(5)]


class House:
    def __init__(self, folder: Path) -> None:
        self.store, self.wall, self.changes = Store(folder), 1e9, 0
        self.commands = AdmissionCommands(self.store, self._changed, embedder_id=MODEL, wall=lambda: self.wall)
        self.people = PeopleCommands(self.store, embedder_id=MODEL, thresholds=THRESHOLDS, wall=lambda: self.wall)

    def run(self, command: str, **arguments: Any) -> dict[str, Any]:
        return self.commands.run(command, arguments)

    def invited(self, name: str = "Ana", **answers: bool) -> str:
        secret = str(self.run("invite.new", name=name, by="Olga")["secret"])
        self.run("invite.consent", secret=secret, **{"recognise": True, "show": True, **answers})
        return secret

    def waiting(self, name: str = "Ana") -> str:
        return str(self.run("invite.done", secret=self.invited(name), templates=FACES)["id"])

    def known(self) -> tuple[str, ...]:
        return Gallery.build(self.store.people(), MODEL, 1e-4, THRESHOLDS).people

    def _changed(self) -> None:
        self.changes += 1


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.store.close()


# Held back


def test_approval_and_pass_together_let_somebody_in(house: House) -> None:
    who = house.waiting()
    assert house.store.person(who).state is State.PENDING
    with pytest.raises(PeopleError, match="not approved"):
        house.run("pending.admit", who=who)
    house.run("pending.approve", who=who)
    assert house.known() == ()
    house.run("pending.admit", who=who)
    assert house.known() == (who,)
    assert house.changes == 1


def ways(house: House, who: str) -> dict[str, Callable[[], Any]]:
    person = house.store.person(who)
    return {"activate": lambda: house.people.run("people.activate", {"who": who}),
            "suspended and back": lambda: (house.people.run("people.suspend", {"who": who}),
                                           house.people.run("people.activate", {"who": who})),
            "consent": lambda: house.people.run("people.consent", {"who": who, "give": ["recognise", "show"], "how": "again"}),
            "consent taken and given": lambda: (house.store.set_consent(who, Consent()), house.store.set_consent(who, BOTH)),
            "enrolled again": lambda: house.people.run("people.enroll", {"name": person.name, "templates": FACES, "again": True}),
            "consent and face": lambda: (house.store.set_consent(who, Consent()), house.store.set_consent(who, BOTH),
                                         house.store.replace_templates(who, templates_like(5))),
            "rename": lambda: house.people.run("people.rename", {"who": who, "name": "Other"})}


@pytest.mark.parametrize("approved", [False, True])
@pytest.mark.parametrize("way", ["activate", "suspended and back", "consent", "consent taken and given", "enrolled again",
                                 "consent and face", "rename"])
def test_nothing_else_lets_them_in(house: House, way: str, approved: bool) -> None:
    who = house.waiting()
    if approved:
        house.run("pending.approve", who=who)
    try:
        ways(house, who)[way]()
    except PeopleError as error:
        assert "waits to be approved" in str(error)
    assert house.known() == ()
    assert house.store.person(who).state is not State.ACTIVE


@pytest.mark.parametrize("aside", [False, True])
def test_a_move_to_another_door_keeps_them_held(house: House, tmp_path: Path, aside: bool) -> None:
    who = house.waiting()
    if aside:
        house.people.run("people.suspend", {"who": who})
    record = house.people.run("people.export", {"who": who})
    other = House(tmp_path / "other")
    other.people.run("people.import", {"people": record["people"]})
    assert other.known() == ()
    with pytest.raises(PeopleError, match="waits to be approved"):
        other.people.run("people.activate", {"who": who})
    assert other.run("pending.list")["pending"][0]["source"] == "import"
    other.store.close()


def test_whoever_takes_the_consent_back_while_waiting_is_not_admitted(house: House) -> None:
    who = house.waiting()
    house.run("pending.approve", who=who)
    house.people.run("people.consent", {"who": who, "withdraw": ["recognise"]})
    with pytest.raises(PeopleError, match="took the consent back"):
        house.run("pending.admit", who=who)


def test_a_damaged_record_holds(house: House) -> None:
    who = house.waiting()
    house.store.put_record(KIND, {"source": "invitation"}, who)
    with pytest.raises(PeopleError, match="waits to be approved"):
        house.people.run("people.activate", {"who": who})
    assert is_held({"source": "nobody", "begun": 1.0, "approved": 1.0, "passed": 1.0})


def test_a_record_survives_the_store() -> None:
    admission = Admission("invitation", 5.0, 6.0, None)
    assert admission_of(admission_record(admission)) == admission
    assert is_held(admission_record(admission))
    assert not is_held(admission_record(admission.passing(7.0)))
    assert not is_held(None)


def test_refusing_erases_whoever_waits_and_nobody_else(house: House) -> None:
    who = house.waiting()
    ben = house.store.add("Ben", BOTH, templates_like(1), wall=1.0).id
    with pytest.raises(PeopleError, match="does not wait"):
        house.run("pending.refuse", who=ben)
    house.run("pending.refuse", who=who)
    assert [person.id for person in house.store.people()] == [ben]


def test_who_never_comes_is_forgotten(house: House) -> None:
    house.waiting("Late")
    house.people.run("people.propose", {"name": "Asked never", "templates": FACES})
    house.wall += 20 * DAY
    soon = house.waiting("Soon")
    ben = house.store.add("Ben", BOTH, templates_like(1), wall=1.0).id
    house.wall += (WAITS_DAYS - 15) * DAY
    assert forget_stale(house.store, house.wall) == 2
    assert {person.id for person in house.store.people()} == {soon, ben}


# Enrolled, but not asked


def test_a_proposed_person_becomes_active_with_the_consent(house: House) -> None:
    who = house.people.run("people.propose", {"name": "Ana", "templates": FACES})["id"]
    assert house.known() == ()
    assert house.run("pending.list")["pending"][0]["why"] == "consent"
    house.people.run("people.consent", {"who": who, "give": ["recognise"], "how": "on paper"})
    assert house.known() == (who,)


def test_an_offered_person_waits_like_one_who_was_invited(house: House) -> None:
    who = house.run("pending.offer", name="Ana", templates=FACES, consent=["recognise"], how="asked")["id"]
    assert (house.known(), house.run("pending.list")["pending"][0]["why"]) == ((), "approval")
    with pytest.raises(PeopleError, match="agreed to be recognised"):
        house.run("pending.offer", name="Eve", templates=FACES, consent=["show"], how="asked")
    house.run("pending.approve", who=who)
    assert house.run("pending.list")["pending"][0]["why"] == "pass"


# Invitations


def test_an_invitation_is_for_one_enrolment(house: House) -> None:
    secret = house.invited()
    house.run("invite.done", secret=secret, templates=FACES)
    for command in ("invite.open", "invite.done"):
        with pytest.raises(PeopleError, match="not valid"):
            house.run(command, secret=secret, **({"templates": FACES} if command == "invite.done" else {}))
    assert [row["state"] for row in house.run("invite.list")["invitations"]] == ["done"]


def test_an_invitation_ends_by_itself_and_a_clock_set_back_does_not_revive_it(house: House) -> None:
    secret = house.run("invite.new", name="Ana", hours=2)["secret"]
    house.wall += 2 * 3600
    with pytest.raises(PeopleError, match="not valid"):
        house.run("invite.open", secret=secret)
    assert house.run("invite.list")["invitations"][0]["state"] == "ended"
    house.wall -= 10 * 3600
    with pytest.raises(PeopleError, match="not valid"):
        house.run("invite.open", secret=secret)


@pytest.mark.parametrize("hours", [0, -1, 25, float("nan"), True, "24"])
def test_hours_that_cannot_be_meant(house: House, hours: object) -> None:
    with pytest.raises(PeopleError, match="at most 24 hours"):
        house.run("invite.new", name="Ana", hours=hours)


@pytest.mark.parametrize("secret", ["", "x", "A" * 43, "é" * 43, None, 7, "A" * 44, "../" * 20, "\0" * 43])
def test_secrets_that_are_none(house: House, secret: object) -> None:
    house.invited()
    for command in ("invite.open", "lasting.show", "lasting.forget", "lasting.give", "lasting.greet"):
        with pytest.raises(PeopleError, match="not valid"):
            house.run(command, secret=secret, **({"text": "x"} if command.endswith("greet") else {}))


def test_no_means_that_nothing_is_kept(house: House) -> None:
    secret = house.run("invite.new", name="Ana")["secret"]
    house.run("invite.consent", secret=secret, recognise=False, show=True)
    with pytest.raises(PeopleError, match="not valid"):
        house.run("invite.done", secret=secret, templates=FACES)
    assert (house.store.count(), house.run("invite.list")["invitations"][0]["state"]) == (0, "declined")


def test_nobody_is_enrolled_before_the_questions_are_answered(house: House) -> None:
    secret = house.run("invite.new", name="Ana")["secret"]
    with pytest.raises(PeopleError, match="answer the two questions"):
        house.run("invite.done", secret=secret, templates=FACES)


def test_a_name_is_invited_once_and_not_when_it_is_taken(house: House) -> None:
    house.store.add("Ben", BOTH, templates_like(1), wall=1.0)
    with pytest.raises(PeopleError, match="already somebody named"):
        house.run("invite.new", name="BEN")
    first = house.run("invite.new", name="Ana")
    with pytest.raises(PeopleError, match="invited already"):
        house.run("invite.new", name="ana")
    house.run("invite.withdraw", id=first["id"])
    with pytest.raises(PeopleError, match="not valid"):
        house.run("invite.open", secret=first["secret"])
    house.run("invite.new", name="ana")
    with pytest.raises(PeopleError, match="no such open invitation"):
        house.run("invite.withdraw", id=first["id"])


def test_the_store_holds_no_secret(house: House, tmp_path: Path) -> None:
    secret = house.invited()
    lasting = str(house.run("invite.done", secret=secret, templates=FACES)["lasting"])
    house.store.close()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes()
            assert lasting[16:].encode() not in path.read_bytes()
    house.store = Store(tmp_path)


# The person's own link


def own(house: House, **answers: bool) -> str:
    return str(house.run("invite.done", secret=house.invited(**answers), templates=FACES)["lasting"])


def test_the_own_link_shows_and_takes_back(house: House) -> None:
    link = own(house)
    shown = house.run("lasting.show", secret=link)
    assert (shown["name"], shown["held"], shown["templates"]) == ("Ana", True, 4)
    assert "embedding" not in str(shown)
    after = house.run("lasting.withdraw", secret=link, questions=["show"])
    assert (after["consent"]["show"], after["templates"]) == (None, 4)
    house.run("lasting.give", secret=link)
    gone = house.run("lasting.withdraw", secret=link, questions=["recognise"])
    assert (gone["templates"], gone["consent"]) == (0, {"recognise": None, "show": None, "pictures": None})
    with pytest.raises(PeopleError, match="enrolled again"):
        house.run("lasting.give", secret=link)
    assert house.changes >= 3


def test_being_listed_is_taken_back_by_itself_and_with_being_recognised(house: House) -> None:
    link = own(house)
    who = house.run("lasting.show", secret=link)["id"]
    for questions in (["attendance"], ["recognise"]):
        house.store.put_record("attendance", {"wall": 1.0, "how": "asked"}, who)
        assert house.run("lasting.show", secret=link)["attendance"]["wall"] == 1.0
        templates = house.run("lasting.withdraw", secret=link, questions=questions)["templates"]
        assert house.run("lasting.show", secret=link)["attendance"] is None
        assert templates == (4 if questions == ["attendance"] else 0)


def test_the_person_chooses_the_greeting(house: House) -> None:
    link = own(house)
    house.run("lasting.greet", secret=link, text="Hello  me")
    assert house.run("lasting.show", secret=link)["greeting"] == "Hello me"
    house.run("lasting.greet", secret=link, text="")
    assert house.run("lasting.show", secret=link)["greeting"] is None


def test_a_newer_own_link_takes_the_place_of_the_older(house: House) -> None:
    link = own(house)
    who = house.run("lasting.show", secret=link)["id"]
    newer = house.run("lasting.new", who=who)["lasting"]
    with pytest.raises(PeopleError, match="newer one"):
        house.run("lasting.show", secret=link)
    assert house.run("lasting.show", secret=newer)["id"] == who


def test_one_persons_link_is_no_other_persons(house: House) -> None:
    ana = own(house)
    ben = house.store.add("Ben", BOTH, templates_like(1), wall=1.0).id
    house.run("lasting.new", who=ben)
    with pytest.raises(PeopleError, match="not valid"):
        house.run("lasting.show", secret=ben + ana[16:])


def test_the_person_may_have_all_erased(house: House) -> None:
    link = own(house)
    house.run("lasting.forget", secret=link)
    assert house.store.count() == 0
    with pytest.raises(PeopleError, match="not valid"):
        house.run("lasting.show", secret=link)


@pytest.mark.parametrize("questions", [[], ["all"], "recognise", None, [1]])
def test_consents_that_are_none(house: House, questions: object) -> None:
    link = own(house)
    with pytest.raises(UsageError):
        house.run("lasting.withdraw", secret=link, questions=questions)


def test_whom_a_face_looks_like_counts_those_who_wait(house: House) -> None:
    assert house.people.run("people.alike", {"templates": FACES})["alike"] == []
    house.waiting()
    assert house.people.run("people.alike", {"templates": FACES})["alike"][0]["name"] == "Ana"
    house.run("pending.refuse", who="Ana")
    assert house.people.run("people.alike", {"templates": FACES})["alike"] == []
