"""What a maker says of a model: name, version, terms and the like, from a TOML file."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from edge_face.errors import UsageError

DESCRIBED = {"name": str, "version": str, "summary": str, "training": dict, "terms": dict, "reported": dict}


def describe(path: Path | None) -> dict[str, Any]:
    """The description file's content, checked. Raises UsageError."""
    if path is None:
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read as TOML: {error}") from error
    for key, value in content.items():
        if key not in DESCRIBED or not isinstance(value, DESCRIBED[key]):
            allowed = ", ".join(f"{name} ({'table' if kind is dict else 'text'})" for name, kind in DESCRIBED.items())
            raise UsageError(f"{path}: {key} is not known or of the wrong kind; allowed are {allowed}")
    return content
