"""A whole door for the hardware runs: as a process on the real camera and pins, or in this process to measure its latency."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from loop_bench import PINS, LoopBench

from edge_face.demo import clip_path, stills
from edge_face.errors import EdgeFaceError
from edge_face.media import read_picture
from edge_face.people import Consent, Enrolment, Given, Store
from edge_face.people.sighting import FaceReader
from edge_face.service.client import Client
from edge_face.service.daemon import Daemon
from edge_face.service.models import load_models
from edge_face.settings import CameraSettings, DecisionSettings, DoorSettings, Settings, StoreSettings, VisionSettings
from edge_face.settings_file import to_toml
from edge_face.types import Frame

PATIENCE = 120.0
"""Seconds that a door may take to start, or a clip to bring a grant."""


def enrol(folder: Path, name: str) -> None:
    """One of the bundled synthetic people, from the bundled stills."""
    models = load_models(VisionSettings())
    enrolment = Enrolment(FaceReader(models.detector, models.embedder, models.embedder_bundle.model_id), models.embedder_bundle.thresholds)
    with Store(folder) as store:
        made = enrolment.from_pictures([(path.name, partial(read_picture, path)) for path in stills(name)], wall=time.time())
        given = Given(time.time(), "a synthetic person: nobody exists who could be asked")
        store.add(name, Consent(given, given), made.templates, wall=time.time())


@contextmanager
def running_door(folder: Path, camera: str, chip: int, who: str = "ben", pins: str = "lgpio") -> Iterator[Client]:
    """`edge-face run` as a process, once it is well. Raises AssertionError with its last words when it does not get there."""
    enrol(folder, who)
    decision = DecisionSettings() if camera == "none" else DecisionSettings(assurance="face")
    settings = replace(Settings(), camera=CameraSettings(source=camera), decision=decision,
                       door=DoorSettings(pins=pins, chip=chip, lock_pin=PINS.lock), store=StoreSettings(folder=str(folder)))
    (folder / "edge-face.toml").write_text(to_toml(settings, only_changed=True))
    with (folder / "door.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "edge_face.cli.main", "run", "--config", str(folder / "edge-face.toml")],
                                   stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    client = Client(folder / "control.sock")
    try:
        until = time.monotonic() + PATIENCE
        troubles = ["it did not answer"]
        while troubles:
            with suppress(EdgeFaceError):
                troubles = client.call("status")["troubles"]
            said = (folder / "door.log").read_text()[-2000:]
            assert process.poll() is None and time.monotonic() < until, f"the door did not start: {'; '.join(troubles)}\n{said}"
            time.sleep(0.1)
        yield client
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


class Stamped:
    """A pipeline that notes when it was handed each frame."""

    def __init__(self, pipeline: Any) -> None:
        self._pipeline = pipeline
        self.handed: list[float] = []

    def process(self, frame: Frame) -> Any:
        self.handed.append(time.monotonic())
        return self._pipeline.process(frame)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline, name)


class Lent:
    """A pin factory that a door may use and not close: the other ends of the wires are on it as well."""

    def __init__(self, factory: Any) -> None:
        self._factory = factory

    def close(self) -> None:
        """Its owner does."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._factory, name)


def latencies(folder: Path, factory: Any, bench: LoopBench, *, paced: bool, frames: int | None = None) -> list[float]:
    """Seconds from the hand-over of the frame that decided to the edge on the lock's wire, for each release of the door clip.

    Paced, the clip comes at its own speed, as from a camera; what a camera needs to bring a frame comes on top. Times of edges are
    those of the other end of the wire (on a Pi the kernel's).
    """
    enrol(folder, "ben")
    settings = replace(Settings(), camera=CameraSettings(source=f"file:{clip_path('door')}", paced=paced),
                       decision=DecisionSettings(assurance="face"), door=DoorSettings(lock_pin=PINS.lock),
                       store=StoreSettings(folder=str(folder)))
    stamped: list[Stamped] = []

    def build(models: Any, roster: Any) -> Any:
        from edge_face.vision.pipeline import VisionPipeline

        stamped.append(Stamped(VisionPipeline(settings, models.detector, models.embedder, roster.gallery, sweep=models.sweep,
                                              live=models.live)))
        return stamped[-1]

    bench.watch(PINS.lock)
    daemon = Daemon(settings, pins=Lent(factory), frames=frames, once=True, build=build)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            daemon.run()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, name="door under test")
    thread.start()
    thread.join(PATIENCE)
    daemon.stop()
    thread.join(30)
    if failures:
        raise failures[0]
    return decided(stamped[0].handed, bench.edges(PINS.lock))


def decided(handed: Sequence[float], edges: Sequence[tuple[float, int]]) -> list[float]:
    """From each edge towards released back to the last frame that was handed over before it."""
    found = []
    for at, level in edges:
        before = [moment for moment in handed if moment <= at]
        if level == 1 and before:
            found.append(at - before[-1])
    return found
