"""Fifty browsers look at a door for ten minutes: does the door notice, does memory stay flat?

    python benchmarks/pages_soak.py                         five runs of two minutes with 50 browsers, each after one without
    python benchmarks/pages_soak.py --minutes 1 --runs 2    a quick look

The real daemon on mock pins plays the bundled clip at its own speed; the real web process serves both listeners; a third process holds
the browsers, with two streams each (state, pictures): most read as fast as they can, every tenth reads a kilobyte a second, every tenth
comes anew every ten seconds. In a real house browsers have machines of their own, so this process is the nicest. Meanwhile the exit
button is pressed and the owner opens, in turn; the time to the edge at the pin is the door's latency. Exit 1 when a limit is broken:
the median of the runs' 99th percentiles at most 10 % above that without browsers, each process at most 8 MB larger in the end than
after the first run, no stream that stood still.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from door_latency import PULSE, released

from edge_face.access import Command
from edge_face.access.inputs import Order
from edge_face.clock import SystemClock
from edge_face.demo import clip_path
from edge_face.door.mock import EdgeRecorder
from edge_face.evaluation.process import memory_mb
from edge_face.kiosk.cookies import SESSION
from edge_face.service.client import Client
from edge_face.service.daemon import Daemon
from edge_face.service.protocol import socket_path, web_socket_path
from edge_face.settings import (
    AccessSettings,
    CameraSettings,
    DecisionSettings,
    DoorSettings,
    KioskSettings,
    Settings,
    StoreSettings,
)
from edge_face.settings_file import to_toml

PASSPHRASE = "a long sentence for a soak"
MOST_WORSE, MOST_GROWTH = 1.10, 8.0
SLOW_EVERY = NEW_EVERY = 10
WAYS = ("exit button", "owner, with its audit record")


# Browsers, in a process of their own


async def browse(port: int, path: str, cookie: str, number: int, until: float, counts: dict[str, int]) -> None:
    """One stream of one browser."""
    slow, comes_anew = number % SLOW_EVERY == 1, number % NEW_EVERY == 2
    while time.monotonic() < until:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 16)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{cookie}\r\n".encode())
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
                if b" 200 " not in head.split(b"\r\n", 1)[0]:
                    counts["refused"] += 1
                    await asyncio.sleep(1)
                    continue
                leaves = min(until, time.monotonic() + 10) if comes_anew else until
                await read(reader, slow, leaves, path, counts)
            finally:
                writer.close()


async def read(reader: asyncio.StreamReader, slow: bool, leaves: float, path: str, counts: dict[str, int]) -> None:
    while (left := leaves - time.monotonic()) > 0:
        try:
            piece = await asyncio.wait_for(reader.read(1024 if slow else 1 << 16), min(left, 25.0))
        except TimeoutError:
            if left > 25.0:
                counts["stood still"] += 1
            continue
        if not piece:
            return
        counts[path] = counts.get(path, 0) + len(piece)
        if slow:
            await asyncio.sleep(1)


def browsers(args: argparse.Namespace) -> None:
    """What the third process does: holds `--browsers` browsers for `--seconds`, then says what they got."""
    os.nice(19)
    counts = {"refused": 0, "stood still": 0}
    cookie = f"Cookie: {SESSION}={args.token}\r\n"
    until = time.monotonic() + args.seconds

    async def all_of_them() -> None:
        streams = []
        for number in range(args.browsers):
            kiosk = number % 2 == 0
            port = args.port if kiosk else args.owner_port
            for path in ("/state", "/picture.mjpeg") if kiosk else ("/api/v1/state", "/live/picture.mjpeg"):
                streams.append(browse(port, path, "" if kiosk else cookie, number, until, counts))
        await asyncio.gather(*streams)

    asyncio.run(all_of_them())
    print(json.dumps(counts))


# The door


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def presses(daemon: Daemon, pins: EdgeRecorder, until: float, pause: float) -> dict[str, list[float]]:
    """Milliseconds from what was done to the edge, by what was done."""
    spent: dict[str, list[float]] = {way: [] for way in WAYS}
    lock = daemon.parts.lock
    assert lock is not None
    while time.monotonic() < until:
        for way in WAYS:
            begun = time.monotonic()
            if way == "exit button":
                pins.press("GPIO27")
            else:
                daemon.order(Order(Command.RELEASE, PULSE))
            spent[way].append(1000 * (released(pins, begun) - begun))
            if way == "exit button":
                pins.let_go("GPIO27")
            while lock.released:
                time.sleep(0.002)
            time.sleep(pause)
    return spent


def p99(values: list[float]) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0, help="with browsers, over all runs (default 10)")
    parser.add_argument("--runs", type=int, default=5, help="default 5")
    parser.add_argument("--browsers", type=int, default=50, help="default 50")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    for name in ("--seconds", "--port", "--owner-port"):
        parser.add_argument(name, type=float if name == "--seconds" else int, help=argparse.SUPPRESS)
    parser.add_argument("--token", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.seconds is not None:
        browsers(args)
        return 0
    with tempfile.TemporaryDirectory(prefix="ef-soak-") as folder:
        figures = soak(args, Path(folder))
    print(json.dumps(figures, indent=2))
    if args.json:
        Path(args.json).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    good = all(row["ratio"] <= MOST_WORSE for row in figures["latency"].values()) \
        and all(growth <= MOST_GROWTH for growth in figures["growth_mb"].values()) and figures["stood_still"] == 0
    print(f"{'ok' if good else 'NOT as it must be'}: p99 at most {100 * (MOST_WORSE - 1):.0f} % above that without browsers, growth at "
          f"most {MOST_GROWTH:g} MB, no stream stood still")
    return 0 if good else 1


def soak(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All runs; the figures."""
    settings = replace(
        Settings(), store=StoreSettings(folder=str(folder / "store")), access=AccessSettings(many_failures=0),
        camera=CameraSettings(source=f"file:{clip_path('door')}", loop=True), decision=DecisionSettings(assurance="face"),
        door=DoorSettings(pins="mock", pulse=PULSE, exit_pin="GPIO27", max_on=0),
        kiosk=KioskSettings(folder=str(folder / "pages"), port=free_port(), owner_port=free_port()))
    file = folder / "edge-face.toml"
    file.write_text(to_toml(settings), encoding="utf-8")
    pins = EdgeRecorder()
    daemon = Daemon(settings, pins=pins)
    thread = threading.Thread(target=daemon.run, daemon=True)
    thread.start()
    while daemon.parts.policy is None or daemon.parts.policy.first_at is None:
        time.sleep(0.05)
    code = Client(socket_path(settings)).call("kiosk.claim")["code"]
    Client(web_socket_path(settings)).call("session.claim", code=code, name="Owner", passphrase=PASSPHRASE)
    # As nice as its unit makes it.
    command = ["nice", "-n", "5", sys.executable, "-m", "edge_face.cli.main", "kiosk", "run", "--config", str(file)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as pages:
        try:
            return runs(args, settings, daemon, pins, pages)
        finally:
            pages.terminate()
            pages.wait(15)
            daemon.stop()
            thread.join(30)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    rows = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(rows[11]) + int(rows[12])) / os.sysconf("SC_CLK_TCK")


def runs(args: argparse.Namespace, settings: Settings, daemon: Daemon, pins: EdgeRecorder,
         pages: subprocess.Popen[bytes]) -> dict[str, Any]:
    seconds, clock = 60 * args.minutes / args.runs, SystemClock()
    without: dict[str, list[float]] = {way: [] for way in WAYS}
    beside: dict[str, list[float]] = {way: [] for way in WAYS}
    memory: list[dict[str, float]] = []
    totals: dict[str, int] = {}
    fps: list[tuple[float, float]] = []
    cores: list[float] = []
    token = Client(web_socket_path(settings)).call("session.login", name="Owner", passphrase=PASSPHRASE)["token"]
    for run in range(args.runs):
        alone = presses(daemon, pins, clock.monotonic() + max(seconds / 2, 20), 0.1)
        assert daemon.parts.vision is not None
        fps_alone = daemon.parts.vision.fps
        # Looking at streams does not keep a login alive; logging in again would cost the daemon 19 MiB for its hash.
        Client(web_socket_path(settings)).call("people.list", token=token)
        command = [sys.executable, __file__, "--seconds", str(seconds), "--browsers", str(args.browsers), "--token", token,
                   "--port", str(settings.kiosk.port), "--owner-port", str(settings.kiosk.owner_port)]
        begun, used = clock.monotonic(), cpu_seconds(pages.pid)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as crowd:
            time.sleep(min(5.0, seconds / 4))
            looked = presses(daemon, pins, clock.monotonic() + seconds - min(7.0, seconds / 3), 0.1)
            fps.append((fps_alone, daemon.parts.vision.fps))
            memory.append({"daemon": memory_mb(os.getpid())["resident"], "pages": memory_mb(pages.pid)["resident"]})
            said, _ = crowd.communicate()
        cores.append((cpu_seconds(pages.pid) - used) / (clock.monotonic() - begun))
        for name, value in json.loads(said).items():
            totals[name] = totals.get(name, 0) + value
        for way in WAYS:
            without[way].append(p99(alone[way]))
            beside[way].append(p99(looked[way]))
        print(f"run {run + 1} of {args.runs}: p99 without browsers {[round(without[w][-1], 2) for w in WAYS]} ms, with {args.browsers} "
              f"{[round(beside[w][-1], 2) for w in WAYS]} ms, {len(looked[WAYS[0]])} presses, memory {memory[-1]}, "
              f"pages {cores[-1]:.2f} cores", file=sys.stderr, flush=True)
    latency = {way: {"without_ms": round(median(without[way]), 3), "with_ms": round(median(beside[way]), 3),
                     "ratio": round(median(beside[way]) / median(without[way]), 3), "runs_without": without[way], "runs_with": beside[way]}
               for way in WAYS}
    return {"browsers": args.browsers, "minutes": args.minutes, "latency": latency, "memory_mb": memory,
            "growth_mb": {name: round(memory[-1][name] - memory[0][name], 1) for name in memory[0]},
            "frames_a_second": {"without": round(median(a for a, _ in fps), 2), "with": round(median(b for _, b in fps), 2)},
            "cores_of_the_pages": round(median(cores), 3),
            "refused": totals.pop("refused"), "stood_still": totals.pop("stood still"), "bytes": totals}


if __name__ == "__main__":
    sys.exit(main())
