"""tflite-runtime 2.14 in an environment of its own, made once and kept in the user's cache, and models run in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

PACKAGES = ("tflite-runtime==2.14.0", "numpy<2")
REPOSITORY = Path(__file__).resolve().parents[2]
Values = Mapping[str, npt.NDArray[Any]]

RUN = """
import sys
from pathlib import Path
import numpy as np
from edge_face.vision.runtime import Interpreter, runtime_name
assert runtime_name() == "tflite-runtime 2.14.0", runtime_name()
for model in map(Path, sys.argv[1:]):
    net = Interpreter(model.read_bytes())
    given = dict(np.load(model.with_suffix(".given.npz")))
    answers = [net.run({name: value[i] for name, value in given.items()}) for i in range(len(next(iter(given.values()))))]
    np.savez(model.with_suffix(".answers.npz"), **{name: np.stack([answer[name] for answer in answers]) for name in answers[0]})
"""
KNOWS = """
import sys
from pathlib import Path
from tflite_runtime.interpreter import Interpreter
for line in Path(sys.argv[1]).read_text().splitlines():
    name, version, content = line.split()
    try:
        Interpreter(model_content=bytes.fromhex(content))
        print(name, version)
    except ValueError as error:
        assert "Didn't find op" in str(error) or "out of range" in str(error), error
"""


def python_311() -> str | None:
    """A Python 3.11, for which tflite-runtime's last wheels were made."""
    if sys.version_info[:2] == (3, 11):
        return sys.executable
    return shutil.which("python3.11")


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edge-face" / "tflite-runtime-2.14.0"


def interpreter() -> tuple[str, str]:
    """(the environment's python, ""), or ("", why there is none)."""
    home = cache()
    python = home / "bin" / "python"
    if (home / ".done").is_file() and python.exists():
        return str(python), ""
    base = python_311()
    if base is None:
        return "", "there is no Python 3.11"
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([base, "-m", "venv", str(home)], check=True, capture_output=True, timeout=300)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True,
                       capture_output=True, timeout=300)
        (home / ".done").touch()
    except (OSError, subprocess.SubprocessError) as error:
        return "", f"{' and '.join(PACKAGES)} cannot be installed ({type(error).__name__}): is there a network?"
    return str(python), ""


def run(python: str, models: Sequence[tuple[bytes, Values]]) -> list[dict[str, npt.NDArray[np.float32]]]:
    """Outputs by name, (n, 1, *shape), of each model for each of its n inputs (n, *shape), in the other environment by edge_face's
    own runner."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.tflite" for number in range(len(models))]
        for path, (content, values) in zip(paths, models, strict=True):
            path.write_bytes(content)
            np.savez(path.with_suffix(".given.npz"), **values)
        done = _call(python, RUN, *map(str, paths))
        assert done.returncode == 0, done.stderr[-2000:]
        return [dict(np.load(path.with_suffix(".answers.npz"))) for path in paths]


def known_versions(python: str, files: Mapping[tuple[str, int], bytes]) -> dict[str, int]:
    """Operator -> newest version of `files` ({(operator, version): a file with its code alone}) that it loads."""
    with tempfile.TemporaryDirectory() as folder:
        listing = Path(folder) / "files"
        listing.write_text("\n".join(f"{name} {version} {content.hex()}" for (name, version), content in files.items()))
        done = _call(python, KNOWS, str(listing))
        assert done.returncode == 0, done.stderr[-2000:]
    newest: dict[str, int] = {}
    for line in done.stdout.splitlines():
        name, version = line.split()
        newest[name] = max(int(version), newest.get(name, 0))
    return newest


def _call(python: str, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Nothing of this environment may be found in that one but the repository itself.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run([python, "-c", script, *arguments], env={**environment, "PYTHONPATH": str(REPOSITORY)}, capture_output=True,
                          text=True, timeout=250, check=False)
