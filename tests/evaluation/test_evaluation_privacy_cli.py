"""`edge-face eval privacy` on bundled people: short, whole, and with bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from evaluation_material import lfw_folder

from edge_face.cli.eval_privacy import _some
from edge_face.cli.main import main
from edge_face.demo import clip_path, labels_path, stills
from edge_face.errors import ModelError, UsageError
from edge_face.evaluation.embedding_run import Models
from edge_face.evaluation.pictures import open_pictures
from edge_face.evaluation.privacy_clips import follow_clips, labelled_clips
from edge_face.evaluation.privacy_moves import moved_views
from edge_face.evaluation.privacy_run import own_key
from edge_face.evaluation.privacy_ways import Attackers, Runners, Way, aligned, ways_of
from edge_face.media import read_picture
from edge_face.settings import PrivacySettings
from edge_face.vision.align import TEMPLATE
from edge_face.vision.detector import Detector

NAMES = ("ana", "ben", "chidi", "dewi")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], str, str]:
    home = tmp_path_factory.mktemp("privacy")
    folder = lfw_folder(home / "people", NAMES, 3)
    target, report = home / "privacy.json", home / "privacy.html"
    assert main(["eval", "privacy", "--images", str(folder), "--methods", "pixelate", "--strengths", "0.2,1", "--frames", "2",
                 "--track-pictures", "6", "--utility-pictures", "16", "--json", str(target), "--report", str(report), "--jobs", "1"]) == 0
    return json.loads(target.read_text(encoding="utf-8")), report.read_text(encoding="utf-8"), str(folder)


def test_weak_hiding_is_seen_through_and_black_is_not(measured: tuple[dict[str, object], str, str]) -> None:
    figures = measured[0]
    ways = {(way["method"], way["strength"]): way for way in figures["ways"]}  # type: ignore[attr-defined]
    thin, black = ways["pixelate", 0.2], ways["solid", 1.0]
    assert len(ways) == 3  # solid is the same at any strength
    assert figures["clear"]["auc"] > 0.9  # type: ignore[index]
    assert thin["attacks"]["naive"]["auc"] > 0.8 and not thin["holds"] and thin["weak"]
    assert set(thin["attacks"]) == {"naive", "parrot", "track"}
    assert black["weak"] is None
    assert figures["floor_auc"] == pytest.approx(black["worst_auc"])


def test_pixels_outside_stay_and_utility_is_counted(measured: tuple[dict[str, object], str, str]) -> None:
    for way in measured[0]["ways"]:  # type: ignore[attr-defined]
        assert way["utility"]["changed_outside"] == 0
        assert way["utility"]["pictures"] == 12
        assert way["utility"]["milliseconds"] > 0
        assert way["classifier"]["pictures"] == 12


def test_page_has_the_ways_and_no_picture(measured: tuple[dict[str, object], str, str]) -> None:
    page = measured[1]
    assert "pixelate 0.2" in page and "the floor" in page and "<svg" in page
    assert "<img" not in page


@pytest.mark.parametrize(("arguments", "said"), [
    (["--methods", "frost"], "no method 'frost'"), (["--methods", ","], "names none"), (["--strengths", "a"], "numbers from 0 to 1"),
    (["--strengths", "2"], "0 to 1"), (["--frames", "-1"], "--frames -1"), (["--most", "1"], "--most 1"),
    (["--attackers", "nowhere"], "no attacker"),
    (["--learn", "nowhere"], "no folder"), (["--images", "nowhere"], "no folder"),
    (["--clips", "nowhere"], "no folder"),
    (["--report", "page.txt"], ".html")])
def test_bad_input_is_one_sentence(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "privacy", *arguments]) != 0
    error = capsys.readouterr().err
    assert said in error and len(error.strip().splitlines()) == 1


def test_one_person_is_refused_before_any_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = lfw_folder(tmp_path / "people", ("ana",), 2)
    assert main(["eval", "privacy", "--images", str(folder)]) != 0
    assert "one person" in capsys.readouterr().err


def test_pictures_of_tracks_are_of_the_same_people(tmp_path: Path) -> None:
    pictures = open_pictures(lfw_folder(tmp_path / "people", NAMES, 3))
    assert pictures.person[sorted(_some(pictures, 6))].tolist() == [0, 0, 0, 1, 1, 1]
    assert len(_some(pictures, 100)) == 12
    assert _some(pictures, 0) == frozenset()


def test_strengths_that_come_to_the_same_count_once() -> None:
    assert [way.strength for way in ways_of(["solid"], [0.3, 0.9, 0.9])] == [0.9]
    assert [way.strength for way in ways_of(["pixelate"], [0.9, 0.2, 0.2])] == [0.2, 0.9]
    with pytest.raises(UsageError, match="strength"):
        Way.read("solid", 1.5)


def test_damaged_attackers_are_named(tmp_path: Path) -> None:
    (tmp_path / "pixelate").mkdir()
    (tmp_path / "pixelate" / "undo.tflite").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"undo\.tflite"):
        Attackers.load(str(tmp_path), ["pixelate"])
    embedder = Path(str(Models.load().embedder.folder)) / "float32.tflite"
    (tmp_path / "pixelate" / "undo.tflite").write_bytes(embedder.read_bytes())
    with pytest.raises(ModelError, match="picture"):
        Attackers.load(str(tmp_path), ["pixelate"])


def test_an_embedder_of_our_shape_attacks(tmp_path: Path) -> None:
    models = Models.load()
    assert models.embedder.embedding is not None
    (tmp_path / "pixelate").mkdir()
    (tmp_path / "pixelate" / "embedder.tflite").write_bytes((Path(models.embedder.folder) / "float32.tflite").read_bytes())
    runners = Attackers.load(str(tmp_path), ["pixelate"], models.embedder.embedding.parts).runners()
    face = aligned(read_picture(stills("ana")[0])[:128, :128], (TEMPLATE + 8).astype(np.float32))
    ours = models.recogniser()._embedder
    looks = runners.looks(Way("pixelate", 0.9), ours, face)
    assert float(looks["tuned"] @ looks["ours"]) > 0.9  # the same weights, unquantized
    assert set(runners.looks(Way("solid", 1.0), ours, face)) == {"ours"}
    assert set(runners.clear(ours, face)) == {"ours", "pixelate"}


def test_moves_are_small_hidden_and_the_same_again() -> None:
    image = read_picture(stills("ben")[0])
    detector = Detector(Models.load().detector, 640, 480, "int8", landmarker="")
    face = max(detector.detect(image, detector.recognise), key=lambda d: d.score)
    views = [moved_views(image, face.landmarks, face.box.grown(1.5), Way("solid", 1.0), 3, own_key(1), 1) for _ in range(2)]
    assert len(views[0]) == 3
    assert all(np.array_equal(one, other) for one, other in zip(*views, strict=True))
    assert all((view[48:98, 38:88] == 0).all() for view in views[0])
    other = moved_views(image, face.landmarks, face.box.grown(1.5), Way("pixelate", 0.2), 2, own_key(1), 1)
    assert not np.array_equal(other[0], other[1])


def test_clips_give_tracks_of_everybody_labelled(tmp_path: Path) -> None:
    for path in (clip_path("turn_live"), labels_path("turn_live")):
        (tmp_path / path.name).symlink_to(path)
    found = follow_clips(labelled_clips(tmp_path), Models.load(), Attackers({}, {}), (Way("solid", 1.0),), PrivacySettings(), frames=12)
    assert len(found.names) >= 2 and set(found.names) == {"ben"}
    assert all(set(looks[0]) == {"ours", "ours mean"} for looks in found.hidden)
    assert isinstance(Attackers({}, {}).runners(), Runners)
