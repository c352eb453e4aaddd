"""The folder of a run: its state, model, history and provenance, each replaced whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import edge_face
from converter.training.errors import TrainingError
from converter.training.recipe import differences
from converter.training.stepper import Arrays
from edge_face.errors import UsageError


@dataclass
class Counters:
    """Where a run stands: steps done, seconds trained, and early stopping's memory."""

    step: int = 0
    seconds: float = 0.0
    best: float = float("-inf")
    since_best: int = 0


def code_version() -> str:
    """`git describe` of the source tree that runs, else the package's version."""
    root = Path(edge_face.__file__).resolve().parent.parent
    if (root / ".git").exists():
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run(["git", "-C", str(root), "describe", "--always", "--tags", "--dirty"],
                                  capture_output=True, text=True, timeout=10, check=True)
            return f"{edge_face.__version__} ({done.stdout.strip()})"
    return edge_face.__version__


class RunFolder:
    """`state.npz` (all that resuming needs), `NAME.keras` (the averaged model), `history.jsonl`, `progress.svg` and
    `training.json` (recipe, data, code, machine), which is in the `.keras` file too."""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.state, self.model = path / "state.npz", path / f"{name}.keras"
        self.history, self.plot, self.notes = path / "history.jsonl", path / "progress.svg", path / "training.json"

    def check(self, resume: bool) -> None:
        """Raises UsageError unless the folder is fresh, or holds a run where one is to be resumed."""
        if resume and not self.state.is_file():
            raise UsageError(f"{self.path} holds no run to resume: leave --resume out")
        if not resume and self.state.exists():
            raise UsageError(f"{self.path} holds a run already: take it up with --resume, or name a new folder with --out")

    def init(self) -> Path | None:
        """The model that the run in the folder started from, None where it started from drawn weights."""
        try:
            return Path(json.loads(self.notes.read_text(encoding="utf-8"))["init"]["file"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def origin(self) -> dict[str, Any]:
        """What only a run's beginning knew: the model it started from."""
        before = json.loads(self.notes.read_text(encoding="utf-8"))
        return {key: before[key] for key in ("init", "new_blocks") if key in before}

    def prepare(self, resume: bool) -> None:
        """`check`, and makes the folder. Raises UsageError."""
        self.check(resume)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{self.path} cannot be made ({error.strerror}): name another folder with --out") from error
        if not resume:
            self.history.unlink(missing_ok=True)  # of a run that ended before its first save

    def check_same(self, recipe: Mapping[str, Any], data: str) -> None:
        """Raises UsageError where the run in the folder has another recipe or other data."""
        try:
            before = json.loads(self.notes.read_text(encoding="utf-8"))
            old_recipe, old_data = before["recipe"], before["data"]["digest"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TrainingError(f"{self.notes} cannot be read ({error}): begin anew in another folder") from error
        if changed := differences(old_recipe, recipe):
            more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
            raise UsageError(f"{self.path} holds a run by another recipe (there, here: {'; '.join(changed[:3])}{more}): resume with "
                             f"the recipe it began with, or begin anew with --init {self.model} --out a new folder")
        if old_data != data:
            raise UsageError(f"{self.path} holds a run on other data: resume with the data it began with, or begin anew with "
                             f"--init {self.model} --out a new folder")

    def save(self, state: Arrays, counters: Counters) -> None:
        """Replaces the state; on a full disk the one before stays. Raises TrainingError."""
        packed = np.array([counters.step, counters.seconds, counters.best, counters.since_best], np.float64)
        self._replace(self.state, lambda path: np.savez(path, counters=packed, **state), counters.step)  # type: ignore[arg-type]

    def save_model(self, model: Any, notes: Mapping[str, Any], step: int) -> None:
        """Replaces the `.keras` file, with the notes inside. Raises TrainingError."""
        def write(path: Path) -> None:
            model.save(path)
            with zipfile.ZipFile(path, "a") as archive:
                archive.writestr("training.json", json.dumps({**notes, "step": step}, indent=1))

        self._replace(self.model, write, step)

    def save_notes(self, notes: Mapping[str, Any]) -> None:
        text = json.dumps(notes, indent=1) + "\n"
        self._replace(self.notes, lambda path: path.write_text(text, encoding="utf-8"), 0)

    def _replace(self, target: Path, write: Callable[[Path], object], step: int) -> None:
        partial = target.with_name(f"{target.stem}.partial{target.suffix}")
        try:
            write(partial)
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
            partial.replace(target)
        except BaseException as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            if not isinstance(error, OSError | RuntimeError | ValueError):  # h5py says each of them on a full disk
                raise
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
            kept = "the one before is kept: make room, then go on with --resume" if self.state.exists() else "make room"
            raise TrainingError(f"{target} of step {step} cannot be written ({reason}); {kept}") from error

    def load(self) -> tuple[Arrays, Counters]:
        """State and counters. Raises TrainingError for a file that is damaged."""
        try:
            with np.load(self.state) as file:
                arrays = {name: file[name] for name in file.files}
            step, seconds, best, since = (float(v) for v in arrays.pop("counters"))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise TrainingError(f"{self.state} is damaged ({error}): begin anew in another folder, "
                                f"with --init {self.model} if that is whole") from error
        return arrays, Counters(int(step), seconds, best, int(since))

    def first(self) -> int:
        """Steps done by the run in the folder, 0 for a fresh one."""
        return self.load()[1].step if self.state.is_file() else 0

    def note(self, entry: Mapping[str, Any]) -> None:
        """One line more of history."""
        with self.history.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def entries(self, until: int | None = None) -> list[dict[str, Any]]:
        """The history; with `until`, what came after that step (of a run that was killed) is cut off the file too."""
        try:
            lines = self.history.read_text(encoding="utf-8").splitlines()
        except OSError:
            return []
        out = []
        for line in lines:
            with contextlib.suppress(ValueError):  # the last line of a killed run may be half
                out.append(json.loads(line))
        if until is not None:
            out = [entry for entry in out if entry["step"] <= until]
            self._replace(self.history, lambda path: path.write_text(
                "".join(json.dumps(entry) + "\n" for entry in out), encoding="utf-8"), until)
        return out
