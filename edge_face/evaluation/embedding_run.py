"""The shipped pipeline over many pictures: detection, the largest and most central face, alignment, embedding.

Nothing is cached and nothing is tuned to a set: a picture goes in as a camera gives it. One detector and one embedder for
each thread; both runtimes and OpenCV work outside of Python's lock.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from edge_face.errors import MediaError, ModelError
from edge_face.types import Detection, Floats, Image

if TYPE_CHECKING:
    from edge_face.vision.bundle import Bundle

INPUT = (640, 480)
"""Detector input, pixels: a picture of another shape is scaled to fit and padded."""
Progress = Callable[[int, int], None]
"""Told how many of how many are done."""
Result = TypeVar("Result")


class FaceFinder(Protocol):
    """What finds faces; `recognise` is the score from which a face is taken."""

    recognise: float

    def detect(self, image: Image, threshold: float) -> list[Detection]: ...


class FaceEmbedder(Protocol):
    """What turns an aligned face into a unit vector."""

    def embed(self, aligned: Image) -> Floats: ...


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What one picture gave: the face and its embedding, or in `failure` why there is none. `unreadable`: the file
    itself is at fault."""

    detection: Detection | None = None
    embedding: Floats | None = None
    failure: str = ""
    unreadable: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """Embeddings (n, d) of n pictures, zeros where `found` (n,) is False; `failures` says why by the picture's index,
    `unreadable` lists those whose file could not be read."""

    embeddings: Floats
    found: npt.NDArray[np.bool_]
    failures: dict[int, str]
    unreadable: tuple[int, ...] = ()

    @classmethod
    def of(cls, readings: Sequence[Reading]) -> Embedded:
        """Gathers readings. Raises MediaError when no picture gave a face."""
        vectors = [reading.embedding for reading in readings]
        dimension = next((len(vector) for vector in vectors if vector is not None), 0)
        if not dimension:
            why = readings[0].failure if readings else "there is no picture"
            raise MediaError(f"no face was found in any of the {len(readings)} pictures (the first: {why}): nothing to measure")
        embeddings = np.zeros((len(vectors), dimension), np.float32)
        for row, vector in zip(embeddings, vectors, strict=True):
            if vector is not None:
                row[:] = vector
        return cls(embeddings, np.array([vector is not None for vector in vectors]),
                   {i: r.failure for i, r in enumerate(readings) if r.embedding is None},
                   tuple(i for i, r in enumerate(readings) if r.unreadable))


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """The bundles of a measurement and the precision asked for; `recogniser()` gives each thread its own. Without a
    `landmarker` the detector's own landmarks are taken."""

    detector: Bundle
    embedder: Bundle
    precision: str = "int8"
    landmarker: Bundle | None = None

    @classmethod
    def load(cls, embedder: str = "", detector: str = "", precision: str = "int8", landmarker: str | None = "") -> Models:
        """Folders of bundles (empty: the shipped ones; no landmarker: None). Raises ModelError, also for a precision
        that one lacks."""
        from edge_face.vision.bundle import load_bundle

        models = cls(load_bundle(detector, "detector"), load_bundle(embedder, "embedder"), precision,
                     None if landmarker is None else load_bundle(landmarker, "landmarker"))
        models.detector.entry(precision, INPUT)
        models.embedder.entry(precision)
        return models

    def recogniser(self) -> Recogniser:
        """A detector and an embedder of their own, one thread each. Raises ModelError."""
        from edge_face.vision.detector import Detector
        from edge_face.vision.embedder import Embedder

        landmarker = None if self.landmarker is None else str(self.landmarker.folder)
        return Recogniser(Detector(self.detector, *INPUT, self.precision, landmarker=landmarker),
                          Embedder(self.embedder, self.precision))

    def about(self) -> dict[str, str]:
        """What was measured: ids of the models and the files that ran."""
        return {"model": self.embedder.model_id, "precision": self.precision, "file": self.embedder.entry(self.precision).name,
                "detector": self.detector.model_id, "detector_file": self.detector.entry(self.precision, INPUT).name,
                "landmarker": "none" if self.landmarker is None else self.landmarker.model_id}


class Recogniser:
    """Picture -> the embedding of its main face. Not for several threads at once."""

    def __init__(self, detector: FaceFinder, embedder: FaceEmbedder) -> None:
        self.detector = detector
        self._embedder = embedder

    def find(self, image: Image) -> Detection | None:
        """The largest and most central face at the recognising threshold, or None."""
        return main_face(self.detector.detect(image, self.detector.recognise), image.shape[1], image.shape[0])

    def read(self, image: Image) -> Reading:
        """Detection, alignment and embedding of the main face. Raises ModelError when the model itself is at fault."""
        from edge_face.vision.align import align

        face = self.find(image)
        if face is None:
            return Reading(failure="no face found")
        try:
            aligned = align(image, face.landmarks)
        except ModelError:
            return Reading(face, failure="the landmarks make no face")
        return Reading(face, self._embedder.embed(aligned.image))

    def read_file(self, path: Path) -> Reading:
        """The same for a file; one that cannot be read is a failure that says why."""
        from edge_face.media import read_picture

        try:
            image = read_picture(path)
        except MediaError as error:
            return Reading(failure=str(error), unreadable=True)
        return self.read(image)


SURE = 0.8
"""Share of the best detection's score from which another face may be the one that is meant."""


def main_face(faces: Sequence[Detection], width: int, height: int) -> Detection | None:
    """The largest and most central of the faces that are found about as surely as the surest; None when there is none.

    A face in the corner counts half of one in the middle: its area times 1 - 0.5 d, d its distance from the middle as a
    share of the corner's.
    """
    surest = max((face.score for face in faces), default=0.0)

    def weight(face: Detection) -> float:
        x, y = face.box.centre
        away = float(np.hypot(x - width / 2, y - height / 2) / np.hypot(width / 2, height / 2))
        return face.box.area * (1.0 - 0.5 * away)

    return max((face for face in faces if face.score >= SURE * surest), key=weight, default=None)


def processors() -> int:
    """Processors that this process may use."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def over_pictures(paths: Sequence[Path], worker: Callable[[], Callable[[Path], Result]], *, jobs: int = 0,
                  progress: Progress = lambda done, total: None) -> Iterator[Result]:
    """What a worker makes of each path, in order. `worker` is called once in each of `jobs` threads (0: one for each
    processor); its errors end the run."""
    from edge_face.opencv import cv2

    local = threading.local()

    def work(path: Path) -> Result:
        if not hasattr(local, "worker"):
            local.worker = worker()
        result: Result = local.worker(path)
        return result

    count = max(1, min(jobs or processors(), len(paths) or 1))
    before = cv2.getNumThreads()
    if count > 1:
        cv2.setNumThreads(1)  # our own threads share the work already
    pool = ThreadPoolExecutor(count, thread_name_prefix="pictures")
    try:
        futures = [pool.submit(work, path) for path in paths]
        progress(0, len(paths))
        for done, future in enumerate(futures, 1):
            yield future.result()
            progress(done, len(paths))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        cv2.setNumThreads(before)


def embed_pictures(paths: Sequence[Path], recogniser: Callable[[], Recogniser], *, jobs: int = 0,
                   progress: Progress = lambda done, total: None) -> list[Reading]:
    """The main face of every picture. `recogniser` makes one for each thread (`Models.recogniser`). Raises ModelError."""
    return list(over_pictures(paths, lambda: recogniser().read_file, jobs=jobs, progress=progress))
