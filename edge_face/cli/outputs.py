"""Where a command is to write: looked at before the work begins, not after."""

from __future__ import annotations

from pathlib import Path

from edge_face.errors import UsageError


def require_folder(path: str | Path | None, called: str = "") -> None:
    """Is the folder there in which a file is to be written? None and "-" (standard output) need none. `called`: what stands before the
    path in the message, as "--json ". Raises UsageError."""
    if path is None or str(path) in ("", "-") or Path(path).absolute().parent.is_dir():
        return
    from edge_face.media.paths import shown

    raise UsageError(f"{called}{shown(path)}: the folder does not exist: make it first")
