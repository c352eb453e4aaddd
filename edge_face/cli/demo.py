"""`edge-face demo`: watch the door work on the bundled clip: no camera, no pins, no network."""

from __future__ import annotations

import argparse

DESCRIPTION = ("Enrols ben, who does not exist, from the bundled stills, plays the bundled clip through the real pipeline with mock "
               "pins, and writes the video as it leaves the door, a page that shows what happened and why, and every event.")
EXAMPLES = """
  edge-face demo                         writes demo-out/report.html; open it in a browser
  edge-face demo --out /tmp/door --short
  edge-face demo --who hiro              the same clip with somebody else enrolled: nobody is let in
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.main import add_common

    add_common(parser)
    parser.add_argument("--out", default="demo-out", metavar="DIR", help="folder to write to (default: demo-out)")
    parser.add_argument("--short", action="store_true", help="the first ten seconds only")
    parser.add_argument("--who", default="ben", metavar="NAME", help="who of the eight bundled people is enrolled (default: ben)")


def run(args: argparse.Namespace) -> int:
    import json
    import sys
    from pathlib import Path

    from edge_face.demo import people
    from edge_face.demo.scenario import play
    from edge_face.errors import UsageError
    from edge_face.settings import Settings
    from edge_face.settings_file import load_settings

    if args.who not in people():
        raise UsageError(f"--who {args.who}: nobody of that name is bundled; there are {', '.join(people())}")
    # The demo shows the defaults, whatever this machine's own door is set to, unless a file is named.
    settings = load_settings(args.config) if args.config else Settings()
    live = sys.stderr.isatty() and not args.json

    def progress(done: int, total: int) -> None:
        if live:
            print(f"\r  {done} of {total} frames", end="" if done < total else "\n", file=sys.stderr, flush=True)

    if not args.json:
        print(f"enrolling {args.who} from the bundled stills, then playing the bundled clip ...", file=sys.stderr)
    outcome = play(settings, args.who, Path(args.out), short=args.short, progress=progress)
    if args.json:
        print(json.dumps({"good": outcome.good, "folder": str(outcome.folder), "seconds": round(outcome.seconds, 2),
                          "grants": [{"person": outcome.trace.names.get(g.person or ""), "seconds": round(g.seconds, 3)}
                                     for g in outcome.trace.grants()],
                          "facts": [{"value": f.value, "text": f.text, "good": f.good} for f in outcome.facts]}, indent=2))
    else:
        for decision in outcome.trace.decisions:
            who = outcome.trace.names.get(decision.person or "", "")
            print(f"  {decision.seconds:6.2f} s  {decision.kind} {who}: {'; '.join(decision.reasons)}")
        for fact in outcome.facts:
            print(f"  {'ok  ' if fact.good else 'NOT '} {fact.value:>10}  {fact.text}")
        print(f"look at {outcome.folder / 'report.html'} (video: door.mp4, every event: events.jsonl)")
    return 0 if outcome.good else 1

