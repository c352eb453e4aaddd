"""How long each stage takes on this board: networks alone, the whole pipeline, and a yardstick beside it.

All figures are of one thread unless settings say otherwise, in milliseconds, median and percentiles over many calls.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edge_face.errors import MediaError
from edge_face.types import Image

if TYPE_CHECKING:
    from edge_face.types import Frame, Scene
    from edge_face.vision.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds of one thing over `count` calls."""

    count: int
    median: float
    p95: float
    p99: float
    worst: float
    total: float = 0.0

    @staticmethod
    def of(seconds: Sequence[float]) -> Spread:
        """Raises ValueError when nothing was measured."""
        if not seconds:
            raise ValueError("nothing was measured")
        ms = np.asarray(seconds, np.float64) * 1000
        p50, p95, p99 = (float(v) for v in np.percentile(ms, (50, 95, 99)))
        return Spread(len(seconds), p50, p95, p99, float(ms.max()), float(ms.sum()))

    def as_dict(self) -> dict[str, float]:
        return {"count": self.count, "median_ms": round(self.median, 4), "p95_ms": round(self.p95, 4),
                "p99_ms": round(self.p99, 4), "worst_ms": round(self.worst, 4)}


def timed(call: Callable[[], Any], runs: int, warm_up: int = 5) -> Spread:
    """The spread of `runs` calls after a warm-up."""
    for _ in range(warm_up):
        call()
    taken = []
    for _ in range(runs):
        begun = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begun)
    return Spread.of(taken)


def networks(bundles: Iterable[Bundle], threads: int, runs: int) -> dict[str, Spread]:
    """Every file of every bundle alone: "detector int8-320x240" -> spread. The fastest on this board is the one to set."""
    from edge_face.vision.runtime import Interpreter

    found = {}
    for bundle in bundles:
        for entry in bundle.files:
            network = Interpreter(bundle.read(entry), threads=threads, name=entry.name)
            picture = np.random.default_rng(0).integers(0, 256, network.inputs[0].shape, dtype=np.uint8)
            found[f"{bundle.task} {entry.name.removesuffix('.tflite')}"] = timed(lambda n=network, p=picture: n.run(p), runs)  # type: ignore[misc]
    return found


def fastest(medians: Mapping[str, float]) -> dict[str, tuple[str, float]]:
    """Of the files of `networks` by name and their medians: for each model and size the fastest precision, and how many times the
    next one takes; models with a single file are left out. "detector int8-320x240" is int8 of "detector 320x240"."""
    groups: dict[str, dict[str, float]] = defaultdict(dict)
    for name, median in medians.items():
        task, _, file = name.partition(" ")
        precision, _, size = file.partition("-")
        groups[f"{task} {size}".strip()][precision] = median
    found = {}
    for model, files in groups.items():
        if len(files) > 1:
            best, second = sorted(files, key=lambda precision: files[precision])[:2]
            found[model] = (best, files[second] / max(files[best], 1e-9))
    return found


def pipeline(process: Callable[[Frame], Scene], frames: Iterable[Frame]) -> dict[str, Spread]:
    """The spread of each stage and of the whole, as one pipeline works through the frames."""
    stages: dict[str, list[float]] = defaultdict(list)
    for frame in frames:
        begun = time.perf_counter()
        scene = process(frame)
        stages["whole frame"].append(time.perf_counter() - begun)
        for stage, seconds in scene.timings.items():
            stages[stage].append(seconds)
    return {stage: Spread.of(seconds) for stage, seconds in stages.items()}


def share(stages: Mapping[str, Spread], stage: str) -> float:
    """The share of all time that a stage took, 0 to 1."""
    whole = stages["whole frame"].total
    return stages[stage].total / whole if stage in stages and whole > 0 else 0.0


def yunet(model: str, pictures: Sequence[Image], width: int = 640, height: int = 480) -> Spread:
    """OpenCV's FaceDetectorYN with YuNet on the same pictures, one thread. Raises MediaError when the file does not load."""
    from edge_face.opencv import cv2

    cv2.setNumThreads(1)
    try:
        detector = cv2.FaceDetectorYN.create(model, "", (width, height), 0.6, 0.3, 100)
    except cv2.error as error:
        raise MediaError(f"{model} is not a model that OpenCV {cv2.__version__} loads: give the path of YuNet's .onnx file") from error
    taken = []
    for number, picture in enumerate([*pictures[:5], *pictures]):
        begun = time.perf_counter()
        detector.detect(picture)
        if number >= 5:
            taken.append(time.perf_counter() - begun)
    return Spread.of(taken)
