"""Measures a detector file on a labelled clip: what is found at both thresholds, what is missed, and how far
landmarks lie.

Run as `python -m converter.training.detector_clip CLIP.mp4 [--bundle DIR] [--file int8-320x240.tflite]`; the
labels lie beside the clip as CLIP.jsonl (one line a frame, see the bundled clips' provenance). The clip is
for testing only.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.export_detector import Lite
from converter.training.detector_eval import Found, detect_all, overlaps

# The labels name the person's own left; ours are as seen in the picture.
POINTS = ("right_eye", "left_eye", "nose", "right_mouth", "left_mouth")
HEIGHTS: tuple[tuple[int, int], ...] = ((0, 30), (30, 45), (45, 60), (60, 90), (90, 140), (140, 1000))


@dataclass
class ClipFigures:
    """Rows of (frame, face height in clip pixels, found to recognise, found to hide), alarms and landmark
    errors."""

    faces: list[tuple[int, float, bool, bool]] = field(default_factory=list)
    alarms: dict[str, list[tuple[int, float]]] = field(default_factory=lambda: {"recognise": [], "hide": []})
    errors: list[float] = field(default_factory=list)
    eye_ratios: list[float] = field(default_factory=list)
    ious: list[float] = field(default_factory=list)
    frames: int = 0
    empty_frames: int = 0


def measure(clip: Path, lite: Lite, size: tuple[int, int], thresholds: dict[str, float]) -> ClipFigures:
    """Run every frame, resized to `size` (width, height), and compare with the labels in clip pixels.

    To recognise, a box must overlap the label by half; to hide, its centre must lie in the label's box. A
    stray is a box that does neither, away from every label.
    """
    labels = [json.loads(line) for line in clip.with_suffix(".jsonl").read_text().splitlines()]
    video = cv2.VideoCapture(str(clip))
    figures = ClipFigures()
    for label in labels:
        ok, frame = video.read()
        if not ok:
            break
        scale = frame.shape[1] / size[0]
        small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA) if scale != 1 else frame
        (found,) = detect_all(lite.predict, np.asarray(small[None], np.uint8), thresholds["hide"])
        compare(figures, label, found, scale, thresholds)
    video.release()
    return figures


def compare(
    figures: ClipFigures, label: dict[str, Any], found: Found, scale: float, thresholds: dict[str, float]
) -> None:
    """Add one frame."""
    number = int(label["frame"])
    figures.frames += 1
    figures.empty_frames += not label["faces"]
    boxes = found.boxes * scale
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    strong = found.scores >= thresholds["recognise"]
    near = np.zeros(len(boxes), bool)
    for face in label["faces"]:
        x, y, w, h = face["box"]
        truth: NDArray[np.float32] = np.asarray([[x, y, x + w, y + h]], np.float32)
        iou = overlaps(boxes, truth)[:, 0] if len(boxes) else np.zeros(0, np.float32)
        inside = ((truth[0, :2] <= middles) & (middles <= truth[0, 2:])).all(1)
        near |= inside | (iou > 0.2)
        if face["visible"] <= 0.5:
            continue
        good = strong & (iou > 0.5)
        figures.faces.append((number, float(h), bool(good.any()), bool(inside.any())))
        if good.any():
            best = int(np.flatnonzero(good)[iou[good].argmax()])
            marks = found.landmarks[best] * scale
            points = np.asarray([face["landmarks"][name] for name in POINTS])
            eyes = float(np.linalg.norm(points[1] - points[0]))
            figures.ious.append(float(iou[best]))
            figures.errors.append(float(np.linalg.norm(marks - points, axis=1).mean()) / max(eyes, 1.0))
            if abs(face["yaw"]) < 30:
                figures.eye_ratios.append(float(np.linalg.norm(marks[1] - marks[0])) / max(eyes, 1.0))
    for i in np.flatnonzero(~near):
        figures.alarms["hide"].append((number, float(found.scores[i])))
        if strong[i]:
            figures.alarms["recognise"].append((number, float(found.scores[i])))


def report(figures: ClipFigures, fps: float) -> str:
    """Plain text: recall by height, strays, landmark error, where misses cluster."""
    lines = []
    rows = figures.faces
    for low, high in (*HEIGHTS, (0, 1000)):
        part = [r for r in rows if low <= r[1] < high]
        if part:
            recognise, hide = (sum(r[k] for r in part) for k in (2, 3))
            lines.append(f"height {low:4d}-{high:4d}: {len(part)} faces, recognise {recognise}, hide {hide}")
    strays = {name: len(hits) for name, hits in figures.alarms.items()}
    lines.append(f"strays in {figures.frames} frames ({figures.empty_frames} without people): {strays}")
    if figures.errors:
        lines.append(
            f"median IoU {np.median(figures.ious):.3f}, landmark error {np.median(figures.errors):.3f}"
            f" of the eye distance, eye distance ours / label {np.median(figures.eye_ratios):.3f}"
        )
    for name, column in (("recognise", 2), ("hide", 3)):
        missed = sorted({r[0] for r in rows if not r[column]})
        lines.append(f"missed to {name}: {_runs(missed, fps)}")
    lines.append(f"strays to recognise: {_runs(sorted({n for n, _ in figures.alarms['recognise']}), fps)}")
    return "\n".join(lines)


def _runs(frames: list[int], fps: float) -> str:
    """Frame numbers as runs, with the time of their beginning."""
    runs: list[list[int]] = []
    for frame in frames:
        if runs and frame - runs[-1][1] <= 2:
            runs[-1][1] = frame
        else:
            runs.append([frame, frame])
    return (
        ", ".join(f"{a}-{b} ({a / fps:.1f} s)" if a != b else f"{a} ({a / fps:.1f} s)" for a, b in runs)
        or "none"
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--bundle", type=Path, default=Path("edge_face/models/detector"))
    parser.add_argument(
        "--file", action="append", help="one of the bundle's files; may be given again; none: all"
    )
    arguments = parser.parse_args()
    manifest = json.loads((arguments.bundle / "manifest.json").read_text())
    for name in arguments.file or sorted(manifest["files"]):
        entry = manifest["files"][name]
        lite = Lite((arguments.bundle / name).read_bytes())
        size = (int(entry["width"]), int(entry["height"]))
        figures = measure(arguments.clip, lite, size, manifest["thresholds"])
        print(f"{arguments.clip.name} {name}\n{report(figures, 15.0)}", flush=True)


if __name__ == "__main__":
    main()
