"""`edge-face classify`: what a classifier bundle takes pictures, or the faces in them, for."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from edge_face.types import Detection, Image
    from edge_face.vision.classifier import Classifier
    from edge_face.vision.detector import Detector

DESCRIPTION = ("Names the classes that a classifier sees in pictures, most probable first. A bundle that was made for aligned faces looks "
               "for faces and answers for each; any other takes the whole picture. A classifier knows the classes that it was trained on "
               "and calls a stranger by one of them: a door uses embeddings and thresholds instead, never this.")
EXAMPLES = """
  edge-face classify cat.jpg --bundle bundle/
  edge-face classify group.jpg hall.png --bundle bundle/ --top 1 --precision float32
  edge-face classify photos/ --bundle bundle/ --json
"""
PRECISIONS = ("int8", "float16", "float32", "dynamic")
DETECTOR_INPUT = (640, 480)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", metavar="IMAGE", help="pictures, and folders with all their folders")
    parser.add_argument("--bundle", required=True, metavar="DIR",
                        help="folder of a classifier bundle (made by edge-face-convert quantize)")
    parser.add_argument("--top", type=int, default=3, metavar="N", help="how many classes to name (default 3)")
    parser.add_argument("--precision", choices=PRECISIONS, help="which file of the bundle runs (default: the smallest kind that it has)")
    parser.add_argument("--detector-bundle", default="", metavar="DIR", help="folder of a detector bundle (default: the shipped one)")
    parser.add_argument("--landmarker-bundle", default="", metavar="DIR|none",
                        help="folder of a landmarker bundle (default: the shipped one); none: the detector's own landmarks")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON on standard output")


def run(args: argparse.Namespace) -> int:
    import json
    import sys

    from edge_face import __version__
    from edge_face.errors import MediaError, UsageError
    from edge_face.media.paths import shown
    from edge_face.vision.classifier import Classifier
    from edge_face.vision.detector import Detector

    if args.top < 1:
        raise UsageError(f"--top {args.top}: 1 or more")
    bundle = _bundle(args.bundle)
    files = _files(args.inputs)
    precision = args.precision or next(p for p in PRECISIONS if any(file.precision == p for file in bundle.files))
    classifier = Classifier(bundle, precision)
    detector = None
    if classifier.aligned:
        from edge_face.vision.bundle import load_bundle

        landmarker = None if args.landmarker_bundle == "none" else args.landmarker_bundle
        detector = Detector(load_bundle(args.detector_bundle, "detector"), *DETECTOR_INPUT, landmarker=landmarker)
    answers = []
    for file in files:
        answer = _answer(file, classifier, detector, args.top)
        answers.append(answer)
        if not args.json and "failure" not in answer:
            print(_text(answer), flush=True)
    failed = [answer for answer in answers if "failure" in answer]
    if args.json:
        about = {"name": bundle.name, "version": bundle.version, "model": bundle.model_id, "precision": classifier.precision,
                 "labels": classifier.labels}
        print(json.dumps({"edge_face": __version__, "bundle": about, "pictures": answers}, ensure_ascii=False, indent=2, allow_nan=False))
    if len(failed) == 1:
        raise MediaError(failed[0]["failure"])
    for answer in failed:
        print(f"{shown(answer['file'])}: {answer['failure']}", file=sys.stderr)
    if failed:
        raise MediaError(f"{len(failed)} of {len(files)} pictures gave no answer")
    return 0


def _bundle(folder: str) -> Any:
    """The classifier bundle in a folder. Raises ModelError."""
    import json
    from pathlib import Path

    from edge_face.errors import ModelError
    from edge_face.media.paths import shown
    from edge_face.vision.bundle import MANIFEST, load_bundle

    path = Path(folder) / MANIFEST
    if not folder or not path.is_file():
        raise ModelError(f"there is no bundle in '{shown(folder)}' ({MANIFEST} is missing): name the folder that "
                         "edge-face-convert quantize wrote")
    try:
        task = json.loads(path.read_text(encoding="utf-8")).get("task", "classifier")
    except (OSError, ValueError, AttributeError, RecursionError):
        task = "classifier"  # load_bundle says what is wrong
    if task != "classifier":
        raise ModelError(f"'{shown(folder)}' is a bundle for {str(task)[:40]!r}, not a classifier: name another one with --bundle"
                         + ("; 'edge-face embed' runs this one" if task == "embedder" else ""))
    return load_bundle(folder, "classifier")


def _files(names: list[str]) -> list[Path]:
    """The pictures that were named, and those in named folders. Raises MediaError."""
    from pathlib import Path

    from edge_face.errors import MediaError
    from edge_face.media import Kind, kind_of, media_in
    from edge_face.media.paths import require_file, shown

    files: dict[Path, None] = {}
    for name in names:
        if not Path(name).is_dir() or not name:
            files[require_file(name, "picture")] = None
            continue
        found = [file for file in media_in(name).media if kind_of(file) is Kind.PICTURE]
        if not found:
            raise MediaError(f"there is no picture in the folder '{shown(name)}'")
        files.update(dict.fromkeys(found))
    return list(files)


def _answer(file: Path, classifier: Classifier, detector: Detector | None, top: int) -> dict[str, Any]:
    """What is printed of one picture: `classes`, or `faces` with `classes` each, or `failure`: why there is no answer."""
    from edge_face.errors import MediaError
    from edge_face.media import read_picture
    from edge_face.media.paths import shown

    try:
        picture = read_picture(file)
    except MediaError as error:
        return {"file": str(file), "failure": str(error)}
    if detector is None:
        return {"file": str(file), "classes": _classes(picture, classifier, top)}
    found = [(face, crop) for face in detector.detect(picture, detector.recognise) if (crop := _aligned(picture, face)) is not None]
    if not found:
        return {"file": str(file), "failure": f"no face was found in '{shown(file)}': a larger or better lit face is needed"}
    faces = [{"box": [round(v, 1) for v in (face.box.x, face.box.y, face.box.width, face.box.height)], "score": round(face.score, 4),
              "classes": _classes(crop, classifier, top)} for face, crop in found]
    return {"file": str(file), "faces": faces}


def _aligned(picture: Image, face: Detection) -> Image | None:
    from edge_face.errors import ModelError
    from edge_face.vision.align import align

    try:
        return align(picture, face.landmarks).image
    except ModelError:  # landmarks that make no face
        return None


def _classes(picture: Image, classifier: Classifier, top: int) -> list[dict[str, Any]]:
    return [{"label": label, "probability": round(share, 6)} for label, share in classifier.classify(picture)[:top]]


def _text(answer: dict[str, Any]) -> str:
    """One picture for people: a line for each class, under a line for each face."""
    from edge_face.media.paths import shown

    lines = [shown(answer["file"])]
    for number, face in enumerate(answer.get("faces", [answer]), 1):
        if "box" in face:
            x, y, width, height = (round(v) for v in face["box"])
            lines.append(f"  face {number} at {x}, {y} ({width} x {height} pixels)")
        indent = "    " if "box" in face else "  "
        wide = max(len(shown(entry["label"])) for entry in face["classes"])
        lines += [f"{indent}{shown(entry['label']):<{wide}}  {entry['probability'] * 100:5.1f} %" for entry in face["classes"]]
    return "\n".join(lines)
