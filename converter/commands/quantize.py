"""`edge-face-convert quantize`: Keras model -> bundle."""

from __future__ import annotations

import argparse
from pathlib import Path

DESCRIPTION = "Turn a Keras model into a bundle: TFLite files with a static batch of 1, manifest and model card."
EXAMPLES = """
  edge-face-convert quantize embedder.keras --task embedder --parts 256,128 --calibration pictures/ --out bundle/
  edge-face-convert quantize embedder.keras --task embedder --calibration faces/ --precision all --out bundle/
  edge-face-convert calibrate-thresholds bundle/ --faces people/      (the next step: without it no door can use it)
  edge-face-convert quantize training-run/ --task detector --calibration detect/ --out bundle/
  edge-face-convert quantize training-run/ --task landmarker --calibration data/ --out bundle/
"""
PRECISIONS = ("int8", "float16", "float32", "dynamic")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, metavar="MODEL", help="embedder: a model saved as .keras, pixels 0 to 255 in; "
                        "detector, landmarker: the folder that `train` wrote")
    parser.add_argument("--task", choices=("embedder", "detector", "landmarker"), required=True, help="what the model does")
    parser.add_argument("--calibration", type=Path, metavar="DIR", help="pictures that int8 ranges are taken from; "
                        "detector, landmarker: the training data, which they are measured on too")
    parser.add_argument("--pictures", type=int, default=500, metavar="N", help="how many of them (default 500)")
    parser.add_argument("--precision", action="append", choices=(*PRECISIONS, "all"),
                        help="may be given several times (default int8 and float16; detector, landmarker: always int8 and float32)")
    parser.add_argument("--colour", choices=("RGB", "BGR"), default="RGB",
                        help="the colour order the embedder was trained with (default RGB)")
    parser.add_argument("--parts", metavar="N,N", help="lengths of the parts of the embedding that are normalised each (default: one)")
    parser.add_argument("--describe", type=Path, metavar="FILE",
                        help="TOML file with name, version, summary, [training], [terms] and [reported]")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the new bundle folder")


def run(args: argparse.Namespace) -> int:
    from edge_face.errors import UsageError

    if args.pictures < 1:
        raise UsageError("--pictures must be 1 or more")
    return {"detector": _detector, "landmarker": _landmarker, "embedder": _embedder}[args.task](args)


def _embedder(args: argparse.Namespace) -> int:
    from converter.embedder_bundle import Order, describe, make
    from edge_face.errors import UsageError

    wanted = args.precision or ["int8", "float16"]
    precisions = PRECISIONS if "all" in wanted else tuple(dict.fromkeys(wanted))
    try:
        parts = tuple(int(part) for part in args.parts.split(",")) if args.parts else ()
    except ValueError:
        raise UsageError(f"--parts takes lengths such as 256,128, not {args.parts!r}") from None
    order = Order(args.model, precisions, args.calibration, args.pictures, args.colour, parts, describe(args.describe))
    bundle = make(order, args.out)
    print(f"{bundle.folder}: {bundle.name} {bundle.version}, {bundle.offers}")
    print(f"next: edge-face-convert calibrate-thresholds {bundle.folder} --faces DIR")
    return 0


def _detector(args: argparse.Namespace) -> int:
    from converter.export import tensorflow
    from converter.manifest import new_folder
    from edge_face.errors import UsageError
    from edge_face.vision.bundle import load_bundle

    _needs_run(args.model, "detector")
    if args.calibration is None or not (args.calibration / "detect.jsonl").is_file():
        raise UsageError("a detector needs --calibration DIR, the folder with detect.jsonl and detect.tar")
    tensorflow()
    from converter.export_detector import export

    with new_folder(args.out) as work:
        export(args.model, args.calibration, work)
        load_bundle(work, "detector")
    print(f"{args.out}: done; write its MODEL_CARD.md by hand")
    return 0


def _landmarker(args: argparse.Namespace) -> int:
    from converter.manifest import new_folder
    from edge_face.errors import UsageError
    from edge_face.vision.bundle import load_bundle

    _needs_run(args.model, "landmarker")
    if args.calibration is None:
        raise UsageError("a landmarker needs --calibration DIR, the folder with faces/ and detect/ that it was trained on")
    from converter.landmarker_bundle import export

    with new_folder(args.out) as work:
        export(args.model, args.calibration, work)
        load_bundle(work, "landmarker")
    print(f"{args.out}: done; write its MODEL_CARD.md by hand")
    return 0


def _needs_run(folder: Path, task: str) -> None:
    from edge_face.errors import ModelError

    for name in (f"{task}.keras", "training.json", "history.jsonl"):
        if not (folder / name).is_file():
            raise ModelError(f"{folder / name} is not there: MODEL must be the folder that `edge-face-convert train {task}` wrote")
