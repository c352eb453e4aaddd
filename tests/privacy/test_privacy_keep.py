"""Who is kept sharp: only enrolled people who agreed to be shown, only where they are surely recognised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from edge_face.cli.main import main
from edge_face.demo import clip_path, labels_path, stills
from edge_face.errors import PeopleError, StoreError
from edge_face.evaluation.leaks import find_leaks, read_labels
from edge_face.media import read_picture, write_picture
from edge_face.people import Consent, Enrolment, Given, Store, Template
from edge_face.people.person import State
from edge_face.people.sighting import FaceReader
from edge_face.privacy import Region, Released, covered_share, hide_picture, hide_video, mask_of
from edge_face.privacy.seeing import Seeing
from edge_face.settings import Settings
from edge_face.vision.bundle import load_bundle
from edge_face.vision.detector import Detector
from edge_face.vision.embedder import Embedder

YES = Given(0.0, "asked")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A store with ben and greta, who agreed to everything, ana, who did not agree to be shown, and felix, suspended."""
    folder = tmp_path_factory.mktemp("store")
    known = load_bundle("", "embedder")
    embedder = Embedder(known)
    enrolment = Enrolment(FaceReader(Detector(load_bundle("", "detector")), embedder, embedder.model_id), known.thresholds)
    with Store(folder) as store:
        for name in ("ben", "greta", "ana", "felix"):
            made = enrolment.from_pictures([(p.name, partial(read_picture, p)) for p in stills(name)], wall=0.0)
            person = store.add(name, Consent(YES, None if name == "ana" else YES), made.templates, wall=0.0)
            if name == "felix":
                store.set_state(person.id, State.SUSPENDED)
        old = Template(made.templates[0].embedding, "another-embedder")
        store.add("hiro old", Consent(YES, YES), [old], wall=0.0)
    return replace(Settings(), store=replace(Settings().store, folder=str(folder)))


@pytest.fixture
def config(house: Settings, tmp_path: Path) -> Path:
    path = tmp_path / "house.toml"
    path.write_text(f'[store]\nfolder = "{house.store.folder}"\n')
    return path


def test_the_door_clip_with_ben_kept(house: Settings, tmp_path: Path) -> None:
    record: dict[int, Sequence[Region]] = {}

    def keep(released: Released) -> None:
        record[released.frame.index] = released.regions

    seeing = Seeing(house, ["BEN"])
    assert len(seeing.consenting) == 1
    done = hide_video(clip_path("door"), tmp_path / "o.mp4", seeing.video(), house.privacy, seeing.consenting, record=keep)
    labels = read_labels(labels_path("door"))
    assert done.frames == 336 and find_leaks(record, labels, 640, 480, shown={"ben"}) == []
    sharp = [f for f in range(80, 110) for face in labels[f]
             if face.name == "ben" and covered_share(mask_of(record[f], 640, 480), face.box) == 0.0]
    assert len(sharp) >= 27


def test_somebody_else_kept_leaves_ben_hidden(house: Settings, tmp_path: Path) -> None:
    record: dict[int, Sequence[Region]] = {}
    seeing = Seeing(house, ["greta"])
    hide_video(clip_path("door"), tmp_path / "o.mp4", seeing.video(), house.privacy, seeing.consenting,
               record=lambda r: record.update({r.frame.index: r.regions}))
    assert find_leaks(record, read_labels(labels_path("door")), 640, 480) == []


def test_stills_keep_who_is_named_and_hide_everybody_else(house: Settings, tmp_path: Path) -> None:
    seeing = Seeing(house, ["ben", "greta"])
    scenes = seeing.stills()
    kept = {(name, path.stem): hide_picture(path, tmp_path / f"{name}-{path.stem}.png", scenes, house.privacy, seeing.consenting).sharp
            for name in ("ben", "greta", "ana", "chidi", "felix", "hiro") for path in stills(name)
            if path.stem in ("front", "light", "smile")}
    assert not any(sharp for (name, _), sharp in kept.items() if name not in ("ben", "greta"))
    # A weak detection beside a face may hide it; most are kept.
    assert sum(kept.values()) >= 4 and kept["ben", "front"] == 1
    before = read_picture(next(p for p in stills("ben") if p.name == "front.jpg"))
    # What is kept is the very pixels around the eyes.
    assert (read_picture(tmp_path / "ben-front.png")[260:300, 210:300] == before[260:300, 210:300]).all()


def test_two_pictures_of_one_person_are_both_hidden(house: Settings, tmp_path: Path) -> None:
    """A photo of ben beside ben: one of the two is not he."""
    import numpy as np

    front = read_picture(next(p for p in stills("ben") if p.name == "front.jpg"))
    write_picture(tmp_path / "two.png", np.hstack([front, front]))
    seeing = Seeing(house, ["ben"])
    done = hide_picture(tmp_path / "two.png", tmp_path / "o.png", seeing.stills(), house.privacy, seeing.consenting)
    assert done.sharp == 0 and {"named twice"} <= {r.why for r in done.regions}


@pytest.mark.parametrize(("name", "words"), [
    ("bem", "did you mean 'ben'"), ("Grete", "did you mean 'greta'"), ("zoltan", "edge-face people list"),
    ("ana", "did not agree to be shown sharp"), ("felix", "is suspended"), ("hiro old", "another embedder"), ("", "name is empty")])
def test_who_cannot_be_kept_is_said_before_any_work(house: Settings, name: str, words: str) -> None:
    with pytest.raises(PeopleError, match=words):
        Seeing(house, ["ben", name])


def test_a_store_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        Seeing(replace(Settings(), store=replace(Settings().store, folder=str(tmp_path / "no"))), ["ben"])


def test_from_the_command_line(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    front = next(p for p in stills("ben") if p.name == "front.jpg")
    assert main(["blur", str(front), str(tmp_path / "o.png"), "--keep", "ben", "--config", str(config)]) == 0
    assert "1 face kept" in capsys.readouterr().out
    assert main(["blur", str(front), str(tmp_path / "x.png"), "--keep", "bem", "--config", str(config)]) == 1
    assert "did you mean 'ben'" in capsys.readouterr().err and not (tmp_path / "x.png").exists()


def test_a_picture_is_cut_to_whom_it_keeps(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cut = ["--keep", "ben", "--method", "crop", "--option", "to", "--config", str(config)]
    front = next(p for p in stills("ben") if p.name == "front.jpg")
    assert main(["blur", str(front), str(tmp_path / "o.png"), *cut]) == 0
    capsys.readouterr()
    before, after = read_picture(front), read_picture(tmp_path / "o.png")
    height, width = after.shape[:2]
    assert height < 0.75 * before.shape[0] and width < 0.75 * before.shape[1]
    rows = [y for y in range(before.shape[0] - height) if (before[y:y + height, 100:130].std() > 0)]
    assert any((before[y:y + height, x:x + width] == after).all() for y in rows for x in range(before.shape[1] - width)
               if (before[y, x] == after[0, 0]).all()), "a part of the picture, to the pixel"
    other = next(p for p in stills("ana") if p.name == "front.jpg")
    assert main(["blur", str(other), str(tmp_path / "x.png"), *cut]) == 1
    assert "nothing to cut it to" in capsys.readouterr().err and not (tmp_path / "x.png").exists()
    assert main(["blur", str(clip_path("turn_live")), str(tmp_path / "x.mp4"), *cut]) == 1
    assert "only pictures are cut" in capsys.readouterr().err and not (tmp_path / "x.mp4").exists()
