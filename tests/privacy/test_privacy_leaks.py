"""The measure of leaks notices what it must: a face half covered, a frame without a record, the wrong frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge_face.errors import MediaError
from edge_face.evaluation.leaks import LabelledFace, Leak, counts, find_leaks, read_labels
from edge_face.privacy import Region, everything, mask_of
from edge_face.privacy.regions import cover
from edge_face.types import Box

FACE = LabelledFace("chidi", Box(40, 30, 30, 40), visible=0.9)
LABELS = {0: (FACE,), 1: (), 2: (FACE,)}
HIDDEN = (Region(cover(FACE.box, 0.4), "unknown"),)


def test_covered_in_every_frame_is_no_leak() -> None:
    assert find_leaks({0: HIDDEN, 2: HIDDEN}, LABELS, 160, 120) == []
    assert find_leaks({i: mask_of(HIDDEN, 160, 120) for i in (0, 2)}, LABELS, 160, 120) == []
    assert find_leaks({0: (everything(160, 120),), 2: HIDDEN}, LABELS, 160, 120) == []


def test_what_is_missing_is_found() -> None:
    assert find_leaks({0: HIDDEN, 1: HIDDEN}, LABELS, 160, 120) == [Leak(2, "chidi", 0.0)]
    half = (Region(Box(-200, -200, 255, 500), "unknown"),)
    (leak,) = find_leaks({0: HIDDEN, 2: half}, LABELS, 160, 120)
    assert leak.frame == 2 and leak.covered == pytest.approx(0.5, abs=0.05)
    # A shape just smaller than the box leaves corners.
    (leak,) = find_leaks({0: (Region(FACE.box.grown(0.95), "unknown"),), 2: HIDDEN}, LABELS, 160, 120)
    assert leak.frame == 0 and 0.8 < leak.covered < 0.95


def test_who_may_be_seen_and_who_does_not_count() -> None:
    assert find_leaks({}, LABELS, 160, 120, shown={"chidi"}) == []
    for face in (LabelledFace("x", FACE.box, 0.3), LabelledFace("x", Box(0, 0, 16, 19.9), 1.0),
                 LabelledFace("x", Box(300, 0, 30, 40), 1.0)):
        assert not counts(face, 160, 120) and find_leaks({}, {0: (face,)}, 160, 120) == []
    assert counts(LabelledFace("x", Box(-15, 0, 30, 40), 0.31), 160, 120)


def test_only_the_part_in_the_picture_counts() -> None:
    face = LabelledFace("x", Box(-15, 30, 30, 40), 0.6)
    mask = np.zeros((120, 160), np.bool_)
    mask[25:75, :15] = True
    assert find_leaks({0: mask}, {0: (face,)}, 160, 120) == []


def test_labels_are_read_and_bad_lines_named(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    path.write_text('{"frame": 3, "faces": [{"name": "ana", "box": [1, 2, 3, 4], "visible": 0.7, "attack": "print"}]}\n\n'
                    '{"frame": 4, "faces": []}\n')
    assert read_labels(path) == {3: (LabelledFace("ana", Box(1, 2, 3, 4), 0.7, 0.0, "print"),), 4: ()}
    for bad in ("nonsense", '{"frame": 1}', '{"frame": 1, "faces": [{"name": "x", "box": [1, 2], "visible": 1}]}'):
        path.write_text('{"frame": 0, "faces": []}\n' + bad + "\n")
        with pytest.raises(MediaError, match="line 2 of the labels"):
            read_labels(path)
    with pytest.raises(MediaError, match="cannot be read"):
        read_labels(tmp_path / "no.jsonl")
