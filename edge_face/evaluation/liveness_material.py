"""What `edge-face eval liveness` is given: clips with labels, pictures with labels, in one of the forms of docs/liveness.md.

Clips: a `.jsonl` beside a video says which faces each frame shows and which of them are attacks (as edge_face/demo/clips); a
`clips.csv` in the folder says it of whole videos; else the name does: `species__subject.mp4`, `live__subject.mp4`.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from edge_face.errors import MediaError
from edge_face.evaluation.leaks import LabelledFace, read_labels
from edge_face.evaluation.pictures import listed, read_lines
from edge_face.media import Kind, kind_of, media_in
from edge_face.media.paths import shown
from edge_face.types import Box

CLIPS = "clips.csv"
LIVE = frozenset({"live", "bona fide", "bonafide", "bona-fide", "real"})
YES, NO = frozenset({"1", "yes", "true", "simulated"}), frozenset({"", "0", "no", "false", "real"})
COLUMNS = ("file", "species", "subject", "group", "simulated")


@dataclass(frozen=True, slots=True)
class Clip:
    """A video and what is known of it. `faces`: the labelled faces by frame, None where the whole clip shows one presentation of
    `species` (None: bona fide)."""

    path: Path
    name: str
    species: str | None
    subject: str
    group: str
    simulated: bool
    faces: Mapping[int, tuple[LabelledFace, ...]] | None


@dataclass(frozen=True, slots=True)
class Still:
    """A picture; `box`: the face where the labels say so."""

    path: Path
    name: str
    species: str | None
    subject: str
    group: str
    simulated: bool
    box: Box | None = None


def read_clips(folder: str | os.PathLike[str]) -> list[Clip]:
    """The labelled videos below a folder. Raises MediaError naming the file or line that is wrong."""
    home = Path(folder)
    if not home.is_dir():
        raise MediaError(f"there is no folder '{shown(folder)}': --clips names a folder of videos and their labels")
    videos = {path.relative_to(home).as_posix(): path for path in media_in(home).media if kind_of(path) is Kind.VIDEO}
    if not videos:
        raise MediaError(f"there is no video in the folder '{shown(folder)}'")
    rows = _table(home / CLIPS) if (home / CLIPS).exists() else {}
    unknown = sorted(set(rows) - set(videos))
    if unknown:
        raise MediaError(f"'{shown(home / CLIPS)}' names videos that are not there: {listed(unknown).replace('picture', 'video')}")
    return [_clip(name, path, rows.get(name)) for name, path in sorted(videos.items())]


def _clip(name: str, path: Path, row: Mapping[str, str] | None) -> Clip:
    given = row or {}
    labels = path.with_suffix(".jsonl")
    species: str | None = None
    subject = given.get("subject", "")
    faces = None
    if labels.is_file():
        faces = read_labels(labels)
        if not any(faces.values()):
            raise MediaError(f"the labels '{shown(labels)}' name no face in any frame")
    elif given.get("species"):
        species = _species(given["species"])
    else:
        said, _, rest = path.stem.partition("__")
        if not rest or not said:
            raise MediaError(f"what does '{shown(path)}' show? Put labels beside it ({labels.name}), name it in {CLIPS}, or name it "
                             "'species__subject.mp4' ('live__subject.mp4' for a living person)")
        species, subject = _species(said), subject or rest.partition("__")[0]
    return Clip(path, name, species, subject, given.get("group", ""), _simulated(given.get("simulated", ""), name), faces)


def _table(path: Path) -> dict[str, dict[str, str]]:
    """The rows of a CSV file by their file."""
    rows = csv.DictReader(read_lines(path, "list of clips"))
    heads = {str(head).strip() for head in rows.fieldnames or ()}
    if "file" not in heads:
        raise MediaError(f"'{shown(path)}' has no column 'file': its first line is '{','.join(COLUMNS)}'")
    table: dict[str, dict[str, str]] = {}
    for row in rows:
        values = {str(key).strip(): str(value or "").strip() for key, value in row.items() if key is not None}
        file = PurePosixPath(values["file"]).as_posix()
        if not values["file"] or file in table:
            raise MediaError(f"line {rows.line_num} of '{shown(path)}' names no file, or one that was named before")
        _simulated(values.get("simulated", ""), file)
        table[file] = values
    return table


def read_stills(folder: str | os.PathLike[str], labels: str | os.PathLike[str], subjects: frozenset[str] = frozenset()) -> list[Still]:
    """Pictures with labels: JSON lines {"file", "label": "live" or a species, "subject", and where known "species", "group",
    "simulated", "box"}, or CSV with such columns. `subjects`: these alone, where any is named. Raises MediaError naming what is
    wrong."""
    home = Path(folder)
    if not home.is_dir():
        raise MediaError(f"there is no folder '{shown(folder)}': --images names a folder of pictures")
    if str(labels).lower().endswith(".csv"):
        rows: dict[int, Mapping[str, Any]] = dict(enumerate(_table(Path(labels)).values(), 2))
    else:
        rows = {number: _row(line, number, labels) for number, line in enumerate(read_lines(labels, "labels file"), 1) if line.strip()}
    if not rows:
        raise MediaError(f"the labels '{shown(labels)}' are empty: one picture a line is expected")
    stills = [_still(home, row, number, labels) for number, row in rows.items()]
    if subjects:
        absent = sorted(subjects - {still.subject for still in stills})
        if absent:
            raise MediaError(f"the labels '{shown(labels)}' know nobody called {', '.join(absent)}")
        stills = [still for still in stills if still.subject in subjects]
    missing = [still.name for still in stills if not still.path.is_file()]
    if missing:
        raise MediaError(f"the labels '{shown(labels)}' name {listed(missing)}, not to be found in '{shown(folder)}'")
    return stills


def _row(line: str, number: int, labels: str | os.PathLike[str]) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, Mapping):
        raise MediaError(f"line {number} of the labels '{shown(labels)}' is no JSON object: "
                         '{"file": "a.png", "label": "live", "subject": "ana"} is expected')
    return row


def _still(home: Path, row: Mapping[str, Any], number: int, labels: str | os.PathLike[str]) -> Still:
    file, label = row.get("file"), row.get("label") or row.get("species")
    if not isinstance(file, str) or not file or not isinstance(label, str):
        raise MediaError(f"line {number} of the labels '{shown(labels)}' must name a file and a label ('live', or what the attack is)")
    if PurePosixPath(file).is_absolute() or ".." in PurePosixPath(file).parts:
        raise MediaError(f"line {number} of the labels '{shown(labels)}' names a file outside of the folder: {file[:60]!r}")
    live = label.strip().lower() in LIVE
    box = row.get("box") or None
    try:
        place = None if box is None else Box(*(float(value) for value in box))
    except (TypeError, ValueError):
        raise MediaError(f"line {number} of the labels '{shown(labels)}' has a box that is not [x, y, width, height]") from None
    given = row.get("simulated", "")
    simulated = given if isinstance(given, bool) else _simulated(str(given), file)
    return Still(home / file, file, None if live else _species(str(row.get("species") or label)), str(row.get("subject") or ""),
                 str(row.get("group") or ""), simulated, place)


def _species(word: str) -> str | None:
    return None if word.strip().lower() in LIVE else word.strip()


def _simulated(word: str, file: str) -> bool:
    if word.strip().lower() in YES | NO:
        return word.strip().lower() in YES
    raise MediaError(f"is '{shown(file)}' simulated? The column 'simulated' says yes or no, not {word[:30]!r}")
