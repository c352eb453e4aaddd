"""Writes bundles: first a bare one for the gate to run, then the whole one with verdicts and model card, whole or not at all.

The same model, files and verdicts give the same bytes: order is fixed, figures are rounded, and nothing tells of an hour or a
place. The limit of 6 MB is for files that edge-face ships; `large` says of a bigger one what it will cost, and it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converter.card import render
from converter.contract import Candidate, Plan, SourceModel, Verdict
from converter.manifest import manifest_text
from converter.manifest_content import DIGITS, content, file_names, gate, plain
from converter.placing import bundle_place
from edge_face.errors import ModelError
from edge_face.vision.bundle import MANIFEST, Bundle, load_bundle

CARD = "MODEL_CARD.md"
SIZE_LIMIT = 6_000_000
"""Bytes that a shipped file may have at most."""
UNKNOWN_SCORES = {"recognise": 0.2, "hide": 0.02}
"""Scores of a detector that is still to be measured."""


def stage(folder: Path, plan: Plan, model: SourceModel, files: Mapping[str, Candidate], about: Mapping[str, Any] | None = None,
          extra: Mapping[str, Any] | None = None) -> None:
    """Writes files and manifest, without verdicts, into the folder (made if missing), so that they can be run as on the device.

    `files` by name: "int8", "int8.tflite", "int8-320x240". `about`: what a description file says (name, version, summary,
    training, terms, reported). Raises ModelError, UsageError.
    """
    bare = dict(extra or {})
    if plan.task == "detector":
        bare.setdefault("thresholds", UNKNOWN_SCORES)
    manifest = content(plan, model, files, about or {}, bare)
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, manifest, files)
    load_bundle(folder, plan.task)


def publish(out: Path, plan: Plan, model: SourceModel, files: Mapping[str, Candidate], verdicts: Mapping[str, Verdict], *,
            about: Mapping[str, Any], limits: Mapping[str, Any], forced: bool, extra: Mapping[str, Any] | None = None,
            replace: bool = False) -> Bundle:
    """Writes the bundle `out` with a verdict for each file and gives it as the device reads it.

    `extra` is joined to metrics, thresholds, training, terms and reported. `replace`: a bundle that is there is exchanged as
    a whole. Raises ModelError when a file failed and `forced` is not set, EdgeFaceError when the place cannot be used; then
    nothing is left behind and what was there stays.
    """
    if missing := [name for name in file_names(files) if name not in file_names(verdicts)]:
        raise ValueError(f"{missing[0]} has no verdict")
    manifest = content(plan, model, files, about, extra or {})
    judged = gate({name: verdict for name, verdict in file_names(verdicts).items() if name in manifest["files"]}, limits, forced)
    if not (judged["passed"] or forced):
        failed = next(name for name, entry in judged["files"].items() if not entry["passed"])
        raise ModelError(f"{failed} did not pass the gate, so {out} is not written: see the report, or write it all the same with --force")
    manifest["gate"] = judged
    measured = {name: dict(verdict.metrics) for name, verdict in file_names(verdicts).items() if verdict.metrics}
    if measured:
        manifest["metrics"] = plain({**manifest["metrics"], "files": measured}, DIGITS)
    with bundle_place(out, replace) as work:
        _write(work, manifest, files)
        (work / CARD).write_text(render(manifest), encoding="utf-8")
        for entry in (whole := load_bundle(work, plan.task, "accept")).files:
            whole.read(entry)
    return load_bundle(out, plan.task, "accept")


def large(files: Mapping[str, Candidate]) -> tuple[str, ...]:
    """A sentence for each file that is larger than those that edge-face ships."""
    return tuple(f"{name} has {len(candidate.content):,} bytes, more than the {SIZE_LIMIT:,} of a file that edge-face ships: it loads "
                 "slowly from an SD card and may not fit beside the rest on a board with 512 MB"
                 for name, candidate in file_names(files).items() if len(candidate.content) > SIZE_LIMIT)


def _write(folder: Path, manifest: Mapping[str, Any], files: Mapping[str, Candidate]) -> None:
    try:
        for name, candidate in file_names(files).items():
            (folder / name).write_bytes(candidate.content)
        (folder / MANIFEST).write_text(manifest_text(manifest), encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{folder} cannot be written ({error.strerror or error}): make room, or name another place with --out") from error
