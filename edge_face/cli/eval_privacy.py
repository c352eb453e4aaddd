"""`edge-face eval privacy`: do hidden faces stay hidden?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from edge_face.evaluation.embedding_run import Models
    from edge_face.evaluation.pictures import PictureSet
    from edge_face.evaluation.privacy_attacks import Figures
    from edge_face.evaluation.privacy_result import Privacy
    from edge_face.evaluation.privacy_ways import Attackers, Way

DESCRIPTION = ("Attacks hidden faces: our embedder against a clear gallery (naive) and one hidden the same way (parrot), networks trained "
               "to undo a method or to recognise through it (with --attackers), several frames of a track taken together; and says what "
               "hidden pictures are still good for. Without --images on the bundled people, who are drawn: with those only the order "
               "of the methods means something.")
EXAMPLES = """
  edge-face eval privacy --images people/ --report privacy.html
  edge-face eval privacy --images people/ --methods pixelate,solid --strengths 0.5,0.8,0.95
  edge-face eval privacy --images people/ --attackers attackers/ --clips recorded/ --json privacy.json
"""
EACH = 4
"""Pictures of one person of which tracks are made."""
STRENGTHS = "0.5,0.8,0.9,1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.eval_common import add_models, add_output

    parser.add_argument("--images", metavar="DIR", help="a folder with a folder of pictures for each person (default: the bundled people)")
    parser.add_argument("--clips", metavar="DIR", help="videos with labels beside them (.jsonl); without --images the bundled ones")
    parser.add_argument("--methods", metavar="A,B", help="ways of hiding (default: all); solid, the floor, is always among them")
    parser.add_argument("--strengths", metavar="A,B", help=f"0 to 1 (default {STRENGTHS} and the default strength)")
    parser.add_argument("--option", default="", metavar="TEXT", help="goes to the methods that take it (edge-face blur --help)")
    parser.add_argument("--attackers", metavar="DIR", help="folder of trained attackers: METHOD/undo.tflite, METHOD/embedder.tflite")
    parser.add_argument("--learn", metavar="DIR", help="pictures of other people from which a regression learns every way of hiding")
    parser.add_argument("--learn-faces", type=int, default=8000, metavar="N", help="of so many faces (default 8000)")
    parser.add_argument("--frames", type=int, default=8, metavar="N", help="frames of a track (default 8; 0: no tracks)")
    parser.add_argument("--track-pictures", type=int, default=300, metavar="N", help="pictures that are made tracks of (300)")
    parser.add_argument("--utility-pictures", type=int, default=300, metavar="N", help="pictures of which utility is measured (300)")
    parser.add_argument("--most", type=int, default=3000, metavar="N", help="pictures used at most, evenly over the people (default 3000)")
    add_models(parser)
    add_output(parser)


def run(args: argparse.Namespace) -> int:
    import tempfile
    from pathlib import Path

    from edge_face.cli.eval_common import check_usage, models_of, write_figures
    from edge_face.cli.progress import ProgressLine
    from edge_face.demo import clip_path
    from edge_face.errors import MediaError
    from edge_face.evaluation.pictures import open_pictures
    from edge_face.evaluation.privacy_clips import labelled_clips
    from edge_face.evaluation.privacy_page import privacy_page
    from edge_face.evaluation.privacy_result import measure_privacy, privacy_json
    from edge_face.evaluation.privacy_run import Asked
    from edge_face.evaluation.privacy_ways import Attackers, ways_of
    from edge_face.settings import PrivacySettings

    check_usage(args)
    methods, strengths = _lists(args)
    ways = ways_of(methods, strengths, args.option)
    models = models_of(args)
    parts = models.embedder.embedding.parts if models.embedder.embedding else ()
    attackers = Attackers.load(args.attackers, methods, parts)
    if args.learn is not None:
        attackers = _with_lesson(attackers, models, ways, args)
    with tempfile.TemporaryDirectory() as home:
        bundled = args.images is None
        pictures = _fewer(open_pictures(_bundled(Path(home)) if bundled else args.images), args.most)
        clips = labelled_clips(Path(args.clips)) if args.clips else [clip_path("door"), clip_path("turn_live")] if bundled else []
        asked = Asked(ways, PrivacySettings(), args.frames, _some(pictures, args.track_pictures), _some(pictures, args.utility_pictures))
        with ProgressLine("pictures") as line:
            result = measure_privacy(pictures, models, attackers, asked, clips=clips, jobs=args.jobs, progress=line.step)
    if args.strict and result.failures:
        first = min(result.failures)
        raise MediaError(f"{len(result.failures)} pictures gave no face ({pictures.files[first]}: {result.failures[first]}): without "
                         "--strict they are left out and counted")
    about = {**models.about(), "faces": "bundled, drawn" if bundled else "pictures of --images"}
    write_figures(args, {"task": "privacy", **about, **privacy_json(result)}, table(result, about),
                  privacy_page(result, about) if args.report else None)
    return 0


def _lists(args: argparse.Namespace) -> tuple[list[str], list[float]]:
    """Methods and strengths as they were asked for. Raises UsageError."""
    from edge_face.errors import UsageError
    from edge_face.evaluation.privacy_result import FLOOR
    from edge_face.privacy import method_names
    from edge_face.settings import PrivacySettings

    for name in ("frames", "track_pictures", "utility_pictures", "learn_faces"):
        if getattr(args, name) < 0:
            raise UsageError(f"--{name.replace('_', '-')} {getattr(args, name)}: a number of 0 or more")
    if args.most < 4:
        raise UsageError(f"--most {args.most}: 4 pictures or more, two of each of two people")
    methods = list(method_names()) if args.methods is None else [name.strip() for name in args.methods.split(",") if name.strip()]
    if not methods:
        raise UsageError(f"--methods '{args.methods}' names none: choose {', '.join(method_names())}")
    try:
        strengths = [float(word) for word in (args.strengths or STRENGTHS).split(",")]
    except ValueError:
        raise UsageError(f"--strengths '{args.strengths}': numbers from 0 to 1 with commas between them, as 0.5,0.9") from None
    if args.strengths is None:
        strengths.append(PrivacySettings().strength)
    return [*methods, *([] if FLOOR in methods else [FLOOR])], strengths


def _with_lesson(attackers: Attackers, models: Models, ways: Sequence[Way], args: argparse.Namespace) -> Attackers:
    """With what can be learned of each way. Raises MediaError."""
    from dataclasses import replace

    from edge_face.cli.progress import ProgressLine
    from edge_face.evaluation.privacy_learned import learn_all, read_lesson
    from edge_face.settings import PrivacySettings
    from edge_face.vision.embedder import Embedder

    with ProgressLine("faces to learn from") as line:
        lesson = read_lesson(args.learn, args.learn_faces, PrivacySettings().margin, models.recogniser().detector,
                             Embedder(models.embedder, models.precision), line.step)
    with ProgressLine("ways learned") as line:
        return replace(attackers, learned=dict(learn_all(lesson, ways, line.step)), mean=lesson.mean)


def _bundled(home: Path) -> Path:
    """A folder for each bundled person."""
    import shutil

    from edge_face.demo import people, stills

    for name in people():
        (home / name).mkdir()
        for still in stills(name):
            shutil.copy(still, home / name / still.name)
    return home


def _some(pictures: PictureSet, count: int) -> frozenset[int]:
    """About so many pictures by their numbers: EACH of as many people as that makes, so that there are pairs among them."""
    import numpy as np

    people = np.arange(len(pictures.people))[:max(count // EACH, 2)].tolist() if count else []
    return frozenset(i for own in people for i in np.flatnonzero(pictures.person == own)[:max(EACH, -(-count // len(people)))].tolist())


def _fewer(pictures: PictureSet, most: int) -> PictureSet:
    """At most so many pictures: the first of each person, then the second, ..."""
    import numpy as np

    if len(pictures) <= most:
        return pictures
    turn = np.zeros(len(pictures), np.int64)
    for own in range(len(pictures.people)):
        mine = np.flatnonzero(pictures.person == own)
        turn[mine] = np.arange(len(mine))
    return pictures.only(sorted(np.argsort(turn, kind="stable")[:most].tolist()))


def table(result: Privacy, about: dict[str, str]) -> str:
    """The figures as people read them."""
    from edge_face.cli.eval_common import percent
    from edge_face.evaluation.privacy_result import ATTACKS
    from edge_face.evaluation.report_verification import models_line

    names = [name for name in ATTACKS if any(name in found.attacks for found in result.ways)]
    lines = [f"{models_line(about)}, {result.pictures:,} pictures of {result.people:,} people, {len(result.failures)} without a face, "
             f"{result.seconds:.0f} s",
             f"clear pictures: AUC {result.clear.auc:.3f}, rank 1 {percent(result.clear.rank1).strip()}, TAR at FMR 1e-2 "
             f"{percent(result.clear.tar).strip()}",
             "AUC by attack (0.5: a coin); the best attack with its interval, its rank 1 and TAR at FMR 1e-2", "",
             f"  {'way':<18}" + "".join(f"{name:>8}" for name in names)
             + f"  {'best attack':<27}{'rank 1':>9}{'TAR':>9}{'found':>9}{'ms':>7}"]
    for found in result.ways:
        name, worst = found.worst
        use = found.utility
        cells = "".join(f"{found.attacks[key].auc:>8.3f}" if key in found.attacks else f"{'-':>8}" for key in names)
        lines.append(f"  {found.way.name:<18}{cells}  {f'{name} {_auc(worst)}':<27}{percent(worst.rank1):>9}{percent(worst.tar):>9}"
                     f"{percent(use.found if use else None):>9}{f'{use.milliseconds:.2f}' if use else '-':>7}"
                     + ("  weak" if found.weak else "") + ("" if result.holds(found) else "  seen through"))
    if result.floor is not None:
        lines += ["", f"floor (nothing of the face left): AUC {result.floor:.3f}"]
    return "\n".join(lines)


def _auc(figures: Figures) -> str:
    span = figures.auc_interval
    return f"{figures.auc:.3f}" + (f" [{span[0]:.3f}, {span[1]:.3f}]" if span else "")
