"""The liveness task: its figures, its net, and a tiny training on synthetic people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from converter.training import recipe as recipes
from converter.training.liveness_task import LivenessRecipe, make, refused
from edge_face.demo import __file__ as demo_file
from edge_face.errors import SettingsError, UsageError

PEOPLE = Path(demo_file).parent / "people"
TINY = """
task = "liveness"
seed = 3
batch = 24
precision = "float32"
[data]
views = 2
[network]
widths = [8, 12, 16, 16]
dense = 16
dropout = 0.0
[loss]
erase = 0.0
[exam]
live = 20
each = 10
[optimizer]
rate = 5e-3
average = 0.8
[schedule]
steps = 30
log_steps = 5
"""


def test_refused_counts_attacks_at_the_rate_of_the_living() -> None:
    live = np.linspace(0.5, 1.0, 101)
    assert refused(live, np.array([0.0, 0.51, 0.6, 0.9]), 0.05) == 0.5
    assert refused(live, np.array([0.0, 0.51, 0.6, 0.9]), 0.25) == 0.75


def test_the_shipped_recipe_reads_and_leaves_cut_outs_out() -> None:
    recipe = recipes.read(recipes.find("liveness"), LivenessRecipe)
    assert "cut-out" not in recipe.sampling.species and recipe.sampling.species


@pytest.mark.parametrize(("line", "instead", "says"), [
    ("batch = 24", "batch = 0", "batch"), ("erase = 0.0", "erase = 2.0", "erase"), ('task = "liveness"', 'task = "embedder"', "embedder"),
    ("[exam]", "[sampling]\nspecies = { hologram = 1.0 }\n[exam]", "hologram"), ("[exam]", '[start]\nmode = "transfer"\n[exam]', "mode")])
def test_a_wrong_recipe_is_refused_by_name(tmp_path: Path, line: str, instead: str, says: str) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(TINY.replace(line, instead))
    with pytest.raises(SettingsError, match=says):
        make(path, tmp_path, None)


def test_a_recipe_without_data_asks_for_it(tmp_path: Path) -> None:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    with pytest.raises(UsageError, match="--data"):
        make(path, None, None)


@pytest.mark.slow
def test_a_tiny_net_trains_on_synthetic_people(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    from converter.training.run import train

    for path in PEOPLE.glob("*/*.jpg"):
        target = tmp_path / "data" / "LIVE" / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    (tmp_path / "tiny.toml").write_text(TINY)
    task: Any = make(tmp_path / "tiny.toml", tmp_path / "data", None)
    model = train(task, tmp_path / "run")
    losses = [entry["loss"] for entry in map(json.loads, (tmp_path / "run" / "history.jsonl").read_text().splitlines())
              if "loss" in entry]
    assert losses[-1] < losses[0]
    net = keras.models.load_model(model, compile=False)
    said = np.asarray(net.predict_on_batch(np.zeros((2, 96, 96, 3), np.float32)))
    assert said.shape == (2, 1) and (said >= 0).all() and (said <= 1).all()


def test_the_shipped_net_is_small() -> None:
    pytest.importorskip("keras")
    from converter.training.liveness_net import build

    recipe = recipes.read(recipes.find("liveness"), LivenessRecipe)
    assert build(**recipe.network).count_params() <= 500_000
