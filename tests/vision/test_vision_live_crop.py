"""The crop that the attack detector is trained on and looks at: one function for both."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.errors import ModelError
from edge_face.types import Box, Image
from edge_face.vision.live_crop import OUTSIDE, SHARE, live_crop, square


def picture(width: int = 320, height: int = 240) -> Image:
    rows, columns = np.mgrid[0:height, 0:width]
    return np.stack([columns % 256, rows % 256, (rows + columns) % 256], axis=2).astype(np.uint8)


def test_it_is_the_square_around_the_middle_of_the_box() -> None:
    left, top, side = square(Box(100.0, 80.0, 40.0, 50.0))
    assert (left, top, side) == (76, 61, 88)  # 1.8 x 50 around (120, 105), to the nearest four
    crop = live_crop(picture(), Box(100.0, 80.0, 40.0, 50.0), size=88)
    assert np.array_equal(crop, picture()[61:149, 76:164])


@pytest.mark.parametrize("size", [88, 60, 44, 30, 22])
def test_halving_on_the_way_gives_what_one_step_gives(size: int) -> None:
    crop = live_crop(picture(), Box(100.0, 80.0, 40.0, 50.0), size=size).astype(int)
    whole = cv2.resize(picture()[61:149, 76:164], (size, size), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(crop - whole).mean() <= (1.0 if 88 % size == 0 else 0.06 * np.abs(whole - whole.mean()).mean() + 1.0)


def test_smaller_crops_are_averaged_over_area() -> None:
    stripes = np.zeros((240, 320, 3), np.uint8)
    stripes[:, ::2] = 200
    crop = live_crop(stripes, Box(100.0, 60.0, 100.0, 100.0), size=90)
    assert crop.shape == (90, 90, 3)
    assert np.all(np.abs(crop.astype(int) - 100) <= 1)


def test_outside_the_picture_it_is_grey() -> None:
    white = np.full((200, 200, 3), 255, np.uint8)
    crop = live_crop(white, Box(-20.0, 60.0, 80.0, 80.0), size=144)
    left, _, side = square(Box(-20.0, 60.0, 80.0, 80.0))
    assert side == 144
    assert np.all(crop[:, :-left] == OUTSIDE)
    assert np.all(crop[:, -left:] == 255)


def test_a_box_far_outside_is_grey_altogether() -> None:
    assert np.all(live_crop(picture(), Box(900.0, 900.0, 50.0, 50.0)) == OUTSIDE)


def test_the_copy_is_the_callers() -> None:
    image = picture()
    crop = live_crop(image, Box(100.0, 80.0, 40.0, 50.0), size=90)
    crop[:] = 0
    assert np.array_equal(image, picture())


@pytest.mark.parametrize("box", [Box(0, 0, 0, 10), Box(0, 0, float("nan"), 10), Box(float("inf"), 0, 10, 10), Box(0, 0, 1e9, 1e9),
                                 Box(1e9, 0, 10, 10), Box(0, 0, 10, -3)])
def test_no_box_no_crop(box: Box) -> None:
    with pytest.raises(ModelError):
        live_crop(picture(), box)


@given(x=st.floats(-400, 700), y=st.floats(-400, 700), width=st.floats(0.5, 500), height=st.floats(0.5, 500),
       size=st.sampled_from([32, 96]))
def test_every_box_gives_that_size(x: float, y: float, width: float, height: float, size: int) -> None:
    crop = live_crop(picture(), Box(x, y, width, height), size=size, share=SHARE)
    assert crop.shape == (size, size, 3)
    assert crop.dtype == np.uint8
