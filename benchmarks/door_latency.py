"""How long from a decision to the edge at the pin: the real daemon on mock pins, its audit log on this disk.

    python benchmarks/door_latency.py                      500 releases by the exit button and 500 by the owner
    python benchmarks/door_latency.py --load 4             the same beside four processes that compute without end
    python benchmarks/door_latency.py --folder /mnt/card   the store and the audit log on another disk

The exit button goes straight to the door thread. An order of the owner goes through the policy and waits for its audit record to
be on the disk, as a grant by face or code does; so this includes one fsync.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import threading
import time
from pathlib import Path

from edge_face.access import Command
from edge_face.access.inputs import Order
from edge_face.door.mock import EdgeRecorder
from edge_face.service.daemon import Daemon
from edge_face.settings import AccessSettings, CameraSettings, DoorSettings, Settings, StoreSettings

PULSE = 0.2
"""Seconds: the shortest that the settings allow."""


def busy() -> None:
    while True:
        sum(range(10_000))


def released(pins: EdgeRecorder, since: float) -> float:
    """Waits for the edge that releases the door; its time."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        found = [edge.time for edge in list(pins.edges)[-6:] if edge.pin == "GPIO17" and edge.level == 1 and edge.time >= since]
        if found:
            return found[0]
        time.sleep(0.0005)
    raise SystemExit("the door was not released within 10 s")


def rounds(daemon: Daemon, pins: EdgeRecorder, count: int, way: str) -> list[float]:
    """Milliseconds from what was done to the edge."""
    spent = []
    lock = daemon.parts.lock
    assert lock is not None
    for _ in range(count):
        begun = time.monotonic()
        if way == "exit button":
            pins.press("GPIO27")
        else:
            daemon.order(Order(Command.RELEASE, PULSE))
        spent.append(1000 * (released(pins, begun) - begun))
        if way == "exit button":
            pins.let_go("GPIO27")
        while lock.released:
            time.sleep(0.002)
        time.sleep(0.03)
    return sorted(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=500, help="releases of each kind (default 500)")
    parser.add_argument("--load", type=int, default=0, metavar="N", help="processes that compute without end meanwhile")
    parser.add_argument("--folder", help="where the store and the audit log lie (default: a temporary folder)")
    args = parser.parse_args()
    others = [multiprocessing.Process(target=busy, daemon=True) for _ in range(args.load)]
    for other in others:
        other.start()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        settings = Settings(store=StoreSettings(folder=folder), camera=CameraSettings(source="none"),
                            door=DoorSettings(pulse=PULSE, exit_pin="GPIO27", max_on=0), access=AccessSettings(many_failures=0))
        pins = EdgeRecorder()
        daemon = Daemon(settings, pins=pins)
        thread = threading.Thread(target=daemon.run, daemon=True)
        thread.start()
        while daemon.parts.policy is None or daemon.parts.policy.state.at is None:
            time.sleep(0.05)
        print(f"{args.rounds} releases of each kind, {args.load} busy processes beside, store in {Path(folder).parent}")
        for way in ("exit button", "owner, with its audit record"):
            spent = rounds(daemon, pins, args.rounds, way)
            p50, p99 = spent[len(spent) // 2], spent[min(int(len(spent) * 0.99), len(spent) - 1)]
            print(f"  {way:<30} p50 {p50:6.2f} ms   p99 {p99:6.2f} ms   longest {spent[-1]:6.2f} ms")
        audit = daemon.parts.audit
        print(f"  releases before their record was on the disk: {audit.late if audit else 0}")
        daemon.stop()
        thread.join()
    for other in others:
        other.terminate()


if __name__ == "__main__":
    main()
