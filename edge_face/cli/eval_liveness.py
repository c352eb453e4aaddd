"""`edge-face eval liveness`: how many attacks the passive part takes for living people, and the other way round."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.evaluation.liveness import LivenessResult, Rate

DESCRIPTION = ("Presentation attack detection by species (ISO/IEC 30107-3): APCER of each, the worst one as the headline, BPCER, "
               "DET, time to an answer. Clips run through the door's own vision: a .jsonl beside a clip labels its faces by frame, a "
               "clips.csv (file,species,subject,group,simulated) whole clips, else the name does: print__ana.mp4, live__ana.mp4. "
               "Pictures are judged one by one: labels are JSON lines (or CSV) of file, label ('live' or what the attack "
               "is), subject, and where known species, group, simulated, box.")
EXAMPLES = """
  edge-face eval liveness --clips recorded/ --json liveness.json --page liveness.html
  edge-face eval liveness --images nuaa/ --labels nuaa.jsonl --subjects 0003,0006 --json stills.json
  edge-face eval liveness --clips recorded/ --bpcer 0.15
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.eval_common import add_models, add_output

    parser.add_argument("--clips", metavar="DIR", help="a folder of videos with labels")
    parser.add_argument("--images", metavar="DIR", help="a folder of pictures, one attempt each")
    parser.add_argument("--labels", metavar="FILE", help="the labels of --images")
    parser.add_argument("--subjects", default="", metavar="A,B", help="of --images only these subjects")
    parser.add_argument("--score", choices=("fused", "network", "texture"), default="fused",
                        help="what judges --images: all that a picture shows (default), the network alone, its texture alone")
    parser.add_argument("--bpcer", type=float, default=0.05, metavar="SHARE",
                        help="the threshold: that of the bundle for so many living people missed (liveness.bpcer; default 0.05)")
    parser.add_argument("--liveness-bundle", default="", metavar="DIR", help="folder of a liveness bundle (default: the shipped one)")
    add_models(parser, embedder=False)
    add_output(parser)
    parser.add_argument("--page", dest="report", metavar="FILE", help="the same as --report")


def run(args: argparse.Namespace) -> int:
    import sys

    from edge_face.cli.eval_common import check_usage, write_figures
    from edge_face.cli.progress import ProgressLine
    from edge_face.errors import MediaError, UsageError
    from edge_face.evaluation.liveness import count_liveness
    from edge_face.evaluation.liveness_eyes import Eyes
    from edge_face.evaluation.liveness_material import read_clips, read_stills
    from edge_face.evaluation.liveness_page import liveness_page
    from edge_face.evaluation.liveness_run import ClipNotes, run_clips, run_stills

    check_usage(args)
    if not args.clips and not args.images:
        raise UsageError("what is measured? --clips DIR names videos, --images DIR with --labels FILE pictures")
    if bool(args.images) != bool(args.labels):
        raise UsageError("--images and --labels belong together: a folder of pictures, and what each of them shows")
    if not 0.005 <= args.bpcer <= 0.3:
        raise UsageError(f"--bpcer {args.bpcer:g}: a share from 0.005 to 0.3")
    clips = read_clips(args.clips) if args.clips else []
    stills = read_stills(args.images, args.labels, frozenset(filter(None, args.subjects.split(",")))) if args.images else []
    eyes = Eyes.load(args.liveness_bundle, args.detector_bundle, args.landmarker_bundle, args.precision, args.bpcer,
                     args.score)
    notes = ClipNotes()
    attempts = []
    if clips:
        with ProgressLine("clips") as line:
            attempts += run_clips(clips, eyes.pipeline(), line.step, notes)
    if stills:
        score, threshold = eyes.picture()
        with ProgressLine("pictures") as line:
            attempts += run_stills(stills, score, eyes.finder(), threshold, line.step)
    for note in notes.notes:
        print(note, file=sys.stderr)
    silent = [a.source for a in attempts if a.score is None]
    if args.strict and silent:
        raise MediaError(f"{len(silent)} presentations got no answer (the first: {silent[0]}); without --strict they are counted apart")
    result = count_liveness(attempts)
    about = eyes.about(clips=bool(clips), stills=bool(stills))
    page = liveness_page(result, about) if args.report else None
    write_figures(args, figures(result, about, eyes.thresholds(clips=bool(clips), stills=bool(stills)), args.bpcer,
                                eyes.judge.threshold if clips else None), table(result, about), page)
    return 0


def figures(result: LivenessResult, about: dict[str, str], thresholds: dict[str, float], bpcer: float,
            alive: float | None = None) -> dict[str, Any]:
    """As `--json` writes them."""
    from dataclasses import asdict

    live = result.bona_fide
    return {
        "task": "liveness", **{key: value for key, value in about.items() if key != "thresholds"},
        "worst_apcer": result.worst_apcer, "worst_species": result.worst,
        "bpcer": live.rate if live else None, "threshold": next(iter(thresholds.values())), "thresholds": thresholds,
        "alive_threshold": alive, "bpcer_wanted": bpcer,
        "species": {name: {"apcer": rate.rate, **_counts(rate)} for name, rate in result.species.items()},
        "bona_fide": {"bpcer": live.rate, **_counts(live)} if live else None,
        "groups": {name: {"attacks": {"apcer": attacks.rate, **_counts(attacks)} if attacks else None,
                          "bona_fide": {"bpcer": own.rate, **_counts(own)} if own else None}
                   for name, (attacks, own) in result.groups.items()},
        "at_bpcer": [{"kind": p.kind, "bpcer_wanted": p.bpcer, "threshold": p.threshold, "bpcer": p.reached, "worst_species": p.worst,
                      "apcer": p.apcer} for p in result.points],
        "det": [{"kind": d.kind, "species": d.species, "threshold": d.thresholds, "apcer": d.apcer, "bpcer": d.bpcer} for d in result.det],
        "seconds_to_answer": {"bona_fide": _spread(result.seconds_live), "attacks": _spread(result.seconds_attack)},
        "attempts": [{**asdict(a), "live": a.live} for a in result.attempts],
    }


def _counts(rate: Rate) -> dict[str, Any]:
    return {"attempts": rate.attempts, "interval": rate.interval if rate.answered else None, "simulated": rate.simulated == rate.attempts,
            "simulated_attempts": rate.simulated, "errors": rate.errors, "answered": rate.answered, "no_response": rate.no_response,
            "subjects": rate.subjects, "called_alive": rate.alive, "called_attack_at_some_moment": rate.doubted}


def _spread(seconds: tuple[float, ...]) -> dict[str, float | None]:
    import numpy as np

    if not seconds:
        return {"median": None, "p95": None, "most": None}
    return {"median": float(np.median(seconds)), "p95": float(np.percentile(seconds, 95)), "most": max(seconds)}


def table(result: LivenessResult, about: dict[str, str]) -> str:
    """The figures as people read them."""
    from statistics import median

    from edge_face.cli.eval_common import percent
    from edge_face.evaluation.liveness_page import what_is_real

    lines = [f"{about['model']} ({about['file']}), {len(result.attempts):,} attempts: {what_is_real(result)}",
             f"thresholds: {about['thresholds']}", ""]
    if result.worst is not None:
        rate = result.species[result.worst]
        lines += [f"  worst species: {result.worst}, APCER {percent(rate.rate, rate.interval).strip()}", ""]
    lines.append(f"  {'species':<28}{'attempts':>9}{'wrong':>7}{'alive':>7}{'no answer':>11}   APCER")
    lines += [_line(name, rate) for name, rate in result.species.items()]
    if result.bona_fide is not None:
        lines.append(_line("bona fide", result.bona_fide) + " (BPCER)")
    for name, both in result.groups.items():
        lines += [_line(f"group {name}, {what}", own) for what, own in zip(("attacks", "bona fide"), both, strict=True) if own is not None]
    if result.points:
        lines += ["", "  with the threshold chosen on these attempts:"]
        lines += [f"    {p.kind}s, BPCER <= {p.bpcer * 100:g} %: APCER {percent(p.apcer).strip()} ({p.worst})" for p in result.points]
    for seconds, whose in ((result.seconds_live, "living people"), (result.seconds_attack, "attacks")):
        if seconds:
            lines += ["", f"  answer on {whose}: median {median(seconds):.2f} s, at most {max(seconds):.2f} s"]
    lines += ["", "wrong: an attack not called one, a living person called one; alive: at some moment, could open for a face"]
    return "\n".join([*lines, "[..]: 95 %, Clopper and Pearson"])


def _line(name: str, rate: Rate) -> str:
    from edge_face.cli.eval_common import percent

    counts = f"{rate.attempts:>9,}{rate.errors:>7,}{rate.alive:>7,}{percent(rate.no_response):>11}"
    return f"  {name:<28}{counts}   {percent(rate.rate, rate.interval)}" + (" simulated" if rate.simulated == rate.attempts else "")
