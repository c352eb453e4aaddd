"""Twenty tablets that play the right order: how many does the door let in?

    python benchmarks/tablet_attacks.py [--number 20] [--json FILE]

Ben is enrolled; turn_live (left, then right) is shown on rendered tablets (edge_face/evaluation/tablet.py) that differ in distance, tilt,
brightness, tone, pixels, moire, glare and tremor, at `face+challenge` with the order left, right. 0 grants are wanted. The clip itself,
without a tablet, is played first: a door that lets nobody in at all would look just as good.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edge_face.demo import clip_path, stills
from edge_face.demo.enrolled import Enrolled, enrolled
from edge_face.demo.replay import Replay
from edge_face.errors import EdgeFaceError
from edge_face.evaluation.intervals import clopper_pearson
from edge_face.evaluation.tablet import Showing, on_tablet, showings
from edge_face.media import VideoReader
from edge_face.settings import ASSURANCES, DecisionSettings, Settings
from edge_face.types import Frame, Image, LiveVerdict

CLIP, ORDER = "turn_live", ("left", "right")


@dataclass(frozen=True, slots=True)
class Result:
    """What the door did: grants, the passive part's verdicts by frame, the reasons of refusals."""

    showing: Showing | None
    grants: int
    seconds: float | None
    verdicts: dict[str, int]
    best_score: float | None
    refusals: list[str]


def film(clip: str) -> list[tuple[float, Image]]:
    with VideoReader(clip_path(clip)) as video:
        return [(seconds, image) for _, seconds, image in video]


def frames(shown: Iterable[tuple[float, Image]]) -> Iterator[Frame]:
    for index, (seconds, image) in enumerate(shown):
        yield Frame(index, seconds, seconds, image)


def attack(door: Enrolled, settings: Settings, shown: Iterable[tuple[float, Image]], showing: Showing | None) -> Result:
    """One film before the door."""
    door.pipeline.reset()
    replay = Replay(clip_path(CLIP), settings, door.pipeline, door.consenting, door.names, actions=ORDER, source=frames(shown))
    for _ in replay.frames():
        pass
    grants = replay.trace.grants()
    refused = [", ".join(d.codes) for d in replay.trace.decisions if d.kind == "deny"]
    looks = [(track.live, track.live_score) for frame in replay.trace.frames for track in frame.tracks if track.live is not None]
    scores = [score for verdict, score in looks if verdict != LiveVerdict.UNKNOWN.value and score is not None]
    return Result(showing, len(grants), grants[0].seconds if grants else None, dict(Counter(str(verdict) for verdict, _ in looks)),
                  max(scores, default=None), refused)


def line(result: Result) -> str:
    s = result.showing
    what = "the clip itself" if s is None else (f"height {s.height:.2f} yaw {s.yaw:+5.1f} pitch {s.pitch:+5.1f} brightness "
                                                f"{s.brightness:.2f} moire {s.moire:.2f} glare {s.glare:.2f} {s.columns:4d} px")
    best = "  -  " if result.best_score is None else f"{result.best_score:.3f}"
    return f"{what:<88} {'GRANT' if result.grants else 'no   '} best score {best}  {result.refusals[0] if result.refusals else '-'}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--assurance", choices=ASSURANCES, default="face+challenge")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(arguments)
    settings = replace(Settings(), decision=DecisionSettings(assurance=args.assurance))
    hall, shown = film("door")[0][1], film(CLIP)
    results: list[Result] = []
    try:
        with enrolled(settings, "ben", stills("ben")) as door:
            alive = attack(door, settings, shown, None)
            print(line(alive), flush=True)
            for showing in showings(args.number, args.seed):
                results.append(attack(door, settings, on_tablet(shown, hall, showing), showing))
                print(line(results[-1]), flush=True)
    except EdgeFaceError as error:
        print(f"tablet_attacks: {error}", file=sys.stderr)
        return 1
    let_in = sum(result.grants > 0 for result in results)
    low, high = clopper_pearson(let_in, len(results))
    himself = "was" if alive.grants else "was NOT"
    print(f"{let_in} of {len(results)} tablets were let in [{low * 100:.1f}, {high * 100:.1f}] %, ben himself {himself}")
    if args.json:
        found = {"alive": asdict(alive), "tablets": [asdict(r) for r in results], "let_in": let_in}
        args.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
