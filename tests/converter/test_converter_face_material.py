"""Stills and looks embedded: who is who, what is left out, and the same by any number of threads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from converter.face_material import TRACK_STILLS, embed_material
from converter.faces import FaceSet
from converter.progress import Progress, line
from edge_face.errors import MediaError
from edge_face.types import Image
from edge_face.vision.bundle import MODELS, load_bundle
from edge_face.vision.embedder import Embedder

BUNDLE = MODELS / "embedder"


def picture(number: int) -> Image:
    return np.random.default_rng(number).integers(0, 256, (128, 128, 3)).astype(np.uint8)


def faces(identity: list[int], missing: tuple[int, ...] = ()) -> FaceSet:
    return FaceSet(np.array(identity, np.int64), [str(i) for i in range(len(identity))],
                   lambda index: None if index in missing else picture(index))


def test_rows_belong_to_their_people_and_what_shows_no_face_is_left_out() -> None:
    said: list[str] = []
    steps: list[int] = []
    crowd = faces([7] * 6 + [9] * 2 + [4], missing=(1, 8))
    material = embed_material(BUNDLE, crowd, views=2, say=said.append, step=steps.append)
    assert said == ["2 pictures do not show exactly one face and are left out"] and sum(steps) == 7
    assert {name: len(rows) for name, rows in material.people.items()} == {7: 5, 9: 2}
    kept = [0, 2, 3, 4, 5, 6, 7]
    assert sorted(kept[row] for row in material.people[9]) == [6, 7]
    embedder = Embedder(load_bundle("", "embedder"), "int8")
    for row, number in enumerate(kept):
        face = np.ascontiguousarray(picture(number)[8:-8, 8:-8])
        np.testing.assert_allclose(material.stills["int8"][row], embedder.embed(face), atol=1e-5)
    assert set(material.looks) == set(material.stills) == {file.precision for file in load_bundle("", "embedder").files}
    for name in (7, 9):
        for row in material.tracked(name):
            looks = material.looks["int8"][material.looks_of[row]]
            assert looks.shape == (2, material.stills["int8"].shape[1])
        assert len(material.tracked(name)) <= TRACK_STILLS


def test_any_number_of_threads_makes_the_same() -> None:
    crowd = faces([number // 6 for number in range(60)])
    one, three = (embed_material(BUNDLE, crowd, workers, views=1) for workers in (1, 3))
    for precision in one.stills:
        assert np.array_equal(one.stills[precision], three.stills[precision])
        assert np.array_equal(one.looks[precision], three.looks[precision])
    assert np.array_equal(one.looks_of, three.looks_of) and np.array_equal(one.weights, three.weights)


def test_nothing_to_measure_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no picture shows exactly one face"):
        embed_material(BUNDLE, faces([1, 1, 2], missing=(0, 1, 2)))


def test_the_progress_line_says_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert line("embedding", 25, 100, 20.0) == "embedding [######..................] 25 % 1:00 left"
    with Progress("embedding", 4, live=True) as bar:
        bar.step(2)
    shown = capsys.readouterr().err
    assert "embedding [############............] 50 %" in shown and shown.endswith("\r\x1b[K")
    with Progress("embedding", 4) as bar:  # no terminal
        bar.step(4)
    assert capsys.readouterr().err == ""
