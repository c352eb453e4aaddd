"""A detector's examples: composites with labelled faces, calibration and gate from different pictures."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from test_sources_material import Model

from converter.contract import Plan, Preprocessing, TensorSpec
from converter.sources.composed import is_composed
from converter.sources.material import gather
from edge_face.errors import MediaError

DETECTOR = Plan("detector", Preprocessing(160, 120, "BGR"))
MODEL = Model(inputs=(TensorSpec("picture", (120, 160, 3)),))


def labelled(home: Path, portraits: int = 40, scenes: int = 30, seed: int = 0) -> Path:
    """Drawn heads on noise and empty noise, with their `detect.jsonl`."""
    home.mkdir()
    rng = np.random.default_rng(seed)
    lines = []
    for number in range(portraits + scenes):
        coarse = rng.integers(0, 256, (12, 10, 3)).astype(np.uint8)
        picture = np.ascontiguousarray(cv2.resize(coarse, (180, 200), interpolation=cv2.INTER_CUBIC))
        faces = []
        if number < portraits:
            skin = tuple(int(value) for value in rng.integers(90, 230, 3))
            cv2.ellipse(picture, (90, 100), (36, 50), 0, 0, 360, skin, -1)
            points = [(76, 88), (104, 88), (90, 104), (79, 122), (101, 122)]
            for point in points:
                cv2.circle(picture, point, 5, (20, 20, 20), -1)
            faces = [{"box": [54, 50, 72, 100], "landmarks": [value for point in points for value in point]}]
        name = f"{seed}-{number}.png"
        cv2.imwrite(str(home / name), picture)
        lines.append(json.dumps({"file": name, "kind": "portrait" if faces else "background", "faces": faces}))
    (home / "detect.jsonl").write_text("\n".join(lines) + "\n")
    return home


def test_composites_with_labels_for_the_gate(tmp_path: Path) -> None:
    data = labelled(tmp_path / "data")
    assert is_composed(data) and not is_composed(tmp_path)
    calibration, gate = gather(DETECTOR, MODEL, data, 20, 24)
    assert len(calibration) == 20 and len(gate) == len(gate.faces) == 24 and not calibration.faces
    assert calibration.values["picture"].shape == (20, 120, 160, 3)
    assert (gate.values["picture"][3] == gate.pictures[3]).all()
    assert sum(len(labels.boxes) for labels in gate.faces) > 5
    again, _ = gather(DETECTOR, MODEL, data, 20, 24)
    assert (again.values["picture"] == calibration.values["picture"]).all()
    other = labelled(tmp_path / "other", seed=1)
    _, gate = gather(DETECTOR, MODEL, data, 8, 8, gate=other)
    assert len(gate.faces) == 8


def test_sets_that_cannot_be_painted_from_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="background"):
        gather(DETECTOR, MODEL, labelled(tmp_path / "faces", 20, 0), 8, 8)
    (tmp_path / "faces" / "detect.jsonl").write_text("{")
    with pytest.raises(MediaError, match="cannot be read"):
        gather(DETECTOR, MODEL, tmp_path / "faces", 8, 8)
