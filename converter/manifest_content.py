"""What a bundle's manifest says of a model: from its plan, its files and their verdicts to plain data, the same every time."""

from __future__ import annotations

import hashlib
import math
import platform
import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import Any

import numpy as np

import edge_face
from converter.contract import Candidate, Plan, SourceModel, Verdict
from edge_face.errors import ModelError, UsageError
from edge_face.vision.manifest import FILE_NAME, NAME, SCHEMA
from edge_face.vision.manifest_input import ALIGNED, NOT_ALIGNED

VERSION = "0.1.0"
TERMS = {"weights": "not stated"}
DIGITS = 6
"""Significant digits of a figure: what is beyond differs between machines."""
PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "ai-edge-litert", "ai-edge-quantizer", "numpy")
KEPT_OF_RECORD = ("code", "backend", "recipe", "data", "steps", "step", "seed")
"""What of our trainer's record goes into a bundle: nothing that tells of a machine or an hour."""
MERGED = ("metrics", "thresholds", "training", "terms", "reported")
LANDMARKER_VIEW = ("the detector's five landmarks by similarity transform onto the ArcFace template with 8 px of margin on each side of "
                   "its 112, scaled to the input")
BASE = ("a patch around a face as privacy hides it, brought to the input's size, the means of its cells alone, the colours between their "
        "middles interpolated")
POINTS = ("x, y of left eye, right eye, nose tip, left and right mouth corner as seen, each from its place in the template, in eye "
          "distances of the template")


def content(plan: Plan, model: SourceModel, files: Mapping[str, Candidate], about: Mapping[str, Any],
            extra: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest of schema 2 without a verdict. `files` by name, with or without ".tflite". Raises ModelError, UsageError."""
    named = file_names(files)
    manifest: dict[str, Any] = {
        "schema": SCHEMA, "task": plan.task, "name": _name(about, model), "version": about.get("version", VERSION),
        "summary": about.get("summary", ""), "input": _input(plan, model, sized=any("x" in name for name in named)),
        "outputs": _outputs(plan, model), "files": {name: _file(candidate) for name, candidate in named.items()},
        "weights_sha256": model.weights_sha256, "thresholds": {}, "metrics": {},
        "training": about["training"] if "training" in about else {k: model.record[k] for k in KEPT_OF_RECORD if k in model.record},
        "terms": about.get("terms", TERMS), "reported": about.get("reported", {}),
    }
    if NAME.fullmatch(str(manifest["version"])) is None:
        raise UsageError(f"the version {manifest['version']!r} cannot be used: name one such as 1.0.0")
    for key, value in extra.items():
        if key not in MERGED:
            raise ValueError(f"{key} is not left to the caller")
        manifest[key] = {**manifest[key], **value}
    manifest["metrics"] = plain(manifest["metrics"], DIGITS)
    manifest["training"] = _without_places(manifest["training"])
    manifest["made_by"] = versions()
    kept = {key: value for key, value in manifest.items() if value or key not in ("summary", "thresholds", "training", "reported")}
    found = plain(kept)
    assert isinstance(found, dict)
    return found


def file_names(files: Mapping[str, Any]) -> dict[str, Any]:
    """The same by whole file names, in the order of names. Raises UsageError for one that no bundle can have."""
    named = {name if name.endswith(".tflite") else f"{name}.tflite": value for name, value in files.items()}
    for name in named:
        if FILE_NAME.fullmatch(name) is None:
            raise UsageError(f"{name!r} is no name of a bundle's file: <precision>[-<width>x<height>].tflite is one")
    return dict(sorted(named.items()))


def gate(verdicts: Mapping[str, Verdict], limits: Mapping[str, Any], forced: bool) -> dict[str, Any]:
    """The manifest's `gate`. A figure that is no number becomes null: it was not measured."""
    named = file_names(verdicts)
    passed = all(verdict.passed for verdict in named.values())
    found = plain({
        "passed": passed, "forced": forced and not passed, "limits": limits,
        "files": {name: {"passed": verdict.passed, "labelled": verdict.labelled, "examples": verdict.examples, "checks": [
            {"metric": c.metric, "figure": c.figure, "limit": c.limit, "at_least": c.at_least, "passed": c.passed, "text": c.text}
            for c in verdict.checks]} for name, verdict in named.items()},
    }, DIGITS)
    assert isinstance(found, dict)
    return found


def plain(value: Any, digits: int = 0) -> Any:
    """`value` as JSON can hold it: numbers of Python, null for what is no number; 0 or so many significant `digits`."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry, digits) for key, entry in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist(), digits)
    if isinstance(value, list | tuple):
        return [plain(entry, digits) for entry in value]
    if isinstance(value, set | frozenset):
        return sorted(plain(entry, digits) for entry in value)
    if isinstance(value, float):
        return None if not math.isfinite(value) else float(f"{value:.{digits}g}") if digits else value
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


def versions() -> dict[str, str]:
    """What made the bundle: packages and their versions; nothing is imported for it."""
    found = {"edge-face": edge_face.__version__, "python": ".".join(platform.python_version_tuple()[:2])}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _name(about: Mapping[str, Any], model: SourceModel) -> str:
    if "name" in about:
        if NAME.fullmatch(str(about["name"])) is None:
            raise UsageError(f"the name {about['name']!r} cannot be used: a-z, 0-9, '.', '_' and '-', at most 64")
        return str(about["name"])
    return re.sub(r"[^a-z0-9._-]+", "-", model.path.stem.lower()).strip("-._")[:64].strip("-._") or "model"


def _file(candidate: Candidate) -> dict[str, Any]:
    entry = {"sha256": hashlib.sha256(candidate.content).hexdigest(), "bytes": len(candidate.content), "how": candidate.how,
             "kept_float": list(candidate.kept_float), "recipe": _without_places(candidate.recipe)}
    return {key: value for key, value in entry.items() if value}


def _without_places(value: Any) -> Any:
    """The same without folders of this machine: a path keeps its last name."""
    if isinstance(value, Mapping):
        return {key: _without_places(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_without_places(entry) for entry in value]
    if isinstance(value, PurePath) or (isinstance(value, str) and re.fullmatch(r"(/|[A-Za-z]:\\)[^\n]*", value)):
        return PurePath(value).name
    return value


def _input(plan: Plan, model: SourceModel, sized: bool) -> dict[str, Any]:
    given = plan.preprocessing
    if given is None:
        return {"kind": "arrays", "tensors": {t.name: {"shape": [1, *t.shape], "dtype": t.dtype} for t in model.inputs}}
    size = {} if sized else {"width": given.width, "height": given.height}
    views = {"landmarker": LANDMARKER_VIEW, "anonymizer": ALIGNED if given.aligned else BASE, "detector": NOT_ALIGNED}
    alignment = views.get(plan.task, ALIGNED if given.aligned else NOT_ALIGNED)
    crop = {} if given.crop == 1 else {"crop": given.crop}
    return {"kind": "picture", **size, "colour": given.colour, "range": [0, 255], "alignment": alignment, **crop}


def _outputs(plan: Plan, model: SourceModel) -> dict[str, Any]:
    if plan.task == "detector":
        return _detector(model)
    if plan.task == "other":
        return {output.name: {"shape": [1, *output.shape]} for output in model.outputs}
    if len(model.outputs) != 1:
        names = ", ".join(output.name for output in model.outputs)
        raise ModelError(f"{model.path} has {len(model.outputs)} outputs ({names}): a bundle for the task {plan.task} has one; leave the "
                         "others out of the model, or say --task other")
    shape = [1, *model.outputs[0].shape]
    if plan.task == "anonymizer":
        return {"picture": {"shape": shape}}
    if len(shape) != 2:
        raise ModelError(f"{model.path} gives {shape}: a bundle for the task {plan.task} gives [1, n]; end the model with Flatten")
    if plan.task == "embedder":
        found = {"shape": shape, "dimension": shape[1], "parts": list(plan.parts or shape[1:])}
        return {"embedding": {**found, "mirrored": True} if plan.mirrored else found}
    if plan.task == "classifier":
        count = shape[1]
        labels = list(plan.labels) or [f"class {number}" for number in range(max(count, 2))]
        return {"probability": {"shape": shape, "labels": labels, "activation": _activation(model, count)}}
    if plan.task == "landmarker":
        return {"landmarks": {"shape": shape, "meaning": POINTS}}
    return {"live" if plan.task == "liveness" else model.outputs[0].name: {"shape": shape}}


def _activation(model: SourceModel, count: int) -> str:
    """What ends the classifier, as its last layer says; else what its number of outputs suggests."""
    place = model.keras
    while getattr(place, "outputs", None) and not hasattr(place, "activation"):
        history = getattr(place.outputs[0], "_keras_history", None)
        inner = getattr(history, "operation", None)
        if inner is None or inner is place:
            break
        place = inner
    named = getattr(getattr(place, "activation", None), "__name__", type(place).__name__.lower())
    return named if named == "sigmoid" or (named == "softmax" and count > 1) else "softmax" if count > 1 else "sigmoid"


def _detector(model: SourceModel) -> dict[str, Any]:
    from converter.detector_bundle import BOX_ENCODING, DECODING
    from converter.training.detector_targets import LOG_LIMITS, STRIDES

    names = {kind: {str(s): f"{kind}_{s}" for s in STRIDES} for kind in ("score", "box", "landmarks")}
    given = {output.name for output in model.outputs}
    if missing := [name for maps in names.values() for name in maps.values() if name not in given]:
        raise ModelError(f"{model.path} has no output {missing[0]}: a detector bundle is made of what `edge-face-convert train detector` "
                         "wrote")
    return {"strides": list(STRIDES), "names": names, "score_encoding": "logit", "box_encoding": BOX_ENCODING,
            "landmarks_encoding": "cell-offset", "log_limits": list(LOG_LIMITS), "suppression_iou": 0.45, "decoding": DECODING}
