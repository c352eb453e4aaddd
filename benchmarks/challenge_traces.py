"""Which heads pass a challenge, and which sheets? Random traces with our own landmarks' residuals.

    python benchmarks/challenge_traces.py [--heads 5000] [--planes 5000] [--seed 7] [--actions left,right,up] [--json FILE] [--svg FILE]

Runs the shipped detector and landmarker over the bundled clips once to learn by how much they miss (a minute), then simulates.
`--svg`: parallax against foreshortening of the two bundled clips in which a head and a print are turned.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_face.access.actions import known
from edge_face.access.challenge import RELIEF, ChallengeRules, chance
from edge_face.access.parallax import NOSE, Relief, Shape, relief_of, shape_of
from edge_face.demo import clip_path, labels_path
from edge_face.errors import EdgeFaceError
from edge_face.evaluation.challenge_residuals import Misses, Residuals, measure
from edge_face.evaluation.challenge_traces import HEADS, Share, Species, Trace, run_traces, shares
from edge_face.evaluation.intervals import clopper_pearson
from edge_face.evaluation.plots import COLOURS, Axis, across, down, framed
from edge_face.media import VideoReader
from edge_face.service.models import load_models
from edge_face.settings import LivenessSettings, Settings
from edge_face.vision.detector import Detector

CLIPS = (("turn_live", "a head turns left, then right"), ("turn_print", "a print is turned the same way"))
HEAD_CLIPS, SHEET_CLIPS = ("turn_live", "door"), ("turn_print", "spoof_print", "spoof_screen")
STYLE = ("svg{background:#fff}text{font-family:system-ui,sans-serif}"
         ".title{font-size:15px;font-weight:600;fill:#1d2430}.tick{font-size:12px;fill:#5b6472}"
         ".axis{font-size:13px;fill:#1d2430}.grid{stroke:#e8ebf0}.frame{fill:none;stroke:#b9bec7}")


def shapes_of(detector: Detector, clip: str) -> list[Shape]:
    """Of the largest face in each picture of a bundled clip."""
    found = []
    with VideoReader(clip_path(clip)) as video:
        for _, _, image in video:
            faces = detector.detect(image, detector.recognise)
            if faces:
                points = max(faces, key=lambda d: d.box.area).landmarks / image.shape[1]
                found.append(shape_of(points.reshape(-1).tolist()))
    return [shape for shape in found if shape is not None]


def picture(clips: Sequence[tuple[str, list[Shape]]]) -> str:
    """Where the nose stands across (squared) against how narrow the face is, with the line of a usual head and that of the limit."""
    x, y = Axis("nose across, squared (eye distances)", 0.0, 0.2), Axis("narrowness, against looking straight", 0.8, 1.8)
    drawn = []
    for (name, relief), colour in zip((("usual head", NOSE), (f"limit {RELIEF:g}", RELIEF)), ("#1b7f5c", "#b3261e"), strict=True):
        end = min(x.high, (y.high - 1) * relief**2)
        right, top = across(x, end), down(y, 1 + end / relief**2)
        beside = top - 8 if relief == NOSE else top + 14
        drawn.append(f'<line x1="{across(x, 0):.1f}" y1="{down(y, 1):.1f}" x2="{right:.1f}" y2="{top:.1f}" stroke="{colour}" '
                     f'stroke-dasharray="6 4"/><text class="tick" text-anchor="end" x="{right - 6:.1f}" y="{beside:.1f}">{name}</text>')
    for number, (name, shapes) in enumerate(clips):
        front = float(np.median([s.narrowness for s in shapes if abs(s.across) < 0.06]))
        drawn += [f'<circle cx="{across(x, s.across**2):.1f}" cy="{down(y, s.narrowness / front):.1f}" r="2.4" fill="{COLOURS[number]}"/>'
                  for s in shapes]
        top = down(y, y.high) + 18 + 18 * number
        drawn.append(f'<rect x="{across(x, 0.108):.0f}" y="{top - 8:.0f}" width="10" height="10" fill="{COLOURS[number]}"/>'
                     f'<text class="tick" x="{across(x, 0.108) + 16:.0f}" y="{top + 1:.0f}">{name}</text>')
    plot = framed("Parallax against foreshortening", x, y, drawn, "a print becomes narrow without its nose moving, a head does not")
    return plot.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1).replace(">", f"><style>{STYLE}</style>", 1) + "\n"


def trembling(misses: Misses) -> dict[str, list[list[float]]]:
    """Standard deviations by point (x, y) in thousandths of an eye distance: of the residuals, and from picture to picture."""
    def rounded(values: npt.NDArray[np.float64]) -> list[list[float]]:
        return [[round(1000 * float(v), 1) for v in row] for row in values]

    return {"residual": rounded(np.concatenate(misses.sequences).std(0)),
            "between_pictures": rounded(np.concatenate([np.diff(s, axis=0) for s in misses.sequences]).std(0))}


def table(found: Sequence[Share]) -> list[str]:
    lines = [f"{'':46}{'traces':>8}{'passed':>8}{'share':>9}   95 % interval      failures"]
    for share in found:
        low, high = clopper_pearson(share.passed, share.traces)
        why = ", ".join(f"{code} {count}" for code, count in share.reasons)
        lines.append(f"{share.name:46}{share.traces:8}{share.passed:8}{share.rate:9.2%}   {low:6.2%} to {high:6.2%}   {why}")
    return lines


def times(traces: Sequence[Trace], species: Sequence[Species]) -> tuple[float, float]:
    """Mean and 95th percentile of the seconds of those that passed."""
    seconds = [trace.seconds for trace in traces if trace.species in species and trace.passed]
    return (float(np.mean(seconds)), float(np.percentile(seconds, 95))) if seconds else (float("nan"), float("nan"))


def run(args: argparse.Namespace) -> None:
    detector = load_models(Settings().vision).detector
    clips = [(about, shapes_of(detector, clip)) for clip, about in CLIPS]
    for (clip, _), (_, shapes) in zip(CLIPS, clips, strict=True):
        seen: Relief = relief_of([(s.across, s.narrowness) for s in shapes])
        print(f"{clip:12} nose across over {seen.span:.3f} eye distances, relief {seen.relief:.2f}, misfit {seen.misfit:.3f}")
    if args.svg:
        Path(args.svg).write_text(picture(clips), encoding="utf-8")
    print("measuring residuals on the bundled clips ...", file=sys.stderr)
    residuals: Residuals = measure(detector, *([(clip_path(n), labels_path(n)) for n in names] for names in (HEAD_CLIPS, SHEET_CLIPS)))
    for name, misses in (("heads", residuals.heads), ("sheets", residuals.sheets)):
        print(f"{name}: {sum(len(s) for s in misses.sequences)} pictures; thousandths of an eye distance, x and y of each point: "
              f"{trembling(misses)}")
    rules = ChallengeRules.from_settings(LivenessSettings())
    if args.actions:
        rules = replace(rules, actions=known(args.actions.split(",")))
    print(f"actions {', '.join(rules.actions)}, {rules.number} of them: a recording fits with a chance of {chance(rules):.1%}")
    traces: list[Trace] = []
    for part in range(10):
        traces += run_traces(args.heads // 10, args.planes // 10, rules, residuals, args.seed * 1000 + part)
        print(f"{10 * (part + 1)} %", file=sys.stderr)
    found = shares(traces)
    print("\n".join(table(found)))
    groups = {Species.WILLING.value: (Species.WILLING,), "all heads": HEADS}
    for name, species in groups.items():
        print("seconds added, {}: mean {:.2f}, 95 % {:.2f}".format(name, *times(traces, species)))
    if args.json:
        report = {"seed": args.seed, "actions": list(rules.actions), "number": rules.number, "chance": chance(rules),
                  "shares": [asdict(share) for share in found],
                  "seconds": {name: times(traces, species) for name, species in groups.items()}}
        Path(args.json).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--heads", type=int, default=5000, help="traces of heads (default 5000)")
    parser.add_argument("--planes", type=int, default=5000, help="traces of planes (default 5000)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--actions", default="", help="actions to draw from, with commas between (default: those of the settings)")
    parser.add_argument("--json", help="write the table here")
    parser.add_argument("--svg", help="write the plot here")
    try:
        run(parser.parse_args())
    except EdgeFaceError as error:
        print(f"challenge_traces: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
