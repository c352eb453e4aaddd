"""A user's own pictures as training faces: all layouts, every kind of bad input, nobody on both sides."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from converter.training.cutting import CROP, as_crop, cut, dominant, inner
from converter.training.datasets import CropReader, load_people, load_training, summary
from converter.training.listing import chosen, read_listing
from edge_face.demo import __file__ as demo_file
from edge_face.errors import MediaError
from edge_face.media import read_picture
from edge_face.types import Box, Detection
from edge_face.vision.align import TEMPLATE, align

PEOPLE = Path(demo_file).parent / "people"


def some(folder: Path, people: int = 8, pictures: tuple[str, ...] = ("front", "left", "smile")) -> Path:
    for home in sorted(PEOPLE.iterdir())[:people]:
        (folder / home.name).mkdir(parents=True)
        for name in pictures:
            shutil.copy(home / f"{name}.jpg", folder / home.name)
    return folder


def test_a_tree_is_found_aligned_and_split_by_people(tmp_path: Path) -> None:
    tree = some(tmp_path / "tree")
    train, selection = load_training(tree, "train"), load_training(tree, "selection")
    assert train.crops.shape[1:] == (CROP, CROP, 3) and train.crops.dtype == np.uint8
    assert train.people + selection.people == 8 and selection.people >= 2
    assert len(train) == 3 * train.people and train.teacher.shape == (len(train), 0) and train.parts == ()
    assert not {bytes(crop) for crop in train.crops} & {bytes(crop) for crop in selection.crops}
    both = load_people(tree, "all")
    assert both.names == tuple(sorted(home.name for home in PEOPLE.iterdir() if home.is_dir()))
    assert [both.names[who] for who in both.faces.person] == [file.parent.name for file in both.files]


def test_the_split_does_not_move_when_people_are_added(tmp_path: Path) -> None:
    names = [f"person {number}" for number in range(400)]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_bytes(b"x")
    entries = read_listing(tmp_path)
    few = {entry.person for entry in chosen(entries[:200], "selection", 0.1)}
    many = {entry.person for entry in chosen(entries, "selection", 0.1)}
    assert few == many & {entry.person for entry in entries[:200]}
    assert 20 < len(many) < 65
    assert many != {entry.person for entry in chosen(entries, "selection", 0.1, seed=1)}


def test_a_crop_is_the_aligned_face_with_a_margin() -> None:
    picture = read_picture(PEOPLE / "ana" / "front.jpg")
    marks = np.array([(218.2, 286.7), (280.7, 286.3), (248.7, 312.4), (224.9, 348.1), (274.7, 348.0)], np.float32)
    crop = cut(picture, marks).image
    assert crop.shape == (CROP, CROP, 3)
    plain = align(picture, marks).image
    assert np.abs(inner(crop).astype(int) - plain).mean() < 1.0
    # A large face is shrunk by area first, and still lands on the template.
    big = cv2.resize(picture, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    assert np.abs(inner(cut(big, marks * 4).image).astype(int) - plain).mean() < 4.0


def test_crops_are_taken_as_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for size in (112, 128):
        picture = rng.integers(0, 256, (size, size, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"{size}.png"), picture)
        crop = CropReader().read(tmp_path / f"{size}.png")
        assert not isinstance(crop, str) and crop.shape == (CROP, CROP, 3)
        assert np.array_equal(inner(crop), picture if size == 112 else inner(picture))
    assert as_crop(np.zeros((113, 113, 3), np.uint8)) is None


def face(x: float, y: float, side: float) -> Detection:
    return Detection(Box(x, y, side, side), TEMPLATE.astype(np.float32), 0.9)


def test_the_one_face_that_a_picture_is_about() -> None:
    large, small, far = face(80, 60, 90), face(10, 10, 40), face(10, 10, 80)
    assert dominant([], 250, 250) is None
    assert dominant([small], 250, 250) is small
    assert dominant([small, large], 250, 250) is large
    assert dominant([large, far], 250, 250) is None  # nearly as large
    assert dominant([face(100, 100, 40), face(0, 0, 90)], 250, 250) is None  # the larger one is not in the middle


def test_lfw_flat_folders_and_csv(tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for home in sorted(PEOPLE.iterdir())[:4]:
        for number, name in enumerate(("front", "left"), 1):
            shutil.copy(home / f"{name}.jpg", flat / f"{home.name.title()}_Doe_{number:04}.jpg")
    (flat / "notes.txt").write_text("no picture")
    found = load_people(flat, "all")
    assert found.names == ("Ana_Doe", "Ben_Doe", "Chidi_Doe", "Dewi_Doe") and len(found.faces) == 8

    table = tmp_path / "faces.csv"
    roles = dict(zip(found.names, ("train", "train", "selection", "selection"), strict=True))
    table.write_text("file,person,role\n" + "".join(
        f"flat/{file.name},{name},{roles[name]}\n" for file in sorted(flat.glob("*.jpg")) for name in [file.stem.rsplit("_", 1)[0]]))
    assert load_people(table, "train").names == ("Ana_Doe", "Ben_Doe")
    assert load_people(table, "selection").names == ("Chidi_Doe", "Dewi_Doe")


@pytest.mark.parametrize(("text", "says"), [
    ("", "columns file,person"), ("file,person\n", "lists no pictures"), ("a,b\n1,2\n", "columns file,person"),
    ("file,person\n,ana\n", "line 2"), ("file,person,role\nx.jpg,ana,boss\n", "'boss'"),
    ("file,person,role\nx.jpg,ana,train\ny.jpg,ana,test\nz.jpg,ben,train\n", "ana has pictures in several roles"),
    ("file,person\nx.jpg,ana\n", "one person only"), ("file,person,role\nx.jpg,ana,test\n", "empty"),
])
def test_a_csv_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "faces.csv").write_text(text)
    with pytest.raises(MediaError, match=says):
        load_training(tmp_path / "faces.csv", "train")


def test_empty_missing_and_lonely_sets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="does not exist"):
        load_training(tmp_path / "nowhere", "train")
    with pytest.raises(MediaError, match="no pictures of people"):
        load_training(tmp_path, "train")
    with pytest.raises(MediaError, match="one person only"):
        load_training(some(tmp_path / "one", people=1), "all")
    with pytest.raises(MediaError, match="one picture only"):
        load_training(some(tmp_path / "single", pictures=("front",)), "all")
    with pytest.raises(MediaError, match="too few"):
        load_training(some(tmp_path / "three", people=3), "train")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00file")
    with pytest.raises(MediaError, match="UTF-8"):
        load_training(tmp_path / "binary.csv", "train")


def test_held_out_people_are_refused_by_name_and_by_picture(tmp_path: Path) -> None:
    tree, test = some(tmp_path / "tree"), tmp_path / "test"
    with pytest.raises(MediaError, match="ben is held out"):
        load_training(tree, "train", heldout=["Ben", "nobody"])
    names = tmp_path / "names.txt"
    names.write_text("# for testing\nana\nhiro\n")
    with pytest.raises(MediaError, match="ana, hiro are held out"):
        load_training(tree, "train", heldout=names)
    (test / "renamed").mkdir(parents=True)
    shutil.copy(tree / "greta" / "left.jpg", test / "renamed" / "x.jpg")
    with pytest.raises(MediaError, match="same picture"):
        load_training(tree, "train", heldout=test)
    names.write_text("\n")
    with pytest.raises(MediaError, match="is empty"):
        load_training(tree, "train", heldout=names)
    assert load_training(tree, "all", heldout=["somebody else"]).people == 8


def test_what_cannot_be_used_is_skipped_and_named(tmp_path: Path) -> None:
    tree = some(tmp_path / "tree", people=4)
    homes = sorted(path.name for path in tree.iterdir())
    whole = (tree / homes[0] / "front.jpg").read_bytes()
    (tree / homes[0] / "cut.jpg").write_bytes(whole[:len(whole) // 2])
    (tree / homes[0] / "junk.png").write_bytes(b"this is no picture at all")
    (tree / homes[0] / "empty.jpg").write_bytes(b"")
    cv2.imwrite(str(tree / homes[1] / "wall.jpg"), np.full((300, 400, 3), 140, np.uint8))
    twins = np.hstack([read_picture(PEOPLE / name / "front.jpg") for name in ("ana", "ben")])
    cv2.imwrite(str(tree / homes[1] / "two.jpg"), twins)
    for name in ("left", "smile"):
        (tree / homes[3] / f"{name}.jpg").unlink()
    said: list[str] = []
    found = load_people(tree, "all", say=said.append)
    assert found.names == tuple(homes[:3]) and len(found.faces) == 9
    text = "\n".join(found.faces.skipped)
    for name in ("cut.jpg: cannot be used", "junk.png: cannot be used", "empty.jpg: cannot be used", "wall.jpg: no face",
                 "two.jpg: several faces", f"{homes[3]}: left out, 1 usable picture"):
        assert name in text
    assert said[-1] == summary(found.faces) and "9 faces of 3 people" in said[-1]
