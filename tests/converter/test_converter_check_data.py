"""`edge-face-convert check-data`: faults put in on purpose are found and named, a clean tree is clean."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter import cli
from converter.data_check import Labelled, Limits, copies, groups, misfits, splits, twins, two_groups
from edge_face.demo import __file__ as demo_file
from edge_face.errors import ModelError
from edge_face.media import read_picture
from edge_face.vision.bundle import load_bundle

PEOPLE = Path(demo_file).parent / "people"
LIMITS = Limits(same=0.45, far=0.2, centres=0.65, centres_rate=1e-4, split=0.35)


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    code = cli.main(["check-data", *map(str, argv)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def crowd(people: int = 6, each: int = 8, spread: float = 0.6, seed: int = 1) -> Labelled:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((people, 64))
    embeddings = np.repeat(centres, each, 0) + spread * rng.standard_normal((people * each, 64))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    thumbs = rng.standard_normal((people * each, 576))
    thumbs /= np.linalg.norm(thumbs, axis=1, keepdims=True)
    return Labelled(embeddings.astype(np.float32), thumbs.astype(np.float32), np.repeat(np.arange(people), each))


def test_a_clean_crowd_is_clean() -> None:
    faces = crowd()
    assert copies(faces) == [] and misfits(faces, LIMITS) == [] and twins(faces, LIMITS) == [] and splits(faces, LIMITS) == []


def test_a_wrong_label_is_found_and_so_is_whose_it_is() -> None:
    faces = crowd()
    wrong = faces.person.copy()
    wrong[3], wrong[20] = 4, 5
    found = misfits(replace(faces, person=wrong), LIMITS)
    assert {(m.face, m.looks_like) for m in found} == {(3, 0), (20, 2)}
    stranger = faces.embeddings.copy()
    stranger[10] = np.eye(64, dtype=np.float32)[0]
    assert [(m.face, m.looks_like) for m in misfits(replace(faces, embeddings=stranger), LIMITS)] == [(10, -1)]


def test_people_who_are_one_and_people_who_are_two() -> None:
    faces = crowd()
    torn = faces.person.copy()
    torn[np.flatnonzero(torn == 2)[:4]] = 6
    assert [(t.first, t.second) for t in twins(replace(faces, person=torn), LIMITS)] == [(2, 6)]
    joined = faces.person.copy()
    joined[np.flatnonzero(joined == 5)[:3]] = 1
    found = splits(replace(faces, person=joined), LIMITS)
    assert [(s.person, set(s.smaller)) for s in found] == [(1, {40, 41, 42})]


def test_the_pictures_of_one_blob_make_no_two_groups_by_force() -> None:
    same = np.tile(np.eye(8, dtype=np.float32)[0], (5, 1))
    assert not two_groups(same).any()
    assert groups(["a", "b", "a", "c", "a"]) == [(0, 2, 4)]


def test_limits_come_from_the_bundles_own_tables() -> None:
    limits = Limits.of(load_bundle("", "embedder").thresholds)
    assert -1 < limits.far < limits.same < limits.centres < 1 and limits.split < limits.centres
    with pytest.raises(ModelError, match="calibrate-thresholds"):
        Limits.of({})


def faulty(folder: Path) -> Path:
    for home in sorted(PEOPLE.iterdir()):
        shutil.copytree(home, folder / home.name, ignore=shutil.ignore_patterns("*.jsonl"))
    shutil.copy(folder / "ana" / "front.jpg", folder / "ana" / "again.jpg")  # the same file
    picture = read_picture(folder / "dewi" / "smile.jpg")
    cv2.imwrite(str(folder / "dewi" / "anew.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 60])  # the same picture
    (folder / "chidi" / "left.jpg").rename(folder / "efua" / "wrong.jpg")  # a wrong label
    (folder / "hiro2").mkdir()
    for name in ("left", "light", "up"):
        (folder / "hiro" / f"{name}.jpg").rename(folder / "hiro2" / f"{name}.jpg")  # one who are two folders
    for name in ("front", "smile", "light"):
        (folder / "greta" / f"{name}.jpg").rename(folder / "felix" / f"g-{name}.jpg")  # a folder of two
    (folder / "ben" / "cut.jpg").write_bytes((folder / "ben" / "up.jpg").read_bytes()[:900])
    return folder


def test_faults_put_in_on_purpose_are_found(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    tree = faulty(tmp_path / "tree")
    code, out, _ = run(capsys, tree, "--json", tmp_path / "report.json", "--precision", "float16")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert code == 1 and report["found"] >= 5
    assert [entry["file"] for entry in report["unusable"]] == ["ben/cut.jpg"]
    assert report["duplicates"] == [["ana/again.jpg", "ana/front.jpg"]]
    assert ["dewi/anew.jpg", "dewi/smile.jpg"] in [entry["files"] for entry in report["near_duplicates"]]
    assert ("efua/wrong.jpg", "chidi") in [(entry["file"], entry["looks_like"]) for entry in report["wrong_labels"]]
    assert ["hiro", "hiro2"] in [entry["people"] for entry in report["one_person"]]
    two = {entry["person"]: set(entry["files"]) for entry in report["two_people"]}
    greta = {f"felix/g-{name}.jpg" for name in ("front", "smile", "light")}
    assert two["felix"] == greta or not two["felix"] & greta
    for text in ("the same file more than once: 1", "efua/wrong.jpg: like chidi", "hiro and hiro2", "ben/cut.jpg"):
        assert text in out


def test_the_bundled_people_are_clean(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, PEOPLE)
    assert code == 0 and "48 of 48 pictures, 8 people" in out and "nothing suspicious" in out


def test_json_on_standard_output_is_nothing_but_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    shutil.copy(PEOPLE / "ana" / "front.jpg", tmp_path / "one")
    code, out, _ = run(capsys, tmp_path, "--json", "-")
    assert code == 0 and json.loads(out)["people"] == 1


@pytest.mark.parametrize(("argv", "code", "says"), [
    (["{tmp}/nowhere"], 1, "does not exist"), (["{tmp}"], 1, "no pictures of people"), (["{tmp}/walls"], 1, "no picture in"),
    (["{tmp}/walls", "--most", "0"], 2, "--most"), (["{tmp}/walls", "--bundle", "{tmp}"], 1, "manifest"),
])
def test_bad_input_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path, argv: list[str], code: int, says: str) -> None:
    if "{tmp}/walls" in argv:
        (tmp_path / "walls" / "nobody").mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "walls" / "nobody" / "wall.png"), np.full((200, 200, 3), 99, np.uint8))
    got, out, err = run(capsys, *(word.format(tmp=tmp_path) for word in argv))
    assert (got, out) == (code, "") and says in err and err.count("\n") == 1
