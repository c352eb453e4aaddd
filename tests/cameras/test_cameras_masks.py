"""Privacy masks, turning and mirroring: what every frame goes through before anybody sees it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.cameras.masks import Masks
from edge_face.cameras.prepare import Preparation
from edge_face.clock import ManualClock
from edge_face.errors import CameraError, SettingsError
from edge_face.settings import CameraSettings

share = st.floats(0, 1, allow_nan=False)
mask = st.tuples(share.filter(lambda v: v < 1), share.filter(lambda v: v < 1), share.filter(lambda v: v > 0), share.filter(lambda v: v > 0))


@given(st.lists(mask, max_size=4), st.integers(1, 70), st.integers(1, 70))
def test_every_pixel_that_a_mask_touches_is_black_and_no_other(masks: list[tuple[float, float, float, float]], width: int,
                                                               height: int) -> None:
    image = np.full((height, width, 3), 255, np.uint8)
    Masks(masks).paint(image)
    for x, y, w, h in masks:
        left, right = round(x * width + 0.5 - 1e-6), round(min(x + w, 1.0) * width - 0.5 + 1e-6)
        top, bottom = round(y * height + 0.5 - 1e-6), round(min(y + h, 1.0) * height - 0.5 + 1e-6)
        assert not image[top:bottom, left:right].any(), "the whole pixels inside"
    black = int((image == 0).all(axis=2).sum())
    allowed = sum((min(w, 1 - x) * width + 2) * (min(h, 1 - y) * height + 2) for x, y, w, h in masks)
    assert black <= allowed


def test_a_mask_has_the_pixels_of_its_share() -> None:
    assert Masks([[0.1, 0.2, 0.2, 0.1]]).pixels(640, 480) == [(64, 96, 192, 144)]
    assert Masks([[0.0, 0.0, 1.0, 1.0]]).pixels(3, 5) == [(0, 0, 3, 5)]
    assert Masks([[0.5, 0.5, 1.0, 1.0]]).pixels(100, 100) == [(50, 50, 100, 100)]
    assert Masks([[0.999, 0.999, 0.0001, 0.0001]]).pixels(10, 10) == [(9, 9, 10, 10)], "never less than a pixel"


@pytest.mark.parametrize("wrong", [
    [0.1, 0.1, 0.1], [0.1] * 5, ["a", 0, 1, 1], [float("nan"), 0, 1, 1], [float("inf"), 0, 1, 1], [-0.1, 0, 1, 1], [0, 0, 1.1, 1],
    [0, 0, 0, 1], [0, 0, 1, 0], [1, 0, 1, 1], 7, None])
def test_a_mask_that_cannot_be_meant_is_refused_with_its_number(wrong: Any) -> None:
    with pytest.raises(SettingsError, match="mask 2 "):
        Masks([[0, 0, 1, 1], wrong])


def numbered(width: int = 4, height: int = 3) -> Any:
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0], image[..., 1] = np.meshgrid(np.arange(width), np.arange(height))
    image[..., 2] = 9
    return image


@pytest.mark.parametrize(("rotate", "mirror", "first"), [
    (0, False, [0, 0, 9]), (0, True, [3, 0, 9]), (180, False, [3, 2, 9]), (180, True, [0, 2, 9])])
def test_turning_and_mirroring(rotate: int, mirror: bool, first: list[int]) -> None:
    frame = Preparation(CameraSettings(rotate=rotate, mirror=mirror), ManualClock()).frame(numbered(), numbered(8, 6))
    assert frame.image[0, 0].tolist() == first and frame.image.flags.c_contiguous
    assert frame.detail is not None and frame.detail.shape == (6, 8, 3)
    turned = Preparation(CameraSettings(rotate=rotate, mirror=mirror), ManualClock(), turned=True).frame(numbered())
    assert turned.image[0, 0].tolist() == [0, 0, 9], "a camera that turns by itself is not turned twice"


def test_masks_lie_on_the_picture_as_it_is_seen() -> None:
    settings = CameraSettings(rotate=180, privacy_masks=[[0.0, 0.0, 0.5, 1.0]])
    frame = Preparation(settings, ManualClock()).frame(np.full((10, 10, 3), 200, np.uint8))
    assert not frame.image[:, :5].any() and frame.image[:, 5:].all()


def test_a_wide_picture_becomes_the_detail_of_a_small_one_and_masks_hold_on_both() -> None:
    settings = CameraSettings(width=640, detail_width=1536, privacy_masks=[[0.3, 0.3, 0.111, 0.333]])
    frame = Preparation(settings, ManualClock(), shrink=True).frame(np.full((1080, 1920, 3), 200, np.uint8))
    assert frame.image.shape == (360, 640, 3) and frame.detail is not None and frame.detail.shape == (1080, 1920, 3)
    for picture in (frame.image, frame.detail):
        (left, top, right, bottom), = Masks(settings.privacy_masks).pixels(picture.shape[1], picture.shape[0])
        assert not picture[top:bottom, left:right].any()
        assert picture[0, 0, 0] == 200
    small = Preparation(CameraSettings(width=640, detail_width=0), ManualClock(), shrink=True)
    assert small.frame(np.full((1080, 1920, 3), 200, np.uint8)).detail is None
    exact = Preparation(settings, ManualClock(), shrink=True).frame(np.full((480, 640, 3), 200, np.uint8))
    assert exact.image.shape == (480, 640, 3) and exact.detail is None


def test_pictures_that_may_not_be_written_are_copied_before_they_are_masked() -> None:
    image = np.full((10, 10, 3), 200, np.uint8)
    image.flags.writeable = False
    frame = Preparation(CameraSettings(privacy_masks=[[0, 0, 1, 1]]), ManualClock()).frame(image)
    assert not frame.image.any() and image.all()


@pytest.mark.parametrize("image", [
    np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), np.uint16), np.zeros((0, 4, 3), np.uint8)])
def test_pictures_of_another_kind_are_an_error(image: Any) -> None:
    with pytest.raises(CameraError, match="8-bit colour"):
        Preparation(CameraSettings(), ManualClock()).frame(image)


def test_a_quarter_turn_is_refused() -> None:
    with pytest.raises(SettingsError, match="rotate = 90"):
        Preparation(CameraSettings(rotate=90), ManualClock())
