"""`edge-face eval templates`: what is a stolen template worth, and what does protecting it cost?"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_face.evaluation.inversion import Back
    from edge_face.evaluation.templates import Templates

DESCRIPTION = ("Keeps the faces of a folder as codes under fresh keys (as 'edge-face store protect' does) and measures: true accepts "
               "lost, the table of thresholds, whether codes of one person under two keys can be linked (D_sys), how much of an "
               "identity comes back of a stolen code with and without its key, and the gallery's speed. Nothing is written to a store.")
EXAMPLES = """
  edge-face eval templates --images people/
  edge-face eval templates --images people/ --inverter inverter.tflite --report templates.html
  edge-face eval templates --images people/ --keys 10 --json templates.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.eval_common import add_models, add_output

    parser.add_argument("--images", required=True, metavar="DIR", help="a folder with a folder of pictures for each person")
    parser.add_argument("--inverter", metavar="FILE", help="a decoder of embeddings as a TFLite file (edge-face-convert train inverter): "
                        "faces are painted from stolen templates and shown to the door")
    parser.add_argument("--keys", type=int, default=3, metavar="N", help="keys that the loss is averaged over (default 3)")
    add_models(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from pathlib import Path

    import numpy as np

    from edge_face.cli.eval_common import check_usage, models_of, refuse_unreadable, tell_failures, write_figures
    from edge_face.cli.progress import ProgressLine
    from edge_face.errors import UsageError
    from edge_face.evaluation.embedding_run import Embedded, embed_pictures
    from edge_face.evaluation.inversion import Inverter
    from edge_face.evaluation.pictures import open_pictures
    from edge_face.evaluation.report_templates import templates_page
    from edge_face.evaluation.templates import measure_templates, templates_json
    from edge_face.evaluation.verification import require_pairs
    from edge_face.vision.embedder import Embedder

    check_usage(args)
    if not 1 <= args.keys <= 100:
        raise UsageError(f"--keys {args.keys}: 1 to 100")
    pictures = open_pictures(args.images)
    require_pairs(pictures.person)
    models = models_of(args)
    embedder = Embedder(models.embedder, models.precision)
    inverter = Inverter(Path(args.inverter), embedder.dimension) if args.inverter else None
    with ProgressLine("pictures") as line:
        embedded = Embedded.of(embed_pictures([pictures.path(i) for i in range(len(pictures))], models.recogniser, jobs=args.jobs,
                                              progress=line.step))
    if args.strict:
        refuse_unreadable(embedded, pictures.files)
    tell_failures(embedded, pictures.files)
    with ProgressLine("faces painted") as line:
        result = measure_templates(embedded.embeddings[embedded.found], np.asarray(pictures.person)[embedded.found],
                                   models.embedder.thresholds, {**models.about(), "metric": "cosine"},
                                   without_face=int((~embedded.found).sum()), keys=args.keys, embedder=embedder, inverter=inverter,
                                   progress=line.step)
    write_figures(args, templates_json(result), table(result), templates_page(result) if args.report else None)
    return 0


def table(result: Templates) -> str:
    """The figures as people read them."""
    from edge_face.cli.eval_common import percent
    from edge_face.evaluation.report_verification import models_line

    accuracy, links, inversion, speed = result.accuracy, result.unlinkability, result.inversion, result.speed
    lines = [models_line(result.about),
             f"{accuracy.pictures:,} pictures of {accuracy.people:,} people, codes of {result.bits:,} signs, {result.seconds:.1f} s", "",
             "TAR at FMR      embeddings       codes      lost (points)"]
    for name, cost in accuracy.costs.items():
        span = f"  [{cost.span[0] * 100:.2f}, {cost.span[1] * 100:.2f}]" if cost.span else ""
        lines.append(f"  {name:<12}{percent(cost.plain)}    {percent(cost.coded)}     {cost.loss * 100:6.2f}{span}")
    lines.append(f"  after {len(accuracy.codings)} keys in a row, at {accuracy.codings_rate}: "
                 + ", ".join(percent(share).strip() for share in accuracy.codings))
    if accuracy.thresholds:
        near = min(accuracy.thresholds, key=lambda row: abs(row.plain_fmr - 1e-3))
        lines.append(f"  at the table's similarity {near.similarity:.3f}: FMR {near.plain_fmr:.2e} with embeddings, {near.coded_fmr:.2e} "
                     "with codes")
    lines += ["", "Linkage, D_sys (0: not at all, 1: for certain; pairs of strangers alone give the figure in brackets)"]
    for text, one in (("two pictures of a person, two keys", links.keys), ("the same picture, two keys", links.picture),
                      ("two pictures of a person, one key", links.within)):
        lines.append(f"  {text:<38}{one.d_sys:.3f}  ({one.null:.3f})")
    lines += ["", f"What comes back of {inversion.tried} stolen templates (taken for: similarity {inversion.similarity:.3f} or more)",
              "                                          identity                    taken for the person   cosine"]
    if inversion.faces:
        lines += ["  a face painted from", *_backs(inversion.faces)]
    lines += ["  the vector of", *_backs(inversion.vectors)]
    lines += ["", f"Gallery of {speed.people:,} people with 4 templates: {speed.plain_ms:.2f} ms a look with embeddings, "
              f"{speed.coded_ms:.2f} ms with codes; {speed.plain_bytes / 1e6:.1f} and {speed.coded_bytes / 1e6:.1f} MB", "",
              "[..]: 95 %, bootstrap over people"]
    return "\n".join(lines)


def _backs(found: Mapping[str, Back]) -> list[str]:
    from edge_face.cli.eval_common import percent
    from edge_face.evaluation.inversion import CASES

    return [f"    {text:<36}{percent(one.identity, one.span):<30}{percent(one.again)}          {one.cosine:.3f}"
            for name, text in CASES.items() if (one := found.get(name)) is not None]
