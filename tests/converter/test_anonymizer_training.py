"""The nets of anonymizer and attacks: what they begin as, that they learn, and what becomes of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
cv2 = pytest.importorskip("cv2")

from test_anonymizer_data import TINY, crop_of  # noqa: E402

from converter.training import anonymizer_net, embedder_net, glance_net  # noqa: E402
from converter.training.anonymizer_task import make  # noqa: E402
from converter.training.run import train  # noqa: E402

SMALL: dict[str, Any] = {"stem": 8, "widths": (8, 8, 16), "blocks": (1, 1, 1), "head": 16, "dimension": 12}


def out_of(model: Any, pictures: np.ndarray) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(model(keras.ops.convert_to_tensor(pictures.astype(np.float32)))))


def test_the_net_begins_as_a_copy_of_what_it_sees() -> None:
    model = anonymizer_net.build(size=32, stem=4, widths=(4, 8))
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3))
    assert np.abs(out_of(model, pictures) - pictures).max() < 0.1
    with pytest.raises(ValueError, match="multiple of 8"):
        anonymizer_net.build(size=30, widths=(4, 8))


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="the walker is for Keras on PyTorch")
def test_the_walker_runs_the_net_as_keras_does() -> None:
    from converter.training.torch_graph import TorchGraph

    model = anonymizer_net.build(size=32, stem=4, widths=(4, 8))
    model.set_weights([np.random.default_rng(n).normal(0, 0.2, w.shape) ** 2 for n, w in enumerate(model.get_weights())])
    pictures = keras.ops.convert_to_tensor(np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype(np.float32))
    walked = keras.ops.convert_to_numpy(TorchGraph(model)(pictures))
    assert np.abs(walked - out_of(model, keras.ops.convert_to_numpy(pictures))).max() < 0.05


def test_an_embedder_goes_on_with_smaller_faces() -> None:
    source, model = embedder_net.build(size=48, **SMALL), embedder_net.build(size=24, **SMALL)
    window = source.get_layer("pool_conv").get_weights()[0]
    embedder_net.pour_resized(model, source)
    poured = model.get_layer("pool_conv").get_weights()[0]
    assert window.shape[:2] == (3, 3) and poured.shape[:2] == (2, 2)
    assert np.array_equal(model.get_layer("stem_conv").get_weights()[0], source.get_layer("stem_conv").get_weights()[0])
    ones = embedder_net._resampled(np.ones((7, 7, 3, 1)), 4)
    assert np.allclose(ones.sum((0, 1)), 49), "a map of one colour is pooled to the same"
    with pytest.raises(ValueError, match="differs in more than the size"):
        embedder_net.pour_resized(embedder_net.build(size=24, **{**SMALL, "head": 24}), source)


def test_a_glance_is_solved_for_what_means_of_cells_tell() -> None:
    rng = np.random.default_rng(0)
    faces = np.stack([crop_of(n)[:44, :44] for n in range(250)])
    seen = np.stack([glance_net.glanced(face, 28) for face in faces])
    wanted = (seen - seen.mean(0)) @ rng.standard_normal((seen.shape[1], 6)).astype(np.float32)
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    model = glance_net.build(size=28, dimension=6, width=32)
    assert glance_net.solve(model, faces, wanted, lambda face: face, rng) > 0.7
    found = out_of(model, faces[:, 8:-8, 8:-8, ::-1])
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    assert (found * wanted).sum(1).mean() > 0.7, "the net does what was solved"
    blind = glance_net.solve(model, faces[:80], wanted[:80], lambda face: face * 0 + 7, rng)
    assert abs(blind) < 0.3, "nothing is found where nothing is seen"


@pytest.mark.slow
@pytest.mark.parametrize("undo", [False, True])
def test_a_tiny_net_trains_on_a_folder_for_each_person(tmp_path: Path, undo: bool) -> None:
    people = tmp_path / "people"
    for number in range(24):  # crops of 128x128, which are taken as they are
        picture = people / f"p{number // 2:02d}" / f"{number}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(picture), crop_of(number))
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY.replace("[schedule]", '[undo]\nmethods = ["mean"]\n[schedule]') if undo else TINY)
    model = train(make(recipe, people, None), tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    figure = "psnr" if undo else "psnr_5"
    figures = [line[figure] for line in lines if figure in line]
    assert len(figures) == 2 and all(10 < value < 60 for value in figures)
    assert [tuple(t.shape) for t in keras.models.load_model(model, compile=False).outputs] == [(None, 128, 128, 3)]
