"""All that `edge-face bench` measures, as one JSON-able dictionary."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge_face.evaluation import process, speed
from edge_face.evaluation.preview import preview_cost
from edge_face.settings import Settings
from edge_face.types import Floats, Frame, Image, Match

PREVIEWED = 100
"""Frames that are hidden, coded and handed over again and again."""


class Crowd:
    """A gallery of random unit vectors, for what matching costs; nobody in it is anybody."""

    def __init__(self, people: int, dimension: int, seed: int = 1) -> None:
        templates = np.random.default_rng(seed).standard_normal((people, dimension)).astype(np.float32)
        self._templates = templates / np.linalg.norm(templates, axis=1, keepdims=True)

    def match(self, embedding: Floats, monotonic: float) -> Match:
        score, _ = self._best(embedding)
        return Match(None, None, score, 2.0, 0.0, monotonic)

    def best_single(self, embedding: Floats) -> tuple[str | None, float]:
        return None, self._best(embedding)[0]

    def verify(self, person: str, embedding: Floats) -> tuple[float, float]:
        return self._best(embedding)[0], 2.0

    def verifies(self, person: str, embedding: Floats) -> bool:
        return False

    def _best(self, embedding: Floats) -> tuple[float, int]:
        scores = self._templates @ embedding
        best = int(scores.argmax())
        return float(scores[best]), best


def measure(settings: Settings, clip: Path, chosen: Container[int], frames: int, peer: str | None,
            say: Callable[[str], None]) -> dict[str, Any]:
    """Runs every measurement on the `chosen` frames of a clip (one face in view), `frames` calls each; `say` is told
    what is being measured. Raises EdgeFaceError where a model or file fails."""
    from edge_face.media import VideoReader
    from edge_face.opencv import cv2
    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.detector import Detector
    from edge_face.vision.embedder import Embedder
    from edge_face.vision.live import LivenessJudge
    from edge_face.vision.pipeline import VisionPipeline
    from edge_face.vision.runtime import runtime_name

    cv2.setNumThreads(settings.vision.threads)
    say("start-up ...")
    begun = time.perf_counter()
    tasks = ("detector", "embedder", "landmarker", "liveness")
    bundles = [load_bundle(getattr(settings.vision, task), task) for task in tasks]
    width, height = (int(side) for side in settings.vision.input.split("x"))
    detector = Detector(bundles[0], width, height, settings.vision.precision, settings.vision.threads, settings.vision.landmarker)
    embedder = Embedder(bundles[1], settings.vision.precision, settings.vision.threads)
    live = LivenessJudge(bundles[3], settings.vision.precision, settings.vision.threads, settings.liveness.bpcer)
    gallery = Crowd(100, embedder.dimension)
    first = Frame(0, 0.0, 0.0, np.zeros((480, 640, 3), np.uint8))
    VisionPipeline(settings, detector, embedder, gallery, live=live).process(first)
    ready = time.perf_counter() - begun
    start = {**process.help_cost(), "ready_seconds": ready}

    with VideoReader(clip) as reader:
        pictures: list[Image] = [image.copy() for index, _, image in reader if index in chosen]
    stream = _frames(pictures, frames)
    figures: dict[str, Any] = {
        "machine": f"{platform.machine()} {_processor()}", "runtime": runtime_name(), "opencv": cv2.__version__,
        "numpy": np.__version__, "threads": settings.vision.threads, "start": start,
        "detector": bundles[0].model_id, "embedder": bundles[1].model_id, "liveness": bundles[3].model_id,
    }
    say("the whole pipeline, with an embedding in every frame ...")
    forced = speed.pipeline(VisionPipeline(settings, detector, embedder, gallery, live=live, force_embedding=True).process, stream)
    say("the whole pipeline, as it runs ...")
    usual = speed.pipeline(VisionPipeline(settings, detector, embedder, gallery, live=live).process, stream)
    say("the picture on the pages ...")
    shown = VisionPipeline(settings, detector, embedder, gallery, live=live)
    figures["preview"] = preview_cost(settings, [(frame, shown.process(frame)) for frame in stream[:PREVIEWED]], frames)
    if peer:
        say("YuNet ...")
        yunet = speed.yunet(peer, [f.image for f in stream])
        figures["peer"] = {**yunet.as_dict(), "pipeline_ratio": forced["whole frame"].median / yunet.median,
                           "detector_ratio": forced["detect"].median / yunet.median}
    say("each network alone ...")
    figures["networks"] = {n: s.as_dict() for n, s in speed.networks(bundles, settings.vision.threads, frames).items()}
    figures["pipeline_forced"] = {n: s.as_dict() for n, s in forced.items()}
    figures["pipeline"] = {n: s.as_dict() for n, s in usual.items()}
    figures["live_share"] = {"forced": speed.share(forced, "live"), "usual": speed.share(usual, "live")}
    figures["memory"] = process.memory_mb()
    return figures


def _frames(pictures: Sequence[Image], count: int) -> list[Frame]:
    return [Frame(i, i / 15, i / 15, pictures[i % len(pictures)]) for i in range(count)]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()
    return ""
