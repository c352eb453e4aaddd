"""Tracks for calibrating attack detection: simulated presentations over time and real pictures in a row, as the device sees them.

Landmarks and boxes tremble as a detector's do. A living person's simulated picture ends where the photo of it ends; half of the
attacks are cut to the same margins, so that where a picture ends says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from converter.training.attacks import SPECIES, present_track
from converter.training.liveness_data import LEFT_OUT, Album, Shot
from edge_face.types import Box, Floats, Image
from edge_face.vision.live_cues.texture import Skin
from edge_face.vision.live_track import LiveTrack, picture_cues

LOOKS = (5, 8, 12)
"""After so many looks the cues are taken."""
PICTURE = 1
"""Looks of a sample that is one picture by itself."""
FPS = 15.0
FACE = (80.0, 150.0)
"""Heights of faces in and near the intent zone, in pixels of 640x480."""
ROOM = 0.9
"""So many longer sides of the box must lie beside and above a face for its surroundings to be a picture's own."""
TREMBLE = 0.012
"""How much a detector's boxes and landmarks jump from frame to frame, in eye distances (boxes: in sides)."""
Network = Callable[[Image, Box], float]
Frame = tuple[Image, Box, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One track after some `looks`, or one picture (PICTURE). `species`: "live" or the attack's; `real`: no simulation; `still`: the
    network's answer to the first picture alone."""

    species: str
    subject: str
    source: str
    real: bool
    looks: int
    cues: dict[str, float | None]
    still: float

    @property
    def live(self) -> bool:
        return self.species == "live"


def simulated(album: Album, network: Network, count: int, seed: int, skin: Skin | None = None,
              known: Mapping[int, list[Sample]] | None = None) -> Iterator[list[Sample]]:
    """`count` tracks of every simulated species that calibration may see, and as many living ones as attacks: each of another
    still of the album. Those that are `known` by their number are not measured again."""
    attacks = [name for name, kind in SPECIES.items() if not kind.live and name != LEFT_OUT]
    wanted = [name for _ in range(count) for attack in attacks for name in (attack, "live")]
    shots = _mixed(album, seed)
    for number, species in enumerate(wanted):
        if known and number in known:
            yield known[number]
            continue
        rng = np.random.default_rng((seed, number))
        shot = shots[number % len(shots)]
        yield measured(_frames(species, shot, album, rng), network, species, shot, False, rng, skin)


def pictured(album: Album, network: Network, seed: int, skin: Skin | None = None) -> Iterator[list[Sample]]:
    """Tracks of real pictures, those of one person in a row, without what one picture alone gives: `stills` are every one."""
    rng = np.random.default_rng(seed)
    for source in ("nuaa", "own"):
        for live in (True, False):
            shots = album.of(source, live)
            groups: dict[tuple[str, str], list[Shot]] = {}
            for shot in shots:
                groups.setdefault((shot.subject, shot.species), []).append(shot)
            for (_, species), own in sorted(groups.items()):
                for start in range(0, len(own) - LOOKS[-1] + 1, LOOKS[-1]):
                    part = own[start:start + LOOKS[-1]]
                    frames = ((shot.image(), shot.box, shot.landmarks) for shot in part)
                    yield [s for s in measured(frames, network, species, part[0], True, rng, skin) if s.looks != PICTURE]


def stills(album: Album, network: Network, skin: Skin | None = None) -> Iterator[Sample]:
    """Every real picture by itself."""
    for shot in (shot for source in ("nuaa", "own") for live in (True, False) for shot in album.of(source, live)):
        image = shot.image()
        alive = network(image, shot.box)
        yield Sample(shot.species, f"{shot.source}:{shot.subject}", shot.source, True, PICTURE, picture_cues(image, shot.box, alive, skin),
                     alive)


def measured(frames: Iterator[Frame], network: Network, species: str, shot: Shot, real: bool, rng: np.random.Generator,
             skin: Skin | None = None) -> list[Sample]:
    """What its first picture gives, and the cues of one track after 5, 8 and 12 looks, by the device's own code."""
    track, first = LiveTrack(skin=skin), 0.5
    found: list[Sample] = []

    def add(looks: int, cues: dict[str, float | None]) -> None:
        found.append(Sample(species, f"{shot.source}:{shot.subject}", shot.source, real, looks, cues, first))

    for number, (image, box, landmarks) in enumerate(frames):
        where, points = (box, landmarks) if real else _trembling(box, landmarks, rng)
        alive = network(image, where)
        if number == 0:
            first = alive
            add(PICTURE, picture_cues(image, where, alive, skin))
        track.look(image, where, points, alive, number / FPS)
        if track.looks in LOOKS:
            add(track.looks, track.cues())
    return found


def _frames(species: str, shot: Shot, album: Album, rng: np.random.Generator) -> Iterator[Frame]:
    image = shot.image()
    face = float(np.exp(rng.uniform(*np.log(FACE))))
    side = round(3.4 * face)
    made = present_track(species, [(image, shot.box, shot.landmarks)], rng, LOOKS[-1], FPS,
                         None if species == "live" else album.room(rng), face=face, size=(side, side))
    cut = None
    near = species != "live" and rng.random() < 0.5
    for shown in made:
        if near and cut is None:
            cut = _margins(shown.box, image, shot.box, shown.image)
        x0, y0, x1, y1 = cut or (0, 0, shown.image.shape[1], shown.image.shape[0])
        yield (np.ascontiguousarray(shown.image[y0:y1, x0:x1]), shown.box.moved(-x0, -y0),
               (shown.landmarks - np.array([x0, y0])).astype(np.float32))


def _margins(box: Box, model: Image, around: Box, image: Image) -> tuple[int, int, int, int]:
    """What of `image` lies as near to its face as the picture `model` reaches around its own."""
    scale = box.height / around.height
    x, y = box.x - around.x * scale, box.y - around.y * scale
    x0, y0 = max(int(x), 0), max(int(y), 0)
    x1, y1 = min(int(x + model.shape[1] * scale), image.shape[1]), min(int(y + model.shape[0] * scale), image.shape[0])
    return (x0, y0, x1, y1) if min(x1 - x0, y1 - y0) >= 32 else (0, 0, image.shape[1], image.shape[0])


def _mixed(album: Album, seed: int) -> Sequence[Shot]:
    """Living stills in a drawn order: of every five, three with room around the face where there are such."""
    rng = np.random.default_rng(seed)
    living = [shot for source in ("detect", "own", "faces") for shot in album.of(source, True)]
    wide = [shot for shot in living if _room(shot) >= ROOM]
    near = [shot for shot in living if _room(shot) < ROOM and shot.source != "faces"] or living
    aligned = [shot for shot in living if shot.source == "faces"] or near
    for group in (wide, near, aligned):
        rng.shuffle(group)
    wide = wide or near
    mixed = []
    for number in range(len(living)):
        group, place = ((wide, number // 5 * 3 + number % 5) if number % 5 < 3 else (near if number % 5 == 3 else aligned, number // 5))
        mixed.append(group[place % len(group)])
    return mixed


def _room(shot: Shot) -> float:
    """How many longer sides of the box the picture reaches from the face's middle to the nearest of left, right and top."""
    if shot.source == "faces":
        return 0.5
    x, y = shot.box.centre
    return float(min(x, shot.image().shape[1] - x, y) / max(shot.box.width, shot.box.height))


def _trembling(box: Box, landmarks: Floats, rng: np.random.Generator) -> tuple[Box, Floats]:
    jump = rng.normal(0, TREMBLE, 4)
    eyes = float(np.linalg.norm(landmarks[1] - landmarks[0]))
    points = landmarks + rng.normal(0, TREMBLE * eyes, landmarks.shape)
    moved = Box(box.x + jump[0] * box.width, box.y + jump[1] * box.height, box.width * (1 + jump[2]), box.height * (1 + jump[3]))
    return moved, points.astype(np.float32)
