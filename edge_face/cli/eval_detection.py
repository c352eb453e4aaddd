"""`edge-face eval detection`: which faces are seen, and what is taken for one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.evaluation.detection import DetectionResult

DESCRIPTION = ("Runs the detector over labelled frames, at its thresholds for recognising and for hiding: recall by face height, "
               "precision, false alarms, landmark error. Labels are JSON lines, one a frame: "
               '{"frame": 0, "faces": [{"box": [x, y, width, height], "landmarks": ..., "visible": 1.0}]}; '
               'for a folder of pictures also {"file": "a.jpg", ...}.')
EXAMPLES = """
  edge-face eval detection --frames door.mp4 --labels door.jsonl
  edge-face eval detection --frames pictures/ --labels pictures.jsonl --least-height 20 --report detection.html
"""
SIZES = ("640x480", "320x240")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.eval_common import add_models, add_output

    parser.add_argument("--frames", required=True, metavar="DIR|VIDEO", help="a video, or a folder of pictures")
    parser.add_argument("--labels", required=True, metavar="FILE", help="JSON lines, one for each frame")
    parser.add_argument("--least-height", type=float, default=24.0, metavar="PX", help="smaller faces are not asked for (default 24)")
    parser.add_argument("--size", choices=SIZES, default=SIZES[0], help="the detector's input (default 640x480)")
    add_models(parser, embedder=False)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from edge_face.cli.eval_common import check_usage, landmarker_of, tell_missing, write_figures
    from edge_face.cli.progress import ProgressLine
    from edge_face.errors import MediaError, UsageError
    from edge_face.evaluation.detection import measure_detection, read_face_labels
    from edge_face.evaluation.report_others import detection_page
    from edge_face.media.paths import shown
    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.detector import Detector

    check_usage(args)
    if not 0 <= args.least_height < 10_000:
        raise UsageError(f"--least-height {args.least_height:g}: a number of pixels, 0 or more")
    source = Path(args.frames)
    if not source.exists():
        raise MediaError(f"there is no video or folder '{shown(source)}'")
    labels = read_face_labels(args.labels)
    bundle = load_bundle(args.detector_bundle, "detector")
    width, height = (int(side) for side in args.size.split("x"))
    landmarker = landmarker_of(args)
    detector = Detector(bundle, width, height, args.precision, landmarker=landmarker)
    with ProgressLine("frames") as line:
        result = measure_detection(source, labels, detector, detector.hide, strict=args.strict, least_height=args.least_height,
                                   progress=line.step)
    tell_missing(result.missing, "the labels file")
    about = {"detector": bundle.model_id, "detector_file": bundle.entry(args.precision, (width, height)).name, "precision": args.precision,
             "landmarker": "none" if landmarker is None else load_bundle(landmarker, "landmarker").model_id}
    page = detection_page(result, about, args.least_height) if args.report else None
    write_figures(args, figures(result, about, args.least_height), table(result, about), page)
    return 0


def figures(result: DetectionResult, about: dict[str, str], least_height: float) -> dict[str, Any]:
    """As `--json` writes them."""
    import numpy as np

    from edge_face.evaluation.detection import HEIGHTS

    def at(name: str) -> dict[str, Any]:
        found = getattr(result, name)
        errors = found.errors
        return {"threshold": found.threshold, "recall": found.recall, "precision": found.precision,
                "faces": found.labelled, "found": found.found,
                "false_alarms": found.false_alarms, "false_alarms_on_background": found.on_background,
                "false_alarms_a_frame": found.false_alarms / max(result.frames, 1),
                "detections": found.detections,
                "landmark_error_median": float(np.median(errors)) if errors else None,
                "landmark_error_p95": float(np.percentile(errors, 95)) if errors else None,
                "by_height": [{"from": edge, "faces": found.by_height[edge][1], "found": found.by_height[edge][0],
                               "recall": found.by_height[edge][0] / found.by_height[edge][1] if found.by_height[edge][1] else None}
                              for edge in HEIGHTS],
                "frames_with_errors": [[key, missed, alarms] for key, missed, alarms in found.worst]}

    return {"task": "detection", "model": about["detector"], **about, "frames": result.frames, "least_height": least_height,
            "recognise": at("recognise"), "hide": at("hide"), "missing_frames": result.missing}


def table(result: DetectionResult, about: dict[str, str]) -> str:
    """The figures as people read them."""
    from statistics import median

    from edge_face.cli.eval_common import percent
    from edge_face.evaluation.detection import HEIGHTS
    from edge_face.evaluation.report_others import height_name

    both = (("recognising", result.recognise), ("hiding", result.hide))
    lines = [f"{about['detector']} ({about['detector_file']}), landmarker {about['landmarker']}, {result.frames:,} frames", "",
             f"  {'':<26}{'recognising':>14}{'hiding':>14}"]

    def row(name: str, cells: list[str]) -> None:
        lines.append(f"  {name:<26}" + "".join(f"{cell:>14}" for cell in cells))

    row("threshold", [f"{found.threshold:g}" for _, found in both])
    row("faces asked for", [f"{found.labelled:,}" for _, found in both])
    row("recall", [percent(found.recall) for _, found in both])
    row("precision", [percent(found.precision) for _, found in both])
    row("false alarms", [f"{found.false_alarms:,}" for _, found in both])
    row("  on background", [f"{found.on_background:,}" for _, found in both])
    row("false alarms a frame", [f"{found.false_alarms / max(result.frames, 1):.3f}" for _, found in both])
    row("landmark error / eyes", [f"{median(found.errors):.4f}" if found.errors else "-" for _, found in both])
    for edge in HEIGHTS:
        labelled = result.hide.by_height[edge][1]
        if labelled:
            row(f"{height_name(edge)} ({labelled:,})", [percent(found.by_height[edge][0] / labelled) for _, found in both])
    return "\n".join(lines)
