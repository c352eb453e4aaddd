"""What the evaluations share on the command line: models, where figures go, and what is said of failures."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.evaluation.embedding_run import Embedded, Models
    from edge_face.evaluation.intervals import Interval

PRECISIONS = ("int8", "float32", "float16")
MOST_NAMED = 5


def add_models(parser: argparse.ArgumentParser, *, embedder: bool = True) -> None:
    """--bundle, --detector-bundle, --landmarker-bundle, --precision, and --jobs where pictures are embedded."""
    if embedder:
        parser.add_argument("--bundle", default="", metavar="DIR", help="folder of an embedder bundle (default: the shipped one)")
    parser.add_argument("--detector-bundle", default="", metavar="DIR", help="folder of a detector bundle (default: the shipped one)")
    parser.add_argument("--landmarker-bundle", default="", metavar="DIR|none",
                        help="folder of a landmarker bundle (default: the shipped one); none: the detector's own landmarks")
    parser.add_argument("--precision", choices=PRECISIONS, default="int8", help="which files of the bundles run (default int8)")
    if embedder:
        parser.add_argument("--jobs", type=int, default=0, metavar="N", help="threads (default: one for each processor)")


def add_metric(parser: argparse.ArgumentParser) -> None:
    """--metric."""
    parser.add_argument("--metric", choices=("cosine", "euclidean"), default="cosine",
                        help="how embeddings are compared; both rank alike on unit vectors (default cosine)")


def add_output(parser: argparse.ArgumentParser) -> None:
    """--json, --report, --strict."""
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON ('-': to standard output, without the table)")
    parser.add_argument("--report", metavar="FILE", help="write a page with plots (.html; one file, works offline)")
    parser.add_argument("--strict", action="store_true", help="refuse missing and unreadable pictures instead of counting them")


def check_usage(args: argparse.Namespace) -> None:
    """What would only be noticed after minutes of work. Raises UsageError."""
    from edge_face.cli.outputs import require_folder
    from edge_face.errors import UsageError
    from edge_face.media.paths import shown

    if getattr(args, "jobs", 0) < 0:
        raise UsageError(f"--jobs {args.jobs}: 1 or more threads, or 0 for one for each processor")
    for option in ("json", "report", "out"):
        target = getattr(args, option, None)
        if target is None or (target == "-" and option != "report"):
            continue
        if not target or Path(target).is_dir():
            raise UsageError(f"--{option} '{shown(target)}' is no file name: name the file to write")
        require_folder(target, f"--{option} ")
    if getattr(args, "report", None) and not args.report.lower().endswith((".html", ".htm")):
        raise UsageError(f"--report {shown(args.report)}: the page is HTML: name it .html")


def models_of(args: argparse.Namespace) -> Models:
    """The bundles that were asked for. Raises ModelError."""
    from edge_face.evaluation.embedding_run import Models

    return Models.load(args.bundle, args.detector_bundle, args.precision, landmarker_of(args))


def landmarker_of(args: argparse.Namespace) -> str | None:
    """The landmarker's folder that was asked for, "" for the shipped one, None for none."""
    return None if args.landmarker_bundle == "none" else str(args.landmarker_bundle)


def write_figures(args: argparse.Namespace, figures: Mapping[str, Any], table: str, page: str | None) -> None:
    """The table on standard output, or the JSON there; files as asked. Raises MediaError."""
    from edge_face import __version__
    from edge_face.media.paths import shown, writing

    text = json.dumps({"edge_face": __version__, **_plain(figures)}, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    if args.json == "-":
        print(text, end="")
    else:
        print(table)
        if args.json:
            with writing(args.json) as partial:
                partial.write_text(text, encoding="utf-8", errors="backslashreplace")
    if args.report and page is not None:
        with writing(args.report) as partial:
            partial.write_text(page, encoding="utf-8", errors="backslashreplace")
        print(f"the page: {shown(args.report)}", file=sys.stderr)


def _plain(value: Any) -> Any:
    """Numbers that JSON knows: a value that is none (no pair to count) is null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def refuse_unreadable(embedded: Embedded, files: Sequence[str]) -> None:
    """For --strict. Raises MediaError when a picture could not be read."""
    from edge_face.errors import MediaError
    from edge_face.evaluation.pictures import listed

    if embedded.unreadable:
        raise MediaError(f"{listed([files[i] for i in embedded.unreadable])} cannot be read: {embedded.failures[embedded.unreadable[0]]}; "
                         "without --strict they count as not found")


def tell_failures(embedded: Embedded, files: Sequence[str]) -> None:
    """Pictures without a face, counted and the first few named, on standard error."""
    from edge_face.media.paths import shown

    if not embedded.failures:
        return
    first = sorted(embedded.failures.items())
    print(f"no embedding from {len(first)} of {len(files)} pictures; they count against us:", file=sys.stderr)
    for index, why in first[:MOST_NAMED]:
        print(f"  {shown(files[index])}: {why}", file=sys.stderr)
    if len(first) > MOST_NAMED:
        print(f"  … and {len(first) - MOST_NAMED} more (--json names all)", file=sys.stderr)


def tell_missing(missing: Sequence[str], what: str) -> None:
    """What a list (`what`) named and was not there, on standard error."""
    from edge_face.evaluation.pictures import listed

    if missing:
        print(f"{what} names {listed(missing)}, not to be found: left out", file=sys.stderr)


def percent(value: float | None, span: Interval | None = None) -> str:
    """`63.1 %  [60.2, 66.0]`, or a dash."""
    if value is None or not math.isfinite(value):
        return "-"
    text = f"{value * 100:6.2f} %"
    return text + (f"  [{span[0] * 100:.2f}, {span[1] * 100:.2f}]" if span else "")
