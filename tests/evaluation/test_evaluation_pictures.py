"""Whose pictures they are, and lists of pairs: good ones, incomplete ones, damaged ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_face.errors import MediaError
from edge_face.evaluation.pictures import open_pictures, person_of, read_pairs


def touch(home: Path, *files: str) -> Path:
    for file in files:
        (home / file).parent.mkdir(parents=True, exist_ok=True)
        (home / file).write_bytes(b"x")
    return home


@pytest.mark.parametrize(("file", "person"), [
    ("ana/1.jpg", "ana"), ("team/ana/x_0001.jpg", "team/ana"), ("ana_0001.jpg", "ana"), ("Ana Maria 12.png", "Ana Maria"),
    ("ana-b_0003.webp", "ana-b"), ("portrait.jpg", "portrait"), ("0001.jpg", "0001")])
def test_a_person_is_a_folder_or_the_name_before_the_number(file: str, person: str) -> None:
    assert person_of(file) == person


def test_pictures_of_a_folder_are_sorted_and_videos_passed_over(tmp_path: Path) -> None:
    pictures = open_pictures(touch(tmp_path, "b/b_0001.jpg", "a/a_0002.png", "a/a_0001.webp", "a/film.mp4", "notes.txt"))
    assert pictures.files == ("a/a_0001.webp", "a/a_0002.png", "b/b_0001.jpg")
    assert pictures.people == ("a", "b") and pictures.person.tolist() == [0, 0, 1]


@pytest.mark.parametrize(("make", "said"), [(False, "there is no folder"), (True, "there is no picture in the folder")])
def test_no_folder_and_an_empty_one_are_said(tmp_path: Path, make: bool, said: str) -> None:
    home = tmp_path / "none"
    if make:
        home.mkdir()
    with pytest.raises(MediaError, match=said):
        open_pictures(home)


def test_pairs_in_the_format_of_lfw(tmp_path: Path) -> None:
    pictures = open_pictures(touch(tmp_path / "p", *(f"{who}/{who}_{n:04d}.jpg" for who in ("a", "b") for n in (1, 2))))
    (tmp_path / "pairs.txt").write_text("2\t1\na\t1\t2\na\t1\tb\t2\nb\t2\t1\nb\t1\ta\t2\n")
    found = read_pairs(tmp_path / "pairs.txt", pictures)
    assert [(pictures.files[p.left], pictures.files[p.right], p.same, p.fold) for p in found.pairs] == [
        ("a/a_0001.jpg", "a/a_0002.jpg", True, 0), ("a/a_0001.jpg", "b/b_0002.jpg", False, 0),
        ("b/b_0002.jpg", "b/b_0001.jpg", True, 1), ("b/b_0001.jpg", "a/a_0002.jpg", False, 1)]
    assert found.missing == () and found.left_out == 0


def test_a_flat_folder_and_names_with_spaces(tmp_path: Path) -> None:
    pictures = open_pictures(touch(tmp_path / "p", "Ana Maria_0001.jpg", "Ana Maria_0002.jpg", "ben_0001.jpg"))
    (tmp_path / "pairs.txt").write_text("1\t1\nAna Maria\t1\t2\nAna Maria\t2\tben\t1\n")
    assert [p.same for p in read_pairs(tmp_path / "pairs.txt", pictures).pairs] == [True, False]


def test_a_list_without_folds_is_dealt_into_ten(tmp_path: Path) -> None:
    pictures = open_pictures(touch(tmp_path / "p", "a/a_1.jpg", "a/a_2.jpg", "b/b_1.jpg"))
    (tmp_path / "pairs.txt").write_text("10\n" + "a 1 2\n" * 10 + "a 1 b 1\n" * 10)
    pairs = read_pairs(tmp_path / "pairs.txt", pictures).pairs
    assert sorted({p.fold for p in pairs}) == list(range(10))
    assert all(sum(p.same for p in pairs if p.fold == fold) == 1 for fold in range(10))


def test_a_missing_picture_is_counted_or_refused(tmp_path: Path) -> None:
    pictures = open_pictures(touch(tmp_path / "p", "a/a_0001.jpg", "a/a_0002.jpg", "b/b_0001.jpg"))
    (tmp_path / "pairs.txt").write_text("1 2\na 1 2\na 1 7\na 1 b 1\nzoe 3 b 1\n")
    found = read_pairs(tmp_path / "pairs.txt", pictures)
    assert found.missing == ("a/a_0007", "zoe/zoe_0003") and found.left_out == 2 and len(found.pairs) == 2
    with pytest.raises(MediaError, match=r"2 pictures \(a/a_0007, zoe/zoe_0003\)"):
        read_pairs(tmp_path / "pairs.txt", pictures, strict=True)


@pytest.mark.parametrize(("text", "said"), [
    ("", "is empty"), ("a b c\n", "no head"), ("0 5\n", "no head"), ("1 2\na 1 2\n", "states 1 x 2 x 2 = 4 pairs and lists 1"),
    ("1 1\na 1 2\na one b 1\n", "line 3"), ("1 1\na 1 2\na 1 b 1 9\n", "line 3"), ("1 1\nx 1 2\nx 1 y 1\n", "no pair is in"),
    ("1 1\na ² 2\na 1 b 1\n", "line 2")])
def test_a_damaged_list_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    pictures = open_pictures(touch(tmp_path / "p", "a/a_1.jpg", "a/a_2.jpg", "b/b_1.jpg"))
    (tmp_path / "pairs.txt").write_text(text, encoding="utf-8")
    with pytest.raises(MediaError, match=said):
        read_pairs(tmp_path / "pairs.txt", pictures)


def test_no_list_and_one_that_is_no_text(tmp_path: Path) -> None:
    pictures = open_pictures(touch(tmp_path / "p", "a/a_1.jpg"))
    with pytest.raises(MediaError, match="there is no pairs file"):
        read_pairs(tmp_path / "none.txt", pictures)
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MediaError, match="no UTF-8"):
        read_pairs(tmp_path / "bytes.txt", pictures)
