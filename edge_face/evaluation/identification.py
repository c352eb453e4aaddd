"""Open-set identification: enrolled people are to be found, strangers to be turned away.

Terms of ISO/IEC 19795-1 and NIST's FRTE: FPIR, the share of strangers' pictures whose best score reaches the threshold;
FNIR, the share of probes of enrolled people whose own score does not, or is not the best one. As at the door, a person's
score is the best over their templates (`edge_face.people.gallery`). A probe without a face is missed at any threshold, and
so is everybody of whom no template could be made; a stranger without a face is left out.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from edge_face.errors import MediaError
from edge_face.evaluation.embedding_run import Embedded
from edge_face.evaluation.intervals import Interval, share_interval
from edge_face.evaluation.pictures import listed, read_lines
from edge_face.evaluation.tally import FEWEST, Metric
from edge_face.media.paths import shown
from edge_face.types import Floats

ROLES = ("gallery", "probe", "stranger")
FPIRS = {"1e-1": 1e-1, "1e-2": 1e-2, "1e-3": 1e-3}
LEAST_DECIDING = 0.5
"""A rate that fewer false positives than this stand for cannot be told from others at all."""
DRAWS_A_SIZE = 50
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Split:
    """Pictures by role; `people` are the names, `person` gives each picture's index into them. `missing` files were
    named and are not there."""

    files: tuple[str, ...]
    people: tuple[str, ...]
    person: tuple[int, ...]
    role: tuple[str, ...]
    missing: tuple[str, ...] = ()

    def of(self, role: str) -> Indices:
        """The indices of the pictures of a role."""
        return np.array([i for i, own in enumerate(self.role) if own == role], np.int64)


@dataclass(frozen=True, slots=True)
class OpenSetPoint:
    """At a rate of false positives: the threshold, FNIR there with its interval, how many strangers' pictures the
    rate allows (`deciding`), and whether those are enough for a statement."""

    threshold: float
    fnir: float
    fpir: float
    deciding: float
    interval: Interval | None = None

    @property
    def thin(self) -> bool:
        return self.deciding < FEWEST


@dataclass(frozen=True, slots=True)
class GallerySize:
    """The mean over random galleries of `people` people."""

    people: int
    galleries: int
    rank1: float
    fnir: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, eq=False)
class OpenSet:
    """What came out. `rank1`: share of probes whose best person is the right one. `mate`: each probe's score with its own
    person, -inf where that is not the best one or there is none; `stranger`: each stranger's best score."""

    gallery_people: int
    templates: int
    probes: int
    strangers: int
    without_template: tuple[str, ...]
    rank1: float
    rank1_interval: Interval | None
    points: Mapping[str, OpenSetPoint | None]
    sizes: tuple[GallerySize, ...]
    mate: Floats = field(repr=False)
    stranger: Floats = field(repr=False)


def read_split(path: str | os.PathLike[str], known: Mapping[str, int], *, strict: bool = False) -> Split:
    """A CSV file with the columns file, person, role (gallery, probe, stranger). `known`: the files that are there.
    Raises MediaError naming the line that is wrong."""
    name = shown(path)
    rows = csv.DictReader(read_lines(path, "split file"))
    if rows.fieldnames is None or not {"file", "person", "role"} <= {str(f).strip() for f in rows.fieldnames}:
        raise MediaError(f"the split file '{name}' has no head with file, person and role: its first line is 'file,person,role'")
    files, people, roles, missing = [], [], [], []
    for row in rows:
        values = {str(key).strip(): str(value or "").strip() for key, value in row.items()}
        if values["role"] not in ROLES or not values["file"] or not values["person"]:
            raise MediaError(f"line {rows.line_num} of the split file '{name}' must name a file, a person and a role of "
                             f"{', '.join(ROLES)}: {list(values.values())[:3]}")
        file = PurePosixPath(values["file"]).as_posix()
        if file not in known:
            missing.append(file)
            continue
        files.append(file)
        people.append(values["person"])
        roles.append(values["role"])
    if missing and strict:
        raise MediaError(f"the split file '{name}' names {listed(missing)}, not to be found: without --strict they are left "
                         "out and counted")
    for role in ROLES:
        if role not in roles:
            raise MediaError(f"the split file '{name}' has no picture of role '{role}' that is there: an open set needs a gallery, "
                             "probes and strangers")
    _check_roles(name, files, people, roles)
    order, person = np.unique(np.array(people, dtype=object), return_inverse=True)
    return Split(tuple(files), tuple(map(str, order)), tuple(int(p) for p in person.reshape(-1)), tuple(roles), tuple(missing))


def _check_roles(name: str, files: list[str], people: list[str], roles: list[str]) -> None:
    """Refuses what cannot be counted: strangers who are enrolled, probes who are not, probes compared with themselves."""
    persons = {role: {p for p, r in zip(people, roles, strict=True) if r == role} for role in ROLES}
    pictures = {role: {f for f, r in zip(files, roles, strict=True) if r == role} for role in ROLES}
    wrong = [(person, "both enrolled and a stranger") for person in sorted(persons["stranger"] & persons["gallery"])]
    wrong += [(person, "a probe without a picture in the gallery") for person in sorted(persons["probe"] - persons["gallery"])]
    if wrong:
        raise MediaError(f"the split file '{name}' makes {shown(wrong[0][0])} {wrong[0][1]}: give strangers no picture in the gallery, "
                         "and every probe one")
    both = sorted(pictures["gallery"] & pictures["probe"])
    if both:
        raise MediaError(f"the split file '{name}' has {listed(both)} in the gallery and among the probes: what is compared "
                         "with itself always matches")


def person_scores(pictures: Embedded, probes: Indices, gallery: Indices, person: Indices, metric: Metric) -> tuple[Floats, Indices]:
    """(probes, people) best score over each enrolled person's templates, and who the columns are. Pictures without a
    face are no templates; the row of a probe without a face is -inf."""
    made = gallery[pictures.found[gallery]]
    made = made[np.argsort(person[made], kind="stable")]
    who, starts = np.unique(person[made], return_index=True)
    if not len(who):
        raise MediaError("no face was found in any picture of the gallery: nobody is enrolled")
    scores = metric.scores(pictures.embeddings[probes], pictures.embeddings[made])
    best: Floats = np.maximum.reduceat(scores, starts, axis=1)
    best[~pictures.found[probes]] = -np.inf
    return best, who


def open_set(pictures: Embedded, split: Split, metric: Metric, seed: int = 0) -> OpenSet:
    """The whole measurement. Raises MediaError when nobody is enrolled or no stranger has a face."""
    person = np.array(split.person, np.int64)
    gallery, probes, strangers = (split.of(role) for role in ROLES)
    scores, who = person_scores(pictures, probes, gallery, person, metric)
    strangers = strangers[pictures.found[strangers]]
    if not len(strangers):
        raise MediaError("no face was found in any stranger's picture: false positives cannot be counted")
    apart = person_scores(pictures, strangers, gallery, person, metric)[0]
    own = person[probes]
    mate, first = _mates(scores, who, own)
    rank1 = _by_person(own, first)
    points = {name: _point(rate, mate, first, apart.max(axis=1), own, seed) for name, rate in FPIRS.items()}
    enrolled = np.unique(person[gallery])
    return OpenSet(len(enrolled), int(pictures.found[gallery].sum()), len(probes), len(strangers),
                   tuple(split.people[p] for p in enrolled if p not in set(who.tolist())), float(first.mean()),
                   share_interval(rank1, seed), points, _sizes(scores, apart, who, own, enrolled, seed),
                   np.where(first, mate, np.float32(-np.inf)).astype(np.float32), apart.max(axis=1))


def _mates(scores: Floats, who: Indices, own: Indices) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Each probe's score with its own person (-inf: not enrolled after all), and whether that is its best."""
    column = np.searchsorted(who, own)
    known = (column < len(who)) & (who[np.minimum(column, len(who) - 1)] == own)
    rows = np.arange(len(own))
    mate = np.where(known, scores[rows, np.minimum(column, len(who) - 1)], np.float32(-np.inf)).astype(np.float32)
    return mate, np.isfinite(mate) & (mate >= scores.max(axis=1))


def _by_person(own: Indices, hits: npt.NDArray[np.bool_]) -> dict[int, tuple[int, int]]:
    return {int(p): (int(hits[own == p].sum()), int(np.count_nonzero(own == p))) for p in np.unique(own)}


def _threshold(rate: float, strangers: Floats) -> float:
    """The lowest threshold that at most this share of strangers reaches."""
    ranked = np.sort(strangers)[::-1]
    allowed = int(rate * len(ranked) + 1e-9)
    return float(np.nextafter(ranked[allowed], np.float32(np.inf))) if allowed < len(ranked) else float(ranked[-1])


def _point(rate: float, mate: Floats, first: npt.NDArray[np.bool_], strangers: Floats, own: Indices, seed: int) -> OpenSetPoint | None:
    if rate * len(strangers) < LEAST_DECIDING:
        return None
    threshold = _threshold(rate, strangers)
    missed = ~(first & (mate >= threshold))
    return OpenSetPoint(threshold, float(missed.mean()), float((strangers >= threshold).mean()), rate * len(strangers),
                        share_interval(_by_person(own, missed), seed))


def _sizes(scores: Floats, apart: Floats, who: Indices, own: Indices, enrolled: Indices, seed: int) -> tuple[GallerySize, ...]:
    """Galleries of fewer people, drawn at random: the same strangers, the probes of those who are enrolled."""
    generator = np.random.default_rng(seed)
    wanted = [n for n in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if n < len(enrolled)] + [len(enrolled)]
    sizes = []
    for size in wanted:
        draws = 1 if size == len(enrolled) else DRAWS_A_SIZE
        rank1: list[float] = []
        fnir: dict[str, list[float]] = {name: [] for name in FPIRS}
        for _ in range(draws):
            chosen = generator.permutation(enrolled)[:size]
            columns, rows = np.isin(who, chosen), np.isin(own, chosen)
            if not rows.any():
                continue
            if columns.any():
                mate, first = _mates(scores[np.ix_(rows, columns)], who[columns], own[rows])
                strangers = apart[:, columns].max(axis=1)
            else:  # nobody of these has a template
                mate, first = np.full(np.count_nonzero(rows), -np.inf, np.float32), np.zeros(np.count_nonzero(rows), bool)
                strangers = np.full(len(apart), -np.inf, np.float32)
            rank1.append(float(first.mean()))
            for name, rate in FPIRS.items():
                if rate * len(strangers) >= LEAST_DECIDING:
                    fnir[name].append(float((~(first & (mate >= _threshold(rate, strangers)))).mean()))
        if rank1:
            sizes.append(GallerySize(size, len(rank1), float(np.mean(rank1)),
                                     {name: float(np.mean(values)) if values else None for name, values in fnir.items()}))
    return tuple(sizes)


def curve(result: OpenSet) -> tuple[list[float], list[float]]:
    """FPIR and FNIR at every threshold that a stranger's score marks, from strict to lenient."""
    ranked = np.sort(result.stranger)[::-1].astype(np.float64)
    mate = np.sort(result.mate).astype(np.float64)
    fnir = np.searchsorted(mate, np.concatenate([ranked, [-2.5]]), side="right") / len(mate)
    fnir[-1] = float(np.mean(~np.isfinite(mate)))
    return [float(v) for v in np.arange(len(ranked) + 1) / len(ranked)], [float(v) for v in fnir]
