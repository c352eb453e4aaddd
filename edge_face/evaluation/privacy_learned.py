"""Attack 4 without a trained network: a regression from hidden pixels to identity, learned from faces of other people.

A hidden face is shrunk to 16x16 pixels; they and random waves of them (A. Rahimi, B. Recht, "Random features for large-scale kernel
machines", NIPS 2007) are mapped by ridge regression to the embedding that our embedder gives the same face while it is clear. Closed
form, a minute for ten thousand faces, and it sees whatever colours and coarse shapes a method leaves. A deep network finds more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_face.errors import MediaError
from edge_face.evaluation.embedding_run import FaceEmbedder, FaceFinder, Progress, main_face
from edge_face.evaluation.hidden_regions import box_of_landmarks, shaken
from edge_face.evaluation.pictures import open_pictures
from edge_face.evaluation.privacy_ways import Way
from edge_face.media import read_picture
from edge_face.media.paths import shown
from edge_face.opencv import cv2
from edge_face.privacy.masks import bounds
from edge_face.privacy.regions import Region, cover
from edge_face.privacy.registry import anonymize
from edge_face.types import Box, Floats, Image
from edge_face.vision.align import SIZE, TEMPLATE, align

PIXELS, WAVES = 16, 1500
WIDTH = 0.95
"""Of the waves: standard deviation of their frequencies over the root of the number of pixels' values."""
RIDGES = (0.03, 0.1, 0.3, 1.0)
"""Tried on a tenth of the faces, over the mean of the diagonal."""
PAD, AROUND = 48, 1.3
FEWEST = 200
"""Faces from which anything can be learned."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Faces of others: part of a picture around each, its landmarks and hidden box there, and the clear embedding (n, d)."""

    faces: tuple[tuple[Image, Floats, Box], ...]
    embeddings: Floats

    @property
    def mean(self) -> Floats:
        """The mean embedding, which says nothing of anybody."""
        found: Floats = self.embeddings.mean(0)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class PixelLearner:
    """What was learned of one way of hiding. May be used by several threads."""

    middle: Floats
    scale: float
    frequencies: Floats
    phases: Floats
    offset: Floats
    weights: Floats

    def embed(self, face: Image) -> Floats:
        """A unit vector for an aligned hidden face (112x112 BGR), to be compared with its like and with `centred` clear ones."""
        small = _small(face)
        both = np.stack([small, small[:, ::-1]])
        found = ((_features(both, self.middle, self.scale, self.frequencies, self.phases) - self.offset) @ self.weights).sum(0)
        return _unit(found)


def centred(embedding: Floats, mean: Floats) -> Floats:
    """A clear embedding as a learner's answers lie."""
    return _unit(embedding - mean)


def read_lesson(folder: str, most: int, margin: float, detector: FaceFinder, embedder: FaceEmbedder,
                progress: Progress = lambda done, total: None) -> Lesson:
    """The faces in a folder and below it, `most` of them, evenly drawn. Pictures of 112x112 and 128x128 are taken as aligned, in
    others the face is looked for. Raises MediaError where too few are found."""
    pictures = open_pictures(folder)
    order = np.random.default_rng(0).permutation(len(pictures))[:most]
    faces: list[tuple[Image, Floats, Box]] = []
    vectors: list[Floats] = []
    for done, index in enumerate(order.tolist()):
        found = _face(pictures.path(index), margin, detector, np.random.default_rng([index, 4]))
        if found is not None:
            faces.append(found)
            vectors.append(embedder.embed(align(found[0], found[1]).image).copy())
        progress(done + 1, len(order))
    if len(faces) < FEWEST:
        raise MediaError(f"{len(faces)} faces were found in '{shown(folder)}': {FEWEST} or more of other people are needed to learn from")
    return Lesson(tuple(faces), np.stack(vectors))


def _face(path: Path, margin: float, detector: FaceFinder, random: np.random.Generator) -> tuple[Image, Floats, Box] | None:
    try:
        image = read_picture(path)
    except MediaError:
        return None
    if image.shape[0] == image.shape[1] and image.shape[0] in (SIZE, SIZE + 16):
        marks = (TEMPLATE + (image.shape[0] - SIZE) / 2 + PAD).astype(np.float32)
        wide = cv2.copyMakeBorder(image, PAD, PAD, PAD, PAD, cv2.BORDER_REPLICATE)
        return np.asarray(wide, np.uint8), marks, cover(shaken(box_of_landmarks(marks), random), margin)
    face = main_face(detector.detect(image, detector.recognise), image.shape[1], image.shape[0])
    if face is None:
        return None
    region = cover(face.box, margin)
    left, top, right, bottom = bounds(region.grown(AROUND), image.shape[1], image.shape[0])
    return np.ascontiguousarray(image[top:bottom, left:right]), (face.landmarks - (left, top)).astype(np.float32), region.moved(-left, -top)


def learn_way(lesson: Lesson, way: Way) -> PixelLearner:
    """What can be learned of a way, each face hidden with a key of its own."""
    small = np.stack([_small(align(anonymize(image, [Region(box, "unknown")], way.method, way.strength, key=number.to_bytes(4, "big"),
                                             option=way.option, faces=(marks,)), marks).image)
                      for number, (image, marks, box) in enumerate(lesson.faces)])
    targets = np.stack([centred(vector, lesson.mean) for vector in lesson.embeddings])
    return fit(small, targets)


def fit(small: Floats, targets: Floats) -> PixelLearner:
    """From shrunk hidden faces (n, 16, 16, 3) to unit vectors (n, d)."""
    random = np.random.default_rng(0)
    values = small.reshape(len(small), -1)
    middle, scale = values.mean(0), float(values.std()) + 1e-3
    frequencies = (random.standard_normal((values.shape[1], WAVES)) * WIDTH / values.shape[1] ** 0.5).astype(np.float32)
    phases = random.uniform(0, 2 * np.pi, WAVES).astype(np.float32)
    features = _features(small, middle, scale, frequencies, phases)
    offset: Floats = features.mean(0)
    features -= offset
    held = np.arange(len(small)) % 10 == 0
    best, most = RIDGES[0], -2.0
    for ridge in RIDGES:
        weights = _solved(features[~held], targets[~held], ridge)
        guess = features[held] @ weights
        agree = float(np.mean([_unit(g) @ t for g, t in zip(guess, targets[held], strict=True)]))
        best, most = (ridge, agree) if agree > most else (best, most)
    return PixelLearner(middle, scale, frequencies, phases, offset, _solved(features, targets, best))


def _solved(features: Floats, targets: Floats, ridge: float) -> Floats:
    gram = features.T @ features
    gram[np.diag_indices_from(gram)] += ridge * np.trace(gram) / len(gram) + 1e-6
    return np.linalg.solve(gram, features.T @ targets).astype(np.float32)


def _features(small: Floats, middle: Floats, scale: float, frequencies: Floats, phases: Floats) -> Floats:
    values = (small.reshape(len(small), -1) - middle) / np.float32(scale)
    # Waves weigh about as much as the pixels themselves.
    waves = np.cos(values @ frequencies + phases) * np.float32((2 * values.shape[1] / WAVES) ** 0.5)
    return np.concatenate([values, waves], 1).astype(np.float32)


def _small(face: Image) -> Floats:
    return np.asarray(cv2.resize(face, (PIXELS, PIXELS), interpolation=cv2.INTER_AREA), np.float32)


def _unit(vector: Floats) -> Floats:
    found: Floats = (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
    return found


def learn_all(lesson: Lesson, ways: Sequence[Way], progress: Progress = lambda done, total: None) -> dict[Way, PixelLearner]:
    """A learner for each way."""
    found = {}
    for number, way in enumerate(ways, 1):
        found[way] = learn_way(lesson, way)
        progress(number, len(ways))
    return found
