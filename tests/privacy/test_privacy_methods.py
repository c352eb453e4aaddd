"""What every method must do: hide the inside, leave the outside exactly, scale with the face, survive any box."""

from __future__ import annotations

import numpy as np
import pytest
import scenes
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_face.errors import UsageError
from edge_face.opencv import cv2
from edge_face.privacy import Region, anonymize, covered_share, everything, mask_of, method_names
from edge_face.privacy.regions import cover, outermost
from edge_face.privacy.registry import anonymize_at, anonymizer, cells
from edge_face.privacy.strengths import VEILS
from edge_face.settings import ANONYMIZERS
from edge_face.types import Box, Image

METHODS = sorted(ANONYMIZERS)


def noise(width: int = 160, height: int = 120, seed: int = 0) -> Image:
    image: Image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return image


def stripes(width: int, height: int, period: float) -> Image:
    """Waves from left to right with full contrast."""
    wave = 127.5 + 127.5 * np.sin(2 * np.pi * np.arange(width) / period)
    image: Image = np.repeat(np.repeat(wave[None, :, None], height, 0), 3, 2).astype(np.uint8)
    return image


def test_the_registry_is_the_folder_and_the_settings() -> None:
    assert list(method_names()) == METHODS
    for name in METHODS:
        assert anonymizer(name).name == name
    with pytest.raises(UsageError, match=", ".join(METHODS)):
        anonymize(noise(), [], "blur", 0.7)


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=25)
@given(boxes=st.lists(scenes.boxes, max_size=4), strength=st.floats(0.3, 1))
def test_outside_is_untouched_and_the_source_too(name: str, boxes: list[Box], strength: float) -> None:
    image = noise()
    before = image.copy()
    regions = [Region(box, "unknown") for box in boxes]
    out = anonymize(image, regions, name, strength)
    assert (image == before).all() and out.shape == image.shape and out.dtype == np.uint8
    rim = anonymizer(name).feather
    # Two pixels on each side for the rounding of the outline, which is a polygon.
    outside = ~mask_of([Region(cover(b, 0).grown(2 + rim), "unknown") for b in boxes], 160, 120)
    assert (out[outside] == image[outside]).all()


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=25)
@given(box=st.builds(Box, st.floats(-60, 140), st.floats(-60, 100), st.floats(12, 150), st.floats(12, 150)),
       amount=st.floats(0.4, 1))
def test_inside_nothing_but_cells_is_left(name: str, box: Box, amount: float) -> None:
    """Noise has all its contrast in details: inside the mask most of it must be gone."""
    image = noise()
    mask = mask_of([Region(box, "unknown")], 160, 120)
    if mask.sum() < 400:  # too few pixels to tell chance from likeness
        return
    # A veil has the sharp face under it, unless it is all that is left.
    out = anonymize_at(image, [Region(box, "unknown")], name, 1.0 if name in VEILS and name != "mask" else amount, key=b"test")
    before, after = (cv2.Laplacian(i.astype(np.float32), cv2.CV_32F)[mask].var() for i in (image, out))
    kept = np.corrcoef(image[mask].ravel(), out[mask].ravel())[0, 1] if out[mask].std() > 0 else 0.0
    # A pixel resembles the mean of n of which it is one by 1 / sqrt(n); the cells of small faces have four or five.
    assert kept < (0.8 if min(box.width, box.height) < 40 else 0.6)
    assert after < before or name in ("noise", "mask")  # whose own contrast is as large


@pytest.mark.parametrize("name", [name for name in METHODS if name != "noise"])
def test_strength_scales_with_the_face(name: str) -> None:
    """The same picture at four times the size keeps the same pattern: what counts is the share of the face."""
    small = noise(60, 60, 3)
    small = cv2.GaussianBlur(small, (0, 0), 3)
    large = cv2.resize(small, (240, 240), interpolation=cv2.INTER_CUBIC)
    box = Box(5, 5, 50, 50)
    a = anonymize_at(small, [Region(box, "unknown")], name, 0.6, key=b"test")
    b = anonymize_at(large, [Region(box.scaled(4, 4), "unknown")], name, 0.6, key=b"test")
    inside = mask_of([Region(box.grown(0.9), "unknown")], 60, 60)
    difference = np.abs(a.astype(int) - cv2.resize(b, (60, 60), interpolation=cv2.INTER_AREA))[inside]
    # The mask's seams fall between pixels, and its colours have all the contrast there is.
    assert difference.mean() < (16 if name == "mask" else 6)


@pytest.mark.parametrize("name", ["gaussian", "median", "mean", "pixelate"])
def test_stronger_leaves_less(name: str) -> None:
    contrast = []
    for amount in (0.2, 0.4, 1.0):
        period = 200 / 10
        out = anonymize(stripes(200, 200, period), [Region(Box(0, 0, 200, 200), "unknown")], name, amount)
        contrast.append(float(out[60:140, 60:140].std()))
    assert contrast[0] > contrast[2] and contrast[2] < 13
    assert cells(0.0) == 24 > cells(0.3) > cells(0.6) > cells(1.0) == 1


def test_pixelate_has_no_finer_cells_than_asked_even_at_the_edge() -> None:
    """A face half outside the picture must not get half as large cells."""
    out = anonymize_at(noise(200, 200), [Region(Box(-100, 20, 200, 160), "unknown")], "pixelate", 0.7)
    row = out[100, :60, 0]
    assert len(np.flatnonzero(np.diff(row.astype(int)))) <= 60 / (160 / cells(0.7)) + 1


def test_the_whole_picture() -> None:
    image = noise()
    for name in METHODS:
        out = anonymize(image, [everything(160, 120)], name, 0.7)
        assert abs(np.corrcoef(image.ravel(), out.ravel())[0, 1] if out.std() else 0.0) < 0.2
    assert mask_of([everything(160, 120)], 160, 120).all()


@given(box=scenes.wild)
def test_any_box_gives_a_mask_and_what_is_no_place_hides_all(box: Box) -> None:
    region = Region(box, "unknown")
    mask = mask_of([region], 64, 48)
    assert mask.shape == (48, 64) and mask.dtype == np.bool_
    if not np.isfinite([box.x, box.y, box.width, box.height]).all():
        assert region.whole and mask.all()


@pytest.mark.parametrize("name", METHODS)
@settings(max_examples=20)
@given(box=scenes.wild, amount=st.floats(0, 1))
def test_any_box_is_hidden_in_the_picture_s_own_memory(name: str, box: Box, amount: float) -> None:
    """A box of 1e30 pixels must not ask for as many."""
    assert anonymize_at(noise(64, 48), [Region(box, "unknown")], name, amount).shape == (48, 64, 3)


@given(box=st.builds(Box, st.floats(0, 100), st.floats(0, 80), st.floats(10, 60), st.floats(10, 60)))
def test_the_shape_holds_its_face_box(box: Box) -> None:
    """A superellipse needs 19 % to hold a box whole; with the default margin there are 26 % to spare."""
    assert covered_share(mask_of([Region(cover(box, 0.5), "unknown")], 200, 160), box) == 1.0
    assert covered_share(mask_of([Region(box, "unknown")], 200, 160), box) < 1.0


@given(boxes=st.lists(st.builds(Box, *[st.floats(-20, 80)] * 2, *[st.floats(0, 120)] * 2), max_size=6))
def test_leaving_out_inner_regions_leaves_the_mask_as_it_is(boxes: list[Box]) -> None:
    regions = [Region(box, "unknown") for box in (*boxes, *(b.grown(0.7) for b in boxes))]
    kept = outermost(regions)
    assert (mask_of(kept, 64, 48) == mask_of(regions, 64, 48)).all()
    # Small ones may stay: their outlines are rounded to pixels.
    assert not any(r.box == b.grown(0.7) for r in kept for b in boxes if min(b.width, b.height) > 20)


def test_huge_boxes_cover_everything_between() -> None:
    assert mask_of([Region(Box(-1e30, -1e30, 2e30, 2e30), "unknown")], 64, 48).all()
    assert not mask_of([Region(Box(5, 5, -3, 10), "unknown")], 64, 48).any()


def test_covered_share_counts_only_what_is_in_the_picture() -> None:
    mask = np.zeros((48, 64), np.bool_)
    mask[:, :32] = True
    assert covered_share(mask, Box(-20, 0, 40, 48)) == 1.0
    assert covered_share(mask, Box(16, 0, 32, 48)) == 0.5
    assert covered_share(mask, Box(100, 0, 10, 10)) == 1.0


@given(box=scenes.boxes, source=st.sampled_from(["unknown", "weak", "all"]), track=st.one_of(st.none(), st.integers(0, 99)))
def test_a_recorded_region_gives_the_same_mask_again(box: Box, source: str, track: int | None) -> None:
    region = Region(box, source, track, "why")  # type: ignore[arg-type]
    again = Region.from_json(region.as_json())
    assert (again.source, again.track, again.why) == (region.source, region.track, region.why)
    a, b = mask_of([region], 64, 48), mask_of([again], 64, 48)
    assert (a != b).mean() < 0.05  # a row of pixels may turn over with a hundredth of a pixel
