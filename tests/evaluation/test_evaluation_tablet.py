"""The rendered tablet: what it shows is the film, what surrounds it is glass, bezel and hands; every setting changes the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_face.evaluation.tablet import Showing, on_tablet, showings
from edge_face.types import Image

HALL = np.full((240, 320, 3), 150, np.uint8)
STILL = replace(Showing(), moire=0.0, glare=0.0, tremor=0.0, pitch=0.0)


def film(count: int = 1, value: int = 200) -> list[tuple[float, Image]]:
    return [(i / 15, np.full((240, 320, 3), value, np.uint8)) for i in range(count)]


def only(showing: Showing, value: int = 200) -> Image:
    ((_, image),) = on_tablet(film(1, value), HALL, showing)
    return image


def test_the_film_is_on_the_glass_and_the_hall_around_it() -> None:
    image = only(STILL).astype(float)
    assert image.shape == HALL.shape
    glass, wall = image[90:150, 130:190].mean(), image[40:120, 5:60].mean()
    assert 160 < glass < 215 and wall == pytest.approx(150, abs=2)
    assert image[118:122].mean(axis=(0, 2)).min() < 60, "a dark bezel is crossed on the way"
    assert only(STILL, 40)[90:150, 130:190].mean() < 60, "another film looks otherwise"


def test_the_same_showing_gives_the_same_frames_and_another_seed_others() -> None:
    one, two = ([image for _, image in on_tablet(film(3), HALL, Showing(seed=seed))] for seed in (1, 1))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    other = [image for _, image in on_tablet(film(3), HALL, Showing(seed=2))]
    assert not np.array_equal(one[0], other[0])
    assert [seconds for seconds, _ in on_tablet(film(3), HALL, Showing())] == [0.0, 1 / 15, 2 / 15]


def test_moire_is_stripes_that_no_tablet_without_has() -> None:
    def roughness(showing: Showing) -> float:
        return float(only(showing)[90:150, 130:190].astype(float).std(axis=(0, 1)).mean())

    plain, weak, strong = (roughness(replace(STILL, moire=value)) for value in (0.0, 0.1, 0.3))
    assert plain < weak < strong and strong > 3 * plain


@pytest.mark.parametrize("change", [{"glare": 0.6}, {"brightness": 0.6}, {"gamma": 1.4}, {"height": 0.6}, {"yaw": 20.0}, {"roll": 6.0},
                                    {"columns": 768, "moire": 0.2}])
def test_every_setting_shows(change: dict[str, float]) -> None:
    before = replace(STILL, moire=0.2) if "columns" in change else STILL
    difference = np.abs(only(before).astype(float) - only(replace(before, **change)).astype(float))  # type: ignore[arg-type]
    assert difference.mean() > 0.7, change  # the noise is the same in both


def test_hands_shake() -> None:
    frames = [image.astype(float) for _, image in on_tablet(film(4), HALL, replace(STILL, tremor=2.0))]
    held = [image.astype(float) for _, image in on_tablet(film(4), HALL, STILL)]
    assert np.abs(frames[0] - frames[3]).mean() > 1.5 * np.abs(held[0] - held[3]).mean()


def test_twenty_showings_differ_and_begin_with_hardly_any_moire() -> None:
    made = showings(20)
    assert len(set(made)) == 20 and made == showings(20)
    assert made[0].moire < 0.05 < 0.2 < made[-1].moire
    assert min(s.brightness for s in made) < 0.8 and max(s.height for s in made) > 0.9
