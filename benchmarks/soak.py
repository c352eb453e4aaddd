"""Runs the daemon over many frames with a large gallery and watches its memory from outside.

    python benchmarks/soak.py [--frames 10000] [--people 1000] [--small]

Plays the bundled clip in a loop as fast as it can be worked on, with mock pins, in a scratch store of people who are
random unit vectors. Prints start-up, resident memory of the daemon (and of all its processes), and whether it grows.
Exit 1 when a limit is broken: 250 MB (150 with --small) resident, 8 MB of growth after the first tenth, 1.5 s to the
first decision.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from edge_face.demo import clip_path
from edge_face.errors import EdgeFaceError
from edge_face.evaluation.process import memory_mb, tree_memory_mb
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


def watch(process: subprocess.Popen[bytes], settings: Settings, frames: int) -> tuple[list[tuple[int, float, float]], dict[str, Any]]:
    """Samples (frames so far, daemon MB, all processes MB) until the daemon ends; the last status it gave."""
    client, samples, status = wait_for(settings, 30), [], {}
    while process.poll() is None:
        try:
            status = client.call("status")
        except EdgeFaceError:
            break
        done = int(status["vision"]["frames"])
        resident = memory_mb(process.pid).get("resident")
        if resident is not None and done:
            samples.append((done, resident, tree_memory_mb(process.pid)))
            print(f"\r{done:>7} of {frames} frames, {resident:6.1f} MB", end="", file=sys.stderr, flush=True)
        time.sleep(0.5)
    print(file=sys.stderr)
    return samples, status


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--small", action="store_true", help="the settings for a 512 MB board")
    args = parser.parse_args()
    limit = 150.0 if args.small else 250.0
    with tempfile.TemporaryDirectory(prefix="edge-face-soak-") as folder:
        settings = replace(Settings(), store=StoreSettings(folder=folder))
        print(f"enrolling {args.people} random vectors ...", file=sys.stderr)
        crowd(folder, args.people)
        command = [sys.executable, "-m", "edge_face.cli.main", "run", "--source", f"file:{clip_path('door')}", "--fast", "--pins", "mock",
                   "--frames", str(args.frames), "--set", f"store.folder={folder}", "--set", "camera.loop=true"]
        log = Path(folder, "log")
        with log.open("wb") as out, subprocess.Popen(command + ["--small"] * args.small, stdout=out, stderr=out) as process:
            samples, status = watch(process, settings, args.frames)
        if process.returncode != 0 or not samples:
            print(log.read_text()[-2000:])
            return 1
    warm = [s for s in samples if s[0] >= args.frames / 10]
    third = max(len(warm) // 3, 1)
    growth = float(np.median([s[1] for s in warm[-third:]]) - np.median([s[1] for s in warm[:third]]))
    peak, tree = max(s[1] for s in samples), max(s[2] for s in samples)
    first = status.get("first_decision")
    print(json.dumps({"people": args.people, "frames": samples[-1][0], "small": args.small, "resident_mb": round(peak, 1),
                      "all_processes_mb": round(tree, 1), "growth_mb": round(growth, 2), "first_decision_s": first}, indent=2))
    good = peak < limit and growth < 8 and first is not None and first <= 1.5
    print(f"{'ok' if good else 'NOT as it must be'}: under {limit:.0f} MB, growth under 8 MB, first decision within 1.5 s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
