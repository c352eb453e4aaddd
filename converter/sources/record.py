"""What our trainer wrote of a model: training.json, inside the .keras file and beside it in the folder of a run."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_face.errors import ModelError

NOTES = "training.json"


def model_of_run(folder: Path) -> Path | None:
    """The `.keras` file of a run's folder, None where the folder is of no run. Raises ModelError for a run without one."""
    notes = folder / NOTES
    if not notes.is_file():
        return None
    task = _parse(_text(notes), notes).get("task")
    model = folder / f"{task}.keras"
    if not isinstance(task, str) or not model.is_file():
        raise ModelError(f"{folder} is the folder of a run without a model: it is written with the first save; go on with "
                         "edge-face-convert train … --resume")
    return model


def read_record(path: Path) -> Mapping[str, Any]:
    """The record of a `.keras` file: the one inside, else the one beside it that is about a model of its name; empty where
    there is none. Raises ModelError for one that cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            if NOTES in archive.namelist():
                return _parse(archive.read(NOTES).decode("utf-8", "replace"), path)
    except (OSError, zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise ModelError(f"{path} is damaged ({error}): copy it again") from error
    beside = path.parent / NOTES
    if beside.is_file():
        found = _parse(_text(beside), beside)
        if found.get("task") == path.stem:
            return found
    return {}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} cannot be read ({error}): copy the run's folder again") from error


def _parse(text: str, where: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ModelError(f"the record of training in {where} is no JSON ({error}): copy the run's folder again") from error
    if not isinstance(found, dict):
        raise ModelError(f"the record of training in {where} is no table: copy the run's folder again")
    return found
