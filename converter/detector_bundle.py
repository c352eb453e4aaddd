"""What is the detector's own in making its bundle: its net for each size, calibration pictures, thresholds and figures.

Everything random comes from the recipe's seeds. `converter.prove_ours` makes the files and has the gate judge them.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.training.composites import Photo, load_photos
from converter.training.detector_eval import BINS, Found, Tally, detect_by, overlaps, tally
from converter.training.detector_exam import HIDE_ALARMS, LEAST_HEIGHT, RECOGNISE_ALARMS, SEED, figures, paint_exam
from converter.training.detector_targets import STRIDES
from converter.training.detector_task import DetectorRecipe, heldout
from converter.training.recipe import SHIPPED, read, table
from converter.training.scenes import Mixture, Painter
from edge_face.vision.bundle import load_bundle
from edge_face.vision.detector import Detector

VERSION = "0.2.0"
SIZES: tuple[tuple[int, int], ...] = ((320, 240), (640, 480))
CALIBRATION_PICTURES = {(320, 240): 330, (640, 480): 120}
THRESHOLD_PICTURES, FIGURE_PICTURES = 400, 600
RECIPE = SHIPPED / "detector.toml"
BOX_ENCODING = "centre-log"
DECODING = (
    "Each output is (1, ceil(height / stride), ceil(width / stride), channels). Cell (row i, column j) "
    "has its centre at x = (j + 0.5) stride, y = (i + 0.5) stride, in input pixels (x = 0 is the left "
    "edge of the picture, the first pixel's own centre is at 0.5). score: 1 / (1 + exp(-logit)). box = "
    "(dx, dy, lw, lh): centre = cell centre + (dx, dy) stride, size = exp(clip((lw, lh), log_limits)) "
    "stride. landmarks = five (dx, dy): cell centre + (dx, dy) stride, in the order left eye, right "
    "eye, nose tip, left mouth corner, right mouth corner as seen in the picture. Then greedy non- "
    "maximum suppression at suppression_iou over all strides together."
)
TERMS = (
    "The weights were trained by this project on research sets of real people's faces (CelebA, UTKFace, "
    "public mask and web sets): research and non-commercial use; see MODEL_CARD.md. The code that made "
    "them is under the project's licence."
)


def sized(weights: Path, size: tuple[int, int]) -> Any:
    """The trained net for one input size (width, height) in pixels: Keras, batch open."""
    import keras

    from converter.training.detector_net import build, copy_weights

    trained = keras.models.load_model(weights, compile=False)
    width, height = size
    stem = trained.get_layer("stem_conv").filters
    widths = [trained.get_layer(f"stage{s}_conv").filters for s in (4, *STRIDES)]
    names = {layer.name for layer in trained.layers}
    blocks = [sum(f"stage{s}_{n}_add" in names for n in range(9)) for s in STRIDES]
    neck = trained.get_layer("lateral8_conv").filters
    model = build(width, height, stem=stem, widths=widths, blocks=blocks, neck=neck)
    copy_weights(trained, model)
    return model


def digest(weights: Path) -> str:
    """What names the weights in the manifest."""
    return hashlib.sha256(weights.read_bytes()).hexdigest()


def calibration(
    photos: Sequence[Photo], size: tuple[int, int], mixture: Mixture, seed: int
) -> NDArray[np.uint8]:
    """Composites of training pictures with a full range of pixels, every tenth one plain, and black and
    white."""
    painter = Painter(photos, size[0], size[1], mixture)
    pictures = []
    for number in range(CALIBRATION_PICTURES[size]):
        picture, _ = painter.paint(np.random.default_rng((seed, number)), clean=number % 10 == 0)
        pictures.append(picture)
    return np.stack([*pictures, np.zeros_like(pictures[0]), np.full_like(pictures[0], 255)])


def agreement(first: Sequence[Found], second: Sequence[Found], score: float) -> dict[str, float]:
    """How far two versions of a network differ on what the first one finds above a score."""
    lost, ious, points, scores = 0, [], [], []
    for a, b in zip(first, second, strict=True):
        for i in np.flatnonzero(a.scores >= score):
            iou = overlaps(a.boxes[i : i + 1], b.boxes)[0] if len(b.boxes) else np.zeros(0, np.float32)
            if not len(iou) or iou.max() < 0.5:
                lost += 1
                continue
            j = int(iou.argmax())
            eyes = max(float(np.linalg.norm(a.landmarks[i, 1] - a.landmarks[i, 0])), 1.0)
            ious.append(float(iou[j]))
            points.append(float(np.linalg.norm(a.landmarks[i] - b.landmarks[j], axis=1).mean()) / eyes)
            scores.append(abs(float(a.scores[i]) - float(b.scores[j])))
    total = max(lost + len(ious), 1)
    figures = {
        "compared": float(total),
        "lost": lost / total,
        "iou_median": float(np.median(ious)),
        "iou_p05": float(np.percentile(ious, 5)),
        "landmark_shift_median_of_eye_distance": float(np.median(points)),
        "landmark_shift_p95_of_eye_distance": float(np.percentile(points, 95)),
        "score_shift_p95": float(np.percentile(scores, 95)),
    }
    return {key: round(value, 4) for key, value in figures.items()}


def at_thresholds(result: Tally, thresholds: dict[str, float]) -> dict[str, float]:
    """Recall by face height and false alarms a picture at the bundle's own thresholds."""
    figures: dict[str, float] = {}
    for name, score in thresholds.items():
        figures[f"{name}_false_alarms_each"] = result.alarms_each(score)
        figures[f"{name}_recall"] = result.recall(score, 8)
        for low, high in BINS:
            figures[f"{name}_recall_{low}-{high}px"] = result.recall(score, low, high)
    return {key: round(value, 4) for key, value in figures.items()}


@dataclass(frozen=True)
class Photos:
    """The detector's pictures, divided as training divided them."""

    recipe: DetectorRecipe
    training: list[Photo]
    held: list[Photo]


def photos(data: Path, recipe_path: Path = RECIPE) -> Photos:
    """From the folder with detect.jsonl and detect.tar. Raises EdgeFaceError."""
    recipe = read(recipe_path, DetectorRecipe)
    held = heldout(recipe, recipe_path.parent, data)
    every = load_photos(data)
    return Photos(recipe, [p for p in every if p.file not in held], [p for p in every if p.file in held])


Bare = Callable[[Path, dict[str, Any]], None]
"""Writes a bundle with these thresholds and no verdicts into a folder."""


def measure(stage: Bare, kept: Sequence[Photo], say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Thresholds and figures of the files that `stage` writes, by the device's own detector on held-out composites: what
    `bundle_writer` takes as `extra`."""
    with tempfile.TemporaryDirectory() as temporary:
        def detectors(number: int, thresholds: dict[str, Any]) -> Iterator[tuple[tuple[int, int], str, Detector]]:
            """The bundle as the device loads it, by size and precision."""
            folder = Path(temporary) / str(number)
            stage(folder, thresholds)
            loaded = load_bundle(folder, "detector", "accept")
            for entry in sorted(loaded.files, key=lambda file: (file.size or (0, 0), file.precision != "int8")):
                assert entry.size is not None
                yield entry.size, entry.precision, Detector(loaded, *entry.size, entry.precision)

        say("thresholds on held-out composites")
        practice = {size: paint_exam(kept, "thresholds", THRESHOLD_PICTURES, *size, SEED + 1) for size in SIZES}
        sizes: dict[str, dict[str, float]] = {f"{w}x{h}": {"recognise": 0.2, "hide": 0.02} for w, h in SIZES}
        for size, _, detector in detectors(0, {"recognise": 0.2, "hide": 0.02}):
            seen = tally(detect_by(detector, practice[size].images, 0.02), practice[size].labels)
            # The stricter of int8 and float32; a tenth of the allowance is kept back for other pictures than these.
            own = sizes[f"{size[0]}x{size[1]}"]
            own["recognise"] = max(round(seen.threshold_for(0.9 * RECOGNISE_ALARMS), 3), own["recognise"])
            own["hide"] = max(round(seen.threshold_for(0.9 * HIDE_ALARMS), 3), own["hide"])
        thresholds: dict[str, Any] = {key: max(own[key] for own in sizes.values()) for key in ("recognise", "hide")} | {"sizes": sizes}

        metrics: dict[str, Any] = {}
        exams = {size: paint_exam(kept, "figures", FIGURE_PICTURES, *size) for size in SIZES}
        found: dict[tuple[tuple[int, int], str], list[Found]] = {}
        for size, precision, detector in detectors(1, thresholds):
            found[size, precision] = detect_by(detector, exams[size].images, 0.02)
            result = tally(found[size, precision], exams[size].labels)
            label = f"{size[0]}x{size[1]}"
            own = sizes[label]
            metrics.setdefault(label, {})[precision] = {
                **figures(result, own["recognise"], own["hide"], LEAST_HEIGHT * size[1] / 480), **at_thresholds(result, own),
            }
            say(f"{precision} {label}: {metrics[label][precision]}")
        for size in SIZES:
            if {(size, "float32"), (size, "int8")} <= found.keys():
                metrics[f"{size[0]}x{size[1]}"]["int8_against_float32"] = agreement(found[size, "float32"], found[size, "int8"], 0.3)
    return {"thresholds": thresholds, "metrics": {
        "heldout_composites": metrics,
        "meaning": "recall at IoU 0.5 from 20 px of face height at 640x480 (10 px at 320x240) on, and by face height; false "
        "alarms a picture; landmark error over eye distance, the landmarker's look included; pictures by converter.training.detector_exam",
    }}


def about(run: Path, recipe: DetectorRecipe) -> dict[str, Any]:
    """What the shipped detector says of itself: `bundle_writer` takes it as `about`."""
    notes = json.loads((run / "training.json").read_text())
    last = json.loads((run / "history.jsonl").read_text().splitlines()[-1])
    return {
        "name": "edge-face-detector", "version": VERSION, "terms": {"weights": TERMS},
        "training": {
            "code": "converter/training/detector_task.py",
            "recipe": table(recipe),
            "data": "composites of 4,748 research pictures (portraits, masks, empty scenes) less 250",
            "data_sha256": notes["data"]["digest"],
            "steps": last["step"],
            "composites_seen": last["step"] * recipe.batch,
            "minutes": round(last["seconds"] / 60, 1),
            "started_from": notes.get("started_from", "drawn weights"),
        },
    }
