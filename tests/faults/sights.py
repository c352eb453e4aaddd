"""Cameras and vision that fail on command, under the real daemon with real store, codes, lock and outlet, in this process."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edge_face.access.clock_trust import ClockSigns
from edge_face.door.mock import EdgeRecorder
from edge_face.door.wiegand import frame_bits
from edge_face.errors import CameraError
from edge_face.people import Store
from edge_face.people.codes import CodeCommands
from edge_face.service.books import Books, Roster, StoreBooks
from edge_face.service.daemon import Daemon
from edge_face.service.frames import FeedHealth
from edge_face.service.models import Models
from edge_face.service.senses import ClockKeeper
from edge_face.settings import (
    AuditSettings,
    CameraSettings,
    DecisionSettings,
    DoorSettings,
    InputSettings,
    ServiceSettings,
    Settings,
    StoreSettings,
    VisionSettings,
)
from edge_face.types import Box, Frame, Image, Liveness, LiveVerdict, Match, Quality, Scene, Track, TrackState

from .edge_log import Allowance
from .store_worker import CONSENT, templates

LOCK, EXIT, D0, D1 = "GPIO17", "GPIO27", "GPIO23", "GPIO24"
CARD = (17, 4242)
PULSE, LONGEST = 0.6, 5.0
FPS = 10.0
WIDTH, HEIGHT = 320, 240
LANDMARKS = np.array([[150, 100], [180, 100], [165, 118], [154, 135], [176, 135]], np.float32)
CHESSBOARD: Image = np.repeat(((np.indices((HEIGHT, WIDTH)) // 4).sum(0) % 2 * 200 + 20).astype(np.uint8)[..., None], 3, 2)
GOOD = Quality(1, 1, 1, 1, 1, 60, 0, 0, 0)
ALIVE = Liveness(LiveVerdict.LIVE, 0.9, 9)


def chessboard() -> Image:
    """What nobody can mistake for a hidden picture."""
    return CHESSBOARD


@dataclass
class Eye:
    """A camera. `alive`: brings pictures; `moving`: new ones; `picture` makes what it sees; `fps` of it."""

    picture: Callable[[], Image] = chessboard
    alive: bool = True
    moving: bool = True
    fps: float = FPS
    _last: tuple[int, Frame] | None = None
    _count: int = 0
    _due: float = field(default_factory=time.monotonic)

    def start(self) -> None: ...

    def close(self) -> None: ...

    def latest(self, after_index: int, timeout: float) -> Frame | None:
        end = time.monotonic() + timeout
        while not (self.alive and self.moving and time.monotonic() >= self._due):
            if time.monotonic() >= end:
                return None
            time.sleep(0.01)
        self._due = max(self._due, time.monotonic() - 0.2) + 1.0 / self.fps
        self._count += 1
        return Frame(self._count, time.monotonic(), time.time(), self.picture())

    def meter(self, boxes: Sequence[Box]) -> None: ...

    @property
    def ended(self) -> bool:
        return False

    @property
    def health(self) -> FeedHealth:
        if not self.alive:
            return FeedHealth(False, "failed", "the camera is gone: look at its cable")
        if not self.moving:
            return FeedHealth(False, "stalled", "no new picture since 2 s")
        return FeedHealth(True, "running", "", self.fps)


class Sight:
    """A pipeline that sees `person` before the door, and does whatever `trouble` does to each frame."""

    def __init__(self) -> None:
        self.gallery: Any = None
        self.claim: str | None = None
        self.watch: int | None = None
        self.person: str | None = None
        self.track = 1
        """Of whoever stands there: another number for another visit."""
        self.trouble: Callable[[], None] = lambda: None

    def process(self, frame: Frame) -> Scene:
        self.trouble()
        if frame.image.ndim != 3 or frame.image.shape[:2] != (HEIGHT, WIDTH):
            raise ValueError("a picture of another shape")
        person = self.person if np.array_equal(frame.image, CHESSBOARD) else None
        match = Match(person, None, 0.9, 0.5, 0.0, frame.monotonic)
        track = Track(self.track, Box(140, 75, 50, 70), LANDMARKS, 0.95, TrackState.CONFIRMED, 9, 0, quality=GOOD, match=match,
                      matched_at=frame.monotonic, judged=True, vote=person, liveness=ALIVE)
        return Scene(frame.index, frame.monotonic, frame.wall, WIDTH, HEIGHT, (track,) if person else ())

    def reset(self) -> None: ...


class _Books(StoreBooks):
    """The real books; without models, when there are none, as at a door of codes."""

    def roster(self, models: Models | None) -> Roster:
        return super().roster(models if isinstance(models, Models) else None)


class SeeingHouse:
    """A daemon in a thread of this process. `words`: on what it may have been released, as told by whoever did it."""

    def __init__(self, folder: Path, build: Callable[[], Any] | None = None, vision: VisionSettings | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        with Store(folder / "store") as store:
            self.person = store.add("Ada", CONSENT, templates(random.Random(1), 2), wall=1.0e9).id
            CodeCommands(store).run("codes.add", {"who": "Ada", "card": f"{CARD[0]:03d}{CARD[1]:05d}"})
        self.preview = folder / "preview.jpg"
        self.settings = Settings(
            camera=CameraSettings(source="usb:0", detail_width=0), vision=vision or VisionSettings(),
            decision=DecisionSettings(assurance="face", approach_gap=0.5, rest_after=100),
            door=DoorSettings(exit_pin=EXIT, pulse=PULSE, max_release=LONGEST, lock_pin=LOCK),
            inputs=InputSettings(wiegand_d0=D0, wiegand_d1=D1), audit=AuditSettings(wait=2.0, reserve=0),
            store=StoreSettings(folder=str(folder / "store")), service=ServiceSettings(preview_fps=8.0, preview_file=str(self.preview)))
        self.pins, self.eye, self.sight = EdgeRecorder(), Eye(), Sight()
        self.build_fails: Callable[[], None] = lambda: None
        self.words: list[Allowance] = []
        self.failure: BaseException | None = None
        self._build = build
        self.daemon = Daemon(self.settings, pins=self.pins, feed=self.eye, books=self._books, build=self._made,
                             keeper=ClockKeeper(lambda: ClockSigns(kernel=True)))
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> bool:
        """True once it has looked at a picture."""
        self._thread.start()
        return self.wait(lambda: self.daemon.parts.policy is not None and self.daemon.parts.policy.first_at is not None, 30.0)

    def wait(self, condition: Callable[[], object], seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until or not self._thread.is_alive():
                return bool(condition())
            time.sleep(0.01)
        return True

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    @property
    def released(self) -> bool:
        return self.pins.level(LOCK) == 1

    def word(self, authority: str, lasting: float = 5.0) -> None:
        now = time.monotonic()
        self.words.append(Allowance(authority, now, now + lasting))

    def press(self) -> None:
        self.word("exit button")
        self.pins.press(EXIT)
        time.sleep(0.06)
        self.pins.let_go(EXIT)

    def show_card(self) -> None:
        self.word("card")
        self.pins.send_bits(D0, D1, frame_bits(*CARD))

    def shown(self) -> float:
        """How much of the camera's picture a viewer sees, 0 to 1: the correlation with it. 0 without a picture."""
        from edge_face.opencv import cv2

        try:
            data = np.frombuffer(self.preview.read_bytes(), np.uint8)
        except OSError:
            return 0.0
        image = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
        if image is None or image.shape != (HEIGHT, WIDTH) or image.std() < 1.0:
            return 0.0
        return max(0.0, float(np.corrcoef(image.ravel(), CHESSBOARD[..., 0].ravel())[0, 1]))

    def stop(self) -> None:
        self.daemon.stop()
        self._thread.join(30.0)

    def _run(self) -> None:
        try:
            self.daemon.run()
        except BaseException as error:
            self.failure = error

    def _books(self, settings: Settings) -> Books:
        return _Books(Store(settings.store.folder), settings)

    def _made(self, models: Models, roster: Roster) -> Any:
        self.build_fails()
        return self._build() if self._build is not None else self.sight


def gone() -> None:
    """What a camera says that was pulled out."""
    raise CameraError("the camera is gone")
