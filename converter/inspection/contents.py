"""What is in a bundle, a .tflite file or a Keras model, as plain data."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from converter.inspection.child import ask
from converter.inspection.flat import FlatGraph, FlatModel, FlatTensor, read_flat
from converter.inspection.macs import work_of
from converter.inspection.old_runtime import beyond_old_runtime
from edge_face.errors import MissingExtraError, ModelError
from edge_face.vision.bundle import MANIFEST, Bundle, open_bundle

KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")
WAY_OUT = "name a .tflite file, a bundle's folder or a Keras model"


def inspect_path(path: Path, runs: int = 0) -> dict[str, Any]:
    """{"files": [...]} of a .tflite file; for a bundle's folder also what its manifest says; {"keras": {...}} for a Keras model, a
    SavedModel or the folder of a training run. `runs` > 0 measures speed and memory. Raises ModelError, MissingExtraError."""
    if is_keras(path):
        from converter.inspection.keras_file import inspect_keras

        return {"keras": inspect_keras(path)}
    if path.is_dir():
        bundle = _open(path)
        return {"name": bundle.name, "version": bundle.version, "task": bundle.task, "model_id": bundle.model_id,
                "notes": _notes(bundle), "gate": None if bundle.gate is None else asdict(bundle.gate), "manifest": dict(bundle.manifest),
                "files": [inspect_content(entry.name, bundle.read(entry), runs) for entry in bundle.files]}
    try:
        if path.exists() and not path.is_file():
            raise ModelError(f"{path} is a device or pipe: {WAY_OUT}")
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): {WAY_OUT}") from error
    return {"files": [inspect_content(path.name, content, runs)]}


def is_keras(path: Path) -> bool:
    """A Keras file, a SavedModel or a training run's folder, by its name and what lies in it."""
    if path.is_dir():
        return not (path / MANIFEST).exists() and ((path / "saved_model.pb").exists() or (path / "training.json").exists())
    return path.suffix.lower() in KERAS_SUFFIXES


def inspect_content(name: str, content: bytes, runs: int = 0) -> dict[str, Any]:
    """One .tflite file: size, digest, inputs and outputs; operators, tensors, signatures, work and delegate of a file that can be looked
    into ("structure": why not, where it cannot); with `runs` > 0 speed and memory, of this machine. Raises ModelError when it is no model.

    The structure is checked first, then the runtime is asked in a process of its own: a file that was damaged on purpose
    could crash it. Without flatbuffers only the runtime's answer is given, as plainly loaded.
    """
    found: dict[str, Any] = {"file": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    try:
        found |= structure_facts(read_flat(content, name))
    except MissingExtraError as error:
        found["structure"] = str(error)
    return found | ask(content, name, runs)


def structure_facts(model: FlatModel) -> dict[str, Any]:
    """What the file itself says, as plain data."""
    nodes = Counter((operator.name, operator.version) for _, operator in model.operators())
    work = work_of(model)
    return {
        "operators": [{"name": name, "version": version, "count": count}
                      for (name, version), count in sorted(nodes.items(), key=lambda item: (-item[1], item[0]))],
        "signatures": [{"name": each.key, "inputs": list(each.inputs), "outputs": list(each.outputs)} for each in model.signatures],
        "macs": work.macs, "macs_by_operator": work.by_operator, "macs_uncounted": work.uncounted,
        "parameters": work.parameters, "weight_bytes": model.weight_bytes,
        "least_runtime": model.least_runtime, "beyond_tflite_runtime_2_14": list(beyond_old_runtime(model)),
        "tensors": [_tensor(graph, number, tensor) for number, graph in enumerate(model.graphs) for tensor in graph.tensors],
    }


def _tensor(graph: FlatGraph, number: int, tensor: FlatTensor) -> dict[str, Any]:
    role = ("weights" if tensor.constant else "input" if tensor.index in graph.inputs
            else "output" if tensor.index in graph.outputs else "computed")
    return {"graph": number, "index": tensor.index, "name": tensor.name, "role": role, "shape": list(tensor.shape), "dtype": tensor.dtype,
            "bytes": tensor.bytes, "scales": list(tensor.scales), "zero_points": list(tensor.zero_points), "axis": tensor.axis}


def _open(folder: Path) -> Bundle:
    manifest = folder / MANIFEST
    try:
        json.loads(manifest.read_text(encoding="utf-8")).get("task")
    except (OSError, ValueError, RecursionError, AttributeError) as error:
        raise ModelError(f"{manifest} cannot be read as a manifest ({type(error).__name__}): {WAY_OUT}") from error
    return open_bundle(folder)


def _notes(bundle: Bundle) -> list[str]:
    notes = [f"input {bundle.input.colour}" + (f" {bundle.input.width}x{bundle.input.height}" if bundle.input.width else "")]
    if bundle.embedding is not None:
        notes.append(f"embedding of {bundle.embedding.dimension} in parts of {' + '.join(map(str, bundle.embedding.parts))}"
                     + (", of each face and its mirror image" if bundle.embedding.mirrored else ""))
        for name, table in bundle.thresholds.items():
            last = table["rows"][-1]
            notes.append(f"thresholds {name}: {len(table['rows'])} rows, measured down to FMR {last['fmr']:.2g} "
                         f"at {last['similarity']:.4f}")
        if not bundle.thresholds:
            notes.append("thresholds: none yet: edge-face-convert calibrate-thresholds")
    else:
        notes += [f"threshold {key}: {value}" for key, value in bundle.thresholds.items()]
    return notes
