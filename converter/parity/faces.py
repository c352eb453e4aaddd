"""Detectors: are the same faces found at the same places?

The float network's maps are read by the trainer's own decoder (`converter.training.detector_targets`), the file runs in the
device's detector, without its landmarker. Everything is compared in pixels of the network's input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from converter.contract import Floats, Pictures, Preprocessing
from converter.parity import reference
from converter.parity.case import Case, FileError, Found, listed
from converter.parity.checks import Checks
from converter.training.composites import Labels
from converter.training.detector_eval import Found as Faces
from converter.training.detector_eval import Tally, detect_all, detect_by, overlaps, tally
from converter.training.detector_exam import HIDE_ALARMS, LEAST_HEIGHT, RECOGNISE_ALARMS
from converter.training.detector_targets import STRIDES
from edge_face.errors import ModelError
from edge_face.vision.detector import IMPLAUSIBLE, Detector, plausible

CHANNELS = {"score": 1, "box": 4, "landmarks": 10}
LOWEST = 0.02
ALARMS = (RECOGNISE_ALARMS, HIDE_ALARMS)
SAME = 0.5
"""Overlap from which two boxes are of one face."""
UNLABELLED = "the pictures have no labelled faces"


@dataclass(frozen=True, eq=False)
class Pairs:
    """Faces of the float model from a score on: how many, and of those found again the overlap, the distance of landmarks in
    eye distances and which picture it was."""

    faces: int
    iou: Floats
    landmarks: Floats
    picture: NDArray[np.int64]


def measure(case: Case, checks: Checks) -> Found:
    """Raises ModelError when the float model is no such detector."""
    try:
        detector = _detector(case)
    except ModelError as error:
        raise FileError(str(error)) from error
    was, scales = expected(case, detector.recognise)
    try:
        now = [_scaled(detect_by(detector, picture[None], LOWEST)[0], scale)
               for picture, scale in zip(case.material.pictures, scales, strict=True)]
    except ModelError as error:
        raise FileError(str(error)) from error
    case.step(len(now))
    labels = None
    if case.material.faces:
        labels = [_labels(faces, scale) for faces, scale in zip(case.material.faces, scales, strict=True)]
    return judge(case, checks, was, now, labels, (detector.recognise, detector.hide))


def difference(case: Case) -> Callable[[Preprocessing], float]:
    """The share of the float model's faces under a preprocessing that the file does not find. Raises ModelError."""
    detector = _detector(case)
    found = [detect_by(detector, picture[None], LOWEST)[0] for picture in case.material.pictures]

    def away(spec: Preprocessing) -> float:
        was, scales = expected(replace(case, plan=replace(case.plan, preprocessing=spec)), detector.recognise)
        pairs = paired(was, [_scaled(faces, scale) for faces, scale in zip(found, scales, strict=True)], detector.recognise)
        return 1.0 - len(pairs.iou) / pairs.faces if pairs.faces else 1.0

    return away


def _detector(case: Case) -> Detector:
    """The device's detector with this one file: a second one of half the size would look too."""
    spec = case.plan.preprocessing
    assert spec is not None
    size = (spec.width, spec.height)
    bundle = replace(case.bundle, files=(case.bundle.entry(case.precision, size),))
    return Detector(bundle, *size, case.precision, landmarker=None)


def expected(case: Case, recognise: float) -> tuple[list[Faces], list[tuple[float, float]]]:
    """What the float model finds, and how many pixels of each picture a pixel of the input is. Raises ModelError."""
    assert case.plan.preprocessing is not None
    spec = case.plan.preprocessing
    return case.remembered((spec, recognise), lambda: _expected(case, spec, recognise))


def _expected(case: Case, spec: Preprocessing, recognise: float) -> tuple[list[Faces], list[tuple[float, float]]]:
    source = reference.only_picture(case.model, spec)
    names = _names(case)

    def predict(images: Pictures) -> dict[str, Floats]:
        values = reference.in_range(images, spec, source.dtype)
        outputs = reference.finite(case.model.run({source.name: values}), case.model)
        case.step(len(images))
        return {key: outputs[name] for key, name in names.items()}

    def doubt(boxes: Floats, scores: Floats, marks: Floats) -> Floats:
        """Implausible candidates below the recognising score, before a neighbour is suppressed by them, as the device has it."""
        return np.where(plausible(boxes, marks), scores, np.minimum(scores, np.float32(IMPLAUSIBLE * recognise)))

    found: list[Faces] = []
    scales: list[tuple[float, float]] = []
    pictures = case.material.pictures
    for start in range(0, len(pictures), reference.BATCH):
        boxes = [reference.letterbox(picture, spec.width, spec.height) for picture in pictures[start:start + reference.BATCH]]
        views = np.stack([reference.coloured(canvas, spec.colour) for canvas, _ in boxes])
        scales += [scale for _, scale in boxes]
        found += detect_all(predict, views, LOWEST, doubt=doubt)
    return [_on_picture(faces, picture, scale)
            for faces, picture, scale in zip(found, pictures, scales, strict=True)], scales


def _names(case: Case) -> dict[str, str]:
    """The float model's outputs by the decoder's names: by name, else by shape. Raises ModelError."""
    spec = case.plan.preprocessing
    assert spec is not None
    named = {output.name: output.shape for output in case.model.outputs}
    found = {}
    for stride in STRIDES:
        for kind, channels in CHANNELS.items():
            key, shape = f"{kind}_{stride}", (-(-spec.height // stride), -(-spec.width // stride), channels)
            alike = [name for name, other in named.items() if other == shape]
            if named.get(key) == shape:
                found[key] = key
            elif len(alike) == 1:
                found[key] = alike[0]
            else:
                raise ModelError(f"{case.model.path.name} has no output {key} of shape {shape}: only detectors of our own kind can "
                                 "be judged (docs/bundles.md)")
    return found


def _on_picture(faces: Faces, picture: Pictures, scale: tuple[float, float]) -> Faces:
    """Without what lies in the padding, as the device has it."""
    middle = (faces.boxes[:, :2] + faces.boxes[:, 2:]) / 2
    inside = ((middle >= 0) & (middle * np.array(scale) <= (picture.shape[1], picture.shape[0]))).all(1)
    return Faces(faces.boxes[inside], faces.scores[inside], faces.landmarks[inside])


def _scaled(faces: Faces, scale: tuple[float, float]) -> Faces:
    """From pixels of the picture to those of the input."""
    return Faces(_over(faces.boxes, scale), faces.scores, _over(faces.landmarks, scale))


def _labels(labels: Labels, scale: tuple[float, float]) -> Labels:
    return Labels(_over(labels.boxes, scale), _over(labels.landmarks, scale), labels.ignore)


def _over(values: Floats, scale: tuple[float, float]) -> Floats:
    """x and y in turn along the last axis, each divided by its scale."""
    return np.asarray(values / np.tile(np.array(scale, np.float32), values.shape[-1] // 2), np.float32)


def paired(was: Sequence[Faces], now: Sequence[Faces], score: float) -> Pairs:
    """The float model's faces from `score` on, each with the box of the file (from half of that score on) that overlaps it most."""
    faces, ious, marks, at = 0, [], [], []
    for number, (before, after) in enumerate(zip(was, now, strict=True)):
        fit = after.scores >= score / 2
        boxes, landmarks = after.boxes[fit], after.landmarks[fit]
        for index in np.flatnonzero(before.scores >= score):
            faces += 1
            iou = overlaps(before.boxes[index:index + 1], boxes)[0] if len(boxes) else np.zeros(0, np.float32)
            if not len(iou) or iou.max() < SAME:
                continue
            points = before.landmarks[index]
            eyes = max(float(np.linalg.norm(points[1] - points[0])), 1.0)
            ious.append(float(iou.max()))
            marks.append(float(np.linalg.norm(points - landmarks[int(iou.argmax())], axis=1).mean()) / eyes)
            at.append(number)
    return Pairs(faces, np.array(ious, np.float32), np.array(marks, np.float32), np.array(at, np.int64))


def judge(case: Case, checks: Checks, was: Sequence[Faces], now: Sequence[Faces], labels: Sequence[Labels] | None,
          scores: tuple[float, float]) -> Found:
    """Compares what both find. `scores`: the bundle's for recognising and for hiding; where the float model gives more false
    alarms at them than a detector may (`detector_exam`), the higher ones at which it does not: a new model's are not known yet."""
    found = Found()
    if labels is None:
        for metric in ("recall_lost_recognise", "recall_lost_hide", "alarms_gained_recognise", "alarms_gained_hide"):
            checks.cannot(metric, UNLABELLED)
    else:
        spec = case.plan.preprocessing
        least = LEAST_HEIGHT * (spec.height if spec is not None else 480) / 480
        before = tally(was, labels)
        recognise, hide = (max(score, before.threshold_for(alarms)) for score, alarms in zip(scores, ALARMS, strict=True))
        scores = recognise, hide
        _against_labels(checks, before, tally(now, labels), scores, least, found)
    pairs = paired(was, now, scores[0])
    found.metrics["faces"] = pairs.faces
    if not len(pairs.iou):
        why = "the float model finds no face in these pictures" if not pairs.faces else "none of them is found again"
        for metric in ("box_iou_median", "landmarks_moved_median", "landmarks_moved_p95"):
            checks.cannot(metric, why)
        if pairs.faces:
            checks.add("found_again", 0.0)
        else:
            checks.refuse("found_again", 0.0, checks.limits["found_again"], f"{why}, so that nothing is shown: bring pictures with faces")
        return found
    again = len(pairs.iou) / pairs.faces
    checks.add("found_again", again, one=1 / pairs.faces)
    checks.add("box_iou_median", float(np.median(pairs.iou)))
    checks.add("landmarks_moved_median", float(np.median(pairs.landmarks)))
    checks.add("landmarks_moved_p95", float(np.percentile(pairs.landmarks, 95)))
    found.metrics |= {"found_again": round(again, 5), "box_iou_median": round(float(np.median(pairs.iou)), 5),
                      "landmarks_moved_median": round(float(np.median(pairs.landmarks)), 5),
                      "landmarks_moved_p95": round(float(np.percentile(pairs.landmarks, 95)), 5)}
    lowest = np.ones(len(was), np.float32)
    np.minimum.at(lowest, pairs.picture, pairs.iou)
    found.plots |= {"iou": listed(pairs.iou), "landmarks": listed(pairs.landmarks), "worst": case.worst(lowest, low_is_bad=True)}
    return found


def _against_labels(checks: Checks, before: Tally, after: Tally, scores: tuple[float, float], least: float, found: Found) -> None:
    """Recall of faces from `least` pixels of height on, and false alarms a picture."""
    faces = int((before.faces[:, 0] >= least).sum())
    for name, score in zip(("recognise", "hide"), scores, strict=True):
        alarms = before.alarms_each(score), after.alarms_each(score)
        checks.add(f"alarms_gained_{name}", alarms[1] - alarms[0], one=1 / max(before.pictures, 1))
        found.metrics[f"score_{name}"] = round(score, 5)
        found.metrics |= {f"false_alarms_{name}_float": round(alarms[0], 5), f"false_alarms_{name}": round(alarms[1], 5)}
        if not faces:
            checks.cannot(f"recall_lost_{name}", f"no labelled face is {least:.0f} pixels or higher in the network's input")
            continue
        found.labelled = True
        recall = before.recall(score, least), after.recall(score, least)
        checks.add(f"recall_lost_{name}", 100 * (recall[0] - recall[1]), one=100 / faces)
        found.metrics |= {"labelled_faces": faces, f"recall_{name}_float": round(recall[0], 5), f"recall_{name}": round(recall[1], 5)}
