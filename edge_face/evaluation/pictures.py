"""Whose pictures they are: a folder of people, and lists of pairs in the format of Labelled Faces in the Wild.

G. Huang et al., "Labeled Faces in the Wild", UMass Amherst 07-49, 2007: `name/name_0001.jpg`, and a pairs file with a
line `folds <tab> n`, then for each fold n lines `name i j` (one person) and n lines `name i name j` (two people).
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from edge_face.errors import MediaError
from edge_face.media import Kind, kind_of, media_in
from edge_face.media.paths import reason, shown

_NUMBERED = re.compile(r"(.*?)[\s_.-]*(\d+)", re.ASCII | re.DOTALL)
FOLDS = 10
"""Folds that a pairs file without folds (LFW's development sets) is dealt into."""
MOST_SHOWN = 5


@dataclass(frozen=True, eq=False)
class PictureSet:
    """Pictures below `folder`: `files` by their path in it ("ana/ana_0001.jpg"), sorted; `people` the names; `person`
    (n,) indices into `people`, one for each file."""

    folder: Path
    files: tuple[str, ...]
    people: tuple[str, ...]
    person: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.files)

    def path(self, index: int) -> Path:
        return self.folder / self.files[index]

    @cached_property
    def by_number(self) -> Mapping[tuple[str, int], int]:
        """Index of a picture by its person and the number at the end of its name."""
        found: dict[tuple[str, int], int] = {}
        for index, file in enumerate(self.files):
            number = _number(file)
            if number is not None:
                found.setdefault((self.people[self.person[index]], number), index)
        return found

    @cached_property
    def by_file(self) -> Mapping[str, int]:
        """Index of a picture by its path in the folder."""
        return {file: index for index, file in enumerate(self.files)}

    def only(self, indices: Sequence[int]) -> PictureSet:
        """Some of the pictures, in the order of `indices`; people keep their numbers."""
        return PictureSet(self.folder, tuple(self.files[i] for i in indices), self.people, self.person[list(indices)])


@dataclass(frozen=True, slots=True)
class Pair:
    """A listed pair: two indices into the files, whether it is one person, and its fold."""

    left: int
    right: int
    same: bool
    fold: int


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of a file; `missing`: the pictures that it names and that are not there; `left_out`: its pairs with them."""

    pairs: tuple[Pair, ...]
    missing: tuple[str, ...] = ()
    left_out: int = 0


def person_of(file: str) -> str:
    """The picture's folder, or in a flat folder the name before the number ("ana_0001.jpg" -> "ana")."""
    path = PurePosixPath(file)
    if len(path.parts) > 1:
        return path.parent.as_posix()
    match = _NUMBERED.fullmatch(path.stem)
    return match[1] if match and match[1] else path.stem


def _number(file: str) -> int | None:
    match = _NUMBERED.fullmatch(PurePosixPath(file).stem)
    return int(match[2]) if match else None


def open_pictures(folder: str | os.PathLike[str]) -> PictureSet:
    """All pictures in a folder and below it (videos and other files are passed over). Raises MediaError: no folder, no
    picture in it."""
    home = Path(folder)
    if not home.is_dir():
        raise MediaError(f"there is no folder '{shown(folder)}': name one with a folder of pictures for each person")
    files = sorted(path.relative_to(home).as_posix() for path in media_in(home).media if kind_of(path) is Kind.PICTURE)
    if not files:
        raise MediaError(f"there is no picture in the folder '{shown(folder)}': a folder for each person is expected, "
                         "or files such as ana_0001.jpg")
    names = [person_of(file) for file in files]
    people, person = np.unique(np.array(names, dtype=object), return_inverse=True)
    return PictureSet(home, tuple(files), tuple(str(name) for name in people), person.astype(np.int64).reshape(-1))


def read_lines(path: str | os.PathLike[str], what: str) -> list[str]:
    """The lines of a UTF-8 text file without their ends. Raises MediaError naming `what` it should have been."""
    name = shown(path)
    try:
        if not Path(path).is_file():
            raise MediaError(f"there is no {what} '{name}'")
        return Path(path).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise MediaError(f"the {what} '{name}' is no UTF-8 text") from None
    except OSError as error:
        if isinstance(error, MediaError):
            raise
        raise MediaError(f"the {what} '{name}' cannot be read: {reason(error)}") from None


def read_pairs(path: str | os.PathLike[str], pictures: PictureSet, *, strict: bool = False) -> Pairs:
    """The pairs of a file in LFW's format. Pairs that name a missing picture are left out and counted, or refused when
    `strict`. Raises MediaError naming the line that is wrong."""
    name = shown(path)
    lines = [(number, line) for number, line in enumerate(read_lines(path, "pairs file"), 1) if line.strip()]
    if not lines:
        raise MediaError(f"the pairs file '{name}' is empty: its first line is the number of folds and of pairs, such as '10 300'")
    head = lines[0][1].split()
    if len(head) > 2 or not all(word.isdecimal() and int(word) for word in head):
        raise MediaError(f"line {lines[0][0]} of the pairs file '{name}' is no head such as '10 300' (folds, pairs of each "
                         f"kind in a fold): {lines[0][1][:60]!r}")
    folds, each = (int(head[0]), int(head[1])) if len(head) == 2 else (1, int(head[0]))
    if len(lines) - 1 != folds * each * 2:
        raise MediaError(f"the pairs file '{name}' states {folds} x 2 x {each} = {folds * each * 2} pairs and lists "
                         f"{len(lines) - 1}: it is cut off or its head is wrong")
    found: list[Pair] = []
    missing: dict[str, None] = {}
    left_out = 0
    for position, (number, line) in enumerate(lines[1:]):
        left, right = _two(line, number, name)
        indices = [pictures.by_number.get(key) for key in (left, right)]
        if indices[0] is None or indices[1] is None:
            left_out += 1
            missing.update((f"{person}/{person}_{n:04d}", None)
                           for (person, n), index in zip((left, right), indices, strict=True) if index is None)
            continue
        fold = position // (2 * each) if folds > 1 else position % FOLDS
        found.append(Pair(indices[0], indices[1], left[0] == right[0], fold))
    if missing and strict:
        raise MediaError(f"the pairs file '{name}' names {listed(tuple(missing))}, not to be found in '{shown(pictures.folder)}': "
                         "without --strict those pairs are left out and counted")
    if not found:
        raise MediaError(f"of the pictures that the pairs file '{name}' names, no pair is in '{shown(pictures.folder)}' "
                         f"(missing: {listed(tuple(missing))}): is it the list for this folder?")
    if len({pair.fold for pair in found}) < 2:
        raise MediaError(f"the pairs of '{name}' that can be compared lie in one fold: a threshold is chosen on "
                         "other folds, so two are needed")
    return Pairs(tuple(found), tuple(missing), left_out)


def _two(line: str, number: int, name: str) -> tuple[tuple[str, int], tuple[str, int]]:
    """The two pictures of a line as (person, number). Tabs where there are any, for names with spaces."""
    words = [word.strip() for word in (line.split("\t") if "\t" in line else line.split())]
    numbers = words[1::2] if len(words) == 4 else words[1:]
    if len(words) not in (3, 4) or not all(words) or not all(word.isdecimal() for word in numbers):
        raise MediaError(f"line {number} of the pairs file '{name}' is neither 'name i j' nor 'name i name j': {line[:60]!r}")
    if len(words) == 3:
        return (words[0], int(words[1])), (words[0], int(words[2]))
    return (words[0], int(words[1])), (words[2], int(words[3]))


def listed(names: Sequence[str], most: int = MOST_SHOWN) -> str:
    """"3 pictures (a, b, c)", the first few by name."""
    kind = "picture" if len(names) == 1 else "pictures"
    return f"{len(names)} {kind} ({', '.join(map(shown, names[:most]))}{', …' if len(names) > most else ''})"
