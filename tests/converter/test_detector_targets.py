"""Which cell answers for which face, and that decoding undoes the encoding."""

from __future__ import annotations

import numpy as np
import pytest

from converter.training.composites import Labels
from converter.training.detector_targets import (
    LOG_LIMITS,
    STRIDES,
    TARGET_WIDTH,
    assign,
    cell_centres,
    decode,
    losses,
    suppress,
)

CENTRES, CELL_STRIDES = cell_centres(320, 240)


def faces(*boxes: tuple[float, float, float, float], ignore: bool = False, points: bool = True) -> Labels:
    array = np.asarray(boxes, np.float32).reshape(-1, 4)
    share = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)
    marks = (array[:, None, :2] + share * array[:, None, 2:]).reshape(-1, 10)
    return Labels(array, marks if points else np.full_like(marks, np.nan), np.full(len(array), ignore))


def encode(rows: np.ndarray) -> dict[str, np.ndarray]:
    """Perfect raw outputs (batch of one) for target rows."""
    outputs, start = {}, 0
    for stride in STRIDES:
        height, width = -(-240 // stride), -(-320 // stride)
        part = slice(start, start + height * width)
        row, centre = rows[part], CENTRES[part]
        start += height * width
        positive = row[:, 0] > 0.5
        size = np.where(positive[:, None], row[:, 3:5] - row[:, 1:3], stride)
        middle = np.where(positive[:, None], (row[:, 1:3] + row[:, 3:5]) / 2, centre)
        box = np.concatenate([(middle - centre) / stride, np.log(size / stride)], 1)
        marks = ((row[:, 5:15].reshape(-1, 5, 2) - centre[:, None]) / stride).reshape(-1, 10)
        for kind, values in (
            ("score", np.where(positive, 8.0, -8.0)[:, None]),
            ("box", box),
            ("landmarks", marks),
        ):
            outputs[f"{kind}_{stride}"] = values.reshape(1, height, width, -1).astype(np.float32)
    return outputs


def test_cells_of_an_odd_level() -> None:
    assert len(CENTRES) == 40 * 30 + 20 * 15 + 10 * 8
    assert CENTRES[0].tolist() == [4, 4] and CENTRES[-1].tolist() == [304, 240]


@pytest.mark.parametrize(
    ("side", "strides"), [(10, {8}), (25, {8}), (38, {8, 16}), (60, {16}), (90, {16, 32}), (200, {32})]
)
def test_size_decides_the_level(side: float, strides: set[int]) -> None:
    rows = assign(faces((100, 20, side, side)), CENTRES, CELL_STRIDES)
    assert {int(s) for s in CELL_STRIDES[rows[:, 0] == 1]} == strides


@pytest.mark.parametrize("side", [2.0, 7.0, 11.0, 16.0])
def test_every_face_gets_a_cell(side: float) -> None:
    rng = np.random.default_rng(3)
    for x, y in rng.uniform(0, 200, (50, 2)):
        rows = assign(faces((x, y, side, side)), CENTRES, CELL_STRIDES)
        assert 1 <= (rows[:, 0] == 1).sum() <= 9


def test_the_smaller_face_wins_a_cell_in_any_order() -> None:
    small, large = (100.0, 100.0, 20.0, 24.0), (92.0, 92.0, 38.0, 40.0)
    for order in ((small, large), (large, small)):
        rows = assign(faces(*order), CENTRES, CELL_STRIDES)
        cell = np.flatnonzero((CENTRES == (108, 108)).all(1) & (CELL_STRIDES == 8))[0]
        assert rows[cell, 1:5] == pytest.approx((100, 100, 120, 124))


def test_unsure_faces_silence_cells_but_not_sure_faces() -> None:
    rows = assign(faces((50, 50, 60, 80), ignore=True), CENTRES, CELL_STRIDES)
    assert (rows[:, 0] == 1).sum() == 0 and (rows[:, 0] == -1).sum() > 40
    both = Labels.joined([faces((60, 70, 20, 20)), faces((50, 50, 60, 80), ignore=True)])
    rows = assign(both, CENTRES, CELL_STRIDES)
    assert (rows[:, 0] == 1).sum() > 0 and (rows[:, 0] == -1).sum() > 30


def test_unknown_landmarks_are_marked() -> None:
    rows = assign(faces((50, 50, 30, 30), points=False), CENTRES, CELL_STRIDES)
    assert (rows[rows[:, 0] == 1, 15:20] == 0).all() and np.isfinite(rows).all()


def test_decoding_undoes_the_encoding() -> None:
    labels = faces((30, 40, 12, 15), (150, 60, 50, 66), (60, 80, 130, 150))
    rows = assign(labels, CENTRES, CELL_STRIDES)
    ((boxes, scores, marks),) = decode(encode(rows), CENTRES, CELL_STRIDES, 0.5)
    keep = suppress(boxes, scores)
    assert len(keep) == 3
    found = {tuple(np.round(boxes[i]).astype(int)): marks[i] for i in keep}
    for box, points in zip(labels.boxes, labels.landmarks, strict=True):
        key = tuple(np.round(np.concatenate([box[:2], box[:2] + box[2:]])).astype(int))
        assert found[key].ravel() == pytest.approx(points, abs=1e-2)


def test_wild_logs_are_clipped() -> None:
    outputs = encode(assign(faces((30, 40, 12, 15)), CENTRES, CELL_STRIDES))
    outputs["box_8"][..., 2:] = 500.0
    ((boxes, _, _),) = decode(outputs, CENTRES, CELL_STRIDES, 0.5)
    assert np.isfinite(boxes).all()
    assert (boxes[:, 2] - boxes[:, 0]).max() <= 8 * np.exp(LOG_LIMITS[1]) * 1.001


def test_suppression_keeps_the_best_and_the_neighbours() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [30, 0, 40, 10]], np.float32)
    assert suppress(boxes, np.array([0.5, 0.9, 0.2], np.float32)).tolist() == [1, 2]
    assert len(suppress(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))) == 0


def test_losses_vanish_on_perfect_outputs_and_ignore_unsure_cells() -> None:
    ops = pytest.importorskip("keras", reason="the losses are Keras operations; install the extra convert").ops
    labels = faces((30, 40, 24, 30), (150, 60, 50, 66))
    rows = assign(labels, CENTRES, CELL_STRIDES)
    assert rows.shape == (1580, TARGET_WIDTH)
    outputs = {k: ops.convert_to_tensor(v) for k, v in encode(rows).items()}
    parts = losses(outputs, ops.convert_to_tensor(rows[None]), CENTRES, CELL_STRIDES)
    assert float(parts["box"]) < 1e-3 and float(parts["landmarks"]) < 1e-3 and float(parts["score"]) < 1e-3
    silent = rows.copy()
    silent[:, 0] = -1
    loud = {k: v + 9.0 if k.startswith("score") else v for k, v in outputs.items()}
    assert float(losses(loud, ops.convert_to_tensor(silent[None]), CENTRES, CELL_STRIDES)["score"]) == 0.0
