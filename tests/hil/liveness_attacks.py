"""A protocol for real attacks: who shows what how often, a ledger that can be gone on with, and the figures of the whole door.

After ISO/IEC 30107-3:2023. Each species is presented equally often by (or of) each person. Two tables in one folder:
`clips.csv` with what was recorded, as `edge-face eval liveness --clips` reads it, and `door.csv` with what the door did: IAPAR, the
share of impostor attack presentations that it let in.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_face.errors import MediaError
from edge_face.evaluation.intervals import Interval, clopper_pearson
from edge_face.evaluation.liveness_material import CLIPS, COLUMNS

LIVE = "live"
SPECIES: Mapping[str, str] = {
    LIVE: "{who} comes to the door as every day, looks into the camera, and does what it asks for.",
    "print": "Hold the flat print of {who} before your face; bring it nearer, tilt it a little, turn it when the door asks for a turn.",
    "bent-print": "Bend the print of {who} around a bottle or your head (radius about 8 cm); turn it when the door asks for a turn.",
    "cut-out": "Wear the print of {who} with holes for the eyes; blink, turn your head when the door asks for a turn.",
    "screen": "Show the picture of {who} full screen on a tablet or phone, brightness for the room; try other distances.",
    "replay": "Play the film of {who} turning the head on a tablet or phone; start it so that it fits what the door asks for.",
}
"""What the operator is told, by species."""
PEOPLE, EACH = 10, 150
DOOR = "door.csv"
DOOR_COLUMNS = ("species", "subject", "number", "granted", "reason")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Take:
    """One presentation: the `number`th of this species with this subject."""

    species: str
    subject: str
    number: int

    @property
    def file(self) -> str:
        return f"{self.species}__{self.subject}__{self.number:03d}.mp4"

    @property
    def told(self) -> str:
        """What the operator is to do."""
        return SPECIES.get(self.species, "Present the " + self.species + " of {who}.").format(who=self.subject)


def plan(species: Sequence[str], subjects: Sequence[str], each: int = EACH) -> list[Take]:
    """`each` presentations of each species, dealt evenly to the subjects, a subject's species after one another, so that nobody has to
    come twice. Raises MediaError for names that make no file."""
    for name in (*species, *subjects):
        if not _NAME.fullmatch(name):
            raise MediaError(f"'{name[:40]}' cannot name a species or a subject: a to z, 0 to 9 and '-' (people have numbers, no names)")
    if len(set(species)) < len(species) or len(set(subjects)) < len(subjects) or not species or not subjects:
        raise MediaError("each species and each subject is named once, and there is at least one of each")
    if each < 1:
        raise MediaError(f"{each} presentations are none")
    return [Take(kind, subject, number) for place, subject in enumerate(subjects) for kind in species
            for number in range(1, each // len(subjects) + (place < each % len(subjects)) + 1)]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The two tables of a folder. A take stands in a table only when it was finished: after a power cut the plan goes on there."""

    folder: Path

    def recorded(self) -> set[str]:
        """The files of `clips.csv` that are there."""
        return {row["file"] for row in _rows(self.folder / CLIPS) if (self.folder / row["file"]).is_file()}

    def judged(self) -> set[tuple[str, str, int]]:
        return {(row["species"], row["subject"], int(row["number"])) for row in _rows(self.folder / DOOR)}

    def add_clip(self, take: Take, group: str = "") -> None:
        if take.file not in {row["file"] for row in _rows(self.folder / CLIPS)}:
            _append(self.folder / CLIPS, COLUMNS, {"file": take.file, "species": take.species, "subject": take.subject, "group": group,
                                                   "simulated": "no"})

    def add_door(self, take: Take, granted: bool, reason: str) -> None:
        _append(self.folder / DOOR, DOOR_COLUMNS, {"species": take.species, "subject": take.subject, "number": str(take.number),
                                                   "granted": "yes" if granted else "no", "reason": reason})

    def left(self, takes: Sequence[Take], *, door: bool) -> list[Take]:
        """What of a plan is still to do."""
        if door:
            done = self.judged()
            return [take for take in takes if (take.species, take.subject, take.number) not in done]
        files = self.recorded()
        return [take for take in takes if take.file not in files]


@dataclass(frozen=True, slots=True)
class DoorRate:
    """Of one species at the whole door: `granted` of `attempts`; for attacks the share is the IAPAR, for the living the share let in."""

    species: str
    granted: int
    attempts: int
    interval: Interval

    @property
    def sentence(self) -> str:
        span = f"{self.granted / self.attempts * 100:.1f} % [{self.interval[0] * 100:.1f}, {self.interval[1] * 100:.1f}]"
        if self.species == LIVE:
            return f"living people: {self.granted} of {self.attempts} let in, {span}"
        return f"{self.species}: IAPAR {span}, {self.granted} grants in {self.attempts} attacks"


def door_rates(folder: Path) -> list[DoorRate]:
    """The rates of `door.csv`, the worst species first, living people last. Raises MediaError where nothing was judged."""
    counts: dict[str, list[int]] = {}
    for row in _rows(folder / DOOR):
        own = counts.setdefault(row["species"], [0, 0])
        own[0] += row["granted"] == "yes"
        own[1] += 1
    if not counts:
        raise MediaError(f"nothing was presented to the door yet: {folder / DOOR} has no row")
    rates = [DoorRate(name, granted, tried, clopper_pearson(granted, tried)) for name, (granted, tried) in counts.items()]
    return sorted(rates, key=lambda rate: (rate.species == LIVE, -rate.granted / rate.attempts, rate.species))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """Whole rows; one that a power cut left half is passed over."""
    if not path.is_file():
        return
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise MediaError(f"'{path}' cannot be read: {error}") from None
    yield from (row for row in rows if None not in row and None not in row.values())


def _append(path: Path, columns: Sequence[str], row: Mapping[str, str]) -> None:
    """One more line, on the disk before this returns."""
    import os

    try:
        begins = not path.is_file() or not path.stat().st_size
        broken = not begins and not path.read_bytes().endswith(b"\n")
        with path.open("a", encoding="utf-8", newline="") as file:
            if broken:
                file.write("\n")
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            if begins:
                writer.writeheader()
            writer.writerow(row)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise MediaError(f"'{path}' cannot be written: {error.strerror}") from None
