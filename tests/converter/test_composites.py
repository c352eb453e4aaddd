"""The composite generator keeps pictures and labels together."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="composites are drawn with OpenCV")

from converter.training.composites import (  # noqa: E402
    Canvas,
    Labels,
    Photo,
    affine,
    choose_heldout,
    load_photos,
    paste,
    pyramid,
    read_labels,
    settle,
    transform_labels,
)
from converter.training.feeder import Feeder  # noqa: E402
from converter.training.scenes import Mixture, Painter  # noqa: E402

BOX = (60.0, 50.0, 60.0, 80.0)
POINTS = (78.0, 85.0, 102.0, 85.0, 90.0, 98.0, 80.0, 112.0, 100.0, 112.0)


def portrait(number: int = 0, ignore: bool = False) -> Photo:
    """A grey picture with a pure red face, so that pixels tell where the face went."""
    image = np.full((200, 180, 3), 90 + number, np.uint8)
    x, y, w, h = (int(v) for v in BOX)
    cv2.ellipse(image, (x + w // 2, y + h // 2), (w // 2, h // 2), 0, 0, 360, (0, 0, 255), -1)
    labels = read_labels([{"box": list(BOX), "landmarks": list(POINTS), "ignore": ignore}])
    return Photo(f"{number:05d}.webp", "portrait", pyramid(image), labels)


def scene(number: int = 0) -> Photo:
    image = np.random.default_rng(number).integers(60, 160, (120, 160, 1)).astype(np.uint8).repeat(3, 2)
    return Photo(f"b{number:04d}.webp", "background", pyramid(image), Labels.empty())


def blank(width: int = 320, height: int = 240) -> Canvas:
    return Canvas(np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8))


def redness(image: np.ndarray) -> np.ndarray:
    return (image[..., 2].astype(int) - image[..., 0]) > 60


def test_mirror_swaps_the_sides() -> None:
    labels = read_labels([{"box": list(BOX), "landmarks": list(POINTS), "ignore": False}])
    mirrored = transform_labels(labels, affine((0, 0), (180, 0), 1.0, mirror=True))
    points = mirrored.landmarks.reshape(5, 2)
    assert points[0, 0] < points[1, 0] and points[3, 0] < points[4, 0]
    assert mirrored.boxes[0] == pytest.approx((180 - 120, 50, 60, 80))
    assert points[0] == pytest.approx((180 - 102, 85))


def test_rotated_box_stays_tight_around_its_ellipse() -> None:
    labels = Labels(
        np.array([[0, 0, 100, 100]], np.float32), np.full((1, 10), np.nan, np.float32), np.zeros(1, bool)
    )
    turned = transform_labels(labels, affine((50, 50), (50, 50), 1.0, degrees=20))
    assert turned.boxes[0] == pytest.approx((0, 0, 100, 100), abs=1e-3)


@pytest.mark.parametrize("scale", [1.3, 0.7, 0.3, 0.12])
def test_labels_follow_the_pixels(scale: float) -> None:
    canvas = blank()
    matrix = affine((90, 90), (150, 110), scale, degrees=12, squeeze=0.8, mirror=True)
    paste(canvas, portrait(), matrix, (0, 0, 320, 240), np.full((240, 320), 255, np.uint8))
    labels = settle(canvas)
    assert not labels.ignore[0]
    ys, xs = np.nonzero(redness(canvas.image))
    x, y, w, h = labels.boxes[0]
    assert (xs.min(), ys.min()) == pytest.approx((x, y), abs=1 + scale)
    assert (xs.max() + 1, ys.max() + 1) == pytest.approx((x + w, y + h), abs=1 + scale)


def test_hidden_faces_become_unsure_then_vanish() -> None:
    for covered, expected in ((0.0, "sure"), (0.75, "unsure"), (1.0, "gone")):
        canvas = blank()
        paste(canvas, portrait(), affine((0, 0), (0, 0), 1.0), (0, 0, 320, 240), None)
        if covered:
            paste(canvas, scene(), affine((0, 0), (0, 0), 2.0), (0, 0, int(60 + 60 * covered), 240), None)
        labels = settle(canvas)
        state = "gone" if not len(labels.boxes) else "unsure" if labels.ignore[0] else "sure"
        assert state == expected
        if state == "unsure":
            assert np.isnan(labels.landmarks[0, 0]), "a covered eye is not known"


def test_faces_leaving_the_frame() -> None:
    canvas = blank()
    paste(canvas, portrait(), affine((60, 50), (-20, 50), 1.0), (0, 0, 320, 240), None)
    kept = settle(canvas)
    assert kept.boxes[0] == pytest.approx((0, 50, 40, 80)) and not kept.ignore[0]
    canvas = blank()
    paste(canvas, portrait(), affine((60, 50), (-40, 50), 1.0), (0, 0, 320, 240), None)
    assert settle(canvas).ignore[0]


def test_nulls_and_missing_landmarks_are_unknown() -> None:
    labels = read_labels(
        [
            {"box": [1, 2, 3, 4], "landmarks": None, "ignore": True},
            {"box": [1, 2, 3, 4], "landmarks": [1, 2, None, None, 3, 4, 5, 6, 7, 8]},
        ]
    )
    assert np.isnan(labels.landmarks[0]).all() and labels.ignore.tolist() == [True, False]
    assert np.isnan(labels.landmarks[1]).sum() == 2
    assert len(read_labels([]).boxes) == 0


def test_painting_is_repeatable_and_in_bounds() -> None:
    photos = [portrait(i) for i in range(4)] + [scene(i) for i in range(3)]
    painter = Painter(photos, mixture=Mixture(small_share=0.5))
    heights = []
    for number in range(60):
        image, labels = painter.paint(np.random.default_rng(number))
        again, _ = painter.paint(np.random.default_rng(number))
        assert image.shape == (240, 320, 3) and image.dtype == np.uint8
        assert np.array_equal(image, again)
        low, high = labels.boxes[:, :2], labels.boxes[:, :2] + labels.boxes[:, 2:]
        assert (low >= 0).all() and (high <= (320 + 1e-3, 240 + 1e-3)).all()
        heights += labels.boxes[~labels.ignore, 3].tolist()
    assert np.mean(np.asarray(heights) < 30) > 0.25, "small faces are what a door sees"


def test_painter_refuses_a_set_without_scenes() -> None:
    with pytest.raises(ValueError, match="background"):
        Painter([portrait()])


def test_heldout_choice_is_stable_under_new_files() -> None:
    records = [{"file": f"{i}.webp", "kind": "portrait" if i % 2 else "background"} for i in range(40)]
    first = choose_heldout(records, {"portrait": 5, "background": 3}, "seed")
    assert len(first) == 8
    assert choose_heldout(list(reversed(records)), {"portrait": 5, "background": 3}, "seed") == first
    assert choose_heldout(records, {"portrait": 5, "background": 3}, "other") != first


def test_reads_a_plain_folder(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), portrait().levels[0])
    (tmp_path / "detect.jsonl").write_text(
        '{"file": "a.png", "kind": "portrait", "faces": [{"box": [60, 50, 60, 80], "landmarks": null}]}\n'
    )
    (photo,) = load_photos(tmp_path)
    assert photo.size == (180, 200) and photo.single
    assert load_photos(tmp_path, files=set()) == []


def _feed() -> None:
    painter = Painter([portrait(i) for i in range(3)] + [scene(i) for i in range(2)])
    feeder = Feeder(painter, batch=2, workers=1, seed=5, slots=3)
    try:
        batches = feeder.batches()
        first = [next(batches) for _ in range(5)]
    finally:
        feeder.close()
    for images, targets in first:
        assert images.shape == (2, 240, 320, 3) and targets.shape == (2, 1580, 20)
        assert set(np.unique(targets[..., 0])) <= {-1.0, 0.0, 1.0}
    expected, _ = painter.paint(np.random.default_rng((5, 0)))
    assert np.array_equal(first[0][0][0], expected), "a batch's chance depends on the seed and its number only"


def test_feeder_hands_over_whole_batches_and_ends() -> None:
    # In a fresh process: painters are forked, and other tests have left threads of OpenCV and of the runtime in this one.
    process = multiprocessing.get_context("spawn").Process(target=_feed)
    process.start()
    process.join(timeout=120)
    alive = process.is_alive()
    process.kill()
    assert not alive and process.exitcode == 0
