"""An hour of the real daemon in some seconds: real models, store, audit log, recorder, hooks and sockets; the bundled clip as four visits
twenty minutes apart, on a clock that the frames move."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge_face.access.clock_trust import ClockSigns
from edge_face.cli.main import main
from edge_face.clock import ManualClock
from edge_face.demo import clip_path, stills
from edge_face.door.mock import EdgeRecorder
from edge_face.media import VideoReader
from edge_face.service import daemon as daemon_module
from edge_face.service.client import Client
from edge_face.service.daemon import Daemon
from edge_face.service.frames import FeedHealth
from edge_face.service.protocol import socket_path
from edge_face.service.senses import ClockKeeper
from edge_face.settings import Settings
from edge_face.settings_file import load_settings
from edge_face.types import Box, Frame, Image

NAME = "Zebedäus Quillfeather"
VISITS, APART = 4, 1200.0
FIRST, LAST, STEP, EMPTY = 30, 110, 2, 8
"""Frames of the clip: somebody comes and is let in; and as many seconds in which nobody is there."""
SETTINGS = """
[camera]
source = "usb:0"
[decision]
assurance = "face"
[recorder]
events = ["grant", "deny", "alarm", "code", "exit", "owner"]
clips = true
before = 1.0
after = 1.0
originals = "{folder}/owner.pub"
[hooks]
command = ["/bin/true"]
events = ["grant", "deny", "code", "exit", "owner", "alarm", "trouble", "duress", "lockdown"]
snapshot = true
[service]
preview_fps = 5.0
preview_file = "{folder}/preview.jpg"
[store]
folder = "{folder}/store"
[kiosk]
attendance = true
folder = "{folder}/pages"
"""


class Visits:
    """A feed whose frames move the clock: what comes next is asked for when the last one is done with."""

    def __init__(self, clock: ManualClock) -> None:
        with VideoReader(clip_path("door")) as film:
            frames = [image for index, _, image in film if index == 0 or (FIRST <= index < LAST and not index % STEP)]
        # An empty scene before and after: whoever came has gone, and the door has locked.
        self._film: list[Image] = [frames[0]] * 4 + frames[1:] + [frames[0]] * EMPTY
        self._clock, self._count = clock, 0
        self.over = threading.Event()

    def start(self) -> None: ...

    def close(self) -> None: ...

    def latest(self, after_index: int, timeout: float) -> Frame | None:
        visit, place = divmod(self._count, len(self._film))
        if visit == VISITS:
            self.over.set()
            time.sleep(min(timeout, 0.05))
            return None
        if place == 0:
            time.sleep(0.3)  # what was decided last is on its way to the disk
        gone = place >= len(self._film) - EMPTY
        self._clock.sleep(APART if visit and place == 0 else 1.0 if gone else STEP / 15)
        if gone:
            time.sleep(0.02)  # the lock is looked after by real time
        self._count += 1
        return Frame(self._count, self._clock.monotonic(), self._clock.wall(), self._film[place])

    def meter(self, boxes: Sequence[Box]) -> None: ...

    @property
    def ended(self) -> bool:
        return False

    @property
    def health(self) -> FeedHealth:
        return FeedHealth(True, "running")


@dataclass
class Hour:
    """What was left of it: the settings, the person, what the log said."""

    settings: Settings
    config: str
    person: str
    answers: dict[str, Any]


def enrolled(folder: Path) -> tuple[Settings, str]:
    """Settings file and store with one person who agreed to everything."""
    config = folder / "edge-face.toml"
    config.write_text(SETTINGS.format(folder=folder))
    assert main(["seal", "--new-key", str(folder / "owner.key")]) == 0
    pictures = [str(path) for path in stills("ben")]
    assert main(["enroll", NAME, "--images", str(Path(pictures[0]).parent), "--keep-pictures", "--consent", "recognise,show,pictures",
                 "--config", str(config)]) == 0
    return load_settings(str(config)), str(config)


def run_an_hour(folder: Path, patch: pytest.MonkeyPatch, meanwhile: Callable[[Daemon, Client], dict[str, Any]]) -> Hour:
    """`meanwhile` is called before the visits, with the running door."""
    settings, config = enrolled(folder)
    # Threads beat by real time, and the clock jumps: who watches over them is not what is tried here.
    patch.setattr(daemon_module, "LIMITS", dict.fromkeys(daemon_module.LIMITS, 1e9))
    clock = ManualClock(1000.0, time.time())
    feed, pins = Visits(clock), EdgeRecorder()
    daemon = Daemon(settings, clock=clock, pins=pins, feed=feed, keeper=ClockKeeper(lambda: ClockSigns(kernel=True)))
    result: list[int | BaseException] = []

    def run() -> None:
        try:
            result.append(daemon.run())
        except BaseException as error:
            result.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    until = time.monotonic() + 60
    while daemon.parts.policy is None or daemon.parts.policy.first_at is None:
        assert not result and time.monotonic() < until, result
        time.sleep(0.02)
    answers = meanwhile(daemon, Client(socket_path(settings)))
    assert feed.over.wait(120), "the visits did not end"
    time.sleep(0.5)
    answers |= {"grants": daemon.books(lambda books: books.ask(lambda store: store.events.count("grant"))), "maintained": daemon.maintain()}
    yield_to_disk(settings)
    answers["person"] = daemon.books(lambda books: books.ask(lambda store: store.find(NAME).id))
    hour = Hour(settings, config, answers["person"], answers)
    hour.answers["stop"] = lambda: (daemon.stop(), thread.join(30), result)
    return hour


def yield_to_disk(settings: Settings) -> None:
    """Until the recorder's files are there, if it makes any."""
    folder = Path(settings.store.folder) / "recordings"
    until = time.monotonic() + 10
    while settings.recorder.events and time.monotonic() < until and len(list(folder.glob("*.rec")) if folder.is_dir() else []) < VISITS:
        time.sleep(0.05)
