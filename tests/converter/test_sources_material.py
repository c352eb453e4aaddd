"""Examples for calibration and gate: from folders, videos, shards and arrays; never the same picture in both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import zoo

from converter.contract import Floats, Material, Plan, Preprocessing, TensorSpec
from converter.sources.material import gather
from converter.sources.staging import bounded, digest, network_input
from converter.training.classifier_data import crop_digest
from edge_face.errors import MediaError, UsageError
from edge_face.vision.picture_model import prepare

DEMO = Path(__file__).parents[2] / "edge_face" / "demo"


@dataclass
class Model:
    """A source model as far as gathering looks at it."""

    path: Path = Path("model.keras")
    kind: Any = "savedmodel"
    inputs: tuple[TensorSpec, ...] = (TensorSpec("input", (32, 32, 3)),)
    outputs: tuple[TensorSpec, ...] = (TensorSpec("output", (4,)),)
    record: Mapping[str, Any] = field(default_factory=dict)
    weights_sha256: str = "0" * 64
    said: tuple[str, ...] = ()
    keras: Any = None

    def run(self, values: Mapping[str, Any]) -> dict[str, Floats]:
        raise AssertionError("nothing is run")

    def export(self, folder: Path) -> None:
        raise AssertionError("nothing is exported")


CLASSIFIER = Plan("classifier", Preprocessing(32, 32), zoo.CLASSES)


def sides(materials: tuple[Material, Material]) -> tuple[set[str], set[str]]:
    first, second = ({digest(picture) for picture in material.pictures} for material in materials)
    return first, second


def test_a_folder_for_each_class_labels_both_sides(tmp_path: Path) -> None:
    zoo.write_shapes(tmp_path, 120, 40, 3)
    heard: list[str] = []
    made = gather(CLASSIFIER, Model(), tmp_path, 500, 1000, say=heard.append)
    calibration, gate = made
    assert len(calibration) + len(gate) == 120 and 50 <= len(gate) <= 70
    mine, judged = sides(made)
    assert len(mine) + len(judged) == 120 and not mine & judged
    for material in made:
        assert material.labels is not None and set(material.labels.tolist()) == {0, 1, 2, 3}
        for name, label in zip(material.names, material.labels.tolist(), strict=True):
            assert Path(name).parent.name == zoo.CLASSES[label]
        for picture, value in zip(material.pictures, material.values["input"], strict=True):
            assert value.dtype == np.uint8 and (value == prepare(picture, CLASSIFIER.preprocessing)).all()  # type: ignore[arg-type]
    assert heard == [*calibration.said, *gate.said]
    assert any("brightness" in text for text in calibration.said)
    assert any(text.startswith("warning: only") for text in calibration.said)


def test_the_same_folder_gives_the_same_examples(tmp_path: Path) -> None:
    zoo.write_shapes(tmp_path, 40, 32, 1)
    first, again = (gather(CLASSIFIER, Model(), tmp_path, 10, 12) for _ in range(2))
    assert [list(material.names) for material in first] == [list(material.names) for material in again]
    assert [len(material) for material in first] == [10, 12]


def test_copies_and_broken_pictures_are_counted_and_named(tmp_path: Path) -> None:
    zoo.write_shapes(tmp_path, 60, 32, 1)
    one = sorted((tmp_path / "circle").iterdir())[0]
    for number in range(5):
        (tmp_path / "square" / f"copy{number}.png").write_bytes(one.read_bytes())
    cut = tmp_path / "circle" / "cut.png"
    cut.write_bytes(one.read_bytes()[:-40])
    (tmp_path / "triangle" / "text.jpg").write_text("no picture")
    made = gather(CLASSIFIER, Model(), tmp_path, 500, 1000)
    assert sum(map(len, made)) == 60
    mine, judged = sides(made)
    assert len(mine) + len(judged) == 60 and not mine & judged
    said = " ".join((*made[0].said, *made[1].said))
    assert "cut.png" in said and "cut off" in said and "text.jpg" in said and "a copy of another picture" in said


def test_a_gate_of_its_own_shares_no_picture(tmp_path: Path) -> None:
    zoo.write_shapes(tmp_path / "a", 30, 32, 1)
    zoo.write_shapes(tmp_path / "b", 30, 32, 2)
    twin = sorted((tmp_path / "a" / "circle").iterdir())[0]
    (tmp_path / "b" / "circle" / "twin.png").write_bytes(twin.read_bytes())
    made = gather(CLASSIFIER, Model(), tmp_path / "a", 100, 100, gate=tmp_path / "b")
    mine, judged = sides(made)
    assert len(judged) == 31 and len(mine) == 29 and not mine & judged  # whoever comes first keeps the twin
    assert any("a copy" in text and twin.name in text for text in made[0].said)


def test_folders_that_are_no_class_count_as_unlabelled(tmp_path: Path) -> None:
    zoo.write_shapes(tmp_path, 40, 32, 1)
    (tmp_path / "cross").rename(tmp_path / "other")
    calibration, _ = gather(CLASSIFIER, Model(), tmp_path, 30, 10)
    assert calibration.labels is not None and (calibration.labels == -1).any() and (calibration.labels >= 0).any()
    assert any("other" in text and "no class" in text for text in calibration.said)


def test_a_flat_folder_has_no_labels(tmp_path: Path) -> None:
    for number, picture in enumerate(zoo.shapes(12, 32, 1)[0]):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture)
    for material in gather(CLASSIFIER, Model(), tmp_path, 8, 4):
        assert material.labels is None
        assert any("no labels" in text for text in material.said)


@pytest.mark.parametrize(("what", "words"), [
    ("missing", "does not exist"), ("empty", "has no pictures"), ("file", "no folder and no video"), ("npz", "holds arrays"),
    ("alike", "a copy"), ("near", "all alike"), ("plain", "plain areas"), ("one", "one picture"), ("broken", "none of the")])
def test_what_cannot_be_used_is_refused(tmp_path: Path, what: str, words: str) -> None:
    home = tmp_path / what
    if what != "missing":
        home.mkdir()
    picture = zoo.shapes(1, 48, 1)[0][0]
    noise = np.random.default_rng(0)
    for number in range({"alike": 6, "near": 6, "plain": 6, "one": 1, "broken": 4}.get(what, 0)):
        each = np.full_like(picture, 40 * number) if what == "plain" else picture
        if what == "near":
            each = np.clip(picture + noise.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)
        cv2.imwrite(str(home / f"p{number}.png"), each)
        if what == "broken":
            (home / f"p{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    if what == "file":
        home = tmp_path / "notes.txt"
        home.write_text("x")
    if what == "npz":
        home = tmp_path / "arrays.npz"
        np.savez(home, x=np.zeros(3))
    with pytest.raises((MediaError, UsageError), match=words):
        gather(CLASSIFIER, Model(), home, 100, 100)


FACES = Plan("embedder", Preprocessing(112, 112, "RGB", aligned=True), parts=(64,))
FACE_MODEL = Model(inputs=(TensorSpec("face", (112, 112, 3)),), outputs=(TensorSpec("embedding", (64,)),))


def test_faces_are_found_and_aligned_and_people_stay_together() -> None:
    made = gather(FACES, FACE_MODEL, DEMO / "people", 30, 20)
    people: list[set[str]] = []
    for material in made:
        assert all(picture.shape == (112, 112, 3) for picture in material.pictures)
        assert material.labels is not None and (material.labels >= 0).all()
        people.append({Path(name).parent.name for name in material.names})
        # RGB for the network, BGR for the device.
        assert (material.values["face"][0] == material.pictures[0][:, :, ::-1]).all()
    assert not people[0] & people[1] and len(people[1]) >= 2


def test_pictures_without_a_face_are_refused_with_the_way_out(tmp_path: Path) -> None:
    zoo.write_shapes(tmp_path, 6, 96, 1)
    with pytest.raises(MediaError, match="shows a face") as raised:
        gather(FACES, FACE_MODEL, tmp_path, 10, 10)
    assert "--no-aligned" in str(raised.value)


def test_frames_of_a_video_are_divided_by_blocks() -> None:
    made = gather(CLASSIFIER, Model(), DEMO / "clips" / "door.mp4", 12, 12)
    mine, judged = sides(made)
    assert mine and judged and not mine & judged
    assert any("frames were taken evenly" in text for text in made[0].said)
    assert all("door.mp4 at" in name for name in made[0].names)


def test_whole_pictures_are_kept_small() -> None:
    large = np.random.default_rng(0).integers(0, 256, (900, 1600, 3)).astype(np.uint8)
    kept = bounded(large, Preprocessing(64, 64))
    assert kept.shape == (180, 320, 3)
    assert bounded(kept, Preprocessing(64, 64)) is kept


def test_a_detectors_picture_keeps_its_shape() -> None:
    plan = Plan("detector", Preprocessing(64, 48, "BGR"))
    tall = np.full((96, 48, 3), 200, np.uint8)
    made = network_input(tall, plan)
    assert made.shape == (48, 64, 3) and (made[:, :24] == 200).all() and (made[:, 24:] == 127).all()


def test_the_detectors_picture_is_what_the_device_makes_of_it() -> None:
    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.detector import Detector

    detector = Detector(load_bundle("", "detector"), 320, 240, landmarker=None)
    plan = Plan("detector", Preprocessing(320, 240, "BGR"))
    rng = np.random.default_rng(1)
    for size in ((500, 300), (120, 90), (240, 320), (77, 400)):
        picture = cv2.resize(rng.integers(0, 256, (20, 20, 3)).astype(np.uint8), size)
        assert (network_input(picture, plan) == detector._fit(picture)[0]).all()


SEQUENCE = Plan("classifier", None, ("a", "b"))
SEQUENCE_MODEL = Model(inputs=(TensorSpec("features", (8, 3)), TensorSpec("extra", (2,))), outputs=(TensorSpec("output", (2,)),))


def arrays(count: int = 40, seed: int = 0, **more: Any) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {"features": rng.standard_normal((count, 8, 3)).astype(np.float32), "extra": rng.standard_normal((count, 2)).astype(np.float32),
            **more}


def test_arrays_by_input_name(tmp_path: Path) -> None:
    given = arrays(labels=np.arange(40) % 2)
    given["features"][7, 2, 1] = np.nan
    given["features"][9], given["extra"][9] = given["features"][8], given["extra"][8]
    np.savez(tmp_path / "examples.npz", **given)
    made = gather(SEQUENCE, SEQUENCE_MODEL, tmp_path / "examples.npz", 100, 15)
    assert [len(material) for material in made] == [23, 15]  # one is no number, one a copy
    rows = [{row.tobytes() for row in material.values["features"]} for material in made]
    assert not rows[0] & rows[1]
    for material in made:
        assert material.labels is not None
        for row, label in zip(material.values["features"], material.labels.tolist(), strict=True):
            assert (given["features"] == row).all((1, 2)).nonzero()[0][0] % 2 == label
    assert any("no numbers" in text and "row 7" in text for text in made[0].said)


def test_names_as_labels(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **arrays(4))
    other = write(tmp_path / "y.npz", labels=np.array(["b", "a", "zz", "b"]))
    _, gate = gather(SEQUENCE, SEQUENCE_MODEL, tmp_path / "x.npz", 4, 4, gate=other)
    assert gate.labels is not None and gate.labels.tolist() == [1, 0, -1, 1]


def write(path: Path, **more: Any) -> Path:
    np.savez(path, **arrays(4, 9, **more))
    return path


@pytest.mark.parametrize(("given", "words"), [
    ({"features": np.zeros((4, 8, 3))}, "no array extra"),
    (arrays(4) | {"extra": np.zeros((4, 5))}, "is needed"),
    (arrays(4) | {"extra": np.zeros((3, 2))}, "as many of each"),
    (arrays(4) | {"labels": np.array([0, 1, 2, 0])}, "count them from 0"),
    (arrays(4) | {"labels": np.zeros(3)}, "one for each"),
    ({"features": np.full((4, 8, 3), np.nan), "extra": np.zeros((4, 2))}, "no numbers"),
    ({"features": np.ones((4, 8, 3)), "extra": np.ones((4, 2))}, "one example"),
])
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, given: dict[str, Any], words: str) -> None:
    np.savez(tmp_path / "x.npz", **given)
    with pytest.raises(MediaError, match=words):
        gather(SEQUENCE, SEQUENCE_MODEL, tmp_path / "x.npz", 10, 10)


def test_arrays_cut_off_or_of_objects_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, **arrays(40))
    whole = path.read_bytes()
    path.write_bytes(whole[:len(whole) // 2])
    with pytest.raises(MediaError, match="cannot be read"):
        gather(SEQUENCE, SEQUENCE_MODEL, path, 10, 10)
    np.savez(path, features=np.array([{"a": 1}], object), extra=np.zeros((1, 2)))
    with pytest.raises(MediaError, match="without objects"):
        gather(SEQUENCE, SEQUENCE_MODEL, path, 10, 10)
    with pytest.raises(UsageError, match=r"\.npz file with arrays features"):
        gather(SEQUENCE, SEQUENCE_MODEL, tmp_path, 10, 10)


def shards(home: Path, people: int = 6, each: int = 4) -> Path:
    """Shards as the trainer reads them: the first half of the people trained on, the others set apart for thresholds."""
    home.mkdir()
    blobs, identity, role = [], [], []
    for person in range(people):
        pictures = zoo.shapes(each, 128, 100 + person)[0]
        for picture in pictures:
            blobs.append(np.asarray(cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, 101])[1]).reshape(-1))
            identity.append(person)
            role.append(0 if person < people // 2 else 2)
    np.savez(home / "faces-0.npz", data=np.concatenate(blobs), offsets=np.cumsum([0, *map(len, blobs)]), identity=np.array(identity))
    np.savez(home / "split.npz", shard0=np.array(role))
    return home


def test_shards_calibrate_by_the_trained_and_judge_by_those_set_apart(tmp_path: Path) -> None:
    calibration, gate = gather(FACES, FACE_MODEL, shards(tmp_path / "faces"), 10, 100)
    assert len(calibration) == 10 and len(gate) == 12
    assert all(name.startswith("trained") for name in calibration.names)
    assert gate.labels is not None and len(set(gate.labels.tolist())) == 3
    assert gate.pictures[0].shape == (112, 112, 3)


def test_a_gate_avoids_what_training_has_seen(tmp_path: Path) -> None:
    faces = zoo.shapes(40, 128, 5, classes=2)[0]
    for number, face in enumerate(faces):
        home = tmp_path / ("ana" if number % 2 else "ben")
        home.mkdir(exist_ok=True)
        cv2.imwrite(str(home / f"{number}.png"), face)
    plan = Plan("classifier", Preprocessing(64, 64, "grey", aligned=True, crop=0.8), ("ana", "ben"))
    record = {"seen": [crop_digest(face) for face in faces[:30]]}
    model = Model(inputs=(TensorSpec("face", (64, 64, 1)),), record=record)
    calibration, gate = gather(plan, model, tmp_path, 100, 100)
    assert {int(Path(name).stem) for name in gate.names} == set(range(30, 40))
    assert len(calibration) + len(gate) == 40
    assert any("training has seen it" in text for text in gate.said)
    assert calibration.values["face"].shape[1:] == (64, 64, 1)
    record["seen"] = [crop_digest(face) for face in faces]
    _, gate = gather(plan, model, tmp_path, 100, 100)
    assert len(gate) and any("too good" in text for text in gate.said)


def test_live_and_spoof_by_folder(tmp_path: Path) -> None:
    for number, face in enumerate(zoo.shapes(24, 112, 5, classes=2)[0]):
        home = tmp_path / ("live" if number % 2 else "spoof")
        home.mkdir(exist_ok=True)
        cv2.imwrite(str(home / f"{number}.png"), face)
    plan = Plan("liveness", Preprocessing(64, 64, aligned=True), ("attack", "live"))
    for material in gather(plan, Model(inputs=(TensorSpec("face", (64, 64, 3)),)), tmp_path, 12, 12):
        assert material.labels is not None
        assert material.labels.tolist() == [int(name.startswith("live")) for name in material.names]


def test_the_landmarker_sees_faces_placed_roughly(tmp_path: Path) -> None:
    zoo.write_shapes(tmp_path, 8, 128, 1)
    plan = Plan("landmarker", Preprocessing(64, 64, "BGR", aligned=True))
    first, gate = gather(plan, Model(inputs=(TensorSpec("face", (64, 64, 3)),)), tmp_path, 4, 4)
    assert first.pictures[0].shape == (64, 64, 3) and len(gate)
