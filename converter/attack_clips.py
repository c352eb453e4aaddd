"""Simulated attacks as files: clips or pictures of people held up as prints and screens, with labels for `edge-face eval liveness`.

What is written shows the people of the data: it belongs to them and is for measuring, never for a repository.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from converter.training.attacks import SPECIES, Picture, present, present_track
from edge_face.errors import MediaError
from edge_face.evaluation.embedding_run import FaceFinder, Progress, main_face
from edge_face.evaluation.liveness_material import CLIPS, COLUMNS
from edge_face.media import Kind, VideoWriter, kind_of, media_in, read_picture, write_picture

LEAST_FACE = 40.0
"""Pixels of a face's height below which a picture shows too little to be held up."""
MOST_DRAWN = 50
"""Pictures that are tried in a row before the data is called unfit."""
LABELS = "pictures.jsonl"
FPS = 15.0


@dataclass(frozen=True, slots=True)
class Plan:
    """`number` presentations of each of `species`; clips of `frames` at `fps`, or with `stills` one picture each. `face`: height of
    the face in the clips' pixels, drawn between; `size`: width and height of a clip of an attack."""

    species: tuple[str, ...]
    number: int
    stills: bool
    frames: int = 30
    fps: float = FPS
    face: tuple[float, float] = (105.0, 190.0)
    size: tuple[int, int] = (640, 480)
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody and their pictures."""

    name: str
    pictures: tuple[Path, ...]


def read_people(data: Path) -> list[Person]:
    """A folder for each person, or pictures of one person each. Raises MediaError."""
    if not data.is_dir():
        raise MediaError(f"there is no folder '{data}': --data names a folder of pictures, or of a folder for each person")
    files = [path for path in media_in(data).media if kind_of(path) is Kind.PICTURE]
    if not files:
        raise MediaError(f"there is no picture in the folder '{data}'")
    homes: dict[str, list[Path]] = {}
    for path in files:
        parts = path.relative_to(data).parts
        homes.setdefault(parts[0] if len(parts) > 1 else path.stem, []).append(path)
    return [Person(name, tuple(own)) for name, own in sorted(homes.items())]


def simulate(people: Sequence[Person], plan: Plan, finder: FaceFinder, out: Path,
             progress: Progress = lambda done, total: None) -> int:
    """Writes the presentations and their labels into the empty folder `out`; how many. The same seed and data give the same files.
    Raises MediaError."""
    home = out / ("pictures" if plan.stills else "clips")
    home.mkdir()
    rows: list[dict[str, object]] = []
    total = len(plan.species) * plan.number
    progress(0, total)
    for number, (species, person, picture, rng) in enumerate(_draws(people, plan, finder)):
        name = f"{species}-{number % plan.number + 1:04d}{'.png' if plan.stills else '.mp4'}"
        row: dict[str, object] = {"file": name, "species": "live" if SPECIES[species].live else species, "subject": person.name,
                                  "group": "", "simulated": True}
        if plan.stills:
            shown = present(species, *picture, rng)
            write_picture(home / name, shown.image)
            row |= {"label": row["species"], "box": [round(v, 2) for v in (shown.box.x, shown.box.y, shown.box.width, shown.box.height)]}
        else:
            _write_clip(home / name, species, picture, plan, rng)
        rows.append(row)
        progress(number + 1, total)
    _write_labels(out, home, rows, plan)
    return len(rows)


def _draws(people: Sequence[Person], plan: Plan, finder: FaceFinder) -> Iterator[tuple[str, Person, Picture, np.random.Generator]]:
    """Species after species, people in turn, each with a face that is large enough; a random generator for each."""
    chooser = np.random.default_rng(plan.seed)
    for index, species in enumerate(plan.species):
        order = chooser.permutation(len(people))
        for number in range(plan.number):
            rng = np.random.default_rng((plan.seed, index, number))
            for trial in range(MOST_DRAWN):
                person = people[int(order[(number + trial) % len(people)])]
                picture = _face(person.pictures[int(rng.integers(len(person.pictures)))], finder)
                if picture is not None:
                    break
            else:
                raise MediaError(f"in {MOST_DRAWN} pictures in a row no face of {LEAST_FACE:g} px or more was found: are these pictures of "
                                 "people with some surroundings (not crops of faces)?")
            yield species, person, picture, rng


def _face(path: Path, finder: FaceFinder) -> Picture | None:
    try:
        image = read_picture(path)
    except MediaError:
        return None
    found = main_face(finder.detect(image, finder.recognise), image.shape[1], image.shape[0])
    return None if found is None or found.box.height < LEAST_FACE else (image, found.box, found.landmarks)


def _write_clip(path: Path, species: str, picture: Picture, plan: Plan, rng: np.random.Generator) -> None:
    face = float(rng.uniform(*plan.face))
    frames = present_track(species, [picture], rng, plan.frames, plan.fps, face=face, size=plan.size)
    first = next(frames)
    height, width = first.image.shape[:2]  # a living person's picture ends where the given one does: nothing is filled in
    with VideoWriter(path, width, height, plan.fps, quality=20) as writer:
        writer.write(first.image)
        for shown in frames:
            writer.write(shown.image)


def _write_labels(out: Path, home: Path, rows: Sequence[dict[str, object]], plan: Plan) -> None:
    if plan.stills:
        (out / LABELS).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return
    with (home / CLIPS).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "simulated": "yes"} for row in rows)
