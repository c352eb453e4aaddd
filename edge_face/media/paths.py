"""Files on disk: what kind they are, which lie in a folder, and writing that leaves all or nothing."""

from __future__ import annotations

import contextlib
import enum
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge_face.errors import MediaError

MAX_PIXELS = 120_000_000
"""Pictures and videos with more pixels are refused before they are unpacked (20,000 x 6,000 passes, 360 MB as BGR;
20,000 x 20,000 does not): a file of a few kilobytes can claim any size and fill the memory."""
MAX_BYTES = 1 << 30
"""A picture file larger than this is refused unread."""

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm",
                              ".pgm", ".pbm", ".pnm", ".heic", ".heif", ".avif"})
"""Names that are meant as pictures; those that cannot be read (HEIC) are reported, not passed over in silence."""
VIDEO_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts",
                            ".wmv", ".flv", ".3gp", ".ogv", ".mjpeg", ".mjpg", ".h264"})


class Kind(enum.Enum):
    """What a file name says that a file is."""

    PICTURE = "picture"
    VIDEO = "video"


def kind_of(path: str | os.PathLike[str]) -> Kind | None:
    """What a file is meant to be, by its name's ending; None for anything else."""
    suffix = Path(path).suffix.lower()
    if suffix in PICTURE_SUFFIXES:
        return Kind.PICTURE
    return Kind.VIDEO if suffix in VIDEO_SUFFIXES else None


def shown(path: str | os.PathLike[str]) -> str:
    """A path as it can be printed: bytes that are not UTF-8 and line breaks are escaped."""
    text = os.fspath(path).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def require_file(path: str | os.PathLike[str], what: str) -> Path:
    """The path of a regular file that is there and not empty; `what` is "picture" or "video".

    Raises MediaError when it is missing, a folder, a device or pipe, empty or may not be read.
    """
    found = Path(path)
    name = shown(path)
    if "\0" in os.fspath(path) or not os.fspath(path):
        raise MediaError(f"'{name}' is not a file name")
    try:
        status = found.stat()
    except FileNotFoundError:
        raise MediaError(f"there is no {what} '{name}'") from None
    except OSError as error:
        raise MediaError(f"the {what} '{name}' cannot be reached: {reason(error)}") from None
    if found.is_dir():
        raise MediaError(f"'{name}' is a folder, not a {what}")
    if not found.is_file():
        raise MediaError(f"'{name}' is a device or pipe, not a {what} file")
    if status.st_size == 0:
        raise MediaError(f"the {what} '{name}' is empty (0 bytes)")
    try:
        with found.open("rb"):
            pass
    except OSError as error:
        raise MediaError(f"the {what} '{name}' cannot be read: {reason(error)}") from None
    return found


@dataclass(frozen=True, slots=True)
class Tree:
    """The files below a folder, sorted: pictures and videos, and all others."""

    media: tuple[Path, ...]
    others: tuple[Path, ...]


def media_in(folder: str | os.PathLike[str]) -> Tree:
    """The files below a folder; hidden files and folders are left out, links to folders not followed (they may lead in
    circles or out of the tree). Raises MediaError when a folder cannot be read."""
    media: list[Path] = []
    others: list[Path] = []

    def refuse(error: OSError) -> None:
        raise MediaError(f"the folder '{shown(error.filename or folder)}' cannot be read: {reason(error)}") from None

    for root, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(root) / name
            if not name.startswith(".") and path.is_file():
                (others if kind_of(name) is None else media).append(path)
    return Tree(tuple(media), tuple(others))


def same_file(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Whether two paths lead to one file, also over links, and when the second does not exist yet."""
    with contextlib.suppress(OSError):
        return Path(one).samefile(other)
    return Path(one).resolve() == Path(other).resolve()


@contextlib.contextmanager
def writing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path beside `path`, moved there when the block ends well and removed when it does not (Ctrl-C
    too): a reader sees the old file or the whole new one. An OSError inside becomes a MediaError (disk full)."""
    target = Path(path)
    name = shown(path)
    try:
        if not target.parent.is_dir():
            raise MediaError(f"the folder of '{name}' does not exist: make it first")
        if target.is_dir():
            raise MediaError(f"'{name}' is a folder: name a file in it")
        if target.exists() and not target.is_file():
            # A file moved there would take the device's place, for every program on this machine.
            raise MediaError(f"'{name}' is a device or pipe: name a file")
    except OSError as error:
        raise MediaError(f"'{name}' cannot be written: {reason(error)}") from None
    temporary = target.parent / f".edge-face-{os.urandom(6).hex()}.part{target.suffix}"
    try:
        # Opened once by us: permissions are found out before any work, and the umask decides the mode.
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        yield temporary
        temporary.replace(target)
    except OSError as error:
        if isinstance(error, MediaError):
            raise
        raise MediaError(f"'{name}' cannot be written: {reason(error)}") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def reason(error: OSError) -> str:
    """Why, in words: the common ones with the way out."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full: free some space and try again"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "permission denied"
    if error.errno == errno.EROFS:
        return "the disk is read-only"
    return (error.strerror or str(error)).lower()
