"""Whose faces a set of pictures shows and what each person is for: folders with a folder per person, LFW, CSV.

No pixels are read here. People are never shared between roles, and a held-out person is never trained on.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.faces import ROLES, SUFFIXES
from edge_face.errors import MediaError

_NUMBERED = re.compile(r"^(?P<person>.+?)[ _-]\d+$")
"""A file of a flat folder in LFW's manner: name_0001.jpg."""
FEWEST = 2
"""People needed to learn to tell people apart, and to choose a checkpoint by."""
HELD_OUT = "heldout"


@dataclass(frozen=True, slots=True)
class Entry:
    """One picture. `role` is what a CSV says of its person ("" where it says nothing)."""

    file: Path
    person: str
    role: str = ""


def read_listing(path: Path) -> tuple[Entry, ...]:
    """The pictures of a folder per person, of a flat folder of name_0001.jpg, or of a CSV, sorted by person and file.

    Raises MediaError: nothing there, no picture, a CSV that cannot be read.
    """
    if path.is_dir():
        return _tree(path)
    if path.is_file() and path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return _table(path)
    what = "is no folder and no .csv file" if path.exists() else "does not exist"
    raise MediaError(f"{path} {what}: name a folder with a folder for each person, or a CSV with file,person[,role]")


def _tree(folder: Path) -> tuple[Entry, ...]:
    homes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    found = [Entry(file, home.name) for home in homes for file in sorted(home.rglob("*")) if _is_picture(file)]
    if not found:
        flat = [(file, _NUMBERED.match(file.stem)) for file in sorted(folder.iterdir()) if _is_picture(file)]
        found = [Entry(file, match["person"]) for file, match in flat if match is not None]
    if not found:
        raise MediaError(f"{folder} has no pictures of people: expected is a folder for each person with "
                         f"{', '.join(SUFFIXES)} files, or files called name_0001.jpg")
    return tuple(found)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _table(path: Path) -> tuple[Entry, ...]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError(f"{path} cannot be read as text in UTF-8 ({error})") from error
    if "\0" in text:
        raise MediaError(f"{path} is no text file")
    rows = csv.DictReader(text.splitlines(), delimiter="\t" if path.suffix.lower() == ".tsv" else ",", skipinitialspace=True)
    if not {"file", "person"} <= set(rows.fieldnames or ()):
        raise MediaError(f"the first line of {path} must name the columns file,person (and role, if you like)")
    entries = []
    try:
        for row in rows:
            file, person, role = ((row.get(name) or "").strip() for name in ("file", "person", "role"))
            if not file or not person:
                raise MediaError(f"line {rows.line_num} of {path} names no {'person' if file else 'file'}")
            if role and role not in (*ROLES, HELD_OUT, "test"):
                raise MediaError(f"line {rows.line_num} of {path}: the role {role!r} is none of {', '.join(ROLES)}, {HELD_OUT}")
            entries.append(Entry(path.parent / file, person, HELD_OUT if role == "test" else role))
    except csv.Error as error:
        raise MediaError(f"line {rows.line_num} of {path} cannot be read: {error}") from error
    if not entries:
        raise MediaError(f"{path} lists no pictures")
    return tuple(sorted(entries, key=lambda entry: (entry.person, str(entry.file))))


def held_out_names(source: Path | Iterable[str] | None) -> frozenset[str]:
    """Names of people set apart for testing: given, one a line in a file, or the folders in a folder. Raises MediaError."""
    if source is None:
        return frozenset()
    if not isinstance(source, Path):
        return frozenset(source)
    if source.is_dir():
        return frozenset(entry.person for entry in read_listing(source))
    try:
        lines = source.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise MediaError(f"the list of held-out people {source} cannot be read ({error}): one name a line is expected") from error
    names = frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    if not names:
        raise MediaError(f"the list of held-out people {source} is empty: write one name a line, or leave the list out")
    return names


def refuse_held_out(entries: Sequence[Entry], source: Path | Iterable[str] | None) -> None:
    """A test person inside the training set makes every figure a lie: by name, or by a picture that is the same file.

    Raises MediaError naming the first few.
    """
    names = {name.casefold() for name in held_out_names(source)}
    inside = sorted({entry.person for entry in entries if entry.role != HELD_OUT and entry.person.casefold() in names})
    if inside:
        raise MediaError(f"{_few(inside)} {'is' if len(inside) == 1 else 'are'} held out for testing but also among the people "
                         "to train on: take them out of one of the two")
    if isinstance(source, Path) and source.is_dir():
        sizes: dict[int, list[Path]] = {}
        for entry in read_listing(source):
            sizes.setdefault(entry.file.stat().st_size, []).append(entry.file)
        for entry in entries:
            if entry.role == HELD_OUT or not entry.file.is_file():
                continue
            for twin in sizes.get(entry.file.stat().st_size, ()):
                if digest(twin) == digest(entry.file):
                    raise MediaError(f"{entry.file} is the same picture as {twin}, which is held out for testing: "
                                     "take it out of the training set")
    roles: dict[str, set[str]] = {}
    for entry in entries:
        roles.setdefault(entry.person, set()).add(entry.role or "train")
    torn = sorted(person for person, given in roles.items() if len(given) > 1)
    if torn:
        raise MediaError(f"{_few(torn)} {'has' if len(torn) == 1 else 'have'} pictures in several roles: "
                         "a person is trained on or tested on, never both")


def digest(file: Path) -> str:
    """SHA-256 of a file's bytes. Raises MediaError."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise MediaError(f"{file} cannot be read ({error.strerror})") from error


def chosen(entries: Sequence[Entry], role: str, share: float, seed: int = 0) -> tuple[Entry, ...]:
    """The entries of a role ("train", "selection", "thresholds", or "all" but held-out people).

    Where no role is stated, `share` of the people are for selection, by a hash of their names: adding people later moves
    nobody from one side to the other (but for the very few people that make up FEWEST). Raises MediaError.
    """
    if role != "all" and role not in ROLES:
        raise ValueError(f"unknown role {role!r}: {', '.join(ROLES)}, all")
    usable = [entry for entry in entries if entry.role != HELD_OUT]
    people = sorted({entry.person for entry in usable})
    if not people:
        raise MediaError("the list of people to train on is empty: everybody is held out")
    if len(people) < FEWEST:
        raise MediaError(f"there is one person only ({people[0]}): telling people apart takes at least {FEWEST}, better hundreds")
    if role == "all":
        return tuple(usable)
    if any(entry.role for entry in usable):
        part = tuple(entry for entry in usable if (entry.role or "train") == role)
        if not part:
            raise MediaError(f"no picture has the role {role}: give some people that role, or leave the column out")
        return part
    if role == "thresholds":
        raise MediaError("nobody is set apart for thresholds: name them by a CSV with a role column")
    set_apart = _by_hash(people, share, seed)
    return tuple(entry for entry in usable if (entry.person in set_apart) == (role == "selection"))


def _by_hash(people: Sequence[str], share: float, seed: int) -> set[str]:
    place = {name: int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big") / 2**64 for name in people}
    apart = {name for name in people if place[name] < share}
    order = sorted(people, key=place.__getitem__)
    if share > 0 and len(apart) < FEWEST:
        if len(people) < 2 * FEWEST:
            raise MediaError(f"{len(people)} people are too few to set {FEWEST} of them apart for choosing checkpoints: add people")
        apart = set(order[:FEWEST])
    if len(people) - len(apart) < FEWEST:
        apart = set(order[:max(len(people) - FEWEST, 0)])
    return apart


def single_pictures(entries: Sequence[Entry]) -> tuple[str, ...]:
    """People with one picture only: nothing can be learned of what stays the same about them."""
    return tuple(sorted(name for name, count in Counter(entry.person for entry in entries).items() if count == 1))


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
