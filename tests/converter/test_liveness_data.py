"""Liveness pictures: who is in which part, a user's own folders, and crops that do not tell the label by their source."""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")

from converter.commands.liveness_crops import run as write_crops  # noqa: E402
from converter.training.attacks import SPECIES  # noqa: E402
from converter.training.liveness_data import LEFT_OUT, TEST, data_digest, load_album, part_of  # noqa: E402
from converter.training.liveness_samples import TRAINED, Sampler, Sampling, cut_like  # noqa: E402
from edge_face.demo import __file__ as demo_file  # noqa: E402
from edge_face.errors import MediaError, UsageError  # noqa: E402
from edge_face.types import Box  # noqa: E402

PEOPLE = Path(demo_file).parent / "people"
POINTS = np.array([[200, 260], [270, 260], [235, 300], [205, 340], [265, 340]], np.float32)


def anywhere(image: np.ndarray) -> tuple[Box, np.ndarray]:
    """A finder that finds a face in the middle."""
    return Box(150, 200, 170, 220), POINTS


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder: living people in folders of their own, prints likewise, screens as single pictures; a broken file."""
    folder = tmp_path_factory.mktemp("own")
    for number in range(12):
        source = sorted(PEOPLE.glob("*/front.jpg"))[number % 8]
        for place in (f"LIVE/p{number}/a.jpg", f"ATTACK-print/p{number}/a.jpg", f"ATTACK-Screen/s{number}.jpg"):
            path = folder / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.read_bytes())
    (folder / "LIVE" / "p0" / "broken.png").write_bytes(b"no picture")
    (folder / "notes").mkdir()
    (folder / "notes" / "a.jpg").write_bytes(b"not ours to read")
    return folder


def test_nuaa_is_split_by_subject_and_everything_else_by_name() -> None:
    assert {part_of("nuaa", f"{number:04d}") for number in (2, 10)} == {"calibration"}
    assert all(part_of("nuaa", name) == "test" for name in TEST) and part_of("nuaa", "0001") == "train"
    parts = Counter(part_of("detect", f"{number:05d}.webp") for number in range(3000))
    assert parts["train"] > 2250 and min(parts["calibration"], parts["test"]) > 230
    assert LEFT_OUT in SPECIES and LEFT_OUT not in TRAINED and LEFT_OUT not in Sampling().species


def test_a_users_folders_are_read_by_subject_and_nobody_is_in_two_parts(own: Path) -> None:
    albums = {}
    for part in ("train", "calibration", "test"):
        try:
            albums[part] = load_album(own, part, anywhere)
        except MediaError:
            continue  # twelve people may leave a part empty
    everybody = [shot.subject for album in albums.values() for shot in album.shots if shot.live]
    assert sorted(everybody) == sorted(f"p{number}" for number in range(12))
    species = Counter(shot.species for album in albums.values() for shot in album.shots)
    assert species == {"live": 12, "print": 12, "screen": 12}
    for subject in everybody:
        parts = {part for part, album in albums.items() for shot in album.shots if shot.subject == subject}
        assert len(parts) == 1, "living and attacked, a person stays in one part"
    said = [sentence for album in albums.values() for sentence in album.skipped]
    assert said == ["broken.png: broken.png is no picture that can be read"]


def test_the_digest_follows_the_pictures(own: Path, tmp_path: Path) -> None:
    before = data_digest(own)
    (own / "LIVE" / "p0" / "more.jpg").write_bytes(b"x")
    try:
        assert data_digest(own) != before
    finally:
        (own / "LIVE" / "p0" / "more.jpg").unlink()
    assert data_digest(own) == before


def test_an_empty_folder_and_a_species_without_a_name_are_said(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="needs LIVE/"):
        load_album(tmp_path, "train", anywhere)
    (tmp_path / "ATTACK-").mkdir()
    with pytest.raises(MediaError, match="names no species"):
        load_album(tmp_path, "train", anywhere)


def test_labelled_sets_are_read_from_archives(tmp_path: Path) -> None:
    """A tiny NUAA and a tiny detect set of synthetic people, made as those are."""
    picture = (PEOPLE / "ana" / "front.jpg").read_bytes()
    home = tmp_path / "liveness"
    home.mkdir()
    records = [{"file": f"{n}.webp", "label": label, "subject": subject, "session": "01"}
               for n, (label, subject) in enumerate([("live", "0001"), ("print", "0001"), ("live", "0002"), ("live", "0003")])]
    (home / "nuaa.jsonl").write_text("\n".join(map(json.dumps, records)))
    for record in records:
        (home / record["file"]).write_bytes(picture)
    with tarfile.open(home / "nuaa.tar", "w") as archive:
        for record in records:
            archive.add(home / record["file"], f"./{record['file']}")
    names = {part: next(f"{n}.webp" for n in range(100) if part_of("detect", f"{n}.webp") == part) for part in ("train", "test")}
    rooms = {part: next(f"{n}.webp" for n in range(100, 200) if part_of("detect", f"{n}.webp") == part) for part in ("train", "test")}
    detect = tmp_path / "detect"
    detect.mkdir()
    faces = [{"box": [150, 200, 170, 220], "landmarks": POINTS.ravel().tolist(), "ignore": False}]
    lines = [{"file": name, "kind": "portrait", "faces": faces} for name in names.values()]
    lines += [{"file": name, "kind": "background", "faces": []} for name in rooms.values()]
    (detect / "detect.jsonl").write_text("\n".join(map(json.dumps, lines)))
    for line in lines:
        (detect / str(line["file"])).write_bytes(picture)
    train = load_album(tmp_path, "train", anywhere)
    assert sorted((shot.source, shot.species) for shot in train.shots) == [("detect", "live"), ("nuaa", "live"), ("nuaa", "print")]
    assert len(train.rooms) == 1
    test = load_album(tmp_path, "test", anywhere)
    assert {shot.subject for shot in test.shots} == {"0003", names["test"]}


def test_every_source_comes_alive_and_attacked_in_the_shares_asked_for(own: Path) -> None:
    album = load_album(own, "train", anywhere)
    sampler = Sampler(album, Sampling(live=0.5, real=0.5))
    rng = np.random.default_rng(2)
    seen: Counter[str] = Counter()
    for _ in range(160):
        crops, species = sampler.draw(rng, views=2)
        assert [crop.shape for crop in crops] == [(96, 96, 3)] * 2 and crops[0].dtype == np.uint8
        assert not np.array_equal(crops[0], crops[1]), "two views are cut anew"
        seen[species] += 1
    assert 55 < seen["live"] < 105 and LEFT_OUT not in seen
    assert set(seen) == {"live", "print", "bent-print", "screen", "replay"}


def test_what_is_drawn_depends_on_the_generator_alone(own: Path) -> None:
    sampler = Sampler(load_album(own, "train", anywhere), Sampling())
    one, again = (sampler.draw(np.random.default_rng(9))[0][0] for _ in range(2))
    assert np.array_equal(one, again)


def test_an_attack_is_cut_as_near_as_its_source_was() -> None:
    image, tight = np.zeros((400, 400, 3), np.uint8), np.zeros((128, 128, 3), np.uint8)
    cut, box = cut_like(image, Box(150, 140, 80, 109), tight, Box(24, 16, 80, 109))
    assert abs(cut.shape[0] - 128) <= 2 and abs(cut.shape[1] - 128) <= 2 and abs(box.x - 24) <= 1 and abs(box.y - 16) <= 1


@pytest.mark.parametrize("wrong", [{"species": {"live": 1.0}}, {"species": {"hologram": 1.0}}, {"least": 2.0, "most": 1.5}])
def test_sampling_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"species|least"):
        Sampling(**wrong)  # type: ignore[arg-type]


def test_crops_are_written_by_label_and_an_old_folder_is_not_touched(own: Path, tmp_path: Path) -> None:
    import argparse

    args = argparse.Namespace(data=own, part="train", count=12, seed=3, out=tmp_path / "crops")
    assert write_crops(args) == 0
    written = sorted(path.parent.name for path in args.out.rglob("*.png"))
    assert len(written) == 12 and set(written) == {"attack", "live"}
    assert cv2.imread(str(next(args.out.rglob("*.png")))).shape == (96, 96, 3)
    with pytest.raises(UsageError, match="there already"):
        write_crops(args)
