"""Times `edge-face blur` against the tool `deface` on one clip, in one run.

    python benchmarks/blur_vs_deface.py [--clip FILE] [--repeat N] [--cache DIR] [--rounds N] [--onnxruntime] [--json FILE]

deface (pip, MIT, github.com/ORB-HD/deface) gets a virtual environment of its own under the cache folder, made at the
first run; nothing of it touches this one. Both tools are run as commands, in turns, with their defaults; both decode,
find faces on every frame, hide them and encode. CPU time is that of the process and its children (deface encodes in
one); start-up and imports are part of both, so the bundled clip of 22 s is played four times over unless told otherwise.
The figure to look at is CPU time: it is the one that a busy machine disturbs least.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from edge_face.demo import clip_path
from edge_face.errors import EdgeFaceError
from edge_face.media import VideoReader, VideoWriter

PACKAGE = "deface==1.5.0"


@dataclass(frozen=True, slots=True)
class Run:
    """One command on one clip: milliseconds a frame on the clock and on the processors."""

    wall: float
    cpu: float


def deface_command(cache: Path, onnxruntime: bool) -> Path:
    """The `deface` command of its own environment, installed when it is not there yet."""
    folder = cache / ("deface-onnxruntime" if onnxruntime else "deface")
    command = folder / "bin" / "deface"
    if not command.exists():
        print(f"installing {PACKAGE} into {folder} ...", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        packages = [PACKAGE, "onnxruntime"] if onnxruntime else [PACKAGE]
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *packages], check=True)
    return command


def timed(command: Sequence[str | Path], frames: int) -> Run:
    """Runs a command to its end. Raises CalledProcessError with its own words."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    # Both start with what Python compiled before, as installed programs do, whatever this shell says.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr[-2000:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall / frames * 1e3, cpu / frames * 1e3)


def frames_in(clip: Path) -> int:
    with VideoReader(clip) as reader:
        return sum(1 for _ in reader)


def repeated(clip: Path, times: int, folder: Path) -> Path:
    """The clip so many times over, as one video."""
    if times <= 1:
        return clip
    target = folder / f"{clip.stem}-{times}.mp4"
    with VideoReader(clip) as reader:
        images = [image for _, _, image in reader]
        with VideoWriter(target, reader.width, reader.height, reader.fps) as writer:
            for _ in range(times):
                for image in images:
                    writer.write(image)
    return target


def compare(clip: Path, deface: Path, rounds: int) -> dict[str, list[Run]]:
    """Both commands in turns, so that a busy minute hits both; the outputs are counted, not trusted."""
    frames = frames_in(clip)
    found: dict[str, list[Run]] = {"edge-face blur": [], "deface": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            ours, theirs = Path(folder) / f"ours{number}.mp4", Path(folder) / f"theirs{number}.mp4"
            found["edge-face blur"].append(timed([sys.executable, "-m", "edge_face.cli.main", "blur", str(clip), str(ours)], frames))
            found["deface"].append(timed([deface, clip, "-o", theirs], frames))
            for output in (ours, theirs):
                if frames_in(output) != frames:
                    raise EdgeFaceError(f"{output.name} does not hold the {frames} frames of the clip")
    return found


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clip", type=Path, help="the video (default: the bundled door clip, 336 frames of 640 x 480)")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "edge-face-benchmarks"
    parser.add_argument("--cache", type=Path, default=cache, metavar="DIR", help="where deface is installed")
    parser.add_argument("--repeat", type=int, metavar="N", help="the video so many times over (default: the bundled clip 4, a file 1)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often both run (default: 3); the median counts")
    parser.add_argument("--onnxruntime", action="store_true", help="give deface ONNX Runtime, which it does not install by itself")
    parser.add_argument("--json", metavar="FILE", help="write the figures; - for standard output")
    args = parser.parse_args(argv)
    clip = args.clip or clip_path("door")
    args.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        clip = repeated(clip, args.repeat or (4 if args.clip is None else 1), Path(folder))
        frames, found = frames_in(clip), compare(clip, deface_command(args.cache, args.onnxruntime), max(args.rounds, 1))
    middle = {name: Run(statistics.median(r.wall for r in runs), statistics.median(r.cpu for r in runs)) for name, runs in found.items()}
    ours, theirs = middle["edge-face blur"], middle["deface"]
    answer = {"clip": clip.name, "frames": frames, "machine": platform.machine(), "cores": os.cpu_count(),
              "load": round(os.getloadavg()[0], 1), "onnxruntime": args.onnxruntime,
              "ms_per_frame": {name: asdict(run) for name, run in middle.items()},
              "times_as_fast": {"cpu": round(theirs.cpu / ours.cpu, 2), "wall": round(theirs.wall / ours.wall, 2)},
              "rounds": {name: [asdict(run) for run in runs] for name, runs in found.items()}}
    if args.json == "-":
        print(json.dumps(answer, indent=2))
        return 0
    print(f"{clip.name}, {answer['frames']} frames, {answer['machine']}, {answer['cores']} cores, load {answer['load']}")
    print(f"{'':<16}{'CPU ms a frame':>16}{'wall ms a frame':>17}")
    for name, run in middle.items():
        print(f"{name:<16}{run.cpu:>16.2f}{run.wall:>17.2f}")
    print(f"{'ratio':<16}{theirs.cpu / ours.cpu:>16.1f}{theirs.wall / ours.wall:>17.1f}")
    if args.json:
        Path(args.json).write_text(json.dumps(answer, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (EdgeFaceError, subprocess.CalledProcessError) as error:
        print(f"{error}\n{getattr(error, 'stderr', '') or ''}".rstrip(), file=sys.stderr)
        sys.exit(1)
