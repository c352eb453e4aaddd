"""`edge-face bench`: what every stage costs on this board."""

from __future__ import annotations

import argparse
from typing import Any

DESCRIPTION = ("Measures every stage on this board: each network alone, the whole pipeline on the bundled clip (one face in view), "
               "memory and start-up. Figures of one thread unless the settings say otherwise; close other programs first.")
EXAMPLES = """
  edge-face bench
  edge-face bench --json bench.json
  edge-face bench --peer yunet_n_640_640.onnx      OpenCV's YuNet at 640x480 beside us, in the same run
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.main import add_common

    add_common(parser, json=False)
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON ('-': to standard output, without the table)")
    parser.add_argument("--frames", type=int, default=300, metavar="N", help="frames and calls to measure (default 300)")
    parser.add_argument("--peer", metavar="FILE", help="YuNet's .onnx file: measured at 640x480 in OpenCV on the same frames")


def run(args: argparse.Namespace) -> int:
    import json
    import sys
    from pathlib import Path

    from edge_face.errors import UsageError
    from edge_face.media.paths import writing
    from edge_face.settings_file import load_settings

    if args.frames < 10:
        raise UsageError(f"--frames {args.frames} is too few for a percentile: 10 or more")
    if args.peer and not Path(args.peer).is_file():
        raise UsageError(f"--peer {args.peer} is not a file: give the path of YuNet's .onnx file")
    from edge_face.cli.outputs import require_folder
    from edge_face.demo import clip_path, one_face_frames
    from edge_face.doctor import Host
    from edge_face.doctor.board import board_state
    require_folder(args.json, "--json ")
    from edge_face.evaluation.bench import measure

    quiet = args.json == "-"

    def say(text: str) -> None:
        if not quiet:
            print(text, file=sys.stderr)

    figures = measure(load_settings(args.config), clip_path("door"), one_face_frames(), args.frames, args.peer, say)
    figures["board"] = board_state(Host())
    if not quiet:
        print(table(figures))
    if args.json:
        text = json.dumps(figures, indent=2) + "\n"
        if quiet:
            print(text, end="")
        else:
            with writing(args.json) as partial:
                partial.write_text(text, encoding="utf-8")
    return 0


def table(figures: dict[str, Any]) -> str:
    """The figures as people read them."""
    from edge_face.evaluation.preview import described

    lines = [f"{figures['machine']}, {figures['runtime']}, OpenCV {figures['opencv']}, numpy {figures['numpy']}, "
             f"{figures['threads']} thread(s)", ""]
    for title, key in (("networks alone", "networks"), ("pipeline, one face, an embedding in every frame", "pipeline_forced"),
                       ("pipeline as it runs", "pipeline")):
        lines.append(f"{title:<52}{'median':>9}{'95 %':>9}{'99 %':>9}{'worst':>9}   ms")
        for name, row in figures[key].items():
            lines.append(f"  {name:<50}{_row(row)}")
        lines.append("")
        if key == "networks":
            lines[-1:] = [*_fastest(figures["networks"]), ""]
    if "peer" in figures:
        peer = figures["peer"]
        lines += [f"{'YuNet 640x480 in OpenCV':<52}{_row(peer)}",
                  f"  our whole frame / YuNet: {peer['pipeline_ratio']:.3f} (wanted: 0.5, aim 0.33)",
                  f"  our detection / YuNet:   {peer['detector_ratio']:.3f} (wanted: 0.15)", ""]
    lines += ["the picture on the pages, every face hidden", *described(figures["preview"]), ""]
    shares = figures["live_share"]
    lines += [f"attack detection's share of the pipeline's time: {100 * shares['forced']:.0f} % where it looks at every frame, "
              f"{100 * shares['usual']:.0f} % as it runs (wanted: 25 %)", ""]
    start = figures["start"]
    lines += [f"memory of this process: {figures['memory']['resident']:.0f} MB now, {figures['memory']['peak']:.0f} MB at most",
              f"ready after {start['ready_seconds']:.2f} s (models loaded, first frame judged)",
              f"--help: {start['help'] * 1000:.0f} ms, {start['ratio']:.1f} times a bare Python"]
    for name, value in figures["board"].items():
        lines.append(f"{name}: {value}")
    return "\n".join(lines)


def _fastest(networks: dict[str, dict[str, float]]) -> list[str]:
    from edge_face.evaluation.speed import fastest

    found = fastest({name: row["median_ms"] for name, row in networks.items()})
    return [f"  fastest here: {model}: {precision}, the next takes {ratio:.1f} times as long"
            for model, (precision, ratio) in found.items()]


def _row(spread: dict[str, float]) -> str:
    return "".join(f"{spread[key]:>9.2f}" for key in ("median_ms", "p95_ms", "p99_ms", "worst_ms"))
