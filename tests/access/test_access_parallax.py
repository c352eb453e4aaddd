"""The nose's parallax: nothing that a plane does moves it; what a head does tells how far it stands out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from challenge_bodies import HEAD, SHEET, Points, bent, seen
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_face.access.parallax import Relief, Shape, relief_of, shape_of
from edge_face.vision.pose import estimate_pose

ANGLES = st.floats(-50, 50)


def turned(body: Points, yaws: range) -> Relief:
    shapes = [shape(seen(body, yaw=yaw, distance=1.0)) for yaw in yaws]
    return relief_of([(s.across, s.narrowness) for s in shapes])


def shape(points: tuple[float, ...]) -> Shape:
    found = shape_of(points)
    assert found is not None
    return found


@given(yaw=ANGLES, pitch=ANGLES, distance=st.floats(0.3, 3), x=st.floats(-0.1, 0.1), nose=st.floats(-0.2, 0.2), low=st.floats(0.4, 0.9))
@settings(max_examples=200, deadline=None)
def test_a_plane_keeps_its_nose_however_it_is_turned(yaw: float, pitch: float, distance: float, x: float, nose: float, low: float) -> None:
    sheet = SHEET.copy()
    sheet[2, :2] = nose, low
    straight, turned = shape(seen(sheet)), shape(seen(sheet, yaw=yaw, pitch=pitch, distance=distance, x=x))
    assert turned.across == pytest.approx(straight.across, abs=1e-6)
    assert turned.down == pytest.approx(straight.down, abs=1e-6)


@pytest.mark.parametrize("yaw", [-35, -15, 15, 35])
def test_a_head_moves_its_nose_with_the_tangent_of_the_yaw(yaw: float) -> None:
    far = shape(seen(HEAD, yaw=yaw, distance=50.0))
    assert far.across == pytest.approx(0.6 * math.tan(math.radians(yaw)), abs=0.003)
    assert far.narrowness == pytest.approx(shape(seen(HEAD, distance=50.0)).narrowness / math.cos(math.radians(yaw)) ** 2, rel=0.01)


def test_left_and_right_are_those_of_the_pose() -> None:
    points = np.array(seen(HEAD, yaw=25, distance=5.0), np.float32).reshape(5, 2)
    assert estimate_pose(points).yaw == pytest.approx(shape(tuple(points.reshape(-1).tolist())).yaw, abs=3)


@pytest.mark.parametrize("relief", [0.4, 0.6, 0.8])
def test_the_relief_of_a_head_is_found(relief: float) -> None:
    body = HEAD * (1, 1, relief / 0.6)
    found = turned(body, range(0, 40, 4))
    assert found.relief == pytest.approx(relief, rel=0.15)
    assert found.least < relief < found.most
    assert found.misfit < 0.02


def test_paper_bent_as_far_as_it_may_be_stands_out_by_a_fifth_at_most() -> None:
    found = turned(bent(0.08, 0.12), range(-50, 51, 5))
    assert 0.1 < found.relief < 0.25
    assert found.most < 0.3


def test_a_flat_sheet_says_nothing_or_nothing_stands_out() -> None:
    found = turned(SHEET, range(-50, 51, 5))
    assert found.span < 1e-9
    assert not found.relief > 1e-6


@pytest.mark.parametrize("points", [
    (), (0.5,) * 10, (math.nan,) * 10, (0.1, 0.1, 0.2, 0.1, math.inf, 0.2, 0.1, 0.3, 0.2, 0.3), (1e300,) * 10, tuple(range(10)),
    (0.4, 0.4, 0.6, 0.4, 0.5, 0.5, 0.6, 0.6, 0.4, 0.6), (0.4, 0.6, 0.6, 0.6, 0.5, 0.5, 0.4, 0.4, 0.6, 0.4)])
def test_what_makes_no_face_is_none(points: tuple[float, ...]) -> None:
    assert shape_of(points) is None


@given(st.lists(st.floats(), min_size=10, max_size=10))
def test_no_numbers_make_it_raise(points: list[float]) -> None:
    found = shape_of(points)
    assert found is None or all(map(math.isfinite, (found.across, found.down, found.yaw, found.narrowness)))


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(1e-6, 1e6)), max_size=80))
def test_no_samples_make_the_relief_raise(samples: list[tuple[float, float]]) -> None:
    found = relief_of(samples)
    assert found.samples == len(samples)
    assert not found.least > found.most
