"""Groups of people through the door's own models: who is found, who is refused for quality, who matches whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_face.errors import MediaError, ModelError
from edge_face.evaluation.embedding_run import Models, Progress, over_pictures
from edge_face.evaluation.fairness import Matching, Members, Share, genuine, match_rates, shares, threshold_at
from edge_face.evaluation.fairness_material import GroupedPictures, group_of_clip
from edge_face.evaluation.liveness import Attempt
from edge_face.people.thresholds import Threshold, threshold_for, verify_threshold
from edge_face.settings import DecisionSettings, VisionSettings
from edge_face.types import Floats, Image

GALLERIES = (1, 10, 100)
"""People enrolled, for which it is said what the door's own threshold does."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What became of one picture: `found` a face; `refused`: the qualities for which the door would not embed it; else its embedding.
    `unreadable`: why the file itself could not be read, which counts as not found."""

    found: bool
    refused: tuple[str, ...] = ()
    embedding: Floats | None = None
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class AtTheDoor:
    """False matches at the similarity that the door takes by its settings for so many enrolled people; 0: for the one person whose code or
    card was given."""

    people: int
    threshold: Threshold
    matching: Matching


@dataclass(frozen=True, slots=True)
class Fairness:
    """All that was measured. `chosen`: how the threshold was found, in words. `shares`: by what is counted ("found", "refused", "missed",
    "not alive"), a share for each group; empty without pictures of people, or clips. `copies`: pairs of people with one picture."""

    names: tuple[str, ...]
    people: Mapping[str, int]
    pictures: int
    chosen: str
    rate: float
    matching: Matching | None
    door: tuple[AtTheDoor, ...]
    shares: Mapping[str, tuple[Share, ...]]
    copies: int = 0


def embed_crops(groups: Mapping[str, Sequence[Image]], models: Models, progress: Progress = lambda done, total: None) -> Members:
    """One aligned picture a person. Raises ModelError."""
    from edge_face.vision.embedder import Embedder

    embedder = Embedder(models.embedder, models.precision)
    total, vectors = sum(map(len, groups.values())), []
    for faces in groups.values():
        for face in faces:
            vectors.append(embedder.embed(face))
            progress(len(vectors), total)
    group = np.repeat(np.arange(len(groups)), [len(faces) for faces in groups.values()])
    return Members(tuple(groups), np.stack(vectors), np.arange(total), group)


def look_at(pictures: GroupedPictures, models: Models, limits: VisionSettings, *, jobs: int = 0,
            progress: Progress = lambda done, total: None) -> list[Look]:
    """Every picture as the door would: detection, quality, embedding. Raises ModelError."""
    paths = [pictures.pictures.path(i) for i in range(len(pictures.pictures))]
    return list(over_pictures(paths, lambda: _looker(models, limits), jobs=jobs, progress=progress))


def _looker(models: Models, limits: VisionSettings) -> Callable[[Path], Look]:
    from edge_face.media import read_picture
    from edge_face.vision.align import align
    from edge_face.vision.embedder import Embedder
    from edge_face.vision.quality import assess, failing

    finder, embedder = models.recogniser(), Embedder(models.embedder, models.precision)

    def look(path: Path) -> Look:
        try:
            image = read_picture(path)
        except MediaError as error:
            return Look(False, unreadable=str(error))
        face = finder.find(image)
        if face is None:
            return Look(False)
        try:
            aligned = align(image, face.landmarks)
        except ModelError:
            return Look(True, ("landmarks",))
        refused = failing(assess(aligned, face.landmarks), limits)
        return Look(True, refused) if refused else Look(True, (), embedder.embed(aligned.image))

    return look


def members_of(pictures: GroupedPictures, looks: Sequence[Look]) -> Members | None:
    """Those pictures that the door would embed; None when they are of fewer than two groups."""
    kept = [i for i, look in enumerate(looks) if look.embedding is not None]
    vectors = [look.embedding for look in looks if look.embedding is not None]
    people, person = np.unique(pictures.pictures.person[kept], return_inverse=True)
    group = pictures.group[people]
    if len(np.unique(group)) < 2:
        return None
    present = np.unique(group)
    return Members(tuple(pictures.names[g] for g in present), np.stack(vectors), person.astype(np.int64).reshape(-1),
                   np.searchsorted(present, group).astype(np.int64))


def picture_shares(pictures: GroupedPictures, looks: Sequence[Look], threshold: float | None) -> dict[str, tuple[Share, ...]]:
    """Found faces, refusals among the found, and with a threshold pairs of one person that do not match, by group."""
    person, people = pictures.pictures.person, len(pictures.pictures.people)
    found, refused = np.array([look.found for look in looks], bool), np.array([bool(look.refused) for look in looks], bool)
    every, seen, turned = (_each(person, which, people) for which in (np.ones(len(looks), bool), found, found & refused))
    measured = {"found": shares(pictures.names, pictures.group, seen, every),
                "refused": shares(pictures.names, pictures.group, turned, seen)}
    members = members_of(pictures, looks)
    if members is not None and threshold is not None:
        misses, tried = genuine(members, threshold)
        if tried.any():
            measured["missed"] = shares(members.names, members.group, misses, tried)
    return measured


def clip_shares(attempts: Sequence[Attempt], sources: Mapping[str, str]) -> tuple[Share, ...]:
    """Living people who were not called alive (BPCER), by group. `sources`: the group of each clip by its name, where the attempts do not
    say it. Raises MediaError for fewer than two groups."""
    people: dict[tuple[str, str], list[int]] = {}
    for attempt in attempts:
        group = group_of_clip(attempt.source, attempt.group) or sources.get(attempt.source, "")
        if attempt.live and group and attempt.score is not None:
            counted = people.setdefault((group, attempt.subject or attempt.source), [0, 0])
            counted[0] += not attempt.accepted
            counted[1] += 1
    names = tuple(sorted({group for group, _ in people}))
    if len(names) < 2:
        raise MediaError("the clips show living people of fewer than two groups: name them in clips.csv (file,species,subject,group), or "
                         "lay them in a folder for each group")
    group_index = np.array([names.index(group) for group, _ in people])
    hits, trials = (np.array([value[k] for value in people.values()], np.int64) for k in (0, 1))
    return shares(names, group_index, hits, trials)


def threshold_of(members: Members | None, models: Models, rate: float, given: float | None) -> tuple[float, str]:
    """The similarity at which all is counted, and how it was found. Raises ModelError for a bundle without thresholds."""
    if given is not None:
        return given, "as asked for"
    own = threshold_at(members, rate) if members is not None else None
    if own is not None:
        return own, f"where {rate:g} of all pairs of different people here match"
    table = threshold_for(models.embedder.thresholds, 1, rate, "single")
    return table.similarity, f"the bundle's own for single pictures at {rate:g}, as there are too few people here"


def at_the_door(members: Members, models: Models, settings: DecisionSettings) -> tuple[AtTheDoor, ...]:
    """What the door's own thresholds do here; one row where larger galleries change nothing. Raises ModelError."""
    claimed = verify_threshold(models.embedder.thresholds, settings.verify_rate)
    rows = [AtTheDoor(0, claimed, match_rates(members, claimed.similarity))]
    for people in GALLERIES:
        own = threshold_for(models.embedder.thresholds, people, settings.false_grants)
        if own.similarity != rows[-1].threshold.similarity:
            rows.append(AtTheDoor(people, own, match_rates(members, own.similarity)))
    return tuple(rows)


def _each(person: npt.NDArray[np.int64], which: npt.NDArray[np.bool_], people: int) -> npt.NDArray[np.int64]:
    return np.bincount(person[which], minlength=people).astype(np.int64)
