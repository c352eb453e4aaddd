"""A run's folder keeps what was whole: on a full disk, after a kill, against another recipe or other data."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from converter.training.errors import TrainingError
from converter.training.run_folder import Counters, RunFolder, code_version
from edge_face.errors import UsageError


@contextmanager
def full_disk(bytes_left: int) -> Iterator[None]:
    """Files cannot grow beyond a size: writing fails as on a full disk (Python ignores the signal that comes with it)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "run", "embedder")
    made.prepare(resume=False)
    made.save({"model_000": np.arange(5.0)}, Counters(7, 1.5, 0.25, 2))
    made.save_notes({"recipe": {"optimizer": {"rate": 0.1}}, "data": {"digest": "abc"}})
    return made


def test_state_and_counters_come_back(folder: RunFolder) -> None:
    state, counters = folder.load()
    assert state["model_000"].tolist() == [0, 1, 2, 3, 4]
    assert counters == Counters(7, 1.5, 0.25, 2)
    assert folder.first() == 7


def test_a_full_disk_keeps_the_state_before(folder: RunFolder) -> None:
    with full_disk(20_000), pytest.raises(TrainingError, match=r"step 9 cannot be written \(.*\); the one before is kept"):
        folder.save({"model_000": np.zeros(100_000)}, Counters(9))
    assert folder.load()[1].step == 7
    assert sorted(path.name for path in folder.path.iterdir()) == ["state.npz", "training.json"]


def test_a_model_that_cannot_be_written_keeps_the_one_before(folder: RunFolder) -> None:
    class Model:
        def save(self, path: Path) -> None:
            path.write_bytes(bytes(100_000))

    folder.model.write_bytes(b"the one before")
    with full_disk(20_000), pytest.raises(TrainingError, match="cannot be written"):
        folder.save_model(Model(), {}, 9)
    assert folder.model.read_bytes() == b"the one before"
    assert not list(folder.path.glob("*partial*"))


def test_another_recipe_is_refused_and_named(folder: RunFolder) -> None:
    folder.check_same({"optimizer": {"rate": 0.1}}, "abc")
    with pytest.raises(UsageError, match=r"another recipe \(there, here: optimizer.rate: 0.1, 0.2\): resume with"):
        folder.check_same({"optimizer": {"rate": 0.2}}, "abc")
    with pytest.raises(UsageError, match=r"optimizer\.kind: not there, sgd"):
        folder.check_same({"optimizer": {"rate": 0.1, "kind": "sgd"}}, "abc")


def test_other_data_are_refused(folder: RunFolder) -> None:
    with pytest.raises(UsageError, match="on other data"):
        folder.check_same({"optimizer": {"rate": 0.1}}, "abd")


def test_a_run_is_neither_overwritten_nor_made_up(folder: RunFolder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="take it up with --resume"):
        folder.prepare(resume=False)
    with pytest.raises(UsageError, match="holds no run to resume"):
        RunFolder(tmp_path / "other", "embedder").prepare(resume=True)
    assert not (tmp_path / "other").exists()
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be made"):
        RunFolder(tmp_path / "file" / "below", "embedder").prepare(resume=False)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 cut off", b"nothing like it"])
def test_a_damaged_state_is_one_sentence(folder: RunFolder, damage: bytes) -> None:
    folder.state.write_bytes(damage)
    with pytest.raises(TrainingError, match="is damaged"):
        folder.load()


def test_damaged_notes_are_one_sentence(folder: RunFolder) -> None:
    folder.notes.write_text("{")
    with pytest.raises(TrainingError, match="cannot be read"):
        folder.check_same({}, "abc")


def test_history_after_the_saved_step_is_cut_off(folder: RunFolder) -> None:
    for step in (5, 7, 9):
        folder.note({"step": step, "loss": 1.0})
    with folder.history.open("a") as file:
        file.write('{"step": 11, "lo')  # killed in the middle
    assert [entry["step"] for entry in folder.entries(until=7)] == [5, 7]
    assert [json.loads(line)["step"] for line in folder.history.read_text().splitlines()] == [5, 7]


def test_the_version_of_the_code_is_said() -> None:
    import edge_face

    assert code_version().startswith(edge_face.__version__)
