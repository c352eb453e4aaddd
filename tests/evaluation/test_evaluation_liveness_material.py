"""Clips and pictures with labels, read in every form; what is wrong is said in one sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from edge_face.demo import clip_path, labels_path
from edge_face.errors import MediaError
from edge_face.evaluation.liveness_material import read_clips, read_stills


def put(home: Path, *names: str) -> Path:
    home.mkdir(exist_ok=True)
    for name in names:
        (home / name).write_bytes(b"\x00")  # is not opened here
    return home


def test_names_say_species_and_subject(tmp_path: Path) -> None:
    clips = read_clips(put(tmp_path / "c", "live__ana.mp4", "print__ana__2.mp4", "Bona Fide__ben.avi", "paper mask__ben.mp4"))
    assert [(c.name, c.species, c.subject) for c in clips] == [
        ("Bona Fide__ben.avi", None, "ben"), ("live__ana.mp4", None, "ana"), ("paper mask__ben.mp4", "paper mask", "ben"),
        ("print__ana__2.mp4", "print", "ana")]
    assert not any(c.simulated or c.group or c.faces for c in clips)


def test_a_table_says_it_with_group_and_simulated(tmp_path: Path) -> None:
    home = put(tmp_path / "c", "a.mp4", "b.mp4")
    (home / "clips.csv").write_text("file, species, subject, group, simulated\na.mp4,print,ana,women,yes\nb.mp4,live,ben,men,\n",
                                    encoding="utf-8")
    one, two = read_clips(home)
    assert (one.species, one.subject, one.group, one.simulated) == ("print", "ana", "women", True)
    assert (two.species, two.subject, two.group, two.simulated) == (None, "ben", "men", False)


def test_labels_by_frame_beside_a_clip(tmp_path: Path) -> None:
    shutil.copy(clip_path("spoof_print"), tmp_path / "x.mp4")
    shutil.copy(labels_path("spoof_print"), tmp_path / "x.jsonl")
    (clip,) = read_clips(tmp_path)
    assert clip.faces is not None and {face.attack for faces in clip.faces.values() for face in faces} == {None, "print"}


@pytest.mark.parametrize(("files", "table", "words"), [
    ([], None, "no video in the folder"),
    (["nobody.mp4"], None, "what does '.*nobody.mp4' show"),
    (["__ana.mp4"], None, "what does"),
    (["a.mp4"], "who,what\na.mp4,x\n", "no column 'file'"),
    (["a.mp4"], "file,species\nb.mp4,print\n", "names videos that are not there: 1 video"),
    (["a.mp4"], "file,species\na.mp4,print\na.mp4,print\n", "line 3"),
    (["a.mp4"], "file,species,simulated\na.mp4,print,perhaps\n", "says yes or no, not 'perhaps'"),
])
def test_bad_folders_of_clips(tmp_path: Path, files: list[str], table: str | None, words: str) -> None:
    home = put(tmp_path / "c", *files)
    if table is not None:
        (home / "clips.csv").write_text(table, encoding="utf-8")
    with pytest.raises(MediaError, match=words):
        read_clips(home)


def test_no_folder_and_labels_without_a_face(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no folder"):
        read_clips(tmp_path / "nowhere")
    put(tmp_path, "a.mp4")
    (tmp_path / "a.jsonl").write_text('{"frame": 0, "faces": []}\n', encoding="utf-8")
    with pytest.raises(MediaError, match="name no face"):
        read_clips(tmp_path)


ROWS: list[dict[str, object]] = [{"file": "a.png", "label": "live", "subject": "0003"},
        {"file": "b.png", "label": "print", "subject": "0006", "group": "x", "simulated": True, "box": [1, 2, 3, 4]},
        {"file": "c.png", "label": "attack", "species": "mask", "subject": "0003"}]


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_pictures_with_json_lines(tmp_path: Path) -> None:
    home = put(tmp_path / "p", "a.png", "b.png", "c.png")
    (tmp_path / "l.jsonl").write_text(lines(ROWS), encoding="utf-8")
    a, b, c = read_stills(home, tmp_path / "l.jsonl")
    assert (a.species, b.species, c.species) == (None, "print", "mask")
    assert b.box is not None and b.box.height == 4 and b.simulated and b.group == "x" and not a.simulated and a.box is None
    assert [s.name for s in read_stills(home, tmp_path / "l.jsonl", frozenset({"0003"}))] == ["a.png", "c.png"]


def test_pictures_with_csv(tmp_path: Path) -> None:
    home = put(tmp_path / "p", "a.png", "b.png")
    (tmp_path / "l.csv").write_text("file,label,subject,simulated\na.png,live,ana,\nb.png,screen,ben,yes\n", encoding="utf-8")
    a, b = read_stills(home, tmp_path / "l.csv")
    assert (a.species, a.subject, b.species, b.simulated) == (None, "ana", "screen", True)


@pytest.mark.parametrize(("text", "words"), [
    ("", "empty"), ("not json\n", "line 1 .* is no JSON object"), ("[1]\n", "line 1"),
    ('{"file": "a.png"}\n', "must name a file and a label"),
    ('{"file": 3, "label": "live"}\n', "line 1"), ('{"file": "../a.png", "label": "live"}\n', "outside of the folder"),
    ('{"file": "/etc/passwd", "label": "live"}\n', "outside of the folder"), ('{"file": "z.png", "label": "live"}\n', "not to be found"),
    ('{"file": "a.png", "label": "live", "box": [1, 2]}\n', "has a box that is not"),
    ('{"file": "a.png", "label": "live", "simulated": "maybe"}\n', "says yes or no")])
def test_bad_labels_of_pictures(tmp_path: Path, text: str, words: str) -> None:
    home = put(tmp_path / "p", "a.png")
    (tmp_path / "l.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(MediaError, match=words):
        read_stills(home, tmp_path / "l.jsonl")


def test_unknown_subjects_are_said(tmp_path: Path) -> None:
    home = put(tmp_path / "p", "a.png")
    (tmp_path / "l.jsonl").write_text(lines(ROWS[:1]), encoding="utf-8")
    with pytest.raises(MediaError, match="nobody called 0099"):
        read_stills(home, tmp_path / "l.jsonl", frozenset({"0003", "0099"}))
