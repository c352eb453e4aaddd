"""The attack on templates: the net that paints a face from an embedding, that it learns, and the file that it becomes."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from converter.training import inverter_net  # noqa: E402
from converter.training.inverter_task import make  # noqa: E402
from converter.training.run import train  # noqa: E402
from edge_face.demo import __file__ as demo_file  # noqa: E402
from edge_face.errors import EdgeFaceError, SettingsError, UsageError  # noqa: E402

PEOPLE = Path(demo_file).parent / "people"
RECIPE = """
task = "inverter"
batch = 4
precision = "float32"
[data]
faces = 100
[network]
seed = 8
widths = [8]
[schedule]
steps = 6
log_steps = 2
"""


def test_the_net_paints_faces_of_the_embedders_size() -> None:
    for widths in ((8,), (8, 8, 4), (4, 4, 4, 4)):
        model = inverter_net.build(dimension=12, seed=8, widths=widths)
        painted = keras.ops.convert_to_numpy(model(np.random.default_rng(0).standard_normal((2, 12)).astype(np.float32)))
        assert painted.shape == (2, 112, 112, 3) and painted.min() >= 0 and painted.max() <= 255
    with pytest.raises(ValueError, match="doubles"):
        inverter_net.build(widths=())


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="the walker is for Keras on PyTorch")
def test_the_walker_runs_it_as_keras_does() -> None:
    from converter.training.torch_graph import TorchGraph

    model = inverter_net.build(dimension=12, seed=8, widths=(8, 8))
    given = keras.ops.convert_to_tensor(np.random.default_rng(0).standard_normal((2, 12)).astype(np.float32))
    away = keras.ops.convert_to_numpy(TorchGraph(model)(given)) - keras.ops.convert_to_numpy(model(given))
    assert np.abs(away).max() < 0.05


@pytest.mark.slow
def test_it_learns_from_the_bundled_people_and_says_how_well(tmp_path: Path) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text(RECIPE)
    made = train(make(recipe, PEOPLE, None), tmp_path / "run")
    history = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    figures = [entry["pixels"] for entry in history if "pixels" in entry]
    assert made.is_file() and len(figures) == 2 and figures[1] > figures[0] + 0.003
    if importlib.util.find_spec("tensorflow"):
        from converter.training.inverter_export import export
        from edge_face.evaluation.inversion import Inverter

        assert export(made, tmp_path / "inverter.tflite") > 1000
        assert Inverter(tmp_path / "inverter.tflite", 384).paint(np.full(384, 384 ** -0.5, np.float32)).shape == (112, 112, 3)


def test_recipes_and_data_that_are_wrong_are_named(tmp_path: Path) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text(RECIPE.replace("widths = [8]", "widths = []"))
    task = make(recipe, PEOPLE, None)
    task._embeddings = np.zeros((1, 384), np.float32)
    with pytest.raises(SettingsError, match="network"):
        task.build(None)
    with pytest.raises(UsageError, match="--data"):
        make(recipe, None, None)
    with pytest.raises(EdgeFaceError):
        make(recipe, tmp_path / "nothing", None).open(0)
    recipe.write_text(RECIPE.replace("faces = 100", "faces = 3"))
    with pytest.raises(SettingsError, match="faces"):
        make(recipe, PEOPLE, None)
