"""`edge-face eval fairness`: do errors fall on some groups of people more than on others?"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.evaluation.fairness import Matching, Share
    from edge_face.evaluation.fairness_run import Fairness, Look

DESCRIPTION = ("False matches by group pair at one threshold for all, and how much the worst group's differ from the others' (ISO/IEC "
               "19795-10); on labelled pictures also who is found, refused for quality and missed by group, on clips who is not taken "
               "for alive. Intervals say which differences may be noise. --images DIR: group/person/pictures; --crops FILE: aligned "
               "faces with race and sex (.npz); --clips DIR: as for 'eval liveness', with groups in clips.csv or a folder for each.")
EXAMPLES = """
  edge-face eval fairness --crops groups.npz --json fairness.json
  edge-face eval fairness --images people/ --clips clips/ --report fairness.html
  edge-face eval fairness --images people/ --threshold 0.60
"""
WHAT = {"found": "faces found", "refused": "refused for quality", "missed": "pairs of one person missed (FNMR)",
        "not alive": "living people not called alive (BPCER)"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.eval_common import add_models, add_output

    parser.add_argument("--crops", metavar="FILE", help="packed aligned faces, one of each person (false matches only)")
    parser.add_argument("--images", metavar="DIR", help="a folder for each group, in it one for each person")
    parser.add_argument("--clips", metavar="DIR", help="videos of living people, with groups")
    parser.add_argument("--rate", type=float, default=1e-3, metavar="FMR",
                        help="the threshold: where this share of all pairs of different people match (default 0.001)")
    parser.add_argument("--threshold", type=float, metavar="S", help="the threshold itself, a cosine similarity")
    parser.add_argument("--config", metavar="FILE", help="settings file: its quality limits and accepted false grants are taken")
    add_models(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    from edge_face.cli.eval_common import check_usage, write_figures
    from edge_face.errors import UsageError
    from edge_face.evaluation.fairness_page import fairness_page

    check_usage(args)
    if not (args.crops or args.images or args.clips):
        raise UsageError("what is measured? --images DIR names groups of people, --crops FILE packed faces, --clips DIR videos")
    if args.crops and args.images:
        raise UsageError("--crops and --images are measured apart: give one of them")
    if not 0 < args.rate < 1:
        raise UsageError(f"--rate {args.rate:g}: a share between 0 and 1")
    if args.threshold is not None and not -1 <= args.threshold <= 1:
        raise UsageError(f"--threshold {args.threshold:g}: a cosine similarity, -1 to 1")
    result, about = _measure(args)
    write_figures(args, figures(result, about), table(result, about), fairness_page(result, about) if args.report else None)
    return 0


def _measure(args: argparse.Namespace) -> tuple[Fairness, dict[str, str]]:
    from edge_face.cli.eval_common import models_of
    from edge_face.cli.progress import ProgressLine
    from edge_face.evaluation import fairness_material as material
    from edge_face.evaluation import fairness_run as running
    from edge_face.evaluation.fairness import match_rates
    from edge_face.settings_file import load_settings

    settings = load_settings(args.config)
    # Bad input is said before anything takes its time.
    crops = material.read_packed(args.crops) if args.crops else None
    if crops is not None:
        material.require_two(crops, args.crops)
    pictures = material.open_groups(args.images) if args.images else None
    models = models_of(args)
    alive = _alive(args) if args.clips else ()
    members, counted, count = None, {}, 0
    looks: list[running.Look] = []
    with ProgressLine("pictures") as line:
        if crops is not None:
            members, count = running.embed_crops(crops, models, line.step), sum(map(len, crops.values()))
        elif pictures is not None:
            looks = running.look_at(pictures, models, settings.vision, jobs=args.jobs, progress=line.step)
            members, count = running.members_of(pictures, looks), len(looks)
    _tell(looks, strict=args.strict)
    threshold, chosen = running.threshold_of(members, models, args.rate, args.threshold)
    if pictures is not None:
        counted = running.picture_shares(pictures, looks, threshold)
    if alive:
        counted["not alive"] = alive
    matching = match_rates(members, threshold) if members is not None else None
    door = running.at_the_door(members, models, settings.decision) if members is not None else ()
    names = members.names if members is not None else tuple(share.group for share in next(iter(counted.values())))
    sizes = ({name: int((members.group == i).sum()) for i, name in enumerate(names)} if members is not None
             else {share.group: share.people for share in next(iter(counted.values()))})
    return running.Fairness(names, sizes, count, chosen, args.rate, matching, door, counted,
                            material.copies(crops) if crops is not None else 0), models.about()


def _tell(looks: Sequence[Look], *, strict: bool) -> None:
    """Files that cannot be read: counted as not found, or refused."""
    import sys

    from edge_face.errors import MediaError

    unreadable = [look.unreadable for look in looks if look.unreadable]
    if unreadable and strict:
        raise MediaError(f"{unreadable[0]} ({len(unreadable)} files in all; without --strict they count as not found)")
    if unreadable:
        print(f"{len(unreadable)} of {len(looks)} files cannot be read and count as not found: {unreadable[0]}", file=sys.stderr)


def _alive(args: argparse.Namespace) -> tuple[Share, ...]:
    from edge_face.cli.eval_common import landmarker_of
    from edge_face.cli.progress import ProgressLine
    from edge_face.evaluation.fairness_run import clip_shares
    from edge_face.evaluation.liveness_eyes import Eyes
    from edge_face.evaluation.liveness_material import read_clips
    from edge_face.evaluation.liveness_run import ClipNotes, run_clips

    clips = [clip for clip in read_clips(args.clips) if clip.species is None or clip.faces is not None]
    eyes = Eyes.load("", args.detector_bundle, landmarker_of(args) or "none", args.precision, 0.05)
    with ProgressLine("clips") as line:
        attempts = run_clips(clips, eyes.pipeline(), line.step, ClipNotes())
    return clip_shares(attempts, {clip.name: clip.group for clip in clips})


def figures(result: Fairness, about: dict[str, str]) -> dict[str, Any]:
    """As `--json` writes them."""
    from dataclasses import asdict

    return {"task": "fairness", **about, "groups": dict(result.people), "pictures": result.pictures, "copies": result.copies,
            "threshold_chosen": result.chosen,
            "matching": None if result.matching is None else asdict(result.matching),
            "at_the_door": [{"people": row.people, "similarity": row.threshold.similarity, "sentence": row.threshold.sentence,
                             "matching": asdict(row.matching)} for row in result.door],
            "shares": {name: [asdict(share) for share in own] for name, own in result.shares.items()}}


def table(result: Fairness, about: dict[str, str]) -> str:
    """The figures as people read them."""
    lines = [f"{about['model']} ({about['file']}), {result.pictures:,} pictures of {sum(result.people.values()):,} people in "
             f"{len(result.names)} groups", ""]
    if result.copies:
        lines += [f"{result.copies} pairs of people have one and the same picture: people are in the set twice, and what matches at strict "
                  "thresholds is an upper bound", ""]
    if result.matching is not None:
        lines += [*_matching(result.matching, f"threshold {result.matching.threshold:.4f}: {result.chosen}"), ""]
    for row in result.door:
        whom = f"from {row.people} enrolled" if row.people else "somebody whose code or card was given"
        title = f"at the door's own threshold {row.threshold.similarity:.4f} (settings; {whom})"
        lines += [*_matching(row.matching, title), f"  {row.threshold.sentence}", ""]
    for name, own in result.shares.items():
        lines += [f"  {WHAT[name]:<44}{'of':>7}{'people':>8}   share", *(_share(share) for share in own), ""]
    return "\n".join([*lines, "[..]: 95 % over people; 'noise': not told from chance, all groups together (5 %)"])


def _matching(matching: Matching, title: str) -> list[str]:
    """Of one threshold."""
    from edge_face.cli.eval_common import percent

    lines = [title, f"  all pairs of different people: {percent(matching.overall).strip()} match"]
    ratios = {ratio.group: ratio for ratio in matching.ratios}
    own = [rate for rate in matching.pairs if rate.groups[0] == rate.groups[1] and rate.rate is not None]
    if own:
        lines += [f"  {'people of one group':<24}{'matches':>9}{'of':>9}   {'FMR':<32}{'of the mean' if ratios else ''}".rstrip()]
    for rate in own:
        line = f"  {rate.groups[0]:<24}{rate.matches:>9,}{rate.pairs:>9,}   {percent(rate.rate, rate.interval):<32}"
        ratio = ratios.get(rate.groups[0])
        if ratio is not None:
            line += f"x {ratio.ratio:.2f} [{ratio.interval[0]:.2f}, {ratio.interval[1]:.2f}]{' noise' if ratio.noise else ''}"
        lines.append(line.rstrip())
    if matching.worst_to_mean is not None and matching.worst_to_mean_interval is not None:
        low, high = matching.worst_to_mean_interval
        lines.append(f"  worst: {matching.worst}, {matching.worst_to_mean:.1f} times the geometric mean of all [{low:.1f}, {high:.1f}]")
    else:
        lines.append("  the other groups have too few matches (30 must decide), so that groups cannot be held against each other")
    mixed = [rate for rate in matching.pairs if rate.groups[0] != rate.groups[1] and rate.rate is not None]
    if mixed:
        worst = max(mixed, key=lambda rate: rate.rate or 0.0)
        lines.append(f"  worst two groups: {worst.groups[0]} and {worst.groups[1]}, {percent(worst.rate, worst.interval).strip()}")
    return lines


def _share(share: Share) -> str:
    from edge_face.cli.eval_common import percent

    verdict = "" if share.difference is None else (" noise" if share.noise else f" {share.difference * 100:+.1f} points to the others")
    return f"    {share.group:<42}{share.trials:>7,}{share.people:>8,}   {percent(share.rate, share.interval)}{verdict}"
