"""Puts a finished folder in its place: whole or not at all, also where a bundle is there already."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_face.errors import EdgeFaceError, ModelError, UsageError
from edge_face.vision.bundle import open_bundle

OLD, NEW = ".edge-face-old", ".edge-face-new"
"""What the two bundles are called beside a bundle's place while one takes the place of the other."""
OWN = (".tflite", ".json", ".md", ".html")
"""Kinds of files that a bundle's folder may hold: a folder with anything else is never exchanged."""


@contextmanager
def bundle_place(target: Path, replace: bool = False) -> Iterator[Path]:
    """A temporary folder that becomes the bundle `target` when the block ends well and vanishes when it does not.

    Where `target` is a bundle and `replace` is set, the two are exchanged as a whole: the new one is complete under
    `<target>.edge-face-new` before the old one steps aside to `<target>.edge-face-old`, so that a stop in between leaves both
    whole; the next replacement tidies up. Raises UsageError when something is in the way, ModelError when nothing can be
    written.
    """
    target = target.absolute()
    if target.is_symlink():
        target = target.resolve()
    old, new = target.with_name(target.name + OLD), target.with_name(target.name + NEW)
    with _said(f"nothing can be written in {target.parent}"):
        if replace:
            _recover(target, old, new)
        _check(target, replace)
        home = target.parent
        while not home.exists():
            home = home.parent
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=home))
    try:
        with _said(f"{target} cannot be written"):
            yield work
            work.chmod(0o755)
            _flush(work)
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists() and any(target.iterdir()):
                _exchange(work, target, old, new)
            else:
                work.replace(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _check(target: Path, replace: bool) -> None:
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not replace:
        way = ", or exchange the bundle with --replace" if _is_bundle(target) else ""
        raise UsageError(f"{target} is there already and not an empty folder: name a new one with --out{way}")
    if not _is_bundle(target):
        raise UsageError(f"{target} is no bundle, so it is not replaced: name a new folder with --out")


def _is_bundle(folder: Path) -> bool:
    """Whether a folder is a bundle that loads and holds nothing else."""
    try:
        open_bundle(folder, "accept")
    except EdgeFaceError:
        return False
    return _is_ours(folder)


def _is_ours(folder: Path) -> bool:
    """Whether a folder holds only what a bundle may hold, as one does whose removal was stopped."""
    return folder.is_dir() and all(path.is_file() and path.suffix in OWN for path in folder.iterdir())


def _recover(target: Path, old: Path, new: Path) -> None:
    """Tidies up after a replacement that was stopped: the bundle that had stepped aside goes back where nothing is."""
    if not target.exists() and _is_bundle(old):
        old.replace(target)
    for left in (old, new):
        if left.exists() and not (_is_bundle(target) and _is_ours(left)):
            raise UsageError(f"{left} is in the way: move it away, or name a new folder with --out")
        if left.exists():
            shutil.rmtree(left)


def _exchange(work: Path, target: Path, old: Path, new: Path) -> None:
    work.replace(new)
    try:
        target.replace(old)
        try:
            new.replace(target)
        except BaseException:
            old.replace(target)
            raise
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    _sync(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def _flush(folder: Path) -> None:
    """Brings the files to the disk before the folder gets its name: power may fail at any time."""
    for path in folder.iterdir():
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _said(what: str) -> Iterator[None]:
    """An OSError becomes one sentence."""
    try:
        yield
    except OSError as error:
        if isinstance(error, EdgeFaceError):
            raise
        raise ModelError(f"{what} ({error.strerror or error}): make room, or name another place with --out") from error


class _EnoughError(Exception):
    """Ends a rehearsal."""


def check_place(target: Path, replace: bool = False) -> None:
    """A rehearsal of `bundle_place`, for work that takes long before it has anything to write. Raises what that would raise."""
    with contextlib.suppress(_EnoughError), bundle_place(target, replace):
        raise _EnoughError
