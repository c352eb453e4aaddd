"""Enrolment with the shipped models on the bundled synthetic people."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_face.demo import clip_path, people, stills
from edge_face.errors import EnrolmentError
from edge_face.media import VideoReader, read_picture, write_picture
from edge_face.people import Consent, Gallery, Given, PeopleCommands, Store
from edge_face.people.enrolment import Enrolled, Enrolment
from edge_face.people.guide import Prompt
from edge_face.people.sighting import FaceReader, face_reader
from edge_face.people.tree import import_tree
from edge_face.settings import Settings
from edge_face.types import Image
from edge_face.vision.bundle import load_bundle

SAID = Given(0.0, "synthetic: nobody exists who could be asked")


@pytest.fixture(scope="module")
def reader() -> FaceReader:
    return face_reader(Settings())


@pytest.fixture(scope="module")
def thresholds() -> Any:
    return load_bundle("", "embedder").thresholds


@pytest.fixture(scope="module")
def enrolment(reader: FaceReader, thresholds: Any) -> Enrolment:
    return Enrolment(reader, thresholds)


def _from(enrolment: Enrolment, paths: list[Path]) -> Enrolled:
    return enrolment.from_pictures([(p.name, partial(read_picture, p)) for p in paths], wall=0.0)


def test_ben_is_enrolled_from_his_pictures(enrolment: Enrolment, reader: FaceReader) -> None:
    enrolled = _from(enrolment, list(stills("ben")))
    assert 3 <= len(enrolled.templates) <= 4 and enrolled.left_out == ()
    assert {"straight", "left", "right"} <= {t.pose for t in enrolled.templates}
    assert all(t.model == reader.model for t in enrolled.templates)
    assert enrolled.concord.lowest > enrolment.rules.same


def test_all_eight_come_in_by_the_tree_and_are_told_apart(enrolment: Enrolment, reader: FaceReader, thresholds: Any,
                                                          tmp_path: Path) -> None:
    held_out: dict[str, Image] = {}
    for name in people():
        for path in stills(name):
            if path.stem == "smile":
                held_out[name] = read_picture(path)
            else:
                (tmp_path / "tree" / name).mkdir(parents=True, exist_ok=True)
                shutil.copy(path, tmp_path / "tree" / name)
    with Store(tmp_path / "store") as store:
        commands = PeopleCommands(store, embedder_id=reader.model, thresholds=thresholds)
        report = import_tree(tmp_path / "tree", enrolment, lambda command, **arguments: commands.run(command, arguments),
                             ["recognise", "show"], wall=lambda: 0.0)
        assert [p["name"] for p in report.imported] == list(people()) and report.left_out == []
        gallery = Gallery.build(store.people(), reader.model, 1e-4, thresholds)
        names = {p.id: p.name for p in store.people()}
    assert len(gallery) == 8 and len(gallery.consenting) == 8
    for name, image in held_out.items():
        look = reader.look(image)
        assert look.embedding is not None
        match = gallery.match(look.embedding, 0.0)
        assert match.best is not None and names[match.best] == name
        assert match.score > match.runner_up + 0.05
        voted, _ = gallery.best_single(look.embedding)
        assert voted is not None and names[voted] == name


def test_two_people_in_one_folder_are_sorted_out(enrolment: Enrolment) -> None:
    enrolled = _from(enrolment, [*stills("ben")[:4], stills("chidi")[0]])
    assert [o.what for o in enrolled.left_out] == [stills("chidi")[0].name] and "somebody else" in enrolled.left_out[0].why
    with pytest.raises(EnrolmentError, match="do not show one person"):
        _from(enrolment, [stills("ben")[0], stills("chidi")[0]])


def test_bad_pictures_are_named(enrolment: Enrolment, tmp_path: Path) -> None:
    ben = read_picture(stills("ben")[0])
    height, width = ben.shape[:2]
    small = np.full((height, width, 3), 90, np.uint8)
    small[: height // 5, : width // 5] = ben[::5, ::5][: height // 5, : width // 5]
    pictures = {"none.png": np.full_like(ben, 120), "two.png": np.hstack([ben, read_picture(stills("chidi")[0])]),
                "dark.png": (ben * 0.06).astype(np.uint8), "far.png": small}
    for name, image in pictures.items():
        write_picture(tmp_path / name, image)
    (tmp_path / "cut.jpg").write_bytes(stills("ben")[0].read_bytes()[:500])
    enrolled = _from(enrolment, [*stills("ben")[:3], *sorted(tmp_path.iterdir())])
    reasons = {o.what: o.why for o in enrolled.left_out}
    assert reasons["none.png"] == "no face was found" and reasons["two.png"].startswith("2 faces")
    assert "no face" in reasons["dark.png"] or "dark" in reasons["dark.png"] or "light" in reasons["dark.png"]
    assert "no face" in reasons["far.png"] or "too far" in reasons["far.png"]
    assert "cut.jpg" in reasons["cut.jpg"]


def _clip(every: int) -> Iterator[tuple[float, Image]]:
    with VideoReader(clip_path("turn_live")) as video:
        for index, seconds, image in video:
            if index % every == 0:
                yield seconds, image


def test_ben_is_enrolled_from_a_video_of_him_turning(enrolment: Enrolment, reader: FaceReader) -> None:
    enrolled = enrolment.from_frames(((f"{s:.1f} s", image) for s, image in _clip(4)), wall=0.0)
    assert {"straight", "left", "right"} <= {t.pose for t in enrolled.templates}
    look = reader.look(read_picture(stills("ben")[0]))
    assert look.embedding is not None
    assert max(float(t.embedding @ look.embedding) for t in enrolled.templates) > enrolment.rules.same


def test_ben_is_guided_through_the_same_video(enrolment: Enrolment) -> None:
    """He looks left, then right, as the clip has it; who does nothing more is given up politely."""
    prompts: list[Prompt] = []
    frames = list(_clip(1))
    after = frames[-1][0]
    # Afterwards he stands there and looks straight, as in the first half second.
    still = [(after + 0.1 * k, frames[k % 5][1]) for k in range(1, 60)]
    enrolled = enrolment.guided(((s, image, None) for s, image in [*frames, *still]), prompts.append, wall=0.0)
    assert {"straight", "left", "right"} <= {t.pose for t in enrolled.templates}
    texts = [p.text for p in prompts]
    assert any("to your left" in t for t in texts) and any("to your right" in t for t in texts)


def test_an_enrolled_person_is_not_kept_as_a_picture(enrolment: Enrolment, reader: FaceReader, tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.add("ben", Consent(SAID, None), _from(enrolment, list(stills("ben"))).templates, wall=0.0)
    assert sum(p.stat().st_size for p in tmp_path.iterdir()) < 200_000
    assert {p.name for p in tmp_path.iterdir()} <= {"people.db", "people.db-wal", "people.db-shm", "people.lock", "device.key", "forgotten"}
