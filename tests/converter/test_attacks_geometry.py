"""Sheets before a camera: what is projected is where its pixel's ray meets the sheet."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("cv2")

from converter.training.attacks.geometry import Bend, Pose, Projection

ANGLE = st.floats(-0.4, 0.4)
POSES = st.builds(Pose, yaw=ANGLE, pitch=ANGLE, roll=ANGLE, x=st.floats(-0.1, 0.1), y=st.floats(-0.1, 0.1), distance=st.floats(2.2, 7.0))
BENDS = st.none() | st.builds(Bend, radius=st.floats(0.6, 3.0), axis=st.floats(-1.7, 1.7), hollow=st.booleans())


@settings(max_examples=60, deadline=None)
@given(POSES, BENDS)
def test_a_pixels_ray_and_the_projection_agree(pose: Pose, bend: Bend | None) -> None:
    projection = Projection(pose, bend, 60.0, 120, 100)
    view = projection.view()
    rows, columns = np.mgrid[5:100:15, 5:120:15].reshape(2, -1)
    met = view.met[rows, columns] & (np.abs(view.bend[rows, columns]) < 0.9)
    rows, columns = rows[met], columns[met]
    found = projection.project(np.column_stack([view.s[rows, columns], view.t[rows, columns]]))
    assert np.abs(found - np.column_stack([columns, rows])).max(initial=0) < 0.05, "a twentieth of a pixel"


def test_the_face_has_the_height_that_was_asked_for() -> None:
    straight = Projection(Pose(0, 0, 0, 0, 0, 4.0), None, 80.0, 200, 200)
    top, bottom = straight.project(np.array([[0, -0.5], [0, 0.5]]))
    assert np.allclose(bottom - top, [0, 80], atol=1e-3) and np.allclose((top + bottom) / 2, [99.5, 99.5], atol=1e-3)


def test_a_bent_sheet_is_narrower_and_its_lines_are_no_lines() -> None:
    pose = Pose(0.0, 0.25, 0, 0, 0, 3.0)
    places = np.array([[-0.5, 0.3], [0, 0.3], [0.5, 0.3]])
    flat, bent = (Projection(pose, bend, 80.0, 240, 240).project(places) for bend in (None, Bend(0.6)))
    assert bent[2, 0] - bent[0, 0] < 0.95 * (flat[2, 0] - flat[0, 0])
    assert abs(flat[1, 1] - flat[[0, 2], 1].mean()) < 0.01 < 1 < abs(bent[1, 1] - bent[[0, 2], 1].mean())
