"""The exposure controller on simulated scenes: it arrives, it rests, it stays within what the camera can do."""

from __future__ import annotations

import itertools
import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_face.cameras.exposure import (
    DAMPING,
    DEAD_BAND,
    FORGET_SECONDS,
    GAMMA,
    Automatic,
    ExposureState,
    Limits,
    Manual,
    Measurement,
    face_brightness,
    mean_luma,
    split,
    step,
    stops_between,
)
from edge_face.types import Box

LIMITS = Limits(shortest=100, longest=66_000, least_gain=1.0, most_gain=16.0)

limits = st.builds(
    lambda shortest, span, least, spread, sharp, quiet, mains: Limits(
        shortest, shortest * span, least, least * spread, sharp, quiet, mains),
    st.floats(10, 20_000), st.floats(1, 5_000), st.floats(1, 2), st.floats(1, 64), st.floats(1_000, 40_000), st.floats(1, 8),
    st.sampled_from([0.0, 50.0, 60.0]))


@dataclass
class Simulation:
    """A face under some light, seen through a tone curve that is not the assumed one, some frames after it was asked for."""

    light: float
    gamma: float
    delay: int
    limits: Limits
    automatic: float = 20_000.0

    def run(self, frames: int, target: float) -> tuple[list[float], list[float], ExposureState]:
        """Brightness of the face and total exposure in each frame."""
        state = ExposureState()
        pipeline = deque([self.automatic] * (self.delay + 1), maxlen=self.delay + 1)
        seen: list[float] = []
        totals: list[float] = []
        for number in range(frames):
            total = pipeline[0]
            brightness = min(self.light * total, 1.0) ** (1 / self.gamma)
            seen.append(brightness)
            totals.append(total)
            state = step(state, Measurement(brightness, total, number / 15), target, self.limits)
            pipeline.append(state.command.total if isinstance(state.command, Manual) else self.automatic)
        return seen, totals, state


simulations = st.builds(Simulation, light=st.floats(-23, 0).map(lambda e: 2.0**e), gamma=st.floats(1.2, 3.0), delay=st.integers(0, 6),
                        limits=st.just(LIMITS), automatic=st.floats(LIMITS.least, LIMITS.most))


@given(simulations, st.floats(0.2, 0.8))
def test_it_arrives_at_the_target_or_at_the_end_of_what_the_camera_can_do(scene: Simulation, target: float) -> None:
    seen, totals, _ = scene.run(400, target)
    error = stops_between(seen[-1], target)
    within = abs(error) <= DEAD_BAND + 0.01
    at_most = error > 0 and totals[-1] >= LIMITS.most * 0.96
    at_least = error < 0 and totals[-1] <= LIMITS.least * 1.04
    assert within or at_most or at_least, (error, totals[-1])


@given(simulations, st.floats(0.2, 0.8))
def test_it_comes_to_rest_and_never_swings(scene: Simulation, target: float) -> None:
    seen, totals, _ = scene.run(400, target)
    assert len(set(totals[340:])) == 1, "no change after it has arrived"
    errors = [stops_between(b, target) for b in seen]
    start = errors[0]
    # The error never crosses to the other side by more than the dead band: half of it is corrected at a time, and a tone
    # curve flatter than assumed (1.2 of 2.2) makes that at most 0.92 of it.
    overshoot = max((-e if start > 0 else e) for e in errors)
    assert overshoot <= DEAD_BAND + 0.01
    sizes = [abs(e) for e in errors]
    assert all(after <= before + 0.05 for before, after in itertools.pairwise(sizes)), "always nearer, never farther"


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=60), st.lists(st.floats(0, 1e9), min_size=60, max_size=60),
       limits, st.floats(0.1, 0.9))
def test_it_never_leaves_the_limits_whatever_it_is_told(faces: list[float | None], totals: list[float], bounds: Limits,
                                                        target: float) -> None:
    state = ExposureState()
    for number, face in enumerate(faces):
        state = step(state, Measurement(face, totals[number], number * 0.7), target, bounds)
        if isinstance(state.command, Manual):
            assert bounds.shortest <= state.command.time <= bounds.longest
            assert bounds.least_gain <= state.command.gain <= bounds.most_gain


@given(limits, st.floats(0, 1), st.floats(0, 1))
def test_splitting_keeps_the_total_and_is_monotone(bounds: Limits, a: float, b: float) -> None:
    low, high = sorted(bounds.least * (bounds.most / bounds.least) ** share for share in (a, b))
    one, two = split(low, bounds), split(high, bounds)
    assert one.total == pytest.approx(low, rel=1e-6) and two.total == pytest.approx(high, rel=1e-6)
    for manual in (one, two):
        assert bounds.shortest <= manual.time <= bounds.longest and bounds.least_gain <= manual.gain <= bounds.most_gain


def test_time_stays_short_until_the_gain_is_up_and_fits_the_lamps() -> None:
    assert split(5_000, LIMITS) == Manual(5_000, 1.0)
    assert split(40_000, LIMITS) == Manual(10_000, 4.0), "one flicker of 50 Hz mains, gain before time"
    assert split(200_000, LIMITS).time == pytest.approx(50_000), "beyond the quiet gain time grows, in whole flickers"
    sixty = Limits(100, 66_000, 1.0, 16.0, mains_hz=60)
    assert split(30_000, sixty).time == pytest.approx(1e6 / 120)


@pytest.mark.parametrize("bad", [(0, 1, 1, 1), (5, 4, 1, 1), (1, 2, 0, 1), (1, 2, 3, 2)])
def test_limits_out_of_order_are_refused(bad: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="not in order"):
        Limits(*bad)


def test_a_good_face_leaves_the_automatic_alone() -> None:
    state = ExposureState()
    for number in range(50):
        state = step(state, Measurement(0.45, 20_000, number / 15), 0.45, LIMITS)
    assert isinstance(state.command, Automatic)


def test_the_face_is_forgotten_after_a_while_only() -> None:
    state = step(ExposureState(), Measurement(0.1, 20_000, 100.0), 0.45, LIMITS)
    assert isinstance(state.command, Manual)
    state = step(state, Measurement(None, 20_000, 100.0 + FORGET_SECONDS - 0.1), 0.45, LIMITS)
    assert isinstance(state.command, Manual)
    state = step(state, Measurement(None, 20_000, 100.0 + FORGET_SECONDS + 0.1), 0.45, LIMITS)
    assert isinstance(state.command, Automatic)


@pytest.mark.parametrize("total", [0.0, -1.0, math.nan, math.inf])
def test_frames_without_a_known_exposure_change_nothing(total: float) -> None:
    assert isinstance(step(ExposureState(), Measurement(0.1, total, 0.0), 0.45, LIMITS).command, Automatic)


def test_stops() -> None:
    assert stops_between(0.45, 0.45) == 0
    assert stops_between(0.45 / 2 ** (1 / GAMMA), 0.45) == pytest.approx(1.0)
    assert math.isfinite(stops_between(0.0, 0.45)) and math.isfinite(stops_between(7.0, 0.45))
    assert 0 < DAMPING * GAMMA / 1.2 < 1, "the loop cannot overshoot for tone curves down to 1.2"


def test_the_inner_part_of_faces_is_measured_and_large_faces_count_more() -> None:
    image = np.zeros((240, 320, 3), np.uint8)
    image[:] = 1
    image[60:100, 60:100] = 100
    image[160:200, 160:200] = 200
    assert face_brightness(image, [Box(60, 60, 40, 40)]) == pytest.approx(100 / 255, abs=0.001)
    ring = Box(50, 50, 60, 60)
    assert face_brightness(image, [ring]) == pytest.approx(100 / 255, abs=0.02), "hair and background stay out"
    assert face_brightness(image, [Box(60, 60, 20, 20), Box(160, 160, 40, 40)]) == pytest.approx(180 / 255, abs=0.01)


def test_no_face_in_the_picture_is_no_measure() -> None:
    image = np.full((240, 320, 3), 90, np.uint8)
    assert face_brightness(image, []) is None
    assert face_brightness(image, [Box(-500, -500, 100, 100)]) is None
    assert face_brightness(image, [Box(10, 10, 2, 2)]) is None
    assert face_brightness(image, [Box(-50, -50, 200, 200)]) == pytest.approx(90 / 255, abs=0.001)


def test_privacy_masks_do_not_make_a_picture_dark() -> None:
    image = np.full((480, 640, 3), 128, np.uint8)
    assert mean_luma(image) == pytest.approx(128 / 255, abs=0.001)
    image[:, :500] = 0
    assert mean_luma(image) == pytest.approx(128 / 255, abs=0.001)
    assert mean_luma(np.zeros_like(image)) == 0.0
    assert mean_luma(np.full_like(image, 2)) < 0.01


def test_luma_weighs_the_colours() -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    image[:, :, 1] = 255
    assert mean_luma(image) == pytest.approx(0.587, abs=0.001)
    assert mean_luma(np.full((1, 1, 3), 255, np.uint8)) == pytest.approx(1.0)
