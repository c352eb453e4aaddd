"""`edge-face privacy` and `wipe-device` without a door that runs: answers, refusals, what is left on the disk."""

from __future__ import annotations

import json
import os
import stat
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from people_cli import Shell

from edge_face.minimisation import walk
from edge_face.minimisation.wiping import tell_card
from edge_face.opencv import cv2
from edge_face.people import Consent, Given, Store, Template
from edge_face.people.invitations import INVITATION
from edge_face.people.pictures import Picture
from edge_face.settings_file import load_settings
from edge_face.types import Quality

NAME = "Zebedäus Quill"
GIVEN = Given(1.7e9, "in a test")


def _unit(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=128).astype(np.float32)
    return vector / np.linalg.norm(vector)


def _crop() -> Picture:
    noise = np.random.default_rng(3).integers(0, 256, (112, 112, 3), np.uint8)
    return Picture(cv2.imencode(".png", noise)[1].tobytes(), "straight", Quality(1, 1, 1, 1, 1, 60, 0, 0, 0), 1.7e9)


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell(tmp_path, capsys, monkeypatch)
    with Store(made.store) as store:
        person = store.add(NAME, Consent(GIVEN, GIVEN, GIVEN), [Template(_unit(k), "m") for k in range(3)], wall=1.7e9,
                           pictures=[_crop()])
        store.add("Ana", Consent(GIVEN), [Template(_unit(9), "m")], wall=1.7e9)
        store.events.append("grant", 1.7e9, person.id, {"score": 0.7})
        store.events.append("deny", 1.7e9, None, {"text": f"{NAME} was near"})
        store.put_record("attendance", {"wall": 1.0, "how": "x"}, person.id)
        store.put_record(INVITATION, {"id": "1" * 16, "name": NAME, "by": "", "created": 0.0, "until": 1.0, "consent": None,
                                      "state": "done", "person": person.id}, name="h")
        store.put_record("code-rest", {"door": [0], "people": {person.id: [3], "f" * 16: [1]}})
        store.put_record("visitor", {"label": f"friend of {NAME}", "rights": {}}, name="a" * 16)
    return made


def test_the_report_names_everything_and_says_what_is_odd_or_too_old(shell: Shell) -> None:
    answer = shell("privacy", "report")
    assert answer.code == 1 and "2 events are older than 90 days" in answer.out and "NOT IN THE TABLE" not in answer.out
    with Store(shell.store) as store:
        store.events.prune(2e9)
    assert shell("privacy", "report").code == 0
    old = [shell.store / "recordings" / "1.rec", shell.store / "audit" / "000000000001.log"]
    for path, days in zip(old, (9, 367), strict=True):
        path.parent.mkdir()
        path.write_bytes(b"x")
        os.utime(path, (time.time() - days * 86_400.0,) * 2)
    said = shell("privacy", "report", "--json").json["overdue"]
    assert [sentence.split(" older")[0] for sentence in said] == ["1 recording is", "1 file of the audit log is"]
    for path in old:
        path.unlink()
    (shell.store / "scan.png").write_bytes(b"x")
    answer = shell("privacy", "report", "--json")
    assert answer.code == 1 and answer.json["unnamed"] == ["store:scan.png"] and answer.json["overdue"] == []
    rows = {row["name"]: row for row in answer.json["kept"]}
    assert rows["templates"]["rows"] == 4 and rows["keys"]["files"] == 1 and rows["recordings"]["kept_here"] is False


def test_erasing_asks_and_leaves_nothing_also_of_what_belongs_to_the_house(shell: Shell) -> None:
    assert shell("privacy", "erase", NAME).code == 2, "nobody can be asked"
    asked = shell("privacy", "erase", NAME, answers="n\n")
    assert asked.code == 1 and "nothing was changed" in asked.err
    done = shell("privacy", "erase", NAME.upper(), answers="y\n")
    assert done.code == 0 and "nothing is left" in done.out and "visitor" in done.out, "a label is another's, and told"
    with Store(shell.store, read_only=True) as store:
        assert [person.name for person in store.people()] == ["Ana"]
        assert list(store.records(INVITATION)) == []
        assert store.record("code-rest") == {"door": [0], "people": {"f" * 16: [1]}}
        assert NAME not in str(store.events.query())
    assert shell("privacy", "erase", NAME, "--yes").code == 1


def test_protected_templates_are_looked_for_as_they_are_kept(shell: Shell) -> None:
    assert shell("store", "protect").code == 0
    with Store(shell.store, read_only=True) as store:
        codes = [template.code.bits.tobytes() for template in store.find(NAME).templates if template.code is not None]
    assert len(codes) == 3
    (shell.folder / "dump.bin").write_bytes(bytes(77) + codes[1])
    done = shell("privacy", "erase", NAME, "--yes", "--also", str(shell.folder / "dump.bin"), "--json")
    assert done.code == 1 and [(hit["what"], hit["at"]) for hit in done.json["hits"]] == [("a template", 77)]


def test_a_backup_that_lies_about_is_told(shell: Shell) -> None:
    (shell.folder / "stick").mkdir()
    for words in (("store", "backup"), ("people", "export")):
        assert shell(*words, str(shell.folder / "stick" / words[1]), "--passphrase-file", shell.passphrase()).code == 0
    done = shell("privacy", "erase", NAME, "--yes", "--also", str(shell.folder / "stick"), "--json")
    assert done.code == 0 and [Path(path).name for path in done.json["shut"]] == ["backup", "export"]


def test_forgetting_is_the_same_way_and_takes_files_with_pictures_along(shell: Shell) -> None:
    shell.config.write_text(shell.config.read_text() + f'[service]\npreview_file = "{shell.folder}/now.jpg"\npreview_fps = 1.0\n')
    left = [shell.folder / "now.jpg", shell.store / "hooks" / "00000001-aaaaaaaaaaaaaaaa.jpg", shell.store / "pages-files" / "ab12"]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"somebody sharp")
    assert shell("people", "suspend", NAME).code == 0 and all(path.exists() for path in left)
    assert shell("people", "forget", NAME, "--yes").code == 0
    assert not any(path.exists() for path in left)


def test_whoever_takes_back_everything_is_there_without_a_face(shell: Shell) -> None:
    answer = shell("privacy", "withdraw", NAME, "all", "--yes")
    assert answer.code == 0 and "agrees to: nothing (pending, 0 templates, 0 pictures)" in answer.out
    assert answer.out.count("nothing is left") == 2 and "erases them too" in answer.out
    with Store(shell.store, read_only=True) as store:
        person = store.find(NAME)
        assert person.consent == Consent() and store.record("attendance", person.id) is None
    assert shell("privacy", "withdraw", "Ana", "show", "--json").json["agrees_to"] == ["recognise"]
    for wrong in ("everything", "", "recognise,shoes"):
        assert shell("privacy", "withdraw", NAME, wrong).code == 2, wrong
    assert shell("privacy", "withdraw", "Nobody", "show").code == 1


def test_what_is_handed_over_holds_all_and_nothing_that_opens_a_door(shell: Shell) -> None:
    assert shell("codes", "add", NAME, "--generate").code == 0
    target = shell.folder / "q.zip"
    answer = shell("privacy", "export", NAME, "--out", str(target))
    assert answer.code == 0 and "hand it over" in answer.out and stat.S_IMODE(target.stat().st_mode) == 0o600
    with zipfile.ZipFile(target) as packed:
        facts = json.loads(packed.read("person.json"))
        assert set(packed.namelist()) == {"READ ME.txt", "person.json", "pictures/1.png"}
        assert NAME in packed.read("READ ME.txt").decode()
    assert len(facts["person"]["templates"]) == 3 and facts["person"]["consent"]["show"] == [1.7e9, "in a test"]
    assert [event["kind"] for event in facts["events"]] == ["grant", "code.added"]
    kinds = {record["kind"]: record for record in facts["records"]}
    assert set(kinds["pin"]) == {"kind", "name", "added"} and kinds["code-number"]["number"] and kinds["attendance"]["wall"] == 1.0
    assert set(facts["mentioned_in"]) == {"visitor", "invitation", "code-rest"} and len(facts["what_is_kept_and_why"]) > 20
    assert shell("privacy", "export", NAME, "--out", str(target)).code == 1, "nothing is written over"
    assert shell("privacy", "export", NAME, "--out", str(target), "--force").code == 0
    assert shell("privacy", "export", NAME, "--out", str(shell.folder / "no" / "q.zip")).code == 1
    assert shell("privacy", "export", "Nobody", "--out", str(shell.folder / "n.zip")).code == 1 and not (shell.folder / "n.zip").exists()


def test_many_events_come_in_pages(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.people.subject.PAGE", 3)
    with Store(shell.store) as store:
        who = store.find(NAME).id
        for k in range(10):
            store.events.append("grant", 1.7e9 + k, who, {"k": k})
    assert shell("privacy", "export", NAME, "--out", str(shell.folder / "q.zip")).code == 0
    with zipfile.ZipFile(shell.folder / "q.zip") as packed:
        facts = json.loads(packed.read("person.json"))
    assert [event["details"].get("k") for event in facts["events"]] == [None, *range(10)]


def test_papers_go_to_a_file_or_the_terminal(shell: Shell) -> None:
    answer = shell("privacy", "notice", "--lang", "en")
    assert answer.code == 0 and answer.out.startswith("<!doctype html>") and "nobody is named on it" in answer.err
    target = shell.folder / "dpia.md"
    assert shell("privacy", "dpia", "--out", str(target)).code == 0 and target.read_text().startswith("# Data protection impact")
    assert shell("privacy", "dpia", "--out", str(target)).code == 2 and shell("privacy", "dpia", "--out", str(target), "--force").code == 0
    assert shell("privacy", "notice", "--out", str(shell.folder / "no" / "n.html")).code == 2


def test_wiping_asks_twice_takes_keys_first_and_leaves_what_is_not_ours(shell: Shell) -> None:
    (shell.store / "holiday.txt").write_text("mine")
    shown = shell("wipe-device", "--dry-run")
    assert shown.code == 0 and shown.out.splitlines()[0] == f"erase {shell.store}/device.key" and "leave" in shown.out
    assert shell("wipe-device").code == 2
    for answers in ("n\n", "y\nno\n", "y\n"):
        assert shell("wipe-device", answers=answers).code == 1 and (shell.store / "device.key").exists()
    held = [(shell.store / name).open("rb") for name in ("device.key", "people.db")]
    done = shell("wipe-device", "--no-trim", answers="y\nerase everything\n")
    assert done.code == 0 and "STILL THERE" not in done.out and "flash card" in done.out
    assert not any(file.read(4096).strip(b"\0") for file in held), "overwritten, not only unlinked"
    for file in held:
        file.close()
    assert [path.name for path in shell.store.iterdir()] == ["holiday.txt"]
    assert [entry.address for entry in walk(load_settings(str(shell.config)))] == ["store:holiday.txt"]
    assert shell("wipe-device", "--yes").out.startswith("there is nothing of anybody here")


def test_wiping_finds_what_is_left_and_the_settings_only_go_when_asked(shell: Shell) -> None:
    (shell.store / "export.csv").write_text(f"{NAME};came at noon")
    done = shell("wipe-device", "--yes", "--no-trim", "--json")
    assert done.code == 1 and [hit["what"] for hit in done.json["found"]] == ["the name"] and shell.config.exists()
    assert shell("wipe-device", "--yes", "--no-trim", "--settings").code == 0 and not shell.config.exists()


@pytest.mark.parametrize("what", ["device.key", "people.db"])
def test_wiping_a_store_whose_key_is_lost_or_that_is_damaged_works_all_the_same(shell: Shell, what: str) -> None:
    (shell.store / what).chmod(0o600)
    (shell.store / what).write_bytes(b"no key, no database")
    assert shell("wipe-device", "--yes", "--no-trim").code == 0 and not shell.store.exists()


def test_the_card_is_told_which_blocks_are_free(tmp_path: Path) -> None:
    asked: list[list[str]] = []

    def run(command: list[str]) -> str:
        asked.append(command)
        return "/: 12 MiB trimmed\n"

    assert "12 MiB trimmed" in tell_card(tmp_path / "gone", run) and asked[0][:2] == ["fstrim", "-v"] and Path(asked[0][2]).is_mount()

    def refuse(command: list[str]) -> str:
        raise OSError("the discard operation is not supported")

    assert "could not be told" in tell_card(tmp_path, refuse)
