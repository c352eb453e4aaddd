"""`edge-face enroll`, with the shipped models on bundled pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from people_cli import Shell

from edge_face.cameras import CaptureHealth, CaptureState
from edge_face.demo import clip_path, stills
from edge_face.media import VideoReader, write_picture
from edge_face.settings import CameraSettings
from edge_face.types import Frame

BEN = str(stills("ben")[0].parent)
CHIDI = str(stills("chidi")[0].parent)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(tmp_path, capsys, monkeypatch)


def test_from_pictures(run: Shell) -> None:
    done = run("enroll", "Ben", "--images", BEN, "--consent", "recognise,show")
    assert done.code == 0, done.err
    assert "Ben is enrolled (active, shown sharp): 4 templates" in done.out and "alike on average" in done.out
    person, = run("people", "list", "--json").json["people"]
    assert person["consent"]["show"]["how"] == "--consent on the command line"


def test_what_the_door_asks_for_besides_is_said(run: Shell) -> None:
    assert "face+code): edge-face codes add 'Ben B' --generate" in run("enroll", "Ben B", "--images", BEN, "--consent", "recognise").err
    run.config.write_text(run.config.read_text() + '[decision]\nassurance = "face+challenge"\n')
    assert "codes add" not in run("enroll", "Chidi", "--images", CHIDI, "--consent", "recognise").err


def test_as_json(run: Shell) -> None:
    done = run("enroll", "Bén 李", "--images", BEN, "--consent", "recognise", "--json")
    assert done.code == 0
    assert done.json["person"]["name"] == "Bén 李" and done.json["person"]["consent"]["show"] is None
    assert 0.0 < done.json["agreement"]["lowest"] <= done.json["agreement"]["mean"] <= 1.0
    assert done.json["alike"] == [] and done.json["left_out"] == [] and done.json["looked_at"] == len(stills("ben"))


def test_from_a_video(run: Shell) -> None:
    done = run("enroll", "Ben", "--video", str(clip_path("turn_live")), "--consent", "recognise")
    assert done.code == 0 and "hidden in pictures" in done.out


class FilmCamera:
    """In place of the capture process: every frame of the clip, at the clip's own times, then straight looks, then nothing."""

    def __init__(self, settings: CameraSettings) -> None:
        self.source = settings.source
        with VideoReader(clip_path("turn_live")) as video:
            frames = [(seconds, image) for _, seconds, image in video]
        after = frames[-1][0]
        frames += [(after + 0.1 * k, frames[k % 5][1]) for k in range(1, 50)]
        self._frames = [Frame(k, seconds, 0.0, image) for k, (seconds, image) in enumerate(frames)]
        self.health = CaptureHealth(CaptureState.ENDED, "", 0.0, 0, 0.0, None)

    def __enter__(self) -> FilmCamera:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def latest(self, after_index: int = -1, timeout: float = 0.0) -> Frame | None:
        return self._frames[after_index + 1] if after_index + 1 < len(self._frames) else None


def test_from_a_camera_by_prompts(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.cameras.Capture", FilmCamera, raising=False)
    done = run("enroll", "Ben", "--camera", "usb:0", "--consent", "recognise")
    assert done.code == 0, done.err
    for prompt in ("good: hold still", "turn your head a bit to your left", "turn your head a bit to your right", "[100 %] that is all"):
        assert prompt in done.err
    kept = run("people", "show", "Ben", "--json").json["kept"]
    assert {"straight", "left", "right"} <= {k["pose"] for k in kept}


def test_consent_is_needed(run: Shell) -> None:
    done = run("enroll", "Ben", "--images", BEN)
    assert done.code == 2 and "--consent" in done.err
    assert not run.store.exists()


@pytest.mark.parametrize("consent", ["show", "everything", "", "recognise,recognise", "recognise,show,more"])
def test_consents_that_are_none(run: Shell, consent: str) -> None:
    done = run("enroll", "Ben", "--images", BEN, "--consent", consent)
    assert done.code == 2 and "recognise,show" in done.err


def test_both_questions_are_asked_in_words(run: Shell) -> None:
    done = run("enroll", "Ben", "--images", BEN, answers="what?\ny\nno\n")
    assert done.code == 0, done.err
    assert done.err.count("[y/n]") == 3 and "recognise Ben by the face" in done.err and "seen sharp" in done.err
    person, = run("people", "list", "--json").json["people"]
    assert person["consent"]["recognise"]["how"] == "asked on the terminal" and person["consent"]["show"] is None


@pytest.mark.parametrize("answers", ["n\n", ""])
def test_who_says_no_is_not_enrolled(run: Shell, answers: str) -> None:
    done = run("enroll", "Ben", "--images", BEN, answers=answers)
    assert done.code == 1 and "nothing is kept" in done.err and done.err.count("[y/n]") == 1
    assert not run.store.exists()


@pytest.mark.parametrize("name", ["", "  ", "../../etc", "a\nb", "x" * 81])
def test_bad_names(run: Shell, name: str) -> None:
    done = run("enroll", name, "--images", BEN, "--consent", "recognise")
    assert done.code == 1 and "name" in done.err and done.err.count("\n") == 1


def test_a_name_that_exists(run: Shell) -> None:
    assert run("enroll", "Ben", "--images", BEN, "--consent", "recognise").code == 0
    done = run("enroll", "BEN", "--images", CHIDI, "--consent", "recognise")
    assert done.code == 1 and "already somebody named 'BEN'" in done.err and "--again" in done.err


def test_enrolling_again(run: Shell) -> None:
    run("enroll", "Ben", "--images", BEN, "--consent", "recognise,show")
    before = run("people", "show", "Ben", "--json").json
    done = run("enroll", "ben", "--video", str(clip_path("turn_live")), "--again", "--json")
    assert done.code == 0, done.err
    assert done.json["alike"] == [] and done.json["person"]["id"] == before["id"] and done.json["person"]["consent"] == before["consent"]
    after = run("people", "show", "Ben", "--json").json
    assert after["kept"] != before["kept"]
    done = run("enroll", "Nobody", "--images", BEN, "--again")
    assert done.code == 1 and "nobody named 'Nobody'" in done.err


def test_a_face_that_belongs_to_somebody_is_a_warning(run: Shell) -> None:
    run("enroll", "Ben", "--images", BEN, "--consent", "recognise")
    refused = run("enroll", "Benny", "--images", BEN, "--consent", "recognise", "--refuse-same")
    assert refused.code == 1 and "looks like 'Ben'" in refused.err
    no = run("enroll", "Benny", "--images", BEN, "--consent", "recognise", answers="n\n")
    assert no.code == 1 and "Enrol Benny all the same?" in no.err and len(run("people", "list", "--json").json["people"]) == 1
    done = run("enroll", "Benny", "--images", BEN, "--consent", "recognise")
    assert done.code == 0 and "warning: this face already belongs to 'Ben'" in done.err


def test_missing_and_empty_folders(run: Shell, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for folder, message in (("missing", "no folder that can be read"), ("empty", "there is no picture in the folder"),
                            ("edge-face.toml", "no folder")):
        done = run("enroll", "Ben", "--images", str(tmp_path / folder), "--consent", "recognise")
        assert done.code == 1 and message in done.err and done.err.count("\n") == 1


def test_pictures_that_do_not_serve(run: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "Bilder von Zoë"
    folder.mkdir()
    write_picture(folder / "grau.png", np.full((480, 640, 3), 120, np.uint8))
    write_picture(folder / "zwei.png", np.full((480, 640, 3), 120, np.uint8))
    done = run("enroll", "Zoë", "--images", str(folder), "--consent", "recognise")
    assert done.code == 1 and "2 usable pictures of one person are needed" in done.err and "grau.png: no face was found" in done.err
    shutil.copy(stills("ben")[0], folder)
    done = run("enroll", "Zoë", "--images", str(folder), "--consent", "recognise")
    assert done.code == 1 and "there is 1" in done.err
    assert run("people", "list", "--json").json["people"] == []


def test_a_missing_video_and_a_missing_camera(run: Shell, tmp_path: Path) -> None:
    done = run("enroll", "Ben", "--video", str(tmp_path / "missing.mp4"), "--consent", "recognise")
    assert done.code == 1 and "missing.mp4" in done.err
    done = run("enroll", "Ben", "--camera", "usb:/dev/video63", "--consent", "recognise")
    assert done.code == 1 and "video63" in done.err


def test_two_sources_are_one_too_many(run: Shell) -> None:
    assert run("enroll", "Ben", "--images", BEN, "--video", "x.mp4", "--consent", "recognise").code == 2


def test_help_has_examples(run: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    from edge_face.cli.main import main

    assert main(["enroll", "--help"]) == 0
    assert "examples:" in capsys.readouterr().out


def test_a_video_that_was_cut_off_is_said_to_be(run: Shell, tmp_path: Path) -> None:
    whole = clip_path("turn_live").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[:len(whole) * 3 // 4])
    done = run("enroll", "Ben", "--video", str(tmp_path / "cut.mp4"), "--consent", "recognise")
    assert done.code == 0 and "note: 'cut.mp4' is cut off: it ends after" in done.err.replace(str(tmp_path) + "/", ""), done.err
    (tmp_path / "shorter.mp4").write_bytes(whole[:len(whole) // 3])
    listed = run("enroll", "Ben Two", "--video", str(tmp_path / "shorter.mp4"), "--consent", "recognise", "--json")
    assert "is cut off" in (" ".join(listed.json["notes"]) if listed.code == 0 else listed.err)


def test_a_chin_that_nobody_could_see_is_told(run: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.cameras.Capture", FilmCamera, raising=False)
    monkeypatch.setattr("edge_face.people.sighting.nose_height", lambda landmarks: 0.6)
    done = run("enroll", "Ben", "--camera", "usb:0", "--consent", "recognise")
    assert done.code == 0, done.err
    assert "nobody could see whether the chin was raised" in done.err
    assert sorted(kept["pose"] for kept in run("people", "show", "Ben", "--json").json["kept"]) == ["extra", "left", "right", "straight"]


def test_a_name_that_looks_like_an_option_is_refused(run: Shell) -> None:
    bare = run("enroll", "-rf", "--images", BEN, "--consent", "recognise")
    assert bare.code == 2 and "'-rf' is no option here, and a name cannot begin with a dash" in bare.err
    spelled = run("enroll", " -rf", "--images", BEN, "--consent", "recognise")
    assert spelled.code == 1 and "begins with a dash" in spelled.err and not run.store.exists()
