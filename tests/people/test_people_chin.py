"""The measure of a raised chin, on the labels of the bundled stills: true points of eight people, in six pictures each."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pytest

from edge_face.demo import stills
from edge_face.people.chin import is_raised, level_of, nose_height
from edge_face.people.guide import Rules
from edge_face.types import Floats

PEOPLE = ("ana", "ben", "chidi", "dewi", "efua", "felix", "greta", "hiro")
LIFT = Rules(same=0.4).lift


def _points(label: Mapping[str, list[float]]) -> Floats:
    """Labels name a person's own sides; points go from left to right as seen."""
    points = [label[n] for n in ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")]
    return np.array(points, np.float32)


def _heights(person: str) -> dict[str, float]:
    """Height of the nose by the name of the picture."""
    found = {}
    for line in (stills(person)[0].parent / "labels.jsonl").read_text().splitlines():
        record = json.loads(line)
        height = nose_height(_points(record["faces"][0]["landmarks"]))
        assert height is not None
        found[record["file"].removesuffix(".jpg")] = height
    return found


@pytest.mark.parametrize("person", PEOPLE)
def test_everybodys_raised_chin_is_seen_and_nothing_else_is(person: str) -> None:
    """Chins raised by 9 to 16 degrees; the other straight looks nod by up to 5."""
    heights = _heights(person)
    level = level_of([heights["front"]])
    assert is_raised(level, [heights["up"]] * 3, LIFT)
    assert is_raised(level, [heights["up"]] * 3, 0.06), "true points leave room to spare"
    assert not any(is_raised(level, [heights[other]] * 3, 0.06) for other in ("front", "smile", "light"))
    assert not is_raised(level, [heights["smile"]] * 3, LIFT)


def test_between_people_it_says_nothing() -> None:
    fronts = [_heights(person)["front"] for person in PEOPLE]
    assert max(fronts) - min(fronts) > 0.3, "or it could be told without the straight look"


@pytest.mark.parametrize("seed", range(5))
def test_jitter_as_in_the_clips_mistakes_nothing(seed: int) -> None:
    """The height jitters by 0.01 from frame to frame in the bundled clips; a straight and an up look of ten frames each."""
    rng = np.random.default_rng(seed)
    seen = mistaken = 0
    for person in PEOPLE:
        heights = _heights(person)

        def jittered(height: float) -> list[float]:
            return [float(height + e) for e in 0.01 * rng.standard_normal(10)]

        level = level_of(jittered(heights["front"]))
        up, straight = jittered(heights["up"]), jittered(heights["front"])
        seen += any(is_raised(level, up[:k], LIFT) for k in range(3, 11))
        mistaken += any(is_raised(level, straight[:k], LIFT) for k in range(3, 11))
    assert (seen, mistaken) == (len(PEOPLE), 0)


@pytest.mark.parametrize("angle", [-40.0, 0.0, 25.0, 90.0])
@pytest.mark.parametrize("scale", [0.3, 1.0, 7.0])
def test_neither_roll_nor_size_matters(angle: float, scale: float) -> None:
    points = np.array([[40, 50], [72, 52], [57, 70], [44, 90], [70, 92]], np.float32)
    turn = np.radians(angle)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]], np.float32)
    first, second = nose_height(points), nose_height((points @ matrix.T + 13.0).astype(np.float32))
    assert first is not None and second == pytest.approx(first, abs=1e-4)


@pytest.mark.parametrize("points", [np.zeros((5, 2), np.float32), np.full((5, 2), np.nan, np.float32), np.full((5, 2), np.inf, np.float32)])
def test_points_that_make_no_face(points: Floats) -> None:
    assert nose_height(points) is None


def test_a_few_frames_are_needed() -> None:
    assert level_of([]) is None
    assert not is_raised(None, [0.5] * 5, LIFT) and not is_raised(0.6, [0.5, 0.5], LIFT) and is_raised(0.6, [0.5] * 3, LIFT)
    assert not is_raised(0.6, [0.5, 0.5, 0.5, 0.5, 0.59], LIFT), "the latest frame itself may become the template"
