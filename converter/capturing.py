"""Faces out of moving pictures: followed, judged, cut; the sharpest of each stretch of time are kept, track by track."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from converter.training.cutting import cut, dominant, inner
from edge_face.media import write_picture
from edge_face.types import Detection, Image, Quality, TrackState
from edge_face.vision.align import Aligned
from edge_face.vision.quality import Limits, assess, failing
from edge_face.vision.tracker import Tracker

KEEP = 1.0
"""Seconds for which a lost face is waited for before its track ends."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is kept: crops of `size` (128 with margin, 112 without), at most one in `every` seconds and `most` of a person,
    and nobody with fewer than `least`; `limits` is the least quality."""

    size: int
    every: float
    most: int
    least: int
    limits: Limits


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One face at one time."""

    crop: Image
    quality: Quality
    seconds: float

    @property
    def rank(self) -> tuple[float, float]:
        return self.quality.sharpness, self.quality.overall


@dataclass(eq=False)
class Album:
    """The faces of one track: in each stretch of `every` seconds the sharpest, of all stretches the sharpest `most`."""

    name: str
    rules: Rules
    sights: dict[int, Sight] = field(default_factory=dict)
    count: int = 0

    def add(self, sight: Sight) -> None:
        self.count += 1
        stretch = int(sight.seconds / self.rules.every) if self.rules.every > 0 else self.count
        before = self.sights.get(stretch)
        if before is None or sight.rank > before.rank:
            self.sights[stretch] = sight
        if len(self.sights) > self.rules.most:
            del self.sights[min(self.sights, key=lambda at: self.sights[at].rank)]

    @property
    def best(self) -> list[Sight]:
        """Sharpest first."""
        return sorted(self.sights.values(), key=lambda sight: sight.rank, reverse=True)


@dataclass
class Tally:
    """What became of what was seen."""

    pictures: int = 0
    faces: int = 0
    poor: dict[str, int] = field(default_factory=dict)
    """Faces that were not good enough, by what failed first."""
    unclear: int = 0
    """Pictures of one person in which several faces were, and none stood out."""
    short: int = 0
    """Tracks with fewer than `least` faces, not written."""
    written: dict[str, int] = field(default_factory=dict)

    @classmethod
    def joined(cls, tallies: Sequence[Tally]) -> Tally:
        """All of them as one."""
        total = cls()
        for one in tallies:
            total.pictures += one.pictures
            total.faces += one.faces
            total.unclear += one.unclear
            total.short += one.short
            total.written |= one.written
            for name, count in one.poor.items():
                total.poor[name] = total.poor.get(name, 0) + count
        return total

    def lines(self) -> list[str]:
        said = [f"{self.pictures} pictures, {self.faces} faces; {sum(self.written.values())} kept, in {len(self.written)} folders"]
        if self.poor:
            counts = ", ".join(f"{name} {count}" for name, count in sorted(self.poor.items(), key=lambda item: -item[1]))
            said.append(f"  not good enough: {counts}")
        if self.unclear:
            said.append(f"  several faces and none stands out: {self.unclear} pictures")
        if self.short:
            said.append(f"  too few good faces: {self.short} tracks")
        return said


Detect = Callable[[Image], Sequence[Detection]]


class Cutter:
    """Takes frames one after the other and writes the albums into folders in `folder`, each when its track has ended.

    With a `person`, every picture must show that one person: where there are several faces, the one that stands out is
    taken, and `folder` is the person's own. Without, faces are followed and each track gets a folder; a track that met
    another one, so that the two could have been mixed up, goes on under another name.
    """

    def __init__(self, folder: Path, rules: Rules, detect: Detect, recognise: float, person: str | None = None) -> None:
        self.tally = Tally()
        self._folder, self._rules, self._detect = folder, rules, detect
        self._person = None if person is None else Album(person, rules)
        self._tracker = Tracker(recognise, KEEP)
        self._albums: dict[int, Album] = {}
        self._mixed: dict[int, int] = {}
        self._recognise = recognise

    def see(self, image: Image, seconds: float, detail: Image | None = None) -> None:
        """The next picture, and where there is one the same view with more pixels."""
        self.tally.pictures += 1
        height, width = image.shape[:2]
        found = self._detect(image)
        source = image if detail is None else detail
        across, down = source.shape[1] / width, source.shape[0] / height
        if self._person is not None:
            confident = [face for face in found if face.score >= self._recognise]
            face = dominant(confident, width, height)
            self.tally.unclear += len(confident) > 1 and face is None
            if face is not None:
                self._take(self._person, source, _scaled(face, across, down), seconds)
            return
        tracks = self._tracker.update(found, seconds, (width, height)).tracks
        for track in tracks:
            if track.ambiguous and not self._mixed.get(track.id, 0) % 2:
                self._end(track.id)  # what was cut before is of one face; what comes after may be of another
                self._mixed[track.id] = self._mixed.get(track.id, 0) + 1
            elif not track.ambiguous and self._mixed.get(track.id, 0) % 2:
                self._mixed[track.id] += 1
            if track.state is TrackState.CONFIRMED and track.score >= self._recognise and not track.ambiguous:
                self._take(self._album(track.id), source,
                           _scaled(Detection(track.box, track.landmarks, track.score), across, down), seconds)
        alive = {track.id for track in tracks}
        for number in [number for number in self._albums if number not in alive]:
            self._end(number)

    def finish(self) -> None:
        """Writes what is not written yet."""
        for number in sorted(self._albums):
            self._end(number)
        if self._person is not None:
            self._write(self._person, 1)

    def _album(self, number: int) -> Album:
        if number not in self._albums:
            part = self._mixed.get(number, 0) // 2
            self._albums[number] = Album(f"track-{number:04d}" + (f"-{part + 1}" if part else ""), self._rules)
        return self._albums[number]

    def _take(self, album: Album, image: Image, face: Detection, seconds: float) -> None:
        self.tally.faces += 1
        cropped = cut(image, face.landmarks)
        quality = assess(Aligned(inner(cropped.image), cropped.outside, cropped.scale, cropped.roll), face.landmarks)
        failed = failing(quality, self._rules.limits)
        if failed:
            self.tally.poor[failed[0]] = self.tally.poor.get(failed[0], 0) + 1
            return
        album.add(Sight(cropped.image if self._rules.size == 128 else inner(cropped.image), quality, seconds))

    def _end(self, number: int) -> None:
        album = self._albums.pop(number, None)
        if album is not None:
            self._write(album, self._rules.least)

    def _write(self, album: Album, least: int) -> None:
        if len(album.sights) < least:
            self.tally.short += bool(album.sights)
            return
        home = self._folder if album is self._person else self._folder / album.name
        home.mkdir(exist_ok=True)
        for number, sight in enumerate(album.best, 1):
            write_picture(home / f"{album.name}_{number:04d}.png", sight.crop)
        self.tally.written[album.name] = len(album.sights)


def _scaled(face: Detection, across: float, down: float) -> Detection:
    if across == down == 1.0:
        return face
    marks = face.landmarks * (across, down)
    return Detection(face.box.scaled(across, down), marks.astype("float32"), face.score)

