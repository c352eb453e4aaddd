"""Writes bundles: digests, manifest and card go into a folder beside the target, which is renamed when all is done."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_face.errors import ModelError, UsageError


def weights_digest(weights: Sequence[npt.NDArray[Any]]) -> str:
    """SHA-256 over all weights in order, each with its shape, as little-endian float32: the identity of the space that
    a network maps into, whatever file and precision it is stored in."""
    digest = hashlib.sha256()
    for array in weights:
        digest.update(repr(tuple(array.shape)).encode())
        digest.update(np.ascontiguousarray(array, dtype="<f4").tobytes())
    return digest.hexdigest()


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """The manifest as JSON: indented, but a table's row or a short list of numbers on one line. Raises ModelError for a
    figure that is no number: no reader would take it."""

    def render(value: Any, indent: str) -> str:
        try:
            flat = json.dumps(value, ensure_ascii=False, allow_nan=False)
        except ValueError as error:
            raise ModelError("a figure of the manifest is no number (NaN or infinite): the model or its measurement is broken") from error
        if not isinstance(value, dict | list) or not value or (len(flat) < 200 and not _deep(value)):
            return flat
        inner = indent + "  "
        if isinstance(value, dict):
            rows = [
                f"{inner}{json.dumps(str(k), ensure_ascii=False)}: {render(v, inner)}"
                for k, v in value.items()
            ]
            return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
        return "[\n" + ",\n".join(inner + render(v, inner) for v in value) + f"\n{indent}]"

    return render(dict(manifest), "") + "\n"


def _deep(value: dict[str, Any] | list[Any]) -> bool:
    inside = value.values() if isinstance(value, dict) else value
    return any(isinstance(entry, dict) for entry in inside) or (
        isinstance(value, dict) and any(isinstance(e, list) for e in inside)
    )


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A temporary folder that becomes `target` when the block ends well and vanishes when it does not.

    Raises UsageError when `target` is there and not empty, ModelError when nothing can be written beside it.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is there already and not an empty folder: name a new one with --out")
    home = target.absolute().parent
    while not home.exists():
        home = home.parent
    try:
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=home))
    except OSError as error:
        raise ModelError(f"nothing can be written in {home} ({error.strerror}): name another place with --out") from error
    try:
        yield work
        work.chmod(0o755)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            work.replace(target)
        except OSError as error:
            raise ModelError(f"{target} cannot be put in place ({error.strerror}): name another place with --out") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def replace_text(path: Path, text: str) -> None:
    """Writes a file so that a stop in between leaves the old one whole. Raises ModelError."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be written ({error.strerror})") from error
    finally:
        partial.unlink(missing_ok=True)
