"""What a grant rests on: what the doctor says of the level, of what is fitted, and of what people have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge_face.access.rights import Calendar, Rights, Window
from edge_face.build_date import BUILD_DATE
from edge_face.doctor import Finding, Host, Status, assurance
from edge_face.doctor.all import CHECKS
from edge_face.errors import ModelError
from edge_face.people import Consent, Given, State, Store
from edge_face.people.access_records import save_calendar, save_rights
from edge_face.people.codes import CodeCommands
from edge_face.settings import CameraSettings, DecisionSettings, InputSettings, Settings, StoreSettings

KEYPAD = InputSettings(keypad_rows=["GPIO5", "GPIO6", "GPIO13", "GPIO19"], keypad_columns=["GPIO12", "GPIO16", "GPIO20", "GPIO21"])
GIVEN = Given(BUILD_DATE, "asked in a test")


def machine(root: Path) -> Host:
    return Host(root, lambda command: "", frozenset, lambda: BUILD_DATE + 86_400.0)


def by_name(findings: list[Finding], name: str) -> Finding:
    return next(finding for finding in findings if finding.check == name)


def door(folder: Path, level: str = "face+challenge", inputs: InputSettings | None = None) -> Settings:
    return replace(Settings(), decision=DecisionSettings(assurance=level), inputs=inputs or InputSettings(),
                   store=StoreSettings(folder=str(folder)))


def test_they_are_checks() -> None:
    assert {"assurance", "liveness", "codes"} <= dict(CHECKS).keys()


def test_the_assurance_is_said_and_what_it_takes_is_asked_for(tmp_path: Path) -> None:
    def found(level: str, inputs: InputSettings | None = None, camera: CameraSettings | None = None) -> list[Finding]:
        chosen = replace(Settings(), decision=DecisionSettings(assurance=level), inputs=inputs or InputSettings(),
                         camera=camera or CameraSettings())
        return list(assurance.assurance(machine(tmp_path), chosen))

    face = by_name(found("face"), "assurance")
    assert face.status is Status.WARN and "photo" in face.text and "face+code" in face.mend
    assert by_name(found("face+challenge"), "assurance").text.startswith('"face+challenge", a face must do what it is asked')
    assert by_name(found("face+challenge"), "second factor").status is Status.NOTE
    card = by_name(found("face+card"), "second factor")
    assert card.status is Status.FAIL and "no reader is fitted" in card.text
    reader = InputSettings(wiegand_d0="GPIO23", wiegand_d1="GPIO24")
    assert [finding.check for finding in found("face+card", reader)] == ["assurance"]
    assert [finding.check for finding in found("face+challenge", reader)] == ["assurance"]
    assert by_name(found("face+challenge", reader, CameraSettings(fps=5)), "challenge").status is Status.WARN
    blind = found("face+challenge", camera=CameraSettings(source="none"))
    assert [(finding.status, finding.text[:5]) for finding in blind] == [(Status.OK, "codes")]


def count(folder: Path, level: str = "face+challenge", inputs: InputSettings | None = None) -> list[tuple[str, Status, str]]:
    found = list(assurance.factors(machine(folder), door(folder, level, inputs)))
    assert "Ben" not in str(found) and "Zoe" not in str(found), "how many, never who"
    return [(finding.check, finding.status, finding.text) for finding in found]


def test_who_lacks_what_is_asked_of_them_is_counted(tmp_path: Path) -> None:
    assert list(assurance.factors(machine(tmp_path), door(tmp_path / "none"))) == []
    with Store(tmp_path) as store:
        people = {name: store.add(name, Consent(GIVEN, None), wall=BUILD_DATE).id for name in ("Ben", "Zoe", "Otto")}
        codes = CodeCommands(store)
        codes.run("codes.add", {"who": "Ben", "generate": 6})
        codes.run("codes.add", {"who": "Zoe", "card": "01704242"})
        store.set_state(people["Otto"], State.SUSPENDED)
    assert count(tmp_path, "face") == [("codes", Status.OK, "everybody has what this door may ask for")]
    assert count(tmp_path) == [("codes", Status.OK, "everybody has what this door may ask for")]
    (_, status, text), = count(tmp_path, "face+code", KEYPAD)
    assert status is Status.WARN and text.startswith("1 of 2 people have no code or card that is asked of them")
    with Store(tmp_path) as store:
        save_rights(store, people["Zoe"], Rights(assurance="code"))
    found = count(tmp_path)
    assert [status for _, status, _ in found] == [Status.WARN, Status.WARN] and "no keypad is fitted" in found[0][2]
    assert found[1][2].startswith("1 of 2 people")
    with Store(tmp_path) as store:
        save_rights(store, people["Zoe"], Rights())
        save_calendar(store, Calendar(assurance={"face+code": (Window(frozenset({0}), 0, 60),)}))
    assert [text[:11] for _, _, text in count(tmp_path, "face", KEYPAD)] == ["1 of 2 peop"], "at some hour a code is asked for"


def test_who_has_nothing_but_a_face_depends_on_challenges(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.add("Ben", Consent(GIVEN, None), wall=BUILD_DATE)
    (_, status, text), = count(tmp_path)
    assert status is Status.NOTE and text.startswith("1 of 1 people have no code and no card")


def test_the_shipped_attack_detection_is_fine(tmp_path: Path) -> None:
    finding, = assurance.liveness(machine(tmp_path), Settings())
    assert finding.status is Status.OK, finding
    assert "edge-face-liveness" in finding.text and "5% of living people" in finding.text


def test_attack_detection_that_does_not_run_is_a_failure(tmp_path: Path) -> None:
    lost = replace(Settings(), vision=replace(Settings().vision, liveness=str(tmp_path)))
    finding, = assurance.liveness(machine(tmp_path), lost)
    assert finding.status is Status.FAIL and "attack detection does not run" in finding.text and finding.mend
    for level in ("code", "card"):
        finding, = assurance.liveness(machine(tmp_path), replace(lost, decision=DecisionSettings(assurance=level)))
        assert finding.status is Status.NOTE
    finding, = assurance.liveness(machine(tmp_path), replace(lost, camera=CameraSettings(source="none")))
    assert finding.status is Status.NOTE


@pytest.mark.parametrize(("passed", "allowed", "status"), [
    (True, False, Status.OK), (False, False, Status.FAIL), (False, True, Status.WARN)])
def test_attack_detection_must_have_passed_its_gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passed: bool, allowed: bool,
                                                    status: Status) -> None:
    gate = SimpleNamespace(passed=passed, failure=lambda: "worse by 3 points")
    bundle = SimpleNamespace(gate=gate, name="edge-face-liveness", version="1.0", folder=tmp_path)
    monkeypatch.setattr("edge_face.vision.bundle.load_bundle", lambda folder, task, failed: bundle)
    monkeypatch.setattr("edge_face.vision.live.LivenessJudge", lambda *_: SimpleNamespace(still=lambda image, box: 0.5))
    settings = replace(Settings(), vision=replace(Settings().vision, allow_failed_gate=allowed))
    finding, = assurance.liveness(machine(tmp_path), settings)
    assert finding.status is status and "edge-face-liveness" in finding.text
    assert ("worse by 3 points" in finding.text) is not passed
    monkeypatch.setattr("edge_face.vision.live.LivenessJudge", _refuses)
    finding, = assurance.liveness(machine(tmp_path), settings)
    assert finding.status is Status.FAIL and "no thresholds" in finding.text


def _refuses(*_: object) -> None:
    raise ModelError("no thresholds")
