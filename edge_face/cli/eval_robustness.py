"""`edge-face eval robustness`: the verification table when the picture at the door is poor."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.evaluation.embedding_run import Embedded
    from edge_face.evaluation.pictures import PictureSet
    from edge_face.evaluation.robustness import ConditionResult

DESCRIPTION = ("Compares good pictures with the same pictures made dark, backlit, low in resolution, turned (a warp), masked, and "
               "saved as JPEG of quality 30, as an enrolment is compared with a picture at the door. The conditions are "
               "simulated; the page says how.")
EXAMPLES = """
  edge-face eval robustness --images people/
  edge-face eval robustness --images people/ --only dark --only backlit --report robustness.html
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.eval_common import add_metric, add_models, add_output

    parser.add_argument("--images", required=True, metavar="DIR", help="a folder with a folder of pictures for each person")
    parser.add_argument("--only", action="append", default=[], metavar="NAME",
                        help="this condition only (dark, backlit, low-resolution, yaw, mask, jpeg-30); may be given several times")
    add_metric(parser)
    add_models(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    import time

    from edge_face.cli.eval_common import check_usage, models_of, refuse_unreadable, tell_failures, write_figures
    from edge_face.cli.progress import ProgressLine
    from edge_face.errors import UsageError
    from edge_face.evaluation.conditions import CONDITIONS
    from edge_face.evaluation.pictures import open_pictures
    from edge_face.evaluation.report_others import robustness_page
    from edge_face.evaluation.robustness import measure_robustness
    from edge_face.evaluation.tally import metric
    from edge_face.evaluation.verification import require_pairs

    check_usage(args)
    for name in args.only:
        if name not in CONDITIONS:
            raise UsageError(f"--only {name}: there is no such condition; there are {', '.join(CONDITIONS)}")
    names = tuple(name for name in CONDITIONS if not args.only or name in args.only)
    begun = time.monotonic()
    pictures = open_pictures(args.images)
    require_pairs(pictures.person)
    models = models_of(args)
    with ProgressLine("pictures") as line:
        clean, rows = measure_robustness([pictures.path(i) for i in range(len(pictures))], pictures.person, models.recogniser,
                                         metric(args.metric), names, jobs=args.jobs, progress=line.step)
    if args.strict:
        refuse_unreadable(clean, pictures.files)
    tell_failures(clean, pictures.files)
    about = {**models.about(), "metric": args.metric}
    page = robustness_page(rows, about, clean, pictures.files) if args.report else None
    write_figures(args, figures(rows, pictures, clean, about, time.monotonic() - begun), table(rows, pictures, about), page)
    return 0


def figures(rows: list[ConditionResult], pictures: PictureSet, clean: Embedded, about: dict[str, str], seconds: float) -> dict[str, Any]:
    """As `--json` writes them."""
    from edge_face.evaluation.tally import metric
    from edge_face.evaluation.verification_result import failed_pictures

    shown = metric(about["metric"]).shown
    return {
        "task": "robustness", **about, "pictures": len(pictures), "people": len(pictures.people),
        "conditions": {row.name: {
            "about": row.about, "failures_to_detect": row.failures, "eer": row.eer,
            "pairs": row.pairs.tally.genuine_pairs + row.pairs.tally.impostor_pairs,
            "tar_at_fmr": {rate: point.tar if point else None for rate, point in row.at_fmr.items()},
            "threshold_at_fmr": {rate: shown(point.threshold) if point else None for rate, point in row.at_fmr.items()},
            "tar_at_clean_threshold": {rate: point.tar if point else None for rate, point in row.at_clean.items()},
            "fmr_at_clean_threshold": {rate: point.fmr if point else None for rate, point in row.at_clean.items()},
            "intervals": {"level": 0.95, "tar_at_fmr": {rate: row.intervals.get(rate) for rate in row.at_fmr}},
        } for row in rows},
        "failures_to_detect": len(clean.failures), "unreadable_pictures": len(clean.unreadable),
        "failed_pictures": failed_pictures(clean, pictures.files), "seconds": round(seconds, 2),
    }


def table(rows: list[ConditionResult], pictures: PictureSet, about: dict[str, str]) -> str:
    """The figures as people read them."""
    from edge_face.cli.eval_common import percent
    from edge_face.evaluation.report_verification import models_line

    rates = [rate for rate, point in rows[0].at_fmr.items() if point]
    lines = [f"{models_line(about)}, {len(pictures):,} pictures",
             "good pictures against changed ones; left a threshold for each condition, right that of the good pictures", "",
             f"  {'condition':<16}{'no face':>8}" + "".join(f"{'TAR@' + rate:>11}" for rate in rates) + f"{'EER':>10}  |"
             + "".join(f"{'TAR@' + rate:>11}{'FMR':>9}" for rate in rates)]
    for row in rows:
        own = "".join(f"{percent(point.tar if point else None):>11}" for point in (row.at_fmr[rate] for rate in rates))
        fixed = "".join(f"{percent(point.tar):>11}{point.fmr:>9.1e}" for point in (row.at_clean[rate] for rate in rates) if point)
        lines.append(f"  {row.name:<16}{row.failures:>8}{own}{percent(row.eer):>10}  |{fixed}")
    if not rates:
        lines.append("  too few impostor pairs for any rate (30 must decide)")
    return "\n".join(lines)
