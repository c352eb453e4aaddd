"""What is in a bundle or a .tflite file, as plain data."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from edge_face.errors import ModelError
from edge_face.vision.bundle import MANIFEST, Bundle, load_bundle
from edge_face.vision.runtime import Interpreter, Tensor, runtime_name


def inspect_path(path: Path) -> dict[str, Any]:
    """{"files": [...]} of a .tflite file; for a bundle's folder also what its manifest says. Raises ModelError."""
    if path.is_dir():
        bundle = load_bundle(path, _task(path / MANIFEST))
        return {"name": bundle.name, "version": bundle.version, "task": bundle.task, "model_id": bundle.model_id,
                "notes": _notes(bundle), "files": [inspect_content(entry.name, bundle.read(entry)) for entry in bundle.files]}
    try:
        if path.exists() and not path.is_file():
            raise ModelError(f"{path} is a device or pipe: name a .tflite file or a bundle's folder")
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror}): name a .tflite file or a bundle's folder") from error
    return {"files": [inspect_content(path.name, content)]}


def inspect_content(name: str, content: bytes) -> dict[str, Any]:
    """Size, digest, inputs and outputs of one file. Raises ModelError when it is no model."""
    interpreter = Interpreter(content, name=name)
    return {"file": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "runtime": runtime_name(),
            "inputs": [_tensor(tensor) for tensor in interpreter.inputs],
            "outputs": [_tensor(tensor) for tensor in interpreter.outputs]}


def _task(manifest: Path) -> str:
    """The task that a manifest names itself; everything else is checked by the loader."""
    try:
        task = json.loads(manifest.read_text(encoding="utf-8")).get("task")
    except (OSError, ValueError, RecursionError, AttributeError) as error:
        raise ModelError(f"{manifest} cannot be read as a manifest ({type(error).__name__}): "
                         "name a bundle's folder or a .tflite file") from error
    return str(task)


def _notes(bundle: Bundle) -> list[str]:
    notes = [f"input {bundle.input.colour}" + (f" {bundle.input.width}x{bundle.input.height}" if bundle.input.width else "")]
    if bundle.embedding is not None:
        notes.append(f"embedding of {bundle.embedding.dimension} in parts of {' + '.join(map(str, bundle.embedding.parts))}")
        for name, table in bundle.thresholds.items():
            last = table["rows"][-1]
            notes.append(f"thresholds {name}: {len(table['rows'])} rows, measured down to FMR {last['fmr']:.2g} "
                         f"at {last['similarity']:.4f}")
        if not bundle.thresholds:
            notes.append("thresholds: none yet: edge-face-convert calibrate-thresholds")
    else:
        notes += [f"threshold {key}: {value}" for key, value in bundle.thresholds.items()]
    return notes


def _tensor(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "shape": list(tensor.shape), "dtype": tensor.dtype.name,
            "scale": tensor.scale, "zero_point": tensor.zero_point}
