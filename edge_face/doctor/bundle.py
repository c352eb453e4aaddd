"""A report for somebody else: findings, versions and settings, without names, templates, keys or passwords."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import platform
import re
import zipfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from edge_face import __version__
from edge_face.doctor.check import Finding
from edge_face.errors import EdgeFaceError
from edge_face.settings import Settings

_PACKAGES = ("numpy", "opencv-python-headless", "ai-edge-litert", "tflite-runtime", "gpiozero", "lgpio", "picamera2",
             "cryptography", "av")
_CREDENTIALS = re.compile(r"(?P<scheme>[a-z]+://)[^/@\s]+@")


def redacted(value: Any) -> Any:
    """The same structure with user names and passwords taken out of every URL."""
    if isinstance(value, str):
        return _CREDENTIALS.sub(r"\g<scheme>***@", value)
    if isinstance(value, dict):
        return {k: redacted(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [redacted(v) for v in value]
    return value


def _versions() -> dict[str, str]:
    found = {"edge-face": __version__, "python": platform.python_version(), "machine": platform.machine(),
             "system": platform.platform()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def write_bundle(path: str, findings: Sequence[Finding], settings: Settings) -> None:
    """Writes the zip, whole or not at all. Raises `EdgeFaceError` when the place cannot be written."""
    content = {
        "findings.json": [{"check": f.check, "status": f.status.value, "text": redacted(f.text), "mend": f.mend} for f in findings],
        "versions.json": _versions(),
        "settings.json": redacted(dataclasses.asdict(settings)),
    }
    target = Path(path)
    if not target.name:
        raise EdgeFaceError(f"'{path}' is no file name: name the zip, as report.zip")
    partial = target.with_name(target.name + ".part")
    try:
        if target.exists() and not target.is_file():
            # A file moved there would take the device's place, for every program on this machine.
            raise EdgeFaceError(f"{path} is no file: name the zip, as report.zip")
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in content.items():
                archive.writestr(name, json.dumps(data, indent=2, sort_keys=True, default=str) + "\n")
        partial.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise EdgeFaceError(f"{path} cannot be written: {error.strerror}; name a folder that exists and is yours") from error
