"""`edge-face eval privacy`: every attack on every way of hiding, what the hidden pictures are still good for, and what it costs.

The floor is what the same attacks find when nothing of the face is left (solid): hair, clothes and walls outside of the hidden shape.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_face.errors import MediaError
from edge_face.evaluation.embedding_run import Models, Progress
from edge_face.evaluation.pictures import PictureSet
from edge_face.evaluation.privacy_attacks import Figures, accepted, attack, best_of, both_galleries, threshold_at
from edge_face.evaluation.privacy_classifier import Learned, learn
from edge_face.evaluation.privacy_clips import ClipTracks, follow_clips
from edge_face.evaluation.privacy_run import FRAMES, Asked, PictureLooks, look_at
from edge_face.evaluation.privacy_ways import Attackers, Way
from edge_face.evaluation.verification import require_pairs
from edge_face.privacy.strengths import weakness
from edge_face.types import Floats

FLOOR = "solid"
GOAL, ABOVE_FLOOR = 0.60, 0.03
"""A way holds when no attack reaches a larger AUC, or none comes further above the floor."""
ATTACKS = {"naive": "our embedder, clear gallery", "parrot": "our embedder, gallery hidden the same way",
           "undo": "a network trained to undo it, then our embedder", "tuned": "an embedder trained on faces hidden so",
           "learned": "a regression from hidden pixels to identity, learned from other people",
           "track": "several frames of one track taken together", "clips": "frames of real tracks in clips"}
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Utility:
    """What hidden pictures are good for: shares of faces still found at both thresholds, median landmark error of those, pictures in
    which a pixel outside changed, milliseconds of CPU for hiding a picture (median), and how many pictures that rests on."""

    recognised: float
    found: float
    landmarks: float | None
    changed_outside: int
    milliseconds: float
    pictures: int


@dataclass(frozen=True, slots=True, eq=False)
class WayResult:
    """One way: its attacks by name, utility, the share of genuine pairs (hidden against clear) that still match at the threshold of
    clear pictures (`enrolled`), what a classifier trained on such pictures reaches, and why it is weak, if it is."""

    way: Way
    attacks: Mapping[str, Figures]
    utility: Utility | None
    enrolled: float
    learned: Learned | None
    weak: str | None

    @property
    def worst(self) -> tuple[str, Figures]:
        """The attack that finds most, and its figures."""
        return max(self.attacks.items(), key=lambda item: item[1].auc)


@dataclass(frozen=True, slots=True, eq=False)
class Privacy:
    """All of it. `clear`: our embedder on the clear pictures; `clear_enrolled`: how many of their genuine pairs match at FMR
    1e-3; `clear_learned`: the classifier on them; `embed_ms`: CPU of embedding
    one face; `trained`: for which methods there were attackers; `failures` by the picture's index."""

    ways: tuple[WayResult, ...]
    clear: Figures
    clear_enrolled: float
    clear_learned: Learned | None
    embed_ms: float
    pictures: int
    people: int
    track_pictures: int
    frames: int
    clip_tracks: int
    clip_people: int
    trained: Mapping[str, tuple[str, ...]]
    failures: Mapping[int, str]
    seconds: float

    @property
    def floor(self) -> float | None:
        """The largest AUC of any attack on black faces."""
        return max((found.worst[1].auc for found in self.ways if found.way.method == FLOOR), default=None)

    def holds(self, found: WayResult) -> bool:
        """Does a way keep every attack at the goal, or near the floor?"""
        auc = found.worst[1].auc
        return auc <= GOAL or (self.floor is not None and auc <= self.floor + ABOVE_FLOOR)


def measure_privacy(pictures: PictureSet, models: Models, attackers: Attackers, asked: Asked, *, clips: Sequence[Path] = (),
                    jobs: int = 0, seed: int = 0, progress: Progress = lambda done, total: None) -> Privacy:
    """Raises MediaError where there is nobody to compare, ModelError."""
    begun = time.monotonic()
    require_pairs(pictures.person)
    looks = look_at([pictures.path(i) for i in range(len(pictures))], models, attackers, asked, jobs=jobs, progress=progress)
    good = [i for i, look in enumerate(looks) if not look.failure]
    if not good:
        raise MediaError(f"no face was found in any of the {len(looks)} pictures (the first: {looks[0].failure}): nothing to measure")
    seen, person = [looks[i] for i in good], pictures.person[good]
    require_pairs(person)
    tracks = ClipTracks([], [], [])
    if clips:
        tracks = follow_clips(clips, models, attackers, asked.ways, asked.settings, frames=asked.frames or FRAMES)
    clear = np.stack([look.clear["ours"] for look in seen])
    threshold = threshold_at(clear @ clear.T, person)
    return Privacy(
        tuple(_way(index, way, seen, person, tracks, threshold, seed) for index, way in enumerate(asked.ways)),
        attack(clear, clear, person, "clear", symmetric=True, seed=seed), accepted(clear, clear, person, threshold),
        learn(clear, person, seed=seed), median(look.embed_seconds for look in seen) * 1e3, len(seen), len(np.unique(person)),
        sum(bool(look.tracks) for look in seen), asked.frames, len(tracks.names), len(set(tracks.names)),
        {"undo": tuple(sorted(attackers.undo)), "tuned": tuple(sorted(attackers.tuned)),
         "learned": tuple(sorted({way.method for way in attackers.learned}))},
        {i: look.failure for i, look in enumerate(looks) if look.failure}, time.monotonic() - begun)


def _way(index: int, way: Way, seen: Sequence[PictureLooks], person: Indices, tracks: ClipTracks, threshold: float,
         seed: int) -> WayResult:
    ours = _stacked([look.clear["ours"] for look in seen])
    hidden = {name: _stacked([look.hidden[index][name] for look in seen]) for name in seen[0].hidden[index]}
    found = {"naive": attack(hidden["ours"], ours, person, "clear", seed=seed),
             "parrot": attack(hidden["ours"], hidden["ours"], person, "hidden", symmetric=True, seed=seed)}
    if "undo" in hidden:
        found["undo"] = both_galleries(hidden["undo"], ours, person, seed=seed)
    if "tuned" in hidden:
        own = _stacked([look.clear[way.method] for look in seen])
        found["tuned"] = best_of([both_galleries(hidden["tuned"], own, person, seed=seed),
                                  attack(hidden["tuned"], ours, person, "clear, our embedder", seed=seed)])
    if "learned" in hidden:
        found["learned"] = both_galleries(hidden["learned"], _stacked([look.clear["learned"] for look in seen]), person, seed=seed)
    followed = [i for i, look in enumerate(seen) if index in look.tracks]
    if len(np.unique(person[followed])) > 1 and len(followed) > len(np.unique(person[followed])):
        found["track"] = _linked([seen[i].tracks[index] for i in followed], [seen[i].clear for i in followed], person[followed], way, seed)
    _, named = np.unique(np.array(tracks.names, dtype=object), return_inverse=True) if tracks.names else ((), np.zeros(0, np.int64))
    if len(tracks.names) and len(np.unique(named)) > 1 and np.bincount(named).max() > 1:
        found["clips"] = _linked([look[index] for look in tracks.hidden], tracks.clear, named.astype(np.int64).reshape(-1), way, seed)
    return WayResult(way, found, _utility(index, seen), accepted(hidden["ours"], ours, person, threshold),
                     learn(hidden["ours"], person, seed=seed), weakness(way.method, way.strength, way.option))


def _linked(tracks: Sequence[Mapping[str, Floats]], clear: Sequence[Mapping[str, Floats]], person: Indices, way: Way, seed: int) -> Figures:
    """The best of all attackers on whole tracks: by the mean picture and by the mean embedding."""
    tried: list[Figures] = []
    for name in tracks[0]:
        gallery = {"tuned": way.method, "learned": "learned"}.get(name.split()[0], "ours")
        probes = _stacked([track[name] for track in tracks])
        best = both_galleries(probes, _stacked([look[gallery] for look in clear]), person, seed=seed)
        tried.append(Figures(best.auc, best.rank1, best.tar, best.auc_interval, best.rank1_interval, best.tar_interval,
                             f"{name}, {best.gallery}", best.pairs))
    return best_of(tried)


def _stacked(vectors: Sequence[Floats]) -> Floats:
    return np.stack(vectors)


def _utility(index: int, seen: Sequence[PictureLooks]) -> Utility | None:
    kept = [look.kept[index] for look in seen if index in look.kept]
    if not kept:
        return None
    errors = [k.landmarks for k in kept if k.landmarks is not None]
    return Utility(sum(k.recognised for k in kept) / len(kept), sum(k.hidden for k in kept) / len(kept), median(errors) if errors else None,
                   sum(k.changed > 0 for k in kept), median(k.seconds for k in kept) * 1e3, len(kept))


def privacy_json(result: Privacy) -> dict[str, Any]:
    """As `--json` writes it."""
    return {
        "pictures": result.pictures, "people": result.people, "floor_auc": result.floor, "goal_auc": GOAL, "above_floor": ABOVE_FLOOR,
        "clear": asdict(result.clear), "clear_enrolled_at_1e-3": result.clear_enrolled,
        "clear_classifier": asdict(result.clear_learned) if result.clear_learned else None,
        "embed_ms": result.embed_ms, "track": {"pictures": result.track_pictures, "frames": result.frames},
        "clips": {"tracks": result.clip_tracks, "people": result.clip_people}, "trained_attackers": dict(result.trained),
        "ways": [{"method": found.way.method, "strength": found.way.strength, "option": found.way.option, "amount": found.way.amount,
                  "calibrated_removed": found.way.removed, "weak": found.weak, "holds": result.holds(found),
                  "worst_attack": found.worst[0], "worst_auc": found.worst[1].auc,
                  "attacks": {name: asdict(figures) for name, figures in found.attacks.items()},
                  "utility": asdict(found.utility) if found.utility else None,
                  "enrolled_at_1e-3": found.enrolled,
                  "classifier": asdict(found.learned) if found.learned else None} for found in result.ways],
        "failures_to_detect": len(result.failures), "seconds": round(result.seconds, 2),
    }
