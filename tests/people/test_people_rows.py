"""The matrix that grows: what goes in comes out, in order, whatever the number of rows."""

from __future__ import annotations

import numpy as np
import pytest

from edge_face.people.rows import Rows


@pytest.mark.parametrize("count", [1, 255, 256, 257, 513, 3000])
def test_rows_come_out_as_they_went_in(count: int) -> None:
    vectors = np.random.default_rng(count).standard_normal((count, 24)).astype(np.float32)
    rows = Rows()
    for start in range(0, count, 7):
        rows.extend(vectors[start:start + 7])
    taken = rows.taken()
    assert taken.dtype == np.float32 and np.array_equal(taken, vectors)


def test_without_rows_the_matrix_is_empty() -> None:
    assert Rows().taken().shape == (0, 1)


def test_after_taking_it_begins_anew_and_leaves_the_taken_alone() -> None:
    rows = Rows()
    rows.extend([np.ones(3, np.float32)])
    first = rows.taken()
    rows.extend([np.full(2, 5.0, np.float32)])
    assert np.array_equal(rows.taken(), [[5.0, 5.0]]) and np.array_equal(first, [[1.0, 1.0, 1.0]])


def test_a_vector_of_another_length_is_refused() -> None:
    rows = Rows()
    with pytest.raises(ValueError, match="could not broadcast"):
        rows.extend([np.ones(4, np.float32), np.ones(5, np.float32)])
