"""Pictures to faces: detector, tracker, alignment (`edge_face.vision.align.align`), quality, embedder, and the pipeline
that joins them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.vision.align import Aligned
    from edge_face.vision.bundle import Bundle, load_bundle
    from edge_face.vision.detector import Detector
    from edge_face.vision.embedder import Embedder
    from edge_face.vision.light import judge_light
    from edge_face.vision.pipeline import FaceDetector, FaceEmbedder, FaceGallery, VisionPipeline
    from edge_face.vision.pooling import Agreement, Pool
    from edge_face.vision.pose import Pose, estimate_pose
    from edge_face.vision.quality import ENROLMENT, Limits, advice, assess, failing
    from edge_face.vision.runtime import Interpreter
    from edge_face.vision.tracker import Tracked, Tracker

# Where each name lives: cv2 and the TFLite runtime are imported only when somebody asks for what needs them.
_HOMES = {
    "Aligned": "align",
    "Bundle": "bundle", "load_bundle": "bundle",
    "Detector": "detector", "Embedder": "embedder", "Interpreter": "runtime",
    "judge_light": "light",
    "FaceDetector": "pipeline", "FaceEmbedder": "pipeline", "FaceGallery": "pipeline", "VisionPipeline": "pipeline",
    "Agreement": "pooling", "Pool": "pooling",
    "Pose": "pose", "estimate_pose": "pose",
    "ENROLMENT": "quality", "Limits": "quality", "advice": "quality", "assess": "quality", "failing": "quality",
    "Tracked": "tracker", "Tracker": "tracker",
}

__all__ = [
    "ENROLMENT", "Agreement", "Aligned", "Bundle", "Detector", "Embedder", "FaceDetector", "FaceEmbedder", "FaceGallery",
    "Interpreter", "Limits", "Pool", "Pose", "Tracked", "Tracker", "VisionPipeline", "advice", "assess",
    "estimate_pose", "failing", "judge_light", "load_bundle",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
