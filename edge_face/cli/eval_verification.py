"""`edge-face eval verification`: are two pictures one person?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_face.evaluation.verification_result import Verification

DESCRIPTION = ("Compares every picture of a folder with every other one: how many pairs of one person match (TAR) at a false match rate "
               "(FMR), and the ten-fold accuracy of a pairs file in LFW's format. A person is a folder, or in a flat folder the name "
               "before the number. A picture in which no face is found counts against us.")
EXAMPLES = """
  edge-face eval verification --images lfw/ --pairs pairs.txt
  edge-face eval verification --images people/ --report people.html --show
  edge-face eval verification --images lfw/ --pairs pairs.txt --only-listed-pairs --precision float32 --json lfw.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.eval_common import add_metric, add_models, add_output

    parser.add_argument("--images", required=True, metavar="DIR", help="a folder with a folder of pictures for each person")
    parser.add_argument("--pairs", metavar="FILE", help="pairs in LFW's format, for the ten-fold accuracy")
    parser.add_argument("--only-listed-pairs", action="store_true", help="compare the pairs of --pairs only, not all pictures")
    add_metric(parser)
    add_models(parser)
    add_output(parser)
    parser.add_argument("--show", action="store_true",
                        help="put small pictures of the hardest pairs on the page (real people's faces: mind who reads it)")


def run(args: argparse.Namespace) -> int:
    from edge_face.cli.eval_common import (
        check_usage,
        models_of,
        refuse_unreadable,
        tell_failures,
        tell_missing,
        write_figures,
    )
    from edge_face.cli.progress import ProgressLine
    from edge_face.errors import UsageError
    from edge_face.evaluation.pictures import open_pictures, read_pairs
    from edge_face.evaluation.report_verification import verification_page
    from edge_face.evaluation.tally import metric
    from edge_face.evaluation.verification_result import measure_verification, verification_json

    check_usage(args)
    if args.only_listed_pairs and not args.pairs:
        raise UsageError("--only-listed-pairs needs a list: give --pairs FILE")
    if args.show and not args.report:
        raise UsageError("--show puts pictures on the page of --report: give --report FILE")
    pictures = open_pictures(args.images)
    pairs = read_pairs(args.pairs, pictures, strict=args.strict) if args.pairs else None
    tell_missing(pairs.missing if pairs else (), "the pairs file")
    models = models_of(args)
    with ProgressLine("pictures") as line:
        result = measure_verification(pictures, pairs, models.recogniser, models.about(), metric(args.metric), jobs=args.jobs,
                                      only_listed=args.only_listed_pairs, progress=line.step)
    if args.strict:
        refuse_unreadable(result.embedded, result.pictures.files)
    tell_failures(result.embedded, result.pictures.files)
    page = verification_page(result, show=args.show) if args.report else None
    write_figures(args, verification_json(result), table(result), page)
    return 0


def table(result: Verification) -> str:
    """The figures as people read them."""
    from edge_face.cli.eval_common import percent
    from edge_face.evaluation.report_verification import models_line

    tally = result.compared.tally
    lines = [models_line(result.about),
             f"{len(result.pictures):,} pictures, {tally.genuine_pairs:,} genuine and {tally.impostor_pairs:,} impostor pairs"
             f"{' (listed)' if result.only_listed else ''}, {len(result.embedded.failures)} without a face, {result.seconds:.1f} s", ""]
    if result.accuracy:
        lines.append(f"  accuracy, {len(result.accuracy.folds)} folds   {percent(result.accuracy.mean, result.accuracy_interval)}"
                     f"   standard deviation {result.accuracy.deviation * 100:.2f}")
    for name, point in result.points.items():
        if point is None:
            lines.append(f"  TAR at FMR {name:<8}      -     too few impostor pairs (30 must decide)")
        else:
            lines.append(f"  TAR at FMR {name:<8} {percent(point.tar, result.intervals.get(name))}"
                         f"   threshold {result.metric.shown(point.threshold):.4f}")
    lines += [f"  EER                 {percent(tally.eer())}", f"  AUC                 {percent(tally.auc())}", "",
              "[..]: 95 %, bootstrap over people"]
    return "\n".join(lines)
