"""Runs the daemon over many frames with a large gallery and watches its memory from outside.

    python benchmarks/soak.py [--frames 10000] [--people 1000] [--small] [--live network|usb]

Plays the bundled clip in a loop as fast as it can be worked on, with mock pins, in a scratch store of people who are
random unit vectors. With `--live` the clip comes through the capture process and shared memory, as from a camera: decoded
by FFmpeg as an RTSP stream is, or as single JPEGs as a USB camera sends them. Prints start-up, memory of the daemon and of
the capture process, and whether it grows. RSS counts a page of a library in each process that has it mapped; PSS counts it
once. Exit 1 when a limit is broken: 250 MB (150 with --small) resident in all processes together, 8 MB of growth after the
first tenth, 1.5 s to the first decision.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge_face.demo import clip_path
from edge_face.errors import EdgeFaceError
from edge_face.evaluation.process import children_of, memory_mb, share_mb
from edge_face.media import VideoReader, write_picture
from edge_face.people import Consent, Given, Store, Template
from edge_face.service.client import Client, daemon_for
from edge_face.settings import Settings, StoreSettings
from edge_face.vision.bundle import load_bundle


def crowd(folder: str, people: int) -> None:
    """Enrols people who are nobody: five random unit vectors each."""
    bundle = load_bundle("", "embedder")
    assert bundle.embedding is not None
    rng, given = np.random.default_rng(7), Given(time.time(), "a random vector")
    with Store(folder) as store:
        for number in range(people):
            vectors = rng.standard_normal((5, bundle.embedding.dimension)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            store.add(f"nobody {number}", Consent(given, given), [Template(v, bundle.model_id) for v in vectors], wall=time.time())


def wait_for(settings: Settings, seconds: float) -> Client:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        client = daemon_for(settings)
        if client is not None:
            return client
        time.sleep(0.02)
    raise SystemExit("the daemon did not come up")


@dataclass(frozen=True, slots=True)
class Sample:
    """Frames worked on so far; resident memory (RSS) and proportional share (PSS) in MB, of the daemon and of its children."""

    frames: int
    daemon: float
    daemon_share: float
    capture: float
    capture_share: float

    @property
    def resident(self) -> float:
        return self.daemon + self.capture

    @property
    def share(self) -> float:
        return self.daemon_share + self.capture_share


def sample(pid: int, frames: int) -> Sample:
    children = children_of(pid)
    return Sample(frames, memory_mb(pid).get("resident", 0.0), share_mb(pid),
                  sum(memory_mb(child).get("resident", 0.0) for child in children), sum(map(share_mb, children)))


def watch(process: subprocess.Popen[bytes], settings: Settings, frames: int) -> tuple[list[Sample], dict[str, Any]]:
    """Samples until the daemon ends; the last status it gave."""
    client, samples, status = wait_for(settings, 30), list[Sample](), {}
    while process.poll() is None:
        try:
            status = client.call("status")
        except EdgeFaceError:
            break
        now = sample(process.pid, int(status["vision"]["frames"]))
        if now.frames and now.daemon:
            samples.append(now)
            print(f"\r{now.frames:>7} of {frames} frames, {now.resident:6.1f} MB", end="", file=sys.stderr, flush=True)
        time.sleep(0.5)
    print(file=sys.stderr)
    return samples, status


def source_for(live: str | None, folder: Path) -> str:
    """The clip as it is, or unpacked into the single JPEGs that a USB camera would send."""
    if live != "usb":
        return f"file:{clip_path('door')}"
    pictures = folder / "pictures"
    pictures.mkdir()
    with VideoReader(clip_path("door")) as reader:
        for index, _, image in reader:
            write_picture(pictures / f"{index}.jpg", image)
    return f"dir:{pictures}"


def command_for(args: argparse.Namespace, folder: Path) -> list[str]:
    program = [str(Path(__file__).with_name("live_clip.py"))] if args.live else ["-m", "edge_face.cli.main"]
    return [sys.executable, *program, "run", "--source", source_for(args.live, folder), "--fast", "--pins", "mock", "--frames",
            str(args.frames), "--set", f"store.folder={folder}", "--set", "camera.loop=true", *["--small"] * args.small]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--small", action="store_true", help="the settings for a 512 MB board")
    parser.add_argument("--live", choices=("network", "usb"), help="the clip as from a camera, through the capture process")
    args = parser.parse_args()
    limit = 150.0 if args.small else 250.0
    with tempfile.TemporaryDirectory(prefix="edge-face-soak-") as folder:
        settings = replace(Settings(), store=StoreSettings(folder=folder))
        print(f"enrolling {args.people} random vectors ...", file=sys.stderr)
        crowd(folder, args.people)
        command, log = command_for(args, Path(folder)), Path(folder, "log")
        with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
            samples, status = watch(process, settings, args.frames)
        if process.returncode != 0 or not samples:
            print(log.read_text()[-2000:])
            return 1
    warm = [s for s in samples if s.frames >= args.frames / 10]
    third = max(len(warm) // 3, 1)
    growth = float(np.median([s.resident for s in warm[-third:]]) - np.median([s.resident for s in warm[:third]]))
    peak = max(samples, key=lambda s: s.resident)
    first = status.get("first_decision")
    print(json.dumps({"people": args.people, "frames": samples[-1].frames, "small": args.small, "live": args.live,
                      "resident_mb": {"daemon": round(peak.daemon, 1), "capture": round(peak.capture, 1), "sum": round(peak.resident, 1)},
                      "share_mb": {"daemon": round(peak.daemon_share, 1), "capture": round(peak.capture_share, 1),
                                   "sum": round(peak.share, 1)},
                      "growth_mb": round(growth, 2), "first_decision_s": first}, indent=2))
    good = peak.resident < limit and growth < 8 and first is not None and first <= 1.5
    print(f"{'ok' if good else 'NOT as it must be'}: under {limit:.0f} MB in all, growth under 8 MB, first decision within 1.5 s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
