"""`edge-face eval leaks`: is each face hidden in each frame, from the first to the last, and in worse versions of the clip too?"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.evaluation.leak_run import FilmResult, VersionResult

DESCRIPTION = ("Hides everybody in labelled clips (the bundled synthetic ones, or yours) by the whole pipeline, and counts the faces of "
               "20 px and more, three tenths of them or more to be seen, that were covered less than 95 %: in the clips as they are, in "
               "24 disturbed versions, and in the film that each method writes.")
EXAMPLES = """
  edge-face eval leaks
  edge-face eval leaks --clips door --versions all --methods none
  edge-face eval leaks --frames hall.mp4 --labels hall.jsonl --methods pixelate,solid --json leaks.json
"""
CLIPS = ("door", "spoof_print", "spoof_screen", "turn_live", "turn_print")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--clips", default=",".join(CLIPS), metavar="NAMES", help=f"bundled clips (default: {', '.join(CLIPS)})")
    parser.add_argument("--frames", metavar="VIDEO", help="a video of yours in place of them")
    parser.add_argument("--labels", metavar="FILE", help="its labels, JSON lines, one for each frame (docs/evaluation.md)")
    parser.add_argument("--versions", default="all", metavar="NAMES|all|none", help="disturbed versions (default: all 24)")
    parser.add_argument("--methods", default="all", metavar="NAMES|all|none",
                        help="methods whose films are written and read again (default: all)")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON ('-': to standard output, without the table)")
    from edge_face.cli.main import add_common

    add_common(parser, json=False)


def run(args: argparse.Namespace) -> int:
    from dataclasses import replace
    from pathlib import Path

    from edge_face.cli.eval_common import check_usage, write_figures
    from edge_face.cli.progress import ProgressLine
    from edge_face.demo import clip_path, labels_path
    from edge_face.errors import UsageError
    from edge_face.evaluation.disturbances import cut_out, versions
    from edge_face.evaluation.leak_run import measure_film, measure_versions, read_sights
    from edge_face.privacy.registry import method_names
    from edge_face.privacy.seeing import Seeing
    from edge_face.settings_file import load_settings

    args.report = None
    check_usage(args)
    settings = load_settings(args.config)
    if (args.frames is None) != (args.labels is None):
        raise UsageError("--frames and --labels go together: a video, and what is to be seen in it")
    if args.frames is not None:
        files = {Path(args.frames).stem: (Path(args.frames), Path(args.labels))}
    else:
        files = {name: (clip_path(name), labels_path(name)) for name in chosen("--clips", args.clips, CLIPS)}
    passers = cut_out(read_sights(clip_path("door"), labels_path("door")))
    wanted = versions(passers)
    disturbed = {name: wanted[name] for name in chosen("--versions", args.versions, tuple(wanted))}
    clips = {name: read_sights(clip, labels) for name, (clip, labels) in files.items()}
    methods = chosen("--methods", args.methods, method_names())
    seeing = Seeing(settings)
    with ProgressLine("versions of clips") as line:
        found = measure_versions(clips, {"as it is": iter, **disturbed}, seeing.video, settings.privacy, line.step)
    films: dict[str, dict[str, FilmResult]] = {}
    with ProgressLine("films") as line:
        for number, method in enumerate(methods):
            privacy = replace(settings.privacy, method=method, option="")
            for clip, (video, labels) in files.items():
                films.setdefault(method, {})[clip] = measure_film(video, labels, seeing.video(), privacy)
            line.step(number + 1, len(methods))
    write_figures(args, figures(found, films), table(found, films), None)
    return 0


def chosen(option: str, text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The names of an option. Names may hold commas themselves. Raises UsageError."""
    from edge_face.errors import UsageError

    if text in ("all", "none"):
        return known if text == "all" else ()
    rest, found = text, []
    while rest:
        name = next((k for k in sorted(known, key=len, reverse=True) if rest == k or rest.startswith(f"{k},")), None)
        if name is None:
            raise UsageError(f"{option} knows no '{rest.split(',')[0]}': choose among {'; '.join(known)}; all or none")
        found.append(name)
        rest = rest[len(name) + 1:]
    return tuple(found)


def figures(found: Mapping[str, Mapping[str, VersionResult]], films: Mapping[str, Mapping[str, FilmResult]]) -> dict[str, Any]:
    """As `--json` writes them."""
    def leaks(result: VersionResult | FilmResult) -> list[dict[str, Any]]:
        return [{"frame": leak.frame, "name": leak.name, "covered": round(leak.covered, 3)} for leak in result.leaks]

    return {"task": "leaks",
            "versions": {name: {clip: {"frames": r.frames, "faces": r.faces, "leaked_frames": r.leaked_frames,
                                       "hidden_area": round(r.hidden, 4), "leaks": leaks(r)} for clip, r in clips.items()}
                         for name, clips in found.items()},
            "films": {name: {clip: {"frames": r.frames, "faces": r.faces, "detail_kept_most": round(r.detail, 3), "sharp": r.sharp,
                                    "leaks": leaks(r)} for clip, r in clips.items()} for name, clips in films.items()}}


def table(found: Mapping[str, Mapping[str, VersionResult]], films: Mapping[str, Mapping[str, FilmResult]]) -> str:
    """The same in words."""
    lines = [f"{'version':<24}{'frames':>8}{'faces':>8}{'leaked frames':>15}{'hidden area':>13}"]
    for name, clips in found.items():
        frames = sum(r.frames for r in clips.values())
        area = sum(r.hidden * r.frames for r in clips.values()) / max(frames, 1)
        lines.append(f"{name:<24}{frames:>8}{sum(r.faces for r in clips.values()):>8}"
                     f"{sum(r.leaked_frames for r in clips.values()):>15}{area:>13.0%}")
        lines += [f"    {clip}, frame {leak.frame}: {leak.name} covered {leak.covered:.0%}"
                  for clip, r in clips.items() for leak in r.leaks]
    if films:
        lines += ["", f"{'film by':<24}{'frames':>8}{'faces':>8}{'leaks':>8}{'left sharp':>12}{'most detail kept':>18}"]
    for name, by_clip in films.items():
        results = by_clip.values()
        lines.append(f"{name:<24}{sum(f.frames for f in results):>8}{sum(f.faces for f in results):>8}"
                     f"{sum(len(f.leaks) for f in results):>8}{sum(f.sharp for f in results):>12}{max(f.detail for f in results):>18.2f}")
    return "\n".join(lines)
