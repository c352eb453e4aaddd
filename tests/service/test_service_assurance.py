"""What a level means at this door, and what it takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_face.access import Calendar, PolicyRules
from edge_face.access.assurance import level_of
from edge_face.service.assurance import NO_CAMERA, describe_assurance, missing_factor, unmet, worrying
from edge_face.settings import ASSURANCES, CameraSettings, DecisionSettings, InputSettings, KioskSettings, Settings
from edge_face.settings_file import parse_settings

READER = InputSettings(wiegand_d0="GPIO23", wiegand_d1="GPIO24")
KEYPAD = InputSettings(keypad_rows=["GPIO5"], keypad_columns=["GPIO12"], keypad_keys="1")


def door(level: str, inputs: InputSettings | None = None, source: str = "usb:0") -> Settings:
    return replace(Settings(), decision=DecisionSettings(assurance=level), inputs=inputs or InputSettings(),
                   camera=CameraSettings(source=source))


def test_a_level_that_nobody_chose_is_face_and_code() -> None:
    assert level_of(Settings()) == "face+code"
    assert len({describe_assurance(door(level)) for level in ASSURANCES}) == len(ASSURANCES)


def test_only_a_face_alone_worries() -> None:
    assert [level for level in ASSURANCES if worrying(door(level))] == ["face"]


@pytest.mark.parametrize(("level", "is_one_of"), [("face+code", "card"), ("face+challenge", "card"), ("code", "code"), ("card", "card")])
def test_without_a_camera_nobody_waits_for_a_face(level: str, is_one_of: str) -> None:
    blind = door(level, source="None")
    assert level_of(blind) == is_one_of and not worrying(blind)
    assert PolicyRules.from_settings(blind, {}, Calendar()).level == is_one_of
    assert (describe_assurance(blind) == NO_CAMERA) is level.startswith("face")


@pytest.mark.parametrize(("level", "inputs", "missing"), [
    ("card", None, "reader"), ("face+card", KEYPAD, "reader"), ("code", READER, "keypad"), ("face+code", None, "keypad"),
    ("card", READER, ""), ("face+card", READER, ""), ("code", KEYPAD, ""), ("face+code", KEYPAD, ""), ("face", None, ""),
    ("face+challenge", None, "")])
def test_what_has_to_be_fitted(level: str, inputs: InputSettings | None, missing: str) -> None:
    said = missing_factor(level, door(level, inputs))
    assert (missing in said) if missing else said == ""
    assert unmet({level}, door("face", inputs)) == ([said] if said else [])


def test_a_pad_on_a_touch_screen_is_a_keypad() -> None:
    pad = replace(door("face+code"), kiosk=KioskSettings(pad=True))
    assert missing_factor("face+code", pad) == missing_factor("code", pad) == ""
    assert "reader" in missing_factor("face+card", pad)
    assert parse_settings("[decision]\nassurance = 'code'\n[kiosk]\npad = true\n").kiosk.pad


def test_a_level_with_a_face_is_missing_the_camera_first() -> None:
    assert "no camera" in missing_factor("face+code", door("face+code", KEYPAD, "none"))
