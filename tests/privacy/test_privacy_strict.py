"""Strict mode: what differs from the empty scene is hidden, face or not; what the light does is learned, who stands there is not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import scenes

from edge_face.cli.main import main
from edge_face.errors import MediaError
from edge_face.media import VideoWriter, write_picture
from edge_face.opencv import cv2
from edge_face.privacy import Region, anonymize, covered_share, hide_video, mask_of
from edge_face.privacy.blobs import rectangles, regions_of, solid
from edge_face.privacy.empty_files import empty_scene_of, spread
from edge_face.privacy.empty_scene import EmptyScene, cells_of
from edge_face.privacy.learning import FURNITURE, LEARN, SETTLE
from edge_face.privacy.regions import outermost
from edge_face.privacy.strict import Strict, shown_faces
from edge_face.settings import PrivacySettings
from edge_face.types import Box, Frame, Image, Scene, Track

WIDTH, HEIGHT = 320, 240
PERSON = Box(140, 90, 40, 120)
FACE = Box(146, 90, 28, 34)


def room(seed: int = 5) -> Image:
    """A wall, a floor and a door, with some texture."""
    rng = np.random.default_rng(seed)
    image = np.full((HEIGHT, WIDTH, 3), (150, 160, 165), np.uint8)
    image[180:] = (60, 80, 110)
    image[60:180, 40:90] = (40, 70, 120)
    coarse = rng.integers(-14, 15, (24, 32, 3)).astype(np.int16)
    return cv2.add(image, cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR), dtype=cv2.CV_8U).astype(np.uint8)


def seen(image: Image, number: int, *, gain: float = 1.0) -> Image:
    """What the camera makes of it: noise of two grey levels, and a gain."""
    noise = np.random.default_rng(number).standard_normal(image.shape) * 2
    return np.clip(image * gain + noise, 0, 255).astype(np.uint8)


def with_person(image: Image, box: Box = PERSON, seed: int = 3) -> Image:
    """Somebody from behind: nothing that a face detector would find."""
    out = image.copy()
    x, y, w, h = (round(v) for v in (box.x, box.y, box.width, box.height))
    shades = np.random.default_rng(seed).integers(20, 120, (6, 3, 3), dtype=np.uint8)
    out[y:y + h, x:x + w] = cv2.resize(shades, (w, h), interpolation=cv2.INTER_LINEAR)
    return out


def scene(at: float = 0.0, *tracks: Track) -> Scene:
    return Scene(0, at, at, WIDTH, HEIGHT, tracks)


@pytest.fixture
def empty() -> EmptyScene:
    return EmptyScene.of([seen(room(), i) for i in range(12)])


def mask_for(strict: Strict, image: Image, at: float = 0.0) -> np.ndarray:
    return mask_of(strict.regions(image, scene(at), ()), WIDTH, HEIGHT)


def test_an_empty_scene_hides_nothing_and_somebody_without_a_face_is_hidden(empty: EmptyScene) -> None:
    strict = Strict(empty, learn=False)
    assert not mask_for(strict, seen(room(), 50)).any()
    mask = mask_for(strict, seen(with_person(room()), 51))
    assert covered_share(mask, PERSON) == 1.0 and mask.mean() < 0.3


@pytest.mark.parametrize("gain", [0.6, 1.3])
def test_exposure_is_no_difference_and_hides_nobody_less(empty: EmptyScene, gain: float) -> None:
    strict = Strict(empty, learn=False)
    assert mask_for(strict, seen(room(), 60, gain=gain)).mean() < 0.02
    assert covered_share(mask_for(strict, seen(with_person(room()), 61, gain=gain)), PERSON) == 1.0


def test_a_coat_of_nearly_the_walls_colour_is_found(empty: EmptyScene) -> None:
    image = room()
    image[90:210, 140:180] = cv2.add(image[90:210, 140:180], (9, 9, 9, 0))
    assert covered_share(mask_for(Strict(empty, learn=False), seen(image, 70)), PERSON) >= 0.95


def test_what_left_stays_hidden_for_a_moment(empty: EmptyScene) -> None:
    strict = Strict(empty, learn=False)
    mask_for(strict, seen(with_person(room()), 1), 1.0)
    assert covered_share(mask_for(strict, seen(room(), 2), 1.3), PERSON) == 1.0
    assert not mask_for(strict, seen(room(), 3), 1.7).any()


def test_of_a_known_person_the_face_stays_sharp_and_nothing_else(empty: EmptyScene) -> None:
    track = scenes.known(1, FACE)
    image = seen(with_person(room()), 4)
    mask = mask_of(Strict(empty, learn=False).regions(image, scene(0.0, track), ()), WIDTH, HEIGHT)
    assert covered_share(mask, FACE.grown(0.8)) == 0.0
    assert covered_share(mask, Box(140, 135, 40, 70)) == 1.0
    # Whoever is hidden by the hider is hidden here too.
    hidden = (Region(FACE.grown(1.5), "unknown", 1),)
    assert covered_share(mask_of(Strict(empty, learn=False).regions(image, scene(0.0, track), hidden), WIDTH, HEIGHT), FACE) == 1.0


def test_nobody_is_shown_beside_a_hidden_face() -> None:
    track = scenes.known(1, FACE)
    assert shown_faces(scene(0.0, track), ()) == [FACE.grown(1.25)]
    assert shown_faces(scene(0.0, track), (Region(FACE.moved(20, 0), "unknown", 2),)) == []
    assert shown_faces(scene(0.0, track), (Region(FACE, "all"),)) == []


def play(strict: Strict, pictures: Sequence[Image], begin: float, step: float = 0.5, tracks: tuple[Track, ...] = ()) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.bool_)
    for i, image in enumerate(pictures):
        mask = mask_of(strict.regions(image, scene(begin + i * step, *tracks), ()), WIDTH, HEIGHT)
    return mask


def test_until_the_scene_is_learned_everything_is_hidden() -> None:
    strict = Strict()
    assert play(strict, [seen(room(), i) for i in range(int(LEARN))], 0.0).all() and strict.ready == 0.0
    assert not play(strict, [seen(room(), i) for i in range(int(2 * LEARN) + 4)], LEARN / 2).any() and strict.ready == 1.0
    assert covered_share(play(strict, [seen(with_person(room()), 99)], 100.0), PERSON) == 1.0


def test_nothing_is_learned_while_somebody_is_there() -> None:
    strict = Strict()
    frames = int(2 * LEARN) + 10
    somebody = scenes.stranger(1, FACE)
    assert play(strict, [seen(with_person(room()), i) for i in range(frames)], 0.0, tracks=(somebody,)).all()
    # Who walks is not still, face or not: that place is not learned.
    strict = Strict()
    walking = [seen(with_person(room(), PERSON.moved(4.0 * (i % 8), 0)), i) for i in range(frames)]
    assert covered_share(play(strict, walking, 0.0), PERSON) == 1.0


def test_a_lamp_is_learned_and_whoever_stands_there_is_not(empty: EmptyScene) -> None:
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    light = 1 + 0.35 * np.exp(-((x - 250) ** 2 + (y - 90) ** 2) / 3000.0)
    lamp = np.clip(room() * light[..., None], 0, 255).astype(np.uint8)
    strict = Strict(empty)
    lit = Box(220, 60, 60, 60)
    assert covered_share(play(strict, [seen(lamp, i) for i in range(10)], 0.0), lit) > 0.9
    after = play(strict, [seen(lamp, i) for i in range(int(2 * SETTLE) + 10)], 5.0)
    assert covered_share(after, lit) < 0.1
    standing = with_person(lamp)
    still = play(strict, [seen(standing, i) for i in range(int(4 * SETTLE))], 60.0)
    assert covered_share(still, PERSON) == 1.0


def test_a_parcel_is_learned_after_minutes_and_a_swaying_person_never(empty: EmptyScene) -> None:
    strict = Strict(empty)
    parcel = with_person(room(), Box(220, 150, 30, 30))
    assert covered_share(play(strict, [seen(parcel, i) for i in range(40)], 0.0, step=5.0), Box(220, 150, 30, 30)) == 1.0
    assert not play(strict, [seen(parcel, i) for i in range(int(FURNITURE / 5) + 1)], 200.0, step=5.0).any()
    swaying = [seen(with_person(parcel, PERSON.moved(float(i % 2), 0)), i) for i in range(int(FURNITURE / 5) + 10)]
    assert covered_share(play(strict, swaying, 600.0, step=5.0), PERSON.grown(0.95)) == 1.0


def test_the_scene_is_found_among_frames_with_people_in_them() -> None:
    rng = np.random.default_rng(8)
    boxes = [Box(float(x), 90, 40, 120) for x in rng.integers(0, 280, 40)]
    pictures = [seen(with_person(room(), box), i) for i, box in enumerate(boxes)]
    found = EmptyScene.among(pictures, [[] for _ in pictures])
    assert found.known.mean() > 0.95
    strict = Strict(found, learn=False)
    for i in (0, 17, 39):
        assert covered_share(mask_for(strict, pictures[i], i * 5.0), boxes[i]) == 1.0
    # Where somebody with a face stands most of the time is not known, so hidden.
    standing = [seen(with_person(room()), i) for i in range(20)]
    stays = EmptyScene.among([*standing, *pictures[:4]], [[FACE]] * 20 + [[]] * 4)
    assert covered_share(mask_for(Strict(stays, learn=False), standing[0]), FACE) == 1.0


def test_pictures_that_do_not_fit_are_refused_by_name(empty: EmptyScene) -> None:
    with pytest.raises(MediaError, match="another size than 640 x 480"):
        Strict(empty, learn=False).regions(np.zeros((480, 640, 3), np.uint8), scene(), ())
    for pictures in ([], [room(), room()[:100]]):
        with pytest.raises(MediaError, match="one size"):
            EmptyScene.of(pictures)
    with pytest.raises(MediaError, match="changes its size"):
        EmptyScene.among([], [])
    # A camera that changes its size is learned anew, and hidden until then.
    strict = Strict(empty)
    assert strict.regions(np.zeros((480, 640, 3), np.uint8), scene(), ())[0].whole


def test_cells_become_regions_that_cover_them_and_leave_faces_open() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        cells = cv2.resize(rng.integers(0, 2, (6, 8), dtype=np.uint8), (80, 60), interpolation=cv2.INTER_NEAREST).astype(np.bool_)
        found = rectangles(cells)
        drawn = np.zeros_like(cells)
        for left, top, right, bottom in found:
            assert not drawn[top:bottom, left:right].any()
            drawn[top:bottom, left:right] = True
        assert (drawn == cells).all()
        pixels = cv2.resize(cells.astype(np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST).astype(np.bool_)
        assert mask_of(regions_of(cells, WIDTH, HEIGHT), WIDTH, HEIGHT)[pixels].all()
    assert regions_of(np.zeros((60, 80), np.bool_), WIDTH, HEIGHT) == ()
    speck = np.zeros((60, 80), np.bool_)
    speck[3, 4] = True
    assert not solid(speck).any()


def test_a_region_of_rectangles_is_hidden_recorded_and_kept_beside_a_larger_one() -> None:
    image = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    made = Region(Box(20, 20, 100, 100), "changed", None, "differs", (Box(20, 20, 100, 30), Box(20, 90, 40, 30)))
    assert Region.from_json(made.as_json()) == made
    mask = mask_of([made], WIDTH, HEIGHT)
    assert mask.sum() == 100 * 30 + 40 * 30
    out = anonymize(image, [made], "solid", 1.0)
    assert (out[~mask] == image[~mask]).all() and (out[mask] != image[mask]).any(1).mean() > 0.95
    inner, outer = Region(Box(30, 60, 20, 20), "unknown"), Region(Box(-200, -200, 800, 800), "unknown")
    assert set(outermost([made, inner])) == {made, inner}
    assert outermost([made, Region(Box(25, 22, 20, 20), "unknown")]) == (made,)
    assert outermost([made, outer]) == (outer,)


def test_frames_are_taken_evenly_from_any_length() -> None:
    for length in (1, 5, 96, 97, 1000):
        kept = [int(image[0, 0, 0]) * 256 + int(image[0, 0, 1]) for image in spread(
            np.array([[[i // 256, i % 256, 0]]], np.uint8) for i in range(length))]
        steps = set(np.diff(kept).tolist())
        assert kept[0] == 0 and len(kept) <= 96 and len(steps) <= 1 and (length < 3 or kept[-1] >= 0.8 * (length - 1))


def test_cells_are_larger_in_large_pictures() -> None:
    assert cells_of(np.zeros((240, 320, 3), np.uint8)).shape == (60, 80, 3)
    assert cells_of(np.zeros((1080, 1920, 3), np.uint8)).shape == (180, 320, 3)


class Blind:
    """Vision that finds nobody."""

    def process(self, frame: Frame) -> Scene:
        return Scene(frame.index, frame.monotonic, frame.wall, WIDTH, HEIGHT)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Somebody crosses the room: 20 frames."""
    path = tmp_path / "street.mp4"
    with VideoWriter(path, WIDTH, HEIGHT, 10.0) as writer:
        for i in range(20):
            writer.write(seen(with_person(room(), PERSON.moved(10.0 * i - 110, 0)), i), i / 10)
    return path


def test_in_a_video_somebody_is_hidden_whom_vision_never_finds(film: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / "empty.png", room())
    masks: dict[int, np.ndarray] = {}
    hide_video(film, tmp_path / "out.mp4", Blind(), PrivacySettings(method="solid"), strict=Strict(empty_scene_of(tmp_path / "empty.png"),
               learn=False), record=lambda r: masks.update({r.frame.index: mask_of(r.regions, WIDTH, HEIGHT)}))
    assert len(masks) == 20
    for i, mask in masks.items():
        assert covered_share(mask, PERSON.moved(10.0 * i - 110, 0).grown(0.96)) == 1.0
    assert np.mean([mask.mean() for mask in masks.values()]) < 0.5


def test_the_command_learns_from_the_video_and_says_what_it_needs(film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty, out = tmp_path / "empty.png", tmp_path / "out.mp4"
    write_picture(empty, room())
    assert main(["blur", str(film), str(out), "--strict"]) == 0
    assert "faces hidden in 20" in capsys.readouterr().out
    write_picture(tmp_path / "small.png", room()[:100])
    for words, sentence in ((["--empty", str(empty)], "add --strict"), (["--strict", "--all"], "leave out one of them"),
                            (["--strict", "--empty", str(tmp_path / "no.png")], "no.png"),
                            (["--strict", "--empty", str(tmp_path / "small.png")], "another size than 320 x 240")):
        assert main(["blur", str(film), str(tmp_path / "never.mp4"), *words]) != 0
        assert sentence in capsys.readouterr().err
    assert main(["blur", str(empty), str(tmp_path / "never.png"), "--strict"]) == 2
    assert "name one by --empty" in capsys.readouterr().err
    assert not list(tmp_path.glob("never.*"))
