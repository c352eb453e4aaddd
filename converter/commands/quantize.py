"""`edge-face-convert quantize`: any trained Keras CNN -> a bundle that is proven."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from converter.quantizing import Found, Order
    from converter.report.content import Report

DESCRIPTION = """Turn a trained model (.keras, .h5, SavedModel, or the folder of a training run) into a bundle: TFLite files with a static
batch of 1, a manifest and a model card. Every file must pass a gate: it is run by the door's own code on pictures that calibration did not
see and compared with the float model. What does not pass is not written, and the report says what was lost and what to try."""
EXAMPLES = """
  edge-face-convert quantize tutorial.keras --calibration pictures/ --out bundle/          a folder of pictures for each class
  edge-face-convert quantize run/ --calibration faces/ --thresholds others/ --precision auto --precision float32 --out bundle/
  edge-face-convert quantize gru.keras --task classifier --calibration features.npz --out bundle/
  edge-face-convert quantize model.h5 --calibration pictures/ --pixels 0,1 --labels labels.txt --precision float16 --out bundle/
  edge-face-convert quantize detector-run/ --calibration detect/ --out bundle/
  edge-face-convert calibrate-thresholds bundle/ --faces people/     the next step for an embedder: without it no door can use it
"""
PRECISIONS = ("auto", "int8", "float16", "float32", "dynamic")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from converter.contract import TASKS

    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help=".keras, .h5, a SavedModel's folder, or the folder that `train` wrote")
    add("--calibration", type=Path, required=True, metavar="PATH", help="examples: a folder of pictures (a folder for each class or person "
        "inside labels them), shards, a video, or an .npz with arrays by the names of the inputs")
    add("--out", type=Path, required=True, metavar="DIR", help="the new bundle folder")
    add("--precision", action="append", choices=PRECISIONS, help="may be given several times. auto (default): the smallest and "
        "fastest that passes, with sensitive layers in float or fine-tuning where int8 needs it")
    add("--task", choices=TASKS, help="what the model does (default: what its record says, else guessed and said)")
    add("--gate", type=Path, metavar="PATH", help="other examples for the gate (default: some of --calibration, held back)")
    add("--thresholds", type=Path, metavar="DIR", help="an embedder: measure its table of false match rates too, on the people of this "
        "folder or of shards (see calibrate-thresholds; some minutes)")
    add("--limits", type=Path, metavar="FILE", help="TOML file that overrides limits of the gate")
    add("--force", action="store_true", help="write the bundle even if it does not pass; its manifest says so, and no door takes it "
        "unless the settings allow it")
    add("--replace", action="store_true", help="exchange the bundle in --out as a whole")
    add("--pictures", type=int, default=500, metavar="N", help="examples to calibrate with (default 500)")
    add("--describe", type=Path, metavar="FILE", help="TOML file with name, version, summary, [training], [terms] and [reported]")
    add("--report", type=Path, metavar="FILE", help="the report's page (default: DIR-report.html; its figures beside it as .json)")
    add("--show", action="store_true", help="put the worst pictures into the report, not just their names")
    add("--json", action="store_true", help="print the report's figures as JSON on standard output")
    said = parser.add_argument_group("what the model does not say of itself")
    say = said.add_argument
    say("--labels", type=Path, metavar="FILE", help="a classifier's classes in the order of its outputs, one in a line")
    say("--pixels", metavar="LOW,HIGH", help="the range of pixels that it was trained on, such as 0,1 or -1,1 or 0,255")
    say("--colour", choices=("RGB", "BGR", "grey"), help="its colour order")
    say("--size", metavar="WxH", help="its input's size, where that is open")
    say("--parts", metavar="N,N", help="lengths of the parts of an embedding that are normalised each")
    say("--mirrored", action="store_true", help="an embedder: the door shows it each face and its mirror image (twice the time)")
    say("--aligned", action=argparse.BooleanOptionalAction, default=None, help="find and align faces first, or take pictures whole")
    say("--custom", type=Path, metavar="FILE", help="Python file with the classes of its own layers; it is run")
    how = parser.add_argument_group("how")
    how.add_argument("--engine", choices=("auto", "tflite", "quantizer"), default="auto",
                     help="who makes int8: TFLiteConverter or ai-edge-quantizer (default: the better for the model's operators)")
    how.add_argument("--no-tuning", action="store_true", help="auto: no fine-tuning where all else fails")


def run(args: argparse.Namespace) -> int:
    from edge_face.errors import UsageError

    if args.pictures < 1:
        raise UsageError("--pictures must be 1 or more")
    for task in ("detector", "landmarker"):
        if args.task == task or (args.task is None and (args.model / f"{task}.keras").is_file()):
            return _ours(args, task)
    if args.task in (None, "anonymizer") and (args.model / "anonymizer.keras").is_file():
        return _ours(args, "anonymizer")  # a folder of our trainer; any other anonymizer is a model like all others
    return _any(args)


def _order(args: argparse.Namespace) -> Order:
    from converter.description import describe
    from converter.quantizing import Order

    precisions = tuple(dict.fromkeys(args.precision or ["auto"]))
    return Order(args.model, args.calibration, precisions, args.task, _size(args.size), args.labels, _numbers(args.parts, "--parts"),
                 args.colour, _range(args.pixels), args.aligned, args.mirrored, args.gate, args.pictures, args.engine, not args.no_tuning,
                 args.limits, args.custom, args.force, args.show, describe(args.describe))


def _reports(args: argparse.Namespace, order: Order, found: Sequence[Found]) -> list[tuple[Report, Path]]:
    """Writes a report for each size; gives them with their pages."""
    import sys

    from converter.bundle_writer import large
    from converter.quantize_report import report_of, report_paths
    from converter.report.files import write

    reports = []
    for one in found:
        size = one.plan.preprocessing
        suffix = f"-{size.width}x{size.height}" if len(found) > 1 and size else ""
        page, figures = report_paths(args.report, args.out, suffix)
        said = large({f"{precision}.tflite": attempt.candidate for precision, attempt in one.files.items()})
        report = report_of(order, one, args.out.absolute().name + suffix, ["edge-face-convert", *sys.argv[1:]], said)
        write(report, page, figures)
        reports.append((report, page))
    return reports


def _any(args: argparse.Namespace) -> int:
    import os
    import sys

    from converter.bundle_writer import publish
    from converter.placing import check_place
    from converter.quantize_report import limits_of
    from converter.quantizing import explore, refusal
    from edge_face.errors import UsageError

    check_place(args.out, args.replace)
    order = _order(args)
    if args.thresholds is not None and not args.thresholds.is_dir():
        raise UsageError(f"--thresholds {args.thresholds} is no folder: name one with a folder for each person, or with shards")
    if args.thresholds is not None:
        # Thousands of small products: threads that wait for each other make them twenty times slower.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    found = explore(order, say=lambda text: print(text, file=sys.stderr, flush=True))
    if args.thresholds is not None and found.plan.task != "embedder":
        raise UsageError(f"--thresholds is for an embedder, and {args.model} is a model for the task {found.plan.task}: leave it out")
    reports = _reports(args, order, [found])
    if not found.files:
        raise refusal(found, reports[0][1])
    publish(args.out, found.plan, found.model, {f"{p}.tflite": attempt.candidate for p, attempt in found.files.items()},
            {f"{p}.tflite": attempt.verdict for p, attempt in found.files.items()},
            about=order.about, limits=limits_of(found), forced=args.force, replace=args.replace)
    if args.thresholds is not None:
        _measure_thresholds(args)
    _tell(args, reports)
    if args.json:
        return 0
    if found.plan.task == "embedder" and args.thresholds is None:
        print(f"next: edge-face-convert calibrate-thresholds {args.out} --faces DIR")
    elif found.plan.task == "classifier" and found.plan.preprocessing is not None:
        print(f"next: edge-face classify PICTURE --bundle {args.out}")
    return 0


def _measure_thresholds(args: argparse.Namespace) -> None:
    """The table of false match rates, by the device's own code, into the bundle that was just written."""
    import os
    import sys

    from converter.calibration import measure, write

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    measured = measure(args.out, args.thresholds, rounds=4, workers=min(os.cpu_count() or 1, 8), say=say)
    write(args.out, measured)
    last = measured["pooled"]["rows"][-1]
    say(f"thresholds measured down to a false match rate of {last['fmr']:.2g}, at {last['similarity']:.3f}")


def _tell(args: argparse.Namespace, reports: Sequence[tuple[Report, Path]]) -> None:
    import json

    from converter.report.record import to_json
    from converter.report.terminal import summary

    if args.json:
        records = [to_json(report) for report, _ in reports]
        print(json.dumps(records[0] if len(records) == 1 else records))
        return
    for report, page in reports:
        print("\n".join(summary(report, page)))
    print(f"{args.out}: written")


def _ours(args: argparse.Namespace, task: str) -> int:
    """A detector, landmarker or anonymizer of our own trainer, in all its sizes, judged on what its trainer holds out."""
    import sys

    from converter.conversion.quiet import tensorflow
    from converter.placing import check_place
    from converter.quantizing import refusal
    from edge_face.errors import ModelError, UsageError

    for name in (f"{task}.keras", "training.json", "history.jsonl"):
        if not (args.model / name).is_file():
            raise ModelError(f"{args.model / name} is not there: MODEL must be the folder that `edge-face-convert train {task}` wrote")
    if task == "detector" and not (args.calibration / "detect.jsonl").is_file():
        raise UsageError("a detector needs --calibration DIR, the folder with detect.jsonl and detect.tar")
    check_place(args.out, args.replace)
    tensorflow()
    from converter.prove_ours import OURS

    order = _order(args)
    proven = OURS[task](order, args.model, args.calibration, args.out, args.replace, lambda text: print(text, file=sys.stderr, flush=True))
    reports = _reports(args, order, proven.found)
    if proven.failed is not None:
        raise refusal(proven.failed, next(page for one, (_, page) in zip(proven.found, reports, strict=True) if one is proven.failed))
    _tell(args, reports)
    return 0


def _size(text: str | None) -> tuple[int, int] | None:
    from edge_face.errors import UsageError

    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,4})x(\d{1,4})", text)
    if match is None or not (int(match[1]) and int(match[2])):
        raise UsageError(f"--size is a width and a height such as 64x64, not {text!r}")
    return int(match[1]), int(match[2])


def _numbers(text: str | None, option: str) -> tuple[int, ...]:
    from edge_face.errors import UsageError

    try:
        return tuple(int(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise UsageError(f"{option} takes lengths such as 256,128, not {text!r}") from None


def _range(text: str | None) -> tuple[float, float] | None:
    from edge_face.errors import UsageError

    if text is None:
        return None
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--pixels takes two numbers such as 0,1, not {text!r}") from None
    if not low < high < 1e6:
        raise UsageError(f"--pixels goes from a lower to a higher number, not {text!r}")
    return low, high
