"""The GRU over a track's features: simulated tracks, its ablation's figures, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converter.training import recipe as recipes
from converter.training.liveness_data import Album, Shot
from converter.training.liveness_sequence_task import Data, LivenessSequenceRecipe, make, simulate
from edge_face.demo import __file__ as demo_file
from edge_face.errors import ModelError, SettingsError, UsageError
from edge_face.types import Box

PEOPLE = Path(demo_file).parent / "people"
TINY = """
task = "liveness-sequence"
seed = 2
batch = 4
[data]
tracks = 8
held = 4
frames = 3
[gru]
units = 4
dropout = 0.0
[optimizer]
average = 0.0
[schedule]
steps = 4
"""


def shot() -> Shot:
    points = np.array([[200, 260], [270, 260], [235, 300], [205, 340], [265, 340]], np.float32)
    return Shot((PEOPLE / "ana" / "front.jpg").read_bytes(), Box(150, 200, 170, 220), points, "live", "ana", "own")


def test_tracks_have_the_frames_asked_for_and_move() -> None:
    tracks = simulate(Album((shot(),), ()), ["live", "print", "replay"], Data(frames=4), np.random.default_rng(0))
    assert tracks.crops.shape == (3, 4, 96, 96, 3) and tracks.live.tolist() == [1, 0, 0]
    for track in tracks.crops:
        assert not np.array_equal(track[0], track[-1])


def test_no_living_faces_make_no_tracks() -> None:
    with pytest.raises(ModelError, match="no living faces"):
        simulate(Album((), ()), ["live"], Data(), np.random.default_rng(0))


def test_the_shipped_recipe_reads_and_wants_a_net(tmp_path: Path) -> None:
    path = recipes.find("liveness-sequence")
    assert "cut-out" not in recipes.read(path, LivenessSequenceRecipe).species
    with pytest.raises(UsageError, match="--init"):
        make(path, tmp_path, None)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(path.read_text(encoding="utf-8").replace("replay = 0.25", "hologram = 0.25"))
    with pytest.raises(SettingsError, match="hologram"):
        make(wrong, tmp_path, tmp_path / "net.keras")


@pytest.mark.slow
def test_a_tiny_gru_is_measured_against_pooling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("keras")
    from converter.training import liveness_sequence_task
    from converter.training.liveness_net import build
    from converter.training.run import train

    build(widths=(4, 6, 8, 8), dense=6).save(tmp_path / "net.keras")
    monkeypatch.setattr(liveness_sequence_task, "load_album", lambda *args, **more: Album((shot(),), ()))
    (tmp_path / "tiny.toml").write_text(TINY)
    task: Any = make(tmp_path / "tiny.toml", tmp_path, tmp_path / "net.keras")
    train(task, tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    figures = next(line for line in reversed(lines) if "examined_at" in line)
    assert all(0 <= figures[name] <= 1 for name in ("gru", "mean", "frame", "gru_cut-out", "mean_screen"))
