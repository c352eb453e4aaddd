"""`edge-face-convert table`: what each precision loses, weighs and takes, for any number of models."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from converter.precision_table import Order

DESCRIPTION = ("Convert models to every precision, judge and time each file, and write a table of them, with what TFLiteConverter and "
               "ai-edge-quantizer make of the same models when used plainly beside it. Takes about a minute for a small model.")
EXAMPLES = """
  edge-face-convert table classifier.keras --calibration pictures/
  edge-face-convert table a.keras b.keras --calibration pictures-a/ --calibration pictures-b/ --out docs/precision-table.md
  edge-face-convert table gru.keras=classifier --calibration features.npz --json -
  edge-face-convert table tagger.keras=other --calibration inputs.npz      a model of no task: its outputs are compared
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("models", nargs="+", metavar="MODEL[=TASK]", help="Keras files, SavedModels, folders of training runs")
    parser.add_argument("--calibration", type=Path, action="append", required=True, metavar="PATH",
                        help="examples: one for all models, or one for each in their order")
    parser.add_argument("--pictures", type=int, default=100, metavar="N", help="examples to calibrate with (default 100)")
    parser.add_argument("--held-out", type=int, default=200, metavar="N", help="other examples to judge by (default 200)")
    parser.add_argument("--note", action="append", default=[], metavar="TEXT",
                        help="a paragraph before the table, such as where the models come from")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table as Markdown (default: print it)")
    parser.add_argument("--json", metavar="FILE", help="write the rows as JSON ('-': to standard output, without the table)")


def run(args: argparse.Namespace) -> int:
    import json
    import sys

    from edge_face.cli.outputs import require_folder
    from edge_face.errors import UsageError

    if args.pictures < 1 or args.held_out < 1:
        raise UsageError("--pictures and --held-out must be 1 or more")
    if len(args.calibration) not in (1, len(args.models)):
        raise UsageError(f"--calibration is given {len(args.calibration)} times for {len(args.models)} models: once, or once for each")
    for path in (args.out, args.json):
        require_folder(path)

    from converter.manifest import replace_text
    from converter.precision_table import Row, as_dicts, markdown, rows_of
    from edge_face.errors import EdgeFaceError, MissingExtraError

    rows: list[Row] = []
    told = [*about(args.pictures, args.held_out), *args.note]
    for order in orders(args.models, args.calibration):
        try:
            rows += rows_of(order, args.pictures, args.held_out, lambda text: print(text, file=sys.stderr, flush=True))
        except MissingExtraError:
            raise
        except EdgeFaceError as error:
            if len(args.models) == 1:
                raise
            rows.append(Row(order.model.stem, order.task or "-", "all", refused=_without_folders(str(error), order)))
        if args.out:  # after each model, so that what took long is not lost to what fails later
            replace_text(args.out, markdown(rows, told))
    if args.json and args.json != "-":
        replace_text(Path(args.json), json.dumps(as_dicts(rows)) + "\n")
    if args.json == "-":
        print(json.dumps(as_dicts(rows)))
    elif not args.out:
        print(markdown(rows, told), end="")
    return 0


def _without_folders(text: str, order: Order) -> str:
    """A table that is published does not tell where somebody keeps files."""
    for path in (order.model, order.calibration):
        text = text.replace(str(path), path.name)
    return text


def orders(models: Sequence[str], calibrations: Sequence[Path]) -> Iterator[Order]:
    """Each model with its examples; "gru.keras=classifier" says the task."""
    from converter.contract import TASKS
    from converter.precision_table import Order

    for number, text in enumerate(models):
        path, _, task = text.rpartition("=")
        known = bool(path) and task in TASKS
        yield Order(Path(path if known else text), calibrations[number % len(calibrations)], task if known else None)


def about(pictures: int, held_out: int) -> list[str]:
    """How it was measured and on what."""
    from converter.report.environment import environment

    found = environment()
    packages = ", ".join(f"{name} {value}" for name, value in found.items() if name not in ("Python", "System", "Processor", "Cores"))
    return [
        "Made by `edge-face-convert table`. Each model is converted to float32, float16, dynamic range and int8 by edge-face (in brackets, "
        "which engine it chose), and by TFLiteConverter (Optimize.DEFAULT and a representative dataset) and ai-edge-quantizer (recipe "
        "static_wi8_ai8) used plainly, both given the same float model with a static batch of 1 and the same calibration examples.",
        "A loss below 0 is a gain, by chance. ai-edge-quantizer's own calibration averages the ranges of the examples "
        "rather than spanning them; a tensor of one number, such as the value before a sigmoid, then loses half of its range, and its "
        "answers with it.",
        f"At most {pictures} examples calibrate, at most {held_out} others judge. `passes`: the parity gate with its default limits. ms: "
        "median of 30 runs, processor time of one thread. pieces: stretches of the XNNPACK delegate; the operators that it leaves to the "
        "runtime stand behind.",
        f"{found['Processor']}, {found['System']}, Python {found['Python']}; {packages}."]
