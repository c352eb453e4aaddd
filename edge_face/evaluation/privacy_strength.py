"""How much of an identity a way of hiding removes: the measure by which all methods share one scale of strength.

removed = 1 - (A - 0.5) / (A_clear - 0.5), clipped to 0..1. A is the larger AUC of two attacks with our own embedder: hidden
pictures against clear ones ("naive"), and hidden against hidden ("parrot"; E. Newton, L. Sweeney, B. Malin, "Preserving privacy
by de-identifying face images", IEEE TKDE 17(2), 2005). 0: hidden pictures tell people apart as well as clear ones; 1: as well
as a coin. It is measured on aligned faces whose regions are shaken as the detector's are, and says nothing of better attackers:
those are `edge_face.evaluation.privacy_result`'s part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_face.errors import MediaError
from edge_face.evaluation.embedding_run import FaceEmbedder
from edge_face.evaluation.hidden_regions import box_of_landmarks, shaken
from edge_face.opencv import cv2
from edge_face.privacy.regions import cover
from edge_face.settings import PrivacySettings
from edge_face.types import Box, Floats, Image
from edge_face.vision.align import SIZE, TEMPLATE

PAD = 48
"""Pixels by which a crop's edge is repeated, so that the whole hidden region lies inside the picture that is hidden."""
Hide = Callable[[Image, Box, Floats, int], Image]
"""(picture BGR uint8, box of the hidden superellipse, landmarks (5, 2), number of the picture) -> the picture with it hidden."""


@dataclass(frozen=True, slots=True)
class Removed:
    """AUC of both attacks, of clear pictures, and the share of identity that is removed."""

    naive: float
    parrot: float
    clear: float

    @property
    def auc(self) -> float:
        """Of the better attack."""
        return max(self.naive, self.parrot)

    @property
    def share(self) -> float:
        """0 (nothing is removed) to 1 (everything)."""
        return float(np.clip(1 - (self.auc - 0.5) / max(self.clear - 0.5, 1e-9), 0.0, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Faces to measure on: `pictures` (their edges repeated), `landmarks` (5, 2) and `regions` in their pixels, `person` (n,),
    the clear embeddings (n, d), their AUC, and the embedder that made them."""

    pictures: tuple[Image, ...]
    landmarks: Floats
    regions: tuple[Box, ...]
    person: npt.NDArray[np.int64]
    embeddings: Floats
    clear: float
    embedder: FaceEmbedder

    @classmethod
    def of(cls, crops: npt.NDArray[np.uint8], person: npt.NDArray[np.integer], embedder: FaceEmbedder, *, people: int = 500,
           each: int = 3, seed: int = 0) -> Calibration:
        """From aligned crops (n, s, s, 3) BGR, s = 112 and an even margin: `each` faces of `people` people who have two or more,
        drawn by `seed`. Raises MediaError where nobody has."""
        chosen = _drawn(person, people, each, seed)
        random = np.random.default_rng(seed)
        margin = (crops.shape[1] - SIZE) // 2
        marks = (TEMPLATE + margin + PAD).astype(np.float32)
        share = PrivacySettings().margin
        regions = tuple(cover(shaken(box_of_landmarks(marks), random), share) for _ in chosen)
        pictures = tuple(np.asarray(cv2.copyMakeBorder(crops[i], PAD, PAD, PAD, PAD, cv2.BORDER_REPLICATE), np.uint8) for i in chosen)
        who = np.asarray(person, np.int64)[chosen]
        clear = np.stack([embedder.embed(_aligned(picture)).copy() for picture in pictures])
        return cls(pictures, marks, regions, who, clear, parrot_auc(clear, who), embedder)


def identity_removed(faces: Calibration, hide: Hide) -> Removed:
    """Both attacks on the calibration faces hidden by `hide`, which is asked for each face with a number of its own."""
    hidden = np.stack([faces.embedder.embed(_aligned(hide(picture, region, faces.landmarks, number))).copy()
                       for number, (picture, region) in enumerate(zip(faces.pictures, faces.regions, strict=True))])
    return Removed(naive_auc(faces.embeddings, hidden, faces.person), parrot_auc(hidden, faces.person), faces.clear)


def naive_auc(clear: Floats, hidden: Floats, person: npt.NDArray[np.int64]) -> float:
    """AUC of hidden pictures against clear ones of other pictures, all pairs. Embeddings (n, d) of the same n pictures."""
    return _auc(hidden @ clear.T, person, ~np.eye(len(person), dtype=np.bool_))


def parrot_auc(hidden: Floats, person: npt.NDArray[np.int64]) -> float:
    """AUC of hidden pictures against hidden ones, each pair once. Embeddings (n, d)."""
    return _auc(hidden @ hidden.T, person, np.triu(np.ones((len(person),) * 2, np.bool_), 1))


def _auc(scores: Floats, person: npt.NDArray[np.int64], wanted: npt.NDArray[np.bool_]) -> float:
    same = person[:, None] == person[None]
    impostor = np.sort(scores[~same & wanted])
    genuine = scores[same & wanted]
    below, upto = np.searchsorted(impostor, genuine, side="left"), np.searchsorted(impostor, genuine, side="right")
    # A tie counts half.
    return float((below + upto).mean() / (2 * max(len(impostor), 1)))


def _aligned(picture: Image) -> Image:
    top = (picture.shape[0] - SIZE) // 2
    return np.ascontiguousarray(picture[top:top + SIZE, top:top + SIZE])


def _drawn(person: npt.NDArray[np.integer], people: int, each: int, seed: int) -> npt.NDArray[np.int64]:
    names, counts = np.unique(person[person >= 0], return_counts=True)
    able = names[counts >= 2]
    if len(able) < 2:
        raise MediaError(f"{len(able)} of {len(names)} people have two pictures or more: two such people are needed to compare anybody")
    random = np.random.default_rng(seed)
    chosen = np.sort(random.permutation(able)[:people])
    return np.concatenate([np.sort(random.permutation(np.flatnonzero(person == name))[:each]) for name in chosen]).astype(np.int64)
