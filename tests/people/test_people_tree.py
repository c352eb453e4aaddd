"""Importing a folder for each person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from people_fakes import MODEL, THRESHOLDS, near, quality, unit

from edge_face.errors import PeopleError
from edge_face.media import write_picture
from edge_face.people import PeopleCommands, Store
from edge_face.people.enrolment import Enrolment
from edge_face.people.guide import Look
from edge_face.people.tree import import_tree, members, pictures_in
from edge_face.types import Image


class ColourReader:
    """Knows people by the colour of their pictures: (person, kind of picture, number)."""

    model = MODEL

    def look(self, image: Image, monotonic: float = 0.0, detail: Image | None = None) -> Look:
        person, kind, number = (int(v) // 20 for v in image[0, 0])
        if kind == 1:
            return Look(0.0, 0)
        if kind == 2:
            return Look(0.0, 2)
        if kind == 3:
            return Look(0.0, 1, quality(), ("too dark: turn to the light",))
        return Look(0.0, 1, quality(), (), near(unit(person), 0.9, 100 * person + number))


def _put(folder: Path, name: str, person: int, kind: int = 0, number: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_picture(folder / f"{name}.png", np.full((8, 8, 3), (20 * person, 20 * kind, 20 * number), np.uint8))


def _pictures(folder: Path, person: int, count: int = 3) -> None:
    for k in range(count):
        _put(folder, f"{k}", person, 0, k)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    _pictures(root / "Ana María", 1)
    _put(root / "Ana María", "dark", 1, 3)
    _put(root / "Ana María", "other", 9)
    _pictures(root / "Łukasz", 2, 8)
    _pictures(root / "single", 3, 1)
    (root / "empty").mkdir()
    _put(root / "faceless", "a", 4, 1)
    _put(root / "faceless", "b", 4, 1)
    _put(root / "couple", "a", 5, 2)
    _put(root / "couple", "b", 5, 2)
    _pictures(root / "twin of ana", 1, 3)
    _pictures(root / "0123456789abcdef", 6)
    _pictures(root / ".hidden", 7)
    (root / "readme.txt").write_text("no folder")
    (root / "Łukasz" / "notes.txt").write_text("no picture")
    (root / "broken").mkdir()
    for name in ("a.jpg", "b.jpg"):
        (root / "broken" / name).write_bytes(b"no picture")
    return root


def test_who_comes_in_and_who_is_left_out(tree: Path, tmp_path: Path) -> None:
    said: list[tuple[int, int, str]] = []
    with Store(tmp_path / "store") as store:
        commands = PeopleCommands(store, embedder_id=MODEL, thresholds=THRESHOLDS, wall=lambda: 5.0)

        def call(command: str, **arguments: Any) -> Any:
            return commands.run(command, arguments)

        enrolment = Enrolment(ColourReader(), THRESHOLDS)
        report = import_tree(tree, enrolment, call, ["recognise"], wall=lambda: 5.0, progress=lambda *step: said.append(step))
        assert [p["name"] for p in report.imported] == ["Ana María", "Łukasz"]
        assert [p["templates"] for p in report.imported] == [3, 4] and report.imported[1]["pictures"] == 8
        assert all(0.5 < p["lowest"] <= p["agreement"] <= 1.0 for p in report.imported)
        reasons = {entry.what: entry.why for entry in report.left_out}
        assert "too dark" in reasons["Ana María/dark.png"] and "somebody else" in reasons["Ana María/other.png"]
        assert "one picture is not enough" in reasons["single"] and "no picture in the folder" in reasons["empty"]
        assert "no face was found" in reasons["faceless"] and "2 faces" in reasons["couple"]
        assert "looks like 'Ana María'" in reasons["twin of ana"] and "looks like the id" in reasons["0123456789abcdef"]
        assert "a.jpg" in reasons["broken"] and ".hidden" not in reasons and len(reasons) == 9
        person = store.find("łukasz")
        assert person.consent.recognise is not None and person.consent.show is None and "import" in person.consent.recognise.how
        assert [n for _, _, n in said] == [m.folder.name for m in members(tree)] + [""] and said[-1][0] == said[-1][1] == 9

        again = import_tree(tree, enrolment, call, ["recognise"], wall=lambda: 5.0)
        assert again.imported == [] and "enrolled already" in {e.what: e.why for e in again.left_out}["Łukasz"]


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_tree(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PeopleError, match="no folder that can be read"):
        members(tmp_path / name)
    with pytest.raises(PeopleError, match="no folder that can be read"):
        pictures_in(tmp_path / name)


def test_a_tree_without_folders(tmp_path: Path) -> None:
    _put(tmp_path, "a", 1)
    with pytest.raises(PeopleError, match="holds no folders"):
        members(tmp_path)
