"""A bundle that did not pass the parity gate: tools warn, a door refuses unless its settings allow it, the doctor says so."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_face.doctor.check import Host, Status
from edge_face.doctor.door import models
from edge_face.errors import ModelError
from edge_face.service.models import load_models
from edge_face.settings import Settings, VisionSettings
from edge_face.vision import bundle as bundle_module
from edge_face.vision.bundle import MANIFEST, MODELS, load_bundle, open_bundle
from edge_face.vision.manifest_migration import migrate


def failed_bundle(folder: Path, task: str, passed: bool = False) -> Path:
    """The shipped bundle of a task with a gate that one of its files did not pass."""
    shutil.copytree(MODELS / task, folder)
    manifest = migrate(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    lost = {"metric": "cosine_mean", "figure": 0.91, "limit": 0.98, "at_least": True, "passed": passed, "text": "the mean cosine is 0.91"}
    late = {"metric": "tar_lost_1e-4", "figure": None, "limit": 2, "at_least": False, "passed": passed, "text": "too few people"}
    files: dict[str, Any] = {name: {"passed": True, "labelled": True, "examples": 9, "checks": []} for name in manifest["files"]}
    worst = next(name for name in files if name.startswith("int8"))
    files[worst] = {"passed": passed, "labelled": True, "examples": 9, "checks": [lost, late]}
    manifest["gate"] = {"passed": passed, "forced": not passed, "limits": {}, "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def _nothing_said_before() -> Iterator[None]:
    bundle_module._warn_once.cache_clear()
    yield
    bundle_module._warn_once.cache_clear()


def test_a_tool_is_warned_once_and_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = failed_bundle(tmp_path / "b", "embedder")
    with caplog.at_level(logging.WARNING, "edge_face"):
        for _ in range(3):
            bundle = load_bundle(folder, "embedder")
        open_bundle(folder)
    assert len(caplog.records) == 1
    said = caplog.records[0].getMessage()
    assert "did not pass the parity gate" in said
    assert ("int8.tflite: cosine_mean is 0.91, at least 0.98 is asked for, "
            "tar_lost_1e-4 could not be measured, at most 2 is asked for") in said
    assert bundle.gate is not None and bundle.gate.forced and bundle.file("int8")


def test_a_bundle_that_passed_and_one_that_nobody_judged_say_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    passed = load_bundle(failed_bundle(tmp_path / "b", "embedder", passed=True), "embedder", "refuse")
    assert passed.gate is not None and passed.gate.passed and passed.gate.failure() == ""
    load_bundle(MODELS / "detector", "detector", "refuse")
    load_bundle(failed_bundle(tmp_path / "c", "embedder"), "embedder", "accept")
    assert caplog.records == []


@pytest.mark.parametrize("task", ["embedder", "detector", "landmarker"])
def test_no_door_loads_it_unless_the_settings_allow_it(tmp_path: Path, task: str, caplog: pytest.LogCaptureFixture) -> None:
    folder = failed_bundle(tmp_path / "b", task)
    vision = replace(VisionSettings(), **{task: str(folder)})
    with pytest.raises(ModelError, match=r"did not pass.*cosine_mean is 0\.91, at least 0\.98.*vision\.allow_failed_gate = true"):
        load_models(vision)
    assert caplog.records == [], "the error says it already"
    assert load_models(replace(vision, allow_failed_gate=True)).embedder
    assert any("did not pass" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(("allowed", "status"), [(False, Status.FAIL), (True, Status.WARN)])
def test_the_doctor_says_it(tmp_path: Path, allowed: bool, status: Status) -> None:
    vision = replace(VisionSettings(), embedder=str(failed_bundle(tmp_path / "b", "embedder")), allow_failed_gate=allowed)
    found = [f for f in models(Host(root=tmp_path), replace(Settings(), vision=vision)) if f.check == "parity gate"]
    assert [f.status for f in found] == [status]
    assert "cosine_mean is 0.91" in found[0].text and "allow_failed_gate" in found[0].mend
    assert not [f for f in models(Host(root=tmp_path), Settings()) if f.check == "parity gate"]
