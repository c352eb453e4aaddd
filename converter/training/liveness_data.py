"""Pictures for liveness: NUAA's living people and prints, portraits with their surroundings, aligned faces, a user's own.

Every picture keeps the file's bytes and is decoded when it is used, so that a hundred thousand fit in memory. What is trained
on, calibrated on and tested is fixed here for all: `part_of`.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.faces import ROLES
from converter.training.attacks import SPECIES
from edge_face.errors import MediaError
from edge_face.types import Box, Floats, Image
from edge_face.vision.align import TEMPLATE

TEST = frozenset({"0003", "0006", "0009", "0012", "0013", "0014", "0016"})
CALIBRATION = frozenset({"0002", "0010"})
"""NUAA's subjects; the rest trains."""
LEFT_OUT = "cut-out"
"""The species that neither training nor calibration sees, for the honest figure on the unknown."""
MARGIN = 8
ALIGNED = Box(24.0, 16.0, 80.0, 109.0)
"""The face's box in an aligned crop of 128x128, in the proportions that the detector gives boxes."""
LEAST = 40.0
"""Height in pixels of the smallest face that is used."""
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})
Say = Callable[[str], None]
Finder = Callable[[Image], "tuple[Box, Floats] | None"]


@dataclass(frozen=True, eq=False)
class Shot:
    """One face of one picture. `species`: "live", "print" of NUAA, or a user's; `box` and `landmarks` (5, 2) in its pixels;
    `subject` is who it is, or the file where nobody says; `source`: nuaa, detect, faces or own."""

    blob: bytes
    box: Box
    landmarks: Floats
    species: str
    subject: str
    source: str

    @property
    def live(self) -> bool:
        return self.species == "live"

    def image(self) -> Image:
        """Decoded, BGR. Raises MediaError."""
        return _decoded(self.blob, self.source)


@dataclass(frozen=True, eq=False)
class Album:
    """What was loaded of one part: faces, empty rooms (encoded), and what was left out."""

    shots: tuple[Shot, ...]
    rooms: tuple[bytes, ...]
    skipped: tuple[str, ...] = ()

    def of(self, source: str, live: bool) -> tuple[Shot, ...]:
        return tuple(shot for shot in self.shots if shot.source == source and shot.live == live)

    def room(self, rng: np.random.Generator) -> Image | None:
        """An empty room, or None for one in five and where there are none."""
        if not self.rooms or rng.random() < 0.2:
            return None
        return _decoded(self.rooms[int(rng.integers(len(self.rooms)))], "rooms")


def part_of(source: str, name: str) -> str:
    """"train", "calibration" or "test": NUAA by subject, everything else by the name of subject or file (8 : 1 : 1)."""
    if source == "nuaa":
        return "test" if name in TEST else "calibration" if name in CALIBRATION else "train"
    tenth = int(hashlib.sha256(f"liveness:{name}".encode()).hexdigest()[:8], 16) % 10
    return ("calibration", "test")[tenth] if tenth < 2 else "train"


def load_album(folder: Path, part: str, finder: Finder | None = None, faces: int = 12000, say: Say = lambda text: None) -> Album:
    """The faces of a part in `folder`: those of its folders liveness/ (nuaa.jsonl), detect/ and faces/ (shards; at most
    `faces` of them) that are there, or a user's own: LIVE/ and ATTACK-<species>/ with pictures or a folder per person.

    `finder` finds faces where no labels do (default: the shipped detector). Raises MediaError.
    """
    finder = finder or shipped_finder()
    shots: list[Shot] = []
    rooms: list[bytes] = []
    skipped: list[str] = []
    if (folder / "liveness" / "nuaa.jsonl").is_file():
        shots += _nuaa(folder / "liveness", part, finder, skipped, say)
    if (folder / "detect" / "detect.jsonl").is_file():
        shots += _portraits(folder / "detect", part, rooms)
    if (folder / "faces").is_dir():
        shots += _aligned(folder / "faces", part, faces)
    shots += _own(folder, part, finder, skipped, say)
    if not any(shot.live for shot in shots):
        raise MediaError(f"{folder} has no living faces for {part}: it needs LIVE/ (and best ATTACK-print/, ATTACK-screen/, ...) with "
                         "pictures or a folder per person (a tenth of the people is held out by name: twenty or more are wanted), or "
                         "liveness/, detect/ or faces/ as docs/training-liveness.md describes them")
    return Album(tuple(shots), tuple(rooms), tuple(skipped))


def shipped_finder() -> Finder:
    """The largest face that the shipped detector finds."""
    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.detector import Detector

    detector = Detector(load_bundle("", "detector"))

    def find(image: Image) -> tuple[Box, Floats] | None:
        found = detector.detect(image, 0.3)
        if not found:
            return None
        best = max(found, key=lambda face: face.box.area)
        return best.box, best.landmarks

    return find


def data_digest(folder: Path) -> str:
    """SHA-256 over what the faces come from: labels and splits, and names and sizes of a user's pictures."""
    total = hashlib.sha256()
    for name in ("liveness/nuaa.jsonl", "detect/detect.jsonl", "faces/split.npz"):
        path = folder / name
        total.update(path.read_bytes() if path.is_file() else b"-")
    for _, path in _own_files(folder):
        total.update(f"{path.relative_to(folder).as_posix()} {path.stat().st_size}".encode())
    return total.hexdigest()


def _nuaa(folder: Path, part: str, finder: Finder, skipped: list[str], say: Say) -> Iterator[Shot]:
    wanted = {record["file"]: record for record in _records(folder / "nuaa.jsonl") if part_of("nuaa", record["subject"]) == part}
    say(f"finding {len(wanted)} faces of NUAA ({part})")
    for name, blob in _members(folder / "nuaa.tar", wanted):
        record = wanted[name]
        found = finder(_decoded(blob, name))
        if found is None or found[0].height < LEAST:
            skipped.append(f"{name}: no face is found")
            continue
        yield Shot(blob, *found, record["label"], record["subject"], "nuaa")


def _portraits(folder: Path, part: str, rooms: list[bytes]) -> Iterator[Shot]:
    wanted = {record["file"]: record for record in _records(folder / "detect.jsonl") if part_of("detect", record["file"]) == part}
    for name, blob in _members(folder / "detect.tar", wanted):
        record = wanted[name]
        if record["kind"] == "background":
            rooms.append(blob)
        elif record["kind"] == "portrait" and len(record["faces"]) == 1 and not record["faces"][0].get("ignore"):
            face = record["faces"][0]
            points = face.get("landmarks")
            if points is not None and None not in points and face["box"][3] >= LEAST:
                box = Box(*(float(v) for v in face["box"]))
                yield Shot(blob, box, np.asarray(points, np.float32).reshape(5, 2), "live", name, "detect")


def _aligned(folder: Path, part: str, most: int) -> Iterator[Shot]:
    role = ROLES[{"train": "train", "calibration": "selection", "test": "thresholds"}[part]]
    paths = sorted(path for path in folder.glob("faces-*.npz") if path.stem.partition("-")[2].isdigit())
    try:
        with np.load(folder / "split.npz") as split:
            chosen = [np.flatnonzero(split[f"shard{number}"] == role) for number in range(len(paths))]
        total = sum(map(len, chosen))
        step = max(total // max(most, 1), 1)
        for number, path in enumerate(paths):
            with np.load(path) as shard:
                data, offsets, identity = shard["data"], shard["offsets"], shard["identity"]
            for face in chosen[number][::step]:
                blob = data[offsets[face]:offsets[face + 1]].tobytes()
                who = f"{identity[face]}" if identity[face] >= 0 else f"{path.stem}:{face}"
                yield Shot(blob, ALIGNED, (TEMPLATE + MARGIN).astype(np.float32), "live", who, "faces")
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile) as error:
        raise MediaError(f"the shards in {folder} cannot be read ({error}): fetch them again") from error


def _own(folder: Path, part: str, finder: Finder, skipped: list[str], say: Say) -> Iterator[Shot]:
    files = list(_own_files(folder))
    if files:
        say(f"finding faces in {len(files)} pictures of {folder}")
    for species, path in files:
        top = path.relative_to(folder).parts
        subject = top[1] if len(top) > 2 else path.stem
        if part_of("own", subject) != part:
            continue
        try:
            blob = path.read_bytes()
            found = finder(_decoded(blob, path.name))
        except (OSError, MediaError) as error:
            skipped.append(f"{path.name}: {error}")
            continue
        if found is None or found[0].height < LEAST:
            skipped.append(f"{path.name}: no face is found")
            continue
        yield Shot(blob, *found, species, subject, "own")


def _own_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Species and file of a user's own pictures. Raises MediaError for a folder ATTACK- without a species."""
    for home in sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else ():
        if home.name == "LIVE":
            species = "live"
        elif home.name.startswith("ATTACK-"):
            species = home.name.removeprefix("ATTACK-").lower()
            if not species or species == "live":
                raise MediaError(f"{home} names no species of attack: call it ATTACK-print, ATTACK-screen, or whatever it shows "
                                 f"(the simulated ones are {', '.join(name for name in SPECIES if name != 'live')})")
        else:
            continue
        for path in sorted(home.rglob("*")):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                yield species, path


def _records(path: Path) -> Iterator[dict[str, Any]]:
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.strip():
                yield json.loads(line)
    except (OSError, ValueError) as error:
        raise MediaError(f"{path} cannot be read ({error}): fetch it again") from error


def _members(tar: Path, wanted: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    """Names and contents, from the archive or the folder of its pictures."""
    if not tar.is_file():
        for name in wanted:
            yield name, (tar.parent / name).read_bytes()
        return
    try:
        with tarfile.open(tar) as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                if name in wanted and (stream := archive.extractfile(member)) is not None:
                    yield name, stream.read()
    except (OSError, tarfile.TarError) as error:
        raise MediaError(f"{tar} cannot be read ({error}): fetch it again") from error


def _decoded(blob: bytes, name: str) -> Image:
    image: NDArray[Any] | None = cv2.imdecode(np.frombuffer(blob, np.uint8), cv2.IMREAD_COLOR) if blob else None
    if image is None:
        raise MediaError(f"{name} is no picture that can be read")
    return np.asarray(image, np.uint8)
