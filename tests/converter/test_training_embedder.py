"""The tiny recipe from the command line: killed and resumed, interrupted, refused, the same on every backend."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

keras = pytest.importorskip("keras")

from converter.training import recipe as recipes  # noqa: E402
from converter.training.backend import BACKENDS  # noqa: E402
from converter.training.run_folder import RunFolder  # noqa: E402
from edge_face.demo import __file__ as demo_file  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]  # each run imports its backend anew; the machine may be busy
SOURCES = Path(demo_file).parent / "people"
OTHERS = "EDGE_FACE_TEST_PYTHONS"
"""Interpreters of environments with other backends, joined by ':'."""


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled synthetic people as crops, so that no detector is needed."""
    folder = tmp_path_factory.mktemp("people")
    for source in SOURCES.glob("*/*.jpg"):
        picture = cv2.imread(str(source))
        assert picture is not None
        (folder / source.parent.name).mkdir(exist_ok=True)
        cv2.imwrite(str(folder / source.parent.name / f"{source.stem}.png"), cv2.resize(picture, (128, 128), interpolation=cv2.INTER_AREA))
    return folder


def tiny(folder: Path, **changes: str) -> Path:
    """The shipped tiny recipe with some lines changed: key = the new value."""
    lines = recipes.find("embedder-tiny").read_text(encoding="utf-8").splitlines()
    for key, value in changes.items():
        at = next(i for i, line in enumerate(lines) if line.startswith(f"{key} ="))
        lines[at] = f"{key} = {value}"
    path = folder / "tiny.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def command(*argv: object, python: str = sys.executable) -> list[str]:
    return [python, "-m", "converter.cli", "train", "embedder", *map(str, argv)]


def environment(backend: str = "") -> dict[str, str]:
    found = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(Path(recipes.__file__).parents[2])}
    found["KERAS_BACKEND"] = backend or keras.backend.backend()
    return found


def run(*argv: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*argv), env=environment(), capture_output=True, text=True, timeout=600, check=False)


def stopped(number: int, steps: int, *argv: object, out: Path) -> int:
    """Runs until so many steps are saved, then sends the signal; gives the exit code."""
    with subprocess.Popen(command(*argv, "--out", out), env=environment(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        state = RunFolder(out, "embedder")
        while process.poll() is None and not (state.state.is_file() and state.first() >= steps):
            time.sleep(0.02)
        process.send_signal(number)
        return process.wait(300)


def losses(out: Path) -> list[float]:
    lines = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    return [line["loss"] for line in lines if "loss" in line]


def test_a_killed_run_resumed_ends_as_an_unbroken_one(people: Path, tmp_path: Path) -> None:
    recipe = tiny(tmp_path, steps="16", save_s="0", log_steps="1")
    whole = run(recipe, "--data", people, "--out", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    assert "next: edge-face-convert quantize" in whole.stdout
    torn = tmp_path / "torn"
    assert stopped(signal.SIGKILL, 4, recipe, "--data", people, out=torn) == -signal.SIGKILL
    assert 4 <= RunFolder(torn, "embedder").first() < 16
    done = run(recipe, "--data", people, "--out", torn, "--resume")
    assert done.returncode == 0, done.stderr
    assert "resumed at step" in done.stderr
    assert np.allclose(losses(torn), losses(tmp_path / "whole"), rtol=0.02)
    one, other = (keras.models.load_model(folder / "embedder.keras", compile=False).get_weights() for folder in (tmp_path / "whole", torn))
    assert all(np.allclose(a, b, rtol=0.05, atol=0.02) for a, b in zip(one, other, strict=True))
    with zipfile.ZipFile(torn / "embedder.keras") as archive:
        notes = json.loads(archive.read("training.json"))
    assert (notes["data"]["faces"], notes["parts"], notes["step"]) == (36, [16], 16)


def test_ctrl_c_saves(people: Path, tmp_path: Path) -> None:
    recipe = tiny(tmp_path, steps="4000", save_s="0")
    assert stopped(signal.SIGINT, 3, recipe, "--data", people, out=tmp_path / "run") == 130
    assert RunFolder(tmp_path / "run", "embedder").first() >= 3
    assert not list((tmp_path / "run").glob("*partial*"))


def test_transfer_freezes_what_it_is_told_and_goes_on_from_the_model(people: Path, tmp_path: Path) -> None:
    from converter.training.embedder_net import build

    source = build(stem=8, widths=(8, 16, 16), blocks=(1, 1, 1), head=32, dimension=16, size=32)
    source.save(tmp_path / "first.keras")
    recipe = tiny(tmp_path, steps="4")
    text = recipe.read_text().replace("[network]\nstem = 8\nwidths = [8, 16, 16]\nblocks = [1, 1, 1]\nhead = 32\n", "[network]\n")
    recipe.write_text(text + '[start]\nmode = "transfer"\ncut = "wide_relu"\nfreeze = ["stem*"]\n')
    needs = run(recipe, "--data", people, "--out", tmp_path / "none")
    assert needs.returncode == 2
    assert "name it with --init MODEL" in needs.stderr
    done = run(recipe, "--data", people, "--out", tmp_path / "run", "--init", tmp_path / "first.keras")
    assert done.returncode == 0, done.stderr
    result = keras.models.load_model(tmp_path / "run" / "embedder.keras", compile=False)
    assert np.array_equal(result.get_layer("stem_conv").get_weights()[0], source.get_layer("stem_conv").get_weights()[0])
    assert not np.array_equal(result.get_layer("s1b1_a_conv").get_weights()[0], source.get_layer("s1b1_a_conv").get_weights()[0])
    again = run(recipe, "--data", people, "--out", tmp_path / "run", "--resume")
    assert again.returncode == 0, again.stderr
    notes: dict[str, Any] = json.loads((tmp_path / "run" / "training.json").read_text())
    assert notes["init"]["file"] == str(tmp_path / "first.keras")


def test_the_same_recipe_gives_the_same_losses_on_other_backends(people: Path, tmp_path: Path) -> None:
    candidates = [(sys.executable, name) for name in BACKENDS if importlib.util.find_spec(name)]
    for python in filter(None, os.environ.get(OTHERS, "").split(":")):
        probe = f"import importlib.util as u; print(*[n for n in {BACKENDS!r} if u.find_spec(n)])"
        names = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=True).stdout.split()
        candidates += [(python, name) for name in names if name not in [known for _, known in candidates]]
    if len(candidates) < 2:
        pytest.skip(f"one backend only ({candidates[0][1]}): name interpreters with others in {OTHERS}")
    recipe = tiny(tmp_path, steps="6", log_steps="1", examine_steps="6")
    found = {}
    for python, name in candidates:
        out = tmp_path / name
        done = subprocess.run(command(recipe, "--data", people, "--out", out, python=python), env=environment(name),
                              capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr
        found[name] = losses(out)
    first = found[candidates[0][1]]
    assert len(first) == 6
    for name, values in found.items():
        assert np.allclose(values, first, rtol=2e-3), (name, values, first)
