"""The settings file: every mistake is one sentence with file, line and what is allowed; the written file is the default."""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.access.actions import known, orders
from edge_face.errors import SettingsError
from edge_face.settings import ACTIONS, Settings, section_names
from edge_face.settings_file import (
    apply_overrides,
    default_text,
    load_settings,
    parse_settings,
    settings_source,
    to_toml,
    write_default,
)

UNCOMMENTED = re.sub(r"^#(?=[a-z_]+ = )", "", default_text(), flags=re.MULTILINE)


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EDGE_FACE_CONFIG", raising=False)
    monkeypatch.setattr("edge_face.settings_file.SEARCHED", ("edge-face.toml", str(tmp_path / "etc" / "edge-face.toml")))
    return tmp_path


def wrong(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, "door.toml")
    return str(caught.value)


def test_no_file_means_the_defaults() -> None:
    assert settings_source() is None
    assert load_settings() == Settings()


def test_search_order_is_argument_environment_folder_etc(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def put(name: str, pulse: int) -> Path:
        path = nowhere / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"[door]\npulse = {pulse}\n")
        return path

    put("etc/edge-face.toml", 1)
    assert load_settings().door.pulse == 1
    put("edge-face.toml", 2)
    assert load_settings().door.pulse == 2
    monkeypatch.setenv("EDGE_FACE_CONFIG", str(put("environment.toml", 3)))
    assert load_settings().door.pulse == 3
    given = put("argument.toml", 4)
    assert load_settings(str(given)).door.pulse == 4
    assert settings_source(str(given)) == given


def test_an_empty_environment_variable_names_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGE_FACE_CONFIG", "")
    assert settings_source() is None


def test_the_written_file_is_the_default_with_and_without_its_comment_signs(nowhere: Path) -> None:
    target = write_default(nowhere / "new" / "edge-face.toml")
    assert load_settings(str(target)) == Settings()
    assert tomllib.loads(UNCOMMENTED)["door"]["pulse"] == Settings().door.pulse
    assert parse_settings(UNCOMMENTED) == Settings()


def test_the_written_file_documents_every_key() -> None:
    text = default_text()
    for section in section_names():
        for field in dataclasses.fields(getattr(Settings(), section)):
            assert f"# {field.metadata['doc']}" in text
            assert re.search(rf"^#{field.name} = ", text, re.MULTILINE)


def test_an_existing_file_is_not_replaced_unless_told_to(nowhere: Path) -> None:
    target = nowhere / "edge-face.toml"
    target.write_text("[door]\npulse = 7\n")
    with pytest.raises(SettingsError, match="exists: --force"):
        write_default(target)
    assert load_settings(str(target)).door.pulse == 7
    write_default(target, force=True)
    assert load_settings(str(target)) == Settings()
    assert [path.name for path in nowhere.iterdir()] == ["edge-face.toml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(nowhere: Path) -> None:
    nowhere.chmod(0o500)
    with pytest.raises(SettingsError, match="cannot be written"):
        write_default(nowhere / "edge-face.toml")


def test_a_folder_below_a_file_cannot_be_written(nowhere: Path) -> None:
    (nowhere / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        write_default(nowhere / "file" / "edge-face.toml")


def test_unknown_key_names_file_line_and_neighbours() -> None:
    assert wrong("# a\n\n[door]\npulse = 2\npulze = 3\n") == \
        "door.toml, line 5: there is no key 'door.pulze': did you mean pulse?"


def test_a_key_in_the_wrong_section_is_sent_home() -> None:
    assert "line 2: there is no key 'camera.lock_pin': 'lock_pin' belongs below [door]" in wrong("[camera]\nlock_pin = 'GPIO4'")
    assert "it belongs below [door]" in wrong("lock_pin = 'GPIO4'")


def test_unknown_section() -> None:
    assert "line 3: there is no section [dor]: did you mean [door]?" in wrong("[door]\n\n[dor]\n")
    assert "the sections are camera, vision" in wrong("[weather]\n")
    assert "'door' is a section: write [door]" in wrong("door = 3")


@pytest.mark.parametrize(("text", "words"), [
    ("[door]\npulse = 99", "line 2: door.pulse = 99 is out of range: 0.2 to 60 s is allowed (pulse: how long a grant"),
    ("[door]\npulse = true", "is not a number"),
    ("[door]\npulse = '3'", 'door.pulse = "3" is not a number'),
    ("[door]\npulse = nan", "is not a number that can be meant"),
    ("[door]\npulse = inf", "is not a number that can be meant"),
    ("[door]\npulse = -inf", "is not a number that can be meant"),
    ("[door]\nchip = 1.0", "is not a whole number"),
    ("[door]\nchip = true", "is not a whole number"),
    ("[door]\nactive_high = 1", "is not true or false"),
    ("[door]\nfail = 'secur'", 'is not one of "secure", "safe": did you mean "secure"?'),
    ("[door]\nlock_pin = 17", "is not a text in quotes"),
    ("[door]\nlock_pin = \"a\\u0000b\"", "has a control character"),
    ("[door]\nlock_pin = 'GPIO99'", "line 2: door.lock_pin = \"GPIO99\" is out of range"),
    ("[door]\nlock_pin = ''", "is not a pin: write GPIO17, 17 or BOARD11"),
    ("[door]\nexit_pin = 'BOARD1'", "is no GPIO"),
    ("[camera]\nfill_light_pin = 'lamp'", "camera.fill_light_pin = \"lamp\" is not a pin"),
    ("[camera]\nrotate = 90", "is not one of 0, 180"),
    ("[camera]\nprivacy_masks = [[0, 0, 1]]", "is not a list of [x, y, width, height]"),
    ("[camera]\nprivacy_masks = [[0, 0, 2, 1]]", "each a share of the picture"),
    ("[camera]\nprivacy_masks = [[0, 0, 0, 1]]", "without width or height"),
    ("[camera]\nprivacy_masks = [[0, 0, nan, 1]]", "is not a list of"),
    ("[camera]\ncontrols = 3", "is not a table"),
    ("[camera]\ncontrols = { a = 1979-05-27 }", "has a date or time in it"),
    ("[camera]\ncontrols = { a = nan }", "has a value that is not a number"),
    ("[camera]\ncontrols = { a = 0x" + "f" * 6000 + " }", "has a number too large"),
    ("[camera]\nwidth = 0x" + "f" * 6000, "is out of range"),
    ("[decision]\nvotes = 6\nof = 5", "line 2: decision.votes = 6 can never be reached out of decision.of = 5"),
    ("[decision]\nassurance = 'face+card'", "line 2: decision.assurance = \"face+card\" needs a card reader: set inputs.wiegand_d0"),
    ("[decision]\nassurance = 'card'", 'or choose "code" with a keypad'),
    ("[decision]\nassurance = 'code'", "needs a keypad: set inputs.keypad_rows and inputs.keypad_columns"),
    ("[decision]\nassurance = 'code'", 'or choose "card" with a card reader'),
    ("[decision]\nassurance = ''", "is not one of"),
    ("[decision]\nassurance = 'face'\n[camera]\nsource = 'none'", 'camera.source = "none" sees none: "code" or "card"'),
    ("[decision]\nassurance = 'eyes'", "is not one of"),
    ("[recorder]\nevents = ['grant', 'lockdown']", 'names "lockdown", which is none of grant, deny, alarm, code, exit, owner'),
    ("[recorder]\nevents = 'grant'", "is not a list of texts"),
    ("[recorder]\nevents = ['grant', 'grant']", "line 2: recorder.events names a kind twice"),
    ("[recorder]\nevents = ['exit']\n[camera]\nsource = 'none'", 'camera.source = "none" takes none: leave it empty'),
    ("[recorder]\nquota = 1", "line 2: recorder.quota = 1 is out of range: 8 to 65536 MB"),
    ("[recorder]\nafter = 31.0", "0 to 30 s is allowed"),
    ("[liveness]\nactions = ['left', 'jump']", 'line 2: liveness.actions names "jump", which is no action: there is left'),
    ("[liveness]\nactions = ['left', 'left', 'up']", "names an action twice"),
    ("[liveness]\nactions = ['blink', 'nearer']", "needs left or right"),
    ("[liveness]\nactions = ['up', 'nearer']", "needs left or right"),
    ("[liveness]\nactions = []\n", "needs left or right"),
    ("[liveness]\nnumber = 3\nactions = ['left', 'up']", "liveness.number = 3 actions cannot be drawn from the 2"),
    ("[access]\ncode_rest = 90\ncode_rest_most = 60", "access.code_rest = 90 is longer than access.code_rest_most = 60"),
    ("[service]\npreview_fps = 5.0", "preview_file does not say where"),
    ("[door]\nlock_pin = 'GPIO4'\nexit_pin = '4'", "lock_pin and exit_pin are both GPIO4"),
    ("[door]\nlock_pin = 'BOARD11'\nexit_pin = 'GPIO17'", "lock_pin and exit_pin are both GPIO17"),
])
def test_what_is_wrong_is_said(text: str, words: str) -> None:
    message = wrong(text)
    assert words in message
    assert message.startswith("door.toml, line ")
    assert "\n" not in message


@pytest.mark.parametrize("text", [
    "[camera]\nsource = 'none'",
    "[decision]\nassurance = 'code'\n[camera]\nsource = 'none'\n[inputs]\nkeypad_rows = ['GPIO5', 'GPIO6', 'GPIO13', 'GPIO19']\n"
    "keypad_columns = ['GPIO12', 'GPIO16', 'GPIO20', 'GPIO21']",
    "[decision]\nassurance = 'face+card'\n[inputs]\nwiegand_d0 = 'GPIO23'\nwiegand_d1 = 'GPIO24'",
    "[decision]\nassurance = 'face'", "[liveness]\nactions = ['right', 'blink']"])
def test_levels_that_can_be_met_are_fine(text: str) -> None:
    assert parse_settings(text) != Settings()


def test_a_whole_number_is_a_number() -> None:
    pulse = parse_settings("[door]\npulse = 2").door.pulse
    assert pulse == 2 and isinstance(pulse, float)


@pytest.mark.parametrize(("text", "place"), [
    ("[door]\npulse = \n", "line 2, column 9"),
    ("[door\n", "line 1, column 6"),
    ("[door]\npulse = 3\npulse = 4\n", "line 3, column 10"),
    ("[door]\nlock_pin = '''", "line 2, column 15"),
])
def test_bad_toml_has_line_and_column(text: str, place: str) -> None:
    assert f"door.toml, {place}: this is not TOML" in wrong(text)


def test_toml_that_breaks_the_parser_is_a_sentence_too() -> None:
    assert "not usable TOML" in wrong("a = " + "[" * 100_000)
    assert "not usable TOML" in wrong("[door]\npulse = " + "9" * 5000)


def test_files_that_cannot_be_read(nowhere: Path) -> None:
    for name, content, words in [("bin.toml", b"[door]\n\n\xff\xfe", "line 3: this is not UTF-8"),
                                 ("big.toml", b"#" * (1 << 20) + b"#", "larger than 1 MB")]:
        (nowhere / name).write_bytes(content)
        with pytest.raises(SettingsError, match=words):
            load_settings(name)
    with pytest.raises(SettingsError, match="is a folder"):
        load_settings(str(nowhere))
    with pytest.raises(SettingsError, match=r"there is no settings file gone\.toml"):
        load_settings("gone.toml")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings("a\0b")


def test_a_byte_order_mark_and_windows_lines_are_fine(nowhere: Path) -> None:
    (nowhere / "win.toml").write_bytes(b"\xef\xbb\xbf[door]\r\npulse = 2\r\n")
    assert load_settings("win.toml").door.pulse == 2


def test_overrides_are_checked_like_a_file() -> None:
    assert apply_overrides(Settings(), {"door.pulse": 1, "camera.source": "usb:0"}).camera.source == "usb:0"
    assert apply_overrides(parse_settings("[door]\nchip = 4"), {"door.pulse": 1}).door.chip == 4
    with pytest.raises(SettingsError, match=r"--pins: door\.pins = \"none\" is not one of"):
        apply_overrides(Settings(), {"door.pins": "none"}, "--pins")
    with pytest.raises(SettingsError, match="no section"):
        apply_overrides(Settings(), {"": 1})


def test_only_what_changed() -> None:
    assert to_toml(Settings(), only_changed=True) == ""
    assert to_toml(apply_overrides(Settings(), {"door.pulse": 1}), only_changed=True) == "[door]\npulse = 1.0\n"


VALUES: st.SearchStrategy[Any] = st.one_of(
    st.booleans(), st.integers(-(1 << 70), 1 << 70), st.floats(), st.text(max_size=8),
    st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=4), st.one_of(st.integers(), st.text(max_size=4)), max_size=2))
KEYS = sorted(f"{section}.{field.name}" for section in section_names()
              for field in dataclasses.fields(getattr(Settings(), section)))


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
def test_whatever_is_accepted_can_be_written_and_read_again(overrides: dict[str, Any]) -> None:
    try:
        settings = apply_overrides(Settings(), overrides)
    except SettingsError:
        return
    assert parse_settings(to_toml(settings)) == settings


@given(st.data())
def test_a_damaged_file_never_crashes(data: st.DataObject) -> None:
    text = UNCOMMENTED
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 30))
        text = text[:at] + data.draw(st.text(alphabet="[]{}=\"'\\\n#.,0123456789abcdeinx_ \t\r\0é", max_size=6)) + text[at + cut:]
    try:
        settings = parse_settings(text, "f.toml")
    except SettingsError as error:
        assert str(error).startswith("f.toml")
        assert "\n" not in str(error)
    else:
        assert isinstance(settings, Settings)


@given(st.text())
def test_any_text_never_crashes(text: str) -> None:
    try:
        parse_settings(text)
    except SettingsError as error:
        assert str(error)


@pytest.mark.parametrize("number", range(2, len(ACTIONS) + 1))
def test_settings_take_just_the_actions_of_which_a_challenge_can_be_made(number: int) -> None:
    """What the policy can hold, and what it is given, are decided in two places."""
    for chosen in itertools.combinations(ACTIONS, number):
        possible = bool(orders(known(chosen), 2))
        try:
            parse_settings(f"[liveness]\nactions = {[*chosen]}")
        except SettingsError:
            assert not possible, chosen
        else:
            assert possible, chosen
