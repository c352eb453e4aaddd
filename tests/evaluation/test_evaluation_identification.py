"""The open set against its definitions and against the door's own gallery; splits that cannot be counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from evaluation_material import random_people

from edge_face.errors import MediaError
from edge_face.evaluation.embedding_run import Embedded
from edge_face.evaluation.identification import Split, curve, open_set, person_scores, read_split
from edge_face.evaluation.tally import Metric
from edge_face.people.gallery import Gallery
from edge_face.people.thresholds import Threshold

COSINE = Metric()


def made(people: int = 20, each: int = 6, noise: float = 1.0, lost: tuple[int, ...] = ()) -> tuple[Embedded, Split]:
    """The first half enrolled with three pictures each and probed with the others; the second half strangers."""
    pictures, person = random_people(people, each, noise, lost=lost)
    role = ["stranger" if p >= people // 2 else "gallery" if i % each < 3 else "probe" for i, p in enumerate(person)]
    files = tuple(f"p{p}/{i}.jpg" for i, p in enumerate(person))
    return pictures, Split(files, tuple(f"p{i:02d}" for i in range(people)), tuple(person.tolist()), tuple(role))


def test_scores_and_ranks_are_those_of_the_doors_gallery() -> None:
    pictures, split = made()
    gallery, probes = split.of("gallery"), split.of("probe")
    person = np.array(split.person)
    scores, who = person_scores(pictures, probes, gallery, person, COSINE)
    limit = Threshold(0.5, 1e-3, True, 1, "")
    door = Gallery(tuple(str(p) for p in who), pictures.embeddings[gallery], np.searchsorted(who, person[gallery]), limit, limit)
    for row, probe in zip(scores, probes, strict=True):
        match = door.match(pictures.embeddings[probe], 0.0)
        assert match.best == str(who[row.argmax()]) and match.score == pytest.approx(row.max(), abs=1e-6)


def test_rates_are_counted_as_they_are_defined() -> None:
    pictures, split = made()
    result = open_set(pictures, split, COSINE)
    scores, who = person_scores(pictures, split.of("probe"), split.of("gallery"), np.array(split.person), COSINE)
    strangers = person_scores(pictures, split.of("stranger"), split.of("gallery"), np.array(split.person), COSINE)[0].max(axis=1)
    own = np.array(split.person)[split.of("probe")]
    assert result.rank1 == pytest.approx(np.mean(who[scores.argmax(axis=1)] == own))
    point = result.points["1e-1"]
    assert point is not None and point.deciding == pytest.approx(6.0)
    assert np.count_nonzero(strangers >= point.threshold) == 6
    recognised = (who[scores.argmax(axis=1)] == own) & (scores.max(axis=1) >= point.threshold)
    assert point.fnir == pytest.approx(1 - recognised.mean())
    assert point.interval is not None and point.interval[0] <= point.fnir <= point.interval[1]
    assert point.thin
    assert result.points["1e-3"] is None  # 0.06 strangers


def test_lost_faces_count_against_us() -> None:
    whole, split = made(noise=0.2)
    assert open_set(whole, split, COSINE).rank1 == 1.0
    probe, template, stranger = 3, (6, 7, 8), 70
    pictures, _ = made(noise=0.2, lost=(probe, *template, stranger))
    result = open_set(pictures, split, COSINE)
    # One probe of person 0, and all three of person 1, of whom no template could be made.
    assert result.rank1 == pytest.approx(1 - 4 / 30)
    assert result.without_template == ("p01",) and result.gallery_people == 10 and result.templates == 27
    assert result.strangers == 59
    assert result.points["1e-1"] is not None and result.points["1e-1"].fnir == pytest.approx(4 / 30)


def test_larger_galleries_are_harder_and_the_whole_one_is_the_headline() -> None:
    pictures, split = made(people=60, each=5, noise=1.6)
    result = open_set(pictures, split, COSINE)
    assert [size.people for size in result.sizes] == [1, 2, 5, 10, 20, 30]
    first, last = result.sizes[0], result.sizes[-1]
    assert first.rank1 == 1.0 and last.rank1 == pytest.approx(result.rank1) and last.galleries == 1
    assert first.fnir["1e-1"] is not None and result.points["1e-1"] is not None
    assert last.fnir["1e-1"] == pytest.approx(result.points["1e-1"].fnir) and first.fnir["1e-1"] < last.fnir["1e-1"]


def test_the_curve_goes_through_the_points() -> None:
    pictures, split = made(noise=1.4)
    result = open_set(pictures, split, COSINE)
    fpir, fnir = curve(result)
    point = result.points["1e-1"]
    assert point is not None
    # 6 of 60 strangers come in: the threshold lies between the sixth and the seventh.
    assert fnir[7] <= point.fnir <= fnir[6] and fpir[6] == pytest.approx(0.1)
    assert (np.diff(fnir) <= 0).all() and fnir[-1] == pytest.approx(1 - result.rank1)


HEAD = "file,person,role\n"


@pytest.mark.parametrize(("text", "said"), [
    ("", "no head"), ("file,who\n", "no head"), (HEAD + "a.jpg,ana,guest\n", "line 2"), (HEAD + "a.jpg,,probe\n", "line 2"),
    (HEAD + "a.jpg,ana,gallery\nb.jpg,ana,probe\n", "no picture of role 'stranger'"),
    (HEAD + "a.jpg,ana,gallery\nb.jpg,ana,probe\nc.jpg,ana,stranger\n", "both enrolled and a stranger"),
    (HEAD + "a.jpg,ana,gallery\nb.jpg,ben,probe\nc.jpg,eve,stranger\n", "without a picture in the gallery"),
    (HEAD + "a.jpg,ana,gallery\na.jpg,ana,probe\nc.jpg,eve,stranger\n", "compared with itself")])
def test_a_split_that_cannot_be_counted_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(MediaError, match=said):
        read_split(tmp_path / "s.csv", {"a.jpg": 0, "b.jpg": 1, "c.jpg": 2})


def test_missing_files_of_a_split_are_counted_or_refused(tmp_path: Path) -> None:
    rows = ("\ufefffile, person, role", "a.jpg,ana,gallery", "x.jpg,ana,gallery", "./b.jpg,ana,probe", "c.jpg,eve,stranger")
    (tmp_path / "s.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    known = {"a.jpg": 0, "b.jpg": 1, "c.jpg": 2}
    split = read_split(tmp_path / "s.csv", known)
    assert split.files == ("a.jpg", "b.jpg", "c.jpg") and split.missing == ("x.jpg",)
    with pytest.raises(MediaError, match=r"1 picture \(x.jpg\)"):
        read_split(tmp_path / "s.csv", known, strict=True)
    with pytest.raises(MediaError, match="there is no split file"):
        read_split(tmp_path / "none.csv", known)
