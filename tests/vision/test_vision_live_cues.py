"""Each cue sees what it is for, and gives None, not nonsense, where there is nothing to see."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_fakes import face, room, somebody

from edge_face.errors import ModelError
from edge_face.types import Box, Image
from edge_face.vision.live_cues import CUES
from edge_face.vision.live_cues.blink import FEWEST, blink
from edge_face.vision.live_cues.border import border
from edge_face.vision.live_cues.flicker import Tone, banding, flicker, tone_of
from edge_face.vision.live_cues.highlights import highlights
from edge_face.vision.live_cues.sight import AROUND, FACE, WINDOW, Sight, sight_of
from edge_face.vision.live_cues.spectrum import moire, sharpness, spectrum
from edge_face.vision.live_cues.surroundings import surroundings
from edge_face.vision.live_track import LiveTrack, logit


def noise(seed: int = 1, height: int = 480, width: int = 640) -> Image:
    return np.random.default_rng(seed).integers(90, 160, (height, width, 3), dtype=np.uint8)


def sight(image: Image, x: float = 320, y: float = 240, height: float = 110.0, now: float = 0.0) -> Sight:
    return sight_of(image, *face(x, y, height), now)


def test_a_look_takes_windows_of_the_faces_own_pixels() -> None:
    image = noise()
    found = sight(image)
    assert found.windows.shape[1:] == (WINDOW, WINDOW) and len(found.windows) >= 1
    assert found.around.shape == (AROUND, AROUND) and found.face.shape == (FACE, FACE, 3)
    left, top, scale = found.place
    assert left + scale * AROUND / 2 == pytest.approx(320, abs=1) and top + scale * AROUND / 2 == pytest.approx(240, abs=1)
    assert len(sight(image, height=70).windows) == 0, "too small a face has none, and none is stretched"


@given(x=st.floats(-300, 900), y=st.floats(-300, 700), height=st.floats(4, 600))
@settings(max_examples=40, deadline=None)
def test_a_face_anywhere_gives_cues_or_none(x: float, y: float, height: float) -> None:
    track = LiveTrack()
    for number in range(3):
        box, points = face(x + 3 * number, y, height)
        track.look(noise(number), box, points, 0.5, number / 15)
    assert set(track.cues()) <= set(CUES)
    assert all(value is None or math.isfinite(value) for value in track.cues().values())


def test_a_box_without_numbers_is_a_model_error() -> None:
    with pytest.raises(ModelError):
        sight_of(noise(), Box(float("nan"), 0, 50, 60), face(100, 100)[1], 0.0)


def test_moire_is_a_peak_above_its_neighbours() -> None:
    image = noise()
    rows, columns = np.mgrid[0:480, 0:640]
    wave = 12 * np.sin(2 * np.pi * (0.23 * columns + 0.11 * rows))
    screen = np.clip(image + wave[:, :, None], 0, 255).astype(np.uint8)
    plain, raster = (moire(spectrum(sight(picture).windows)) for picture in (image, screen))
    assert plain is not None and raster is not None and raster > plain + 1.0
    assert moire(None) is None


def test_a_copy_has_less_fine_detail() -> None:
    import cv2

    image = room()
    image = np.clip(image.astype(int) + np.random.default_rng(4).integers(-25, 25, image.shape), 0, 255).astype(np.uint8)
    near, copy = (sight(picture) for picture in (image, cv2.GaussianBlur(image, (0, 0), 2.0)))
    first, second = (sharpness(spectrum(s.windows), s.eye_distance) for s in (near, copy))
    assert first is not None and second is not None and first > second + 1.0
    assert sharpness(spectrum(near.windows), 10.0) is None and sharpness(spectrum(near.windows), math.nan) is None


def test_highlights_are_bright_and_colourless() -> None:
    skin = np.full((FACE, FACE, 3), (90, 110, 150), np.uint8)
    shining = skin.copy()
    shining[5:15, 5:20] = 252
    dull, bright = highlights(skin), highlights(shining)
    assert dull is not None and bright is not None and bright > dull + 1.0
    assert highlights(np.zeros((FACE, FACE, 3), np.uint8)) is None, "in the dark nothing can be told"


def tones(levels: list[float], step: float = 1 / 15, bands: bool = False) -> list[Tone]:
    rng = np.random.default_rng(2)
    found = []
    for number, level in enumerate(levels):
        wave = 0.1 * np.sin(np.arange(FACE) / 3 + number) if bands else np.zeros(FACE)
        rows, columns = (np.float32(5 + 0.002 * rng.normal(size=FACE)) for _ in range(2))
        found.append(Tone(number * step, level, np.asarray(rows + wave, np.float32), np.asarray(columns, np.float32)))
    return found


def test_flicker_is_what_neither_drifts_nor_stays() -> None:
    drifting = flicker(tones([0.01 * n for n in range(10)]))
    flickering = flicker(tones([0.05 * (-1) ** n for n in range(10)]))
    assert drifting is not None and flickering is not None and flickering > drifting + 2.0
    assert flicker(tones([0.0] * 3)) is None and flicker(tones([0.0] * 10, step=0.5)) is None


def test_bands_run_along_the_rows() -> None:
    still, banded = banding(tones([0.0] * 8)), banding(tones([0.0] * 8, bands=True))
    assert still is not None and banded is not None and banded > still + 1.0
    assert banding([]) is None


def test_the_tone_is_that_of_the_face_against_its_surroundings() -> None:
    image = np.full((480, 640, 3), 60, np.uint8)
    box, points = face(320, 240)
    image[round(box.y):round(box.y + box.height), round(box.x):round(box.x + box.width)] = 180
    bright = tone_of(sight_of(image, box, points, 0.0)).level
    assert bright == pytest.approx(math.log(184 / 64), abs=0.05)
    only = tone_of(sight_of(image[round(box.y):round(box.y + box.height), round(box.x):round(box.x + box.width)],
                            box.moved(-round(box.x), -round(box.y)), points, 0.0))
    assert only.level is None, "a picture of nothing but the face has no surroundings"


def test_a_sheet_has_a_border_and_a_wall_has_none() -> None:
    wall = np.full((480, 640, 3), 120, np.uint8)
    sheet = somebody(wall, 320, 240, sheet=True)
    person = somebody(wall, 320, 240, sheet=False)
    found = [border(s.around, s.inside) for s in (sight_of(*sheet, 0.0), sight_of(*person, 0.0))]
    assert found[0] is not None and found[1] is not None
    assert found[0] > 0.9 and found[1] < 0.6


def test_the_edge_of_the_picture_is_no_border() -> None:
    wall = np.full((150, 150, 3), 220, np.uint8)
    close = sight_of(wall, *face(75, 75, 100), 0.0)
    assert border(close.around, close.inside) is None


def moving(sheet: bool, steps: int = 6) -> list[Sight]:
    wall = room()
    return [sight_of(*somebody(wall, 280 + 14 * n, 240 + 5 * n, sheet=sheet), n / 4) for n in range(steps)]


def test_the_surroundings_of_a_sheet_move_with_it() -> None:
    (*before, last), (*past, photo) = moving(False), moving(True)
    person, sheet = surroundings(last, before), surroundings(photo, past)
    assert person is not None and sheet is not None
    assert person < -0.2 and sheet > 0.2


def test_a_face_that_stays_or_a_bare_wall_says_nothing_about_surroundings() -> None:
    one = sight(room())
    assert surroundings(one, []) is None and surroundings(one, [one]) is None
    bare = np.full((480, 640, 3), 120, np.uint8)
    assert surroundings(sight(bare, 350), [sight(bare, 320)]) is None


def test_a_blink_closes_and_opens() -> None:
    opened = [0.9] * FEWEST
    assert blink(opened) == pytest.approx(0.0)
    assert blink([*opened, 0.5, 0.1, 0.6, 0.9]) == pytest.approx(0.8)
    assert blink([*opened, 0.5, 0.1]) == pytest.approx(0.0), "shut at the end: no blink yet"
    assert blink(opened[1:]) is None and blink([*opened, math.nan]) is None


def test_a_logit_is_bounded_and_no_number_stays_none() -> None:
    assert logit(0.5) == 0.0 and logit(1.0) == 8.0 and logit(0.0) == -8.0
    assert math.isnan(logit(math.nan))
