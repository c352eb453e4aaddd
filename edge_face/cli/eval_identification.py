"""`edge-face eval identification`: enrolled people found, strangers turned away."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.evaluation.embedding_run import Embedded
    from edge_face.evaluation.identification import OpenSet, Split

DESCRIPTION = ("Open-set identification: people are enrolled with the pictures of role 'gallery'; their other pictures ('probe') "
               "must find them, and those of 'stranger' nobody. FNIR: share of probes that are not recognised; FPIR: share of "
               "strangers who are taken for somebody. The split is a CSV file with the columns file,person,role.")
EXAMPLES = """
  edge-face eval identification --images people/ --split openset.csv
  edge-face eval identification --images people/ --split openset.csv --json open.json --report open.html
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.eval_common import add_metric, add_models, add_output

    parser.add_argument("--images", required=True, metavar="DIR", help="the folder that the files of the split lie in")
    parser.add_argument("--split", required=True, metavar="FILE", help="CSV: file,person,role (gallery, probe, stranger)")
    add_metric(parser)
    add_models(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    import time

    from edge_face.cli.eval_common import (
        check_usage,
        models_of,
        refuse_unreadable,
        tell_failures,
        tell_missing,
        write_figures,
    )
    from edge_face.cli.progress import ProgressLine
    from edge_face.evaluation.embedding_run import Embedded, embed_pictures
    from edge_face.evaluation.identification import open_set, read_split
    from edge_face.evaluation.pictures import open_pictures
    from edge_face.evaluation.report_others import identification_page
    from edge_face.evaluation.tally import metric

    check_usage(args)
    begun = time.monotonic()
    pictures = open_pictures(args.images)
    split = read_split(args.split, pictures.by_file, strict=args.strict)
    tell_missing(split.missing, "the split file")
    models = models_of(args)
    with ProgressLine("pictures") as line:
        embedded = Embedded.of(embed_pictures([pictures.folder / file for file in split.files], models.recogniser, jobs=args.jobs,
                                              progress=line.step))
    if args.strict:
        refuse_unreadable(embedded, split.files)
    result = open_set(embedded, split, metric(args.metric))
    tell_failures(embedded, split.files)
    about = {**models.about(), "metric": args.metric}
    page = identification_page(result, about, embedded, split.files) if args.report else None
    write_figures(args, figures(result, split, embedded, about, time.monotonic() - begun), table(result, embedded, about), page)
    return 0


def figures(result: OpenSet, split: Split, embedded: Embedded, about: dict[str, str], seconds: float) -> dict[str, Any]:
    """As `--json` writes them."""
    from edge_face.evaluation.tally import metric
    from edge_face.evaluation.verification_result import failed_pictures

    shown = metric(about["metric"]).shown
    points = result.points
    return {
        "task": "identification", **about, "rank1": result.rank1,
        "fnir_at_fpir": {name: point.fnir if point else None for name, point in points.items()},
        "threshold_at_fpir": {name: shown(point.threshold) if point else None for name, point in points.items()},
        "strangers_deciding": {name: point.deciding if point else None for name, point in points.items()},
        "intervals": {"level": 0.95, "rank1": result.rank1_interval,
                      "fnir_at_fpir": {name: point.interval if point else None for name, point in points.items()}},
        "by_gallery_size": [{"people": s.people, "galleries": s.galleries, "rank1": s.rank1, "fnir_at_fpir": dict(s.fnir)}
                            for s in result.sizes],
        "gallery_people": result.gallery_people, "templates": result.templates, "probes": result.probes, "strangers": result.strangers,
        "without_template": list(result.without_template), "missing_pictures": list(split.missing),
        "failures_to_detect": len(embedded.failures), "unreadable_pictures": len(embedded.unreadable),
        "failed_pictures": failed_pictures(embedded, split.files), "seconds": round(seconds, 2),
    }


def table(result: OpenSet, embedded: Embedded, about: dict[str, str]) -> str:
    """The figures as people read them."""
    from edge_face.cli.eval_common import percent
    from edge_face.evaluation.report_verification import models_line
    from edge_face.evaluation.tally import metric

    shown = metric(about["metric"]).shown
    lines = [models_line(about),
             f"{result.gallery_people} people enrolled with {result.templates} templates, {result.probes:,} probes, "
             f"{result.strangers:,} strangers' pictures, {len(embedded.failures)} without a face", "",
             f"  rank 1              {percent(result.rank1, result.rank1_interval)}"]
    for name, point in result.points.items():
        if point is None:
            lines.append(f"  FNIR at FPIR {name}         -     too few strangers")
        else:
            few = f"   (only {point.deciding:.1f} strangers decide)" if point.thin else ""
            lines.append(f"  FNIR at FPIR {name}   {percent(point.fnir, point.interval)}   threshold {shown(point.threshold):.4f}{few}")
    lines += ["", f"  {'people enrolled':<18}{'rank 1':>10}" + "".join(f"{'FNIR@' + name:>12}" for name in result.points)]
    for size in result.sizes:
        lines.append(f"  {size.people:<18}{percent(size.rank1):>10}" + "".join(f"{percent(size.fnir[name]):>12}" for name in result.points))
    return "\n".join([*lines, "", "[..]: 95 %, bootstrap over people"])
