"""Presentations of the bundled synthetic people: each species shows what it is for, the labels follow the face."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")

from converter.training.attacks import SPECIES, present, present_track  # noqa: E402
from converter.training.attacks.camera import Camera  # noqa: E402
from converter.training.attacks.display import Display  # noqa: E402
from converter.training.attacks.geometry import Pose, Projection  # noqa: E402
from converter.training.attacks.moving import Sway, moved  # noqa: E402
from converter.training.attacks.paper import Ink  # noqa: E402
from edge_face.demo import __file__ as demo_file  # noqa: E402
from edge_face.types import Box, Floats, Image  # noqa: E402

NAMES = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
"""In the order as seen in the picture: the labels are the person's own left and right."""


@cache
def person(name: str = "ben") -> tuple[Image, Box, Floats]:
    home = Path(demo_file).parent / "people" / name
    label = json.loads((home / "labels.jsonl").read_text().splitlines()[0])
    image = cv2.imread(str(home / label["file"]))
    face = label["faces"][0]
    return np.asarray(image, np.uint8), Box(*face["box"]), np.array([face["landmarks"][key] for key in NAMES], np.float32)


@pytest.mark.parametrize("species", SPECIES)
@pytest.mark.parametrize("seed", range(4))
def test_labels_follow_the_face(species: str, seed: int) -> None:
    seen = present(species, *person(), np.random.default_rng(seed), face=90.0)
    rows, columns = seen.image.shape[:2]
    assert seen.image.dtype == np.uint8 and 90 < rows < 400 and 60 < columns < 400
    eyes, mouth = seen.landmarks[:2].mean(0), seen.landmarks[3:].mean(0)
    assert seen.landmarks[0, 0] < seen.landmarks[1, 0] and eyes[1] < seen.landmarks[2, 1] < mouth[1]
    assert seen.box.x < eyes[0] < seen.box.x + seen.box.width and seen.box.y < eyes[1] < mouth[1] < seen.box.y + seen.box.height
    assert seen.box.x > 0 and seen.box.x + seen.box.width < columns and 60 < seen.box.height < 120


def test_labels_lie_on_the_very_features() -> None:
    """A picture with two dots for eyes: wherever the sheet is, the dots are at the landmarks."""
    picture = np.full((300, 240, 3), 200, np.uint8)
    points = np.array([[95, 130], [145, 130], [120, 155], [100, 180], [140, 180]], np.float32)
    for place in points:
        cv2.circle(picture, (int(place[0]), int(place[1])), 7, (10, 10, 10), -1)
    for seed in range(12):
        species = "bent-print" if seed % 2 else "screen"
        seen = present(species, picture, Box(75, 90, 90, 120), points, np.random.default_rng(seed), face=150.0)
        grey = cv2.cvtColor(seen.image, cv2.COLOR_BGR2GRAY).astype(float)
        for x, y in seen.landmarks:
            around = grey[int(y) - 22:int(y) + 23, int(x) - 22:int(x) + 23]
            inner = grey[int(y) - 3:int(y) + 4, int(x) - 3:int(x) + 4]
            assert inner.mean() < around.mean(), "the dot is darker than what is around it"


def test_the_same_seed_gives_the_same_pixels_and_another_others() -> None:
    one, same, other = (present("screen", *person(), np.random.default_rng(seed), face=80.0) for seed in (3, 3, 4))
    assert np.array_equal(one.image, same.image) and one.box == same.box
    assert one.image.shape != other.image.shape or not np.array_equal(one.image, other.image)


def test_frames_of_the_size_asked_for() -> None:
    seen = present("print", *person(), np.random.default_rng(0), np.full((200, 300, 3), 90, np.uint8), face=140.0, size=(320, 240))
    assert seen.image.shape == (240, 320, 3)


def test_an_unknown_species_and_no_pictures_are_refused() -> None:
    with pytest.raises(KeyError):
        present("hologram", *person(), np.random.default_rng(0))
    with pytest.raises(ValueError, match="no pictures"):
        list(present_track("print", [], np.random.default_rng(0), 2, 10.0))


def test_only_what_moves_moves_on_the_sheet() -> None:
    """On a print the nose keeps its place among the other points up to a plane's homography; on a replay it does not."""
    left = {}
    for species in ("print", "replay"):
        track = list(present_track(species, [person()], np.random.default_rng(5), 30, 10.0, face=120.0, size=(320, 320)))
        assert len(track) == 30 and {seen.image.shape for seen in track} == {(320, 320, 3)}
        first = track[0].landmarks
        worst = 0.0
        for seen in track:
            corners = cv2.getPerspectiveTransform(first[[0, 1, 3, 4]], seen.landmarks[[0, 1, 3, 4]])
            nose = cv2.perspectiveTransform(first[None, 2:3], corners)[0, 0]
            worst = max(worst, float(np.linalg.norm(nose - seen.landmarks[2])))
        left[species] = worst
        assert any(np.linalg.norm(seen.landmarks - first, axis=1).max() > 3 for seen in track), "a hand is never still"
    assert left["print"] < 0.05 < 1.0 < left["replay"]


def test_a_living_face_moves_before_a_room_that_stays() -> None:
    picture, box, points = person()
    sway = Sway.draw(np.random.default_rng(0))
    image, where, there = moved(picture, box, points, (0.05, 0.02, 0.03, 0.0, 0.0))
    assert np.array_equal(image[:4, :4], picture[:4, :4]) and not np.array_equal(image, picture)
    assert where.x > box.x and there[2, 0] - points[2, 0] > there[0, 0] - points[0, 0] > 0, "the nose goes farther than the eye"
    assert max(sway.at(t / 30)[4] for t in range(300)) > 0.9, "eyes shut now and then"
    shut, _, _ = moved(picture, box, points, (0, 0, 0, 0, 1.0))
    x, y = points[0].astype(int)
    assert np.abs(shut[y - 3:y + 4, x - 3:x + 4].astype(int) - picture[y - 3:y + 4, x - 3:x + 4]).mean() > 5


def test_ink_has_less_contrast_and_colour_and_never_more_than_paper() -> None:
    ramp = np.zeros((64, 256, 3), np.uint8)
    ramp[:, :, 2] = np.arange(256)
    ramp[:, :, 1] = 255 - np.arange(256)
    for seed in range(10):
        ink = Ink.draw(np.random.default_rng(seed))
        out = ink.printed(ramp, np.random.default_rng(seed)).astype(float)
        assert np.ptp(cv2.GaussianBlur(out, (0, 0), 4)) < 0.97 * 255
        assert out.mean((0, 1)).max() <= 255 * max(ink.white) and out.min() >= 0


def test_moire_beats_with_the_display_and_dies_where_the_camera_resolves_nothing_to_beat() -> None:
    def pattern(pitch: float) -> np.ndarray:
        display = Display(1, 0, 1, 1, (1, 1, 1), pitch, 0.2, 0.5, 0, 1, 0, 0, 0, 0)
        view = Projection(Pose(0, 0, 0, 0, 0, 4.0), None, 100.0, 128, 128).view()
        return display.seen(np.full((128, 128, 3), 0.5, np.float32), view, 0.01, 0.0)[:, :, 1] - 0.5

    # 1.05 display pixels to a camera pixel beat 0.05 times a pixel: six to seven periods across the picture.
    spectrum = np.abs(np.fft.rfft(pattern(0.01 / 1.05)[64]))
    assert 5 <= int(spectrum[1:].argmax()) + 1 <= 8
    assert pattern(0.01 / 1.05).std() > 1.5 * pattern(0.01 / 5.05).std()


def test_banding_wanders_over_time() -> None:
    display = Display(1, 0, 1, 1, (1, 1, 1), 0.01, 0, 0, 0.15, 0.4, 2.0, 0, 0, 0)
    view = Projection(Pose(0, 0, 0, 0, 0, 4.0), None, 100.0, 96, 96).view()
    flat = np.full((96, 96, 3), 0.5, np.float32)
    first, later = (display.seen(flat, view, 0.01, time)[:, 0, 0] for time in (0.0, 0.1))
    assert np.ptp(first) > 0.1 and np.abs(first - later).max() > 0.05


def test_the_camera_is_neutral_when_it_is_good_and_poor_when_drawn() -> None:
    picture = person()[0]
    assert np.abs(Camera().take(picture, np.random.default_rng(0)).astype(int) - picture).mean() < 2
    moved_away = [np.abs(Camera.draw(np.random.default_rng(s)).take(picture, np.random.default_rng(s)).astype(int) - picture).mean()
                  for s in range(12)]
    assert max(moved_away) > 15 and min(moved_away) > 0.5
