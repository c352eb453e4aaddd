"""The keyed head: where the log ends. Two copies, written in turn, so that a power cut spoils one of them at most.

The file never changes its length, so that each commit writes one block of it and nothing of the file system's own.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from pathlib import Path

from edge_face.audit.chain import MAC_HEX, Head, mac

FILE = "head"
PAGE = 4096
SLOT = 512
SIZE = PAGE + SLOT
"""Each copy lies in a block of its own."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One copy. `generation` counts writings; `first`: number of the oldest record that is kept; `wall`: when."""

    generation: int
    head: Head
    first: int
    wall: float


@dataclass(frozen=True, slots=True)
class Marks:
    """What the file says. `newest`: None when neither copy is whole; `spoilt`: how many are not."""

    newest: Mark | None
    spoilt: int
    missing: bool = False


def offset_of(generation: int) -> int:
    return PAGE if generation % 2 else 0


def slot(key: bytes, mark: Mark) -> bytes:
    """512 bytes: JSON, a tab, the MAC, newlines."""
    table = {"g": mark.generation, "log": mark.head.log, "first": mark.first, "n": mark.head.number, "link": mark.head.link.hex(),
             "t": round(mark.wall, 3)}
    body = json.dumps(table, separators=(",", ":")).encode("ascii")
    return (body + b"\t" + mac(key, b"head", body)).ljust(SLOT, b"\n")


def whole_file(key: bytes, mark: Mark) -> bytes:
    """Both copies the same."""
    copy = slot(key, mark)
    return copy.ljust(PAGE, b"\n") + copy


def read_marks(path: Path, key: bytes | None) -> Marks:
    """Raises OSError when the file cannot be read; a missing file is an answer. Without a key MACs are not looked at."""
    try:
        with path.open("rb") as file:
            data = file.read(SIZE + 1)
    except FileNotFoundError:
        return Marks(None, 2, missing=True)
    copies = [_mark_of(data[at:at + SLOT], key) for at in (0, PAGE)]
    spoilt = copies.count(None)
    if not spoilt and (len(data) != SIZE or data[SLOT:PAGE].strip(b"\n")):
        spoilt = 1
    whole = [mark for mark in copies if mark is not None]
    return Marks(max(whole, key=lambda mark: mark.generation, default=None), spoilt)


def _mark_of(raw: bytes, key: bytes | None) -> Mark | None:
    body, tab, rest = raw.partition(b"\t")
    given, filling = rest[:MAC_HEX], rest[MAC_HEX:]
    if not tab or len(raw) != SLOT or filling.strip(b"\n"):
        return None
    if key is not None and not hmac.compare_digest(mac(key, b"head", body), given):
        return None
    try:
        table = json.loads(body)
        head = Head(str(table["log"]), int(table["n"]), bytes.fromhex(table["link"]))
        return Mark(int(table["g"]), head, int(table["first"]), float(table["t"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
