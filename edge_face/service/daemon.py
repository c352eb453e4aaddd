"""The daemon: camera to lock in one process, its threads, and who watches over them.

    capture process -> vision thread -> decision thread -> door thread -> lock
                              \\-> outlet thread (anonymised pictures)   store thread (people, events)

Between threads lie mailboxes for one item, the newest. The main thread watches: it ends releases that the door thread
did not end, feeds the service manager's watchdog while the control threads beat, and takes everything down, lock first.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from edge_face import __version__, memory
from edge_face.access import Decision, Rules
from edge_face.cameras import FillLight, mean_luma
from edge_face.clock import Clock, SystemClock
from edge_face.door import ExitButton, Lock, describe_lock, open_exit_button, open_lock, pin_factory
from edge_face.errors import EdgeFaceError, ServiceError
from edge_face.service import process
from edge_face.service.assurance import check_assurance, describe_assurance
from edge_face.service.books import Books, Roster, open_books
from edge_face.service.commands import handlers
from edge_face.service.control import ControlSocket
from edge_face.service.decision_thread import DecisionThread
from edge_face.service.door_thread import FACE, DoorThread, Order
from edge_face.service.frames import Feed, FileFeed, open_feed
from edge_face.service.health import Health
from edge_face.service.heartbeat import Heartbeats
from edge_face.service.models import Models, load_models
from edge_face.service.notify import Notifier
from edge_face.service.outlet import Outlet
from edge_face.service.protocol import socket_path
from edge_face.service.store_thread import StoreThread
from edge_face.service.vision_thread import Pipeline, VisionThread
from edge_face.settings import Settings
from edge_face.types import Frame, Scene

_log = logging.getLogger("edge_face.daemon")

LIMITS = {"door": 3.0, "decision": 5.0, "store": 60.0}
"""Control threads, and for how many seconds each may be silent. A big erasure on a slow card keeps the store busy."""
LOOK = 0.1
"""Seconds between two looks of the main thread."""
STATUS_EVERY, TRIM_EVERY, TIDY_EVERY = 5.0, 600.0, 86_400.0
OPEN_SECONDS = 45.0


class Daemon:
    """One door. `run` blocks until `stop` is called, the work is done, or something must end it.

    `pins`: a gpiozero factory in place of the settings' own. `feed`: frames in place of the settings' camera.
    `frames`: end after so many; `once`: end with the film. `build`: makes the models (tests).
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None, pins: Any = None, feed: Feed | None = None,
                 frames: int | None = None, once: bool = False, notifier: Notifier | None = None,
                 books: Callable[[Settings], Books] = open_books,
                 build: Callable[[Models, Roster], Pipeline] | None = None) -> None:
        self.settings = settings
        self._clock = clock or SystemClock()
        self._pins, self._feed_given, self._frames, self._once = pins, feed, frames, once
        self._notifier = notifier or Notifier()
        self._open_books, self._build_pipeline = books, build or _pipeline(settings)
        self._begun = self._clock.monotonic()
        self._born = self._begun - process.age()
        self._stop = threading.Event()
        self._code = 0
        self._failure: BaseException | None = None
        self._guard = threading.Lock()
        self._roster: Roster | None = None
        self._models: Models | None = None
        self._pipeline: Pipeline | None = None
        self._seeing = threading.Event()
        self._hearts = Heartbeats(LIMITS, self._begun)
        self._lock: Lock | None = None
        self._button: ExitButton | None = None
        self._lamp: FillLight | None = None
        self._control: ControlSocket | None = None
        self._door: DoorThread | None = None
        self._decision: DecisionThread | None = None
        self._vision: VisionThread | None = None
        self._outlet: Outlet | None = None
        self._store: StoreThread[Books] | None = None
        self._feed: Feed | None = None

    # From outside

    def stop(self, code: int = 0) -> None:
        """Ends `run` soon, with that exit code. From any thread or signal handler."""
        self._code = code
        self._stop.set()

    def run(self) -> int:
        """The exit code. Raises `EdgeFaceError` for what keeps the door from starting or ends it."""
        try:
            self._start()
            self._watch()
        finally:
            self._close()
        failure = self._failure
        if isinstance(failure, EdgeFaceError):
            raise failure
        if failure is not None:
            raise ServiceError(f"the door stopped because of {type(failure).__name__} in one of its threads: see the log") from failure
        return self._code

    def health(self) -> Health:
        """How the door is now."""
        now = self._clock.monotonic()
        vision, feed, decision, lock = self._vision, self._feed, self._decision, self._lock
        if vision is None or feed is None or decision is None or lock is None:
            raise ServiceError("the door is just starting")
        first = decision.first_at
        return Health(now - self._begun, feed.health, feed.ended, vision.fps, vision.frames, vision.failures, decision.light.value,
                      lock.released, decision.state.rest_until is not None, self._roster.people if self._roster else 0,
                      self._store.lost if self._store else 0, process.resident_mb(), None if first is None else first - self._born,
                      self._hearts.silent(now))

    def status(self) -> dict[str, Any]:
        """What the command `status` answers."""
        return {"version": __version__, "pid": os.getpid(), **self.health().as_json(), "made_of": dict(self.described())}

    def books(self, job: Callable[[Books], Any]) -> Any:
        """Runs a job on the people and events, in the store thread. Raises what the job raises."""
        if self._store is None:
            raise ServiceError("the door is just starting")
        return self._store.call(job)

    def people(self, command: str, arguments: Mapping[str, Any]) -> Any:
        """A command of `edge-face people`; when it changed whom the door knows, faces in view are matched anew."""

        def job(books: Books) -> Any:
            try:
                return books.people(command, arguments)
            finally:
                # Also when the command failed half-way: somebody may be gone, and must not be let in any more.
                if books.take_change() and self._models is not None:
                    self._know(books.roster(self._models))

        return self.books(job)

    def order(self, order: Order) -> None:
        """Releases or locks the door on the owner's word."""
        if self._door is None:
            raise ServiceError("the door is just starting")
        self._door.order(order)
        if self._store is not None:
            wall = self._clock.wall()
            self._store.post(lambda books: books.note("pulse" if order.seconds else "secure", order.authority, wall, order.seconds))

    def described(self) -> list[tuple[str, str]]:
        """What this door is made of, for people, in pairs of a word and a sentence."""
        from edge_face.vision.runtime import runtime_name

        rows = [("runtime", runtime_name())]
        if self._models is not None:
            rows.append(("models", f"{self._models.describe()}, {self.settings.vision.precision}"))
        rows += [("camera", self.settings.camera.source if "://" not in self.settings.camera.source else "a network camera"),
                 ("lock", describe_lock(self.settings.door)), ("assurance", describe_assurance(self.settings))]
        if self._roster is not None:
            rows += [("people", self._roster.described), ("threshold", self._roster.threshold)]
        return rows

    # Starting

    def _start(self) -> None:
        settings = self.settings
        check_assurance(settings)
        rules = Rules.from_settings(settings.decision, settings.door)
        memory.limit_arenas()
        self._control = ControlSocket(socket_path(settings), handlers(self))
        self._control.open()
        self._feed = self._feed_given or open_feed(settings.camera, self._clock)
        if self._pins is None:
            self._pins = pin_factory(settings.door)
        self._lock = open_lock(settings.door, self._pins, self._clock.monotonic)
        self._door = DoorThread(self._lock, self._clock, self._beat("door"), self._failed)
        self._door.start()
        film = isinstance(self._feed, FileFeed) and not settings.camera.paced
        self._decision = DecisionThread(rules, self._clock, self._door.order, self._record, self._beat("decision"), self._failed,
                                        film=film)
        self._button = open_exit_button(settings.door, self._pins, self._pressed)
        if settings.camera.fill_light_pin:
            self._lamp = FillLight(settings.camera.fill_light_pin, self._pins)
        self._feed.start()
        self._store = StoreThread(lambda: self._open_books(settings), self._beat("store"), self._failed)
        self._store.start()
        if settings.service.preview_fps > 0:
            self._outlet = Outlet(settings.privacy, settings.service, self._clock, self._consenting)
            self._outlet.start()
        self._vision = VisionThread(self._feed, self._build, self._clock, self._publish, self._failed)
        self._vision.start()
        self._decision.start()
        self._store.wait_open(OPEN_SECONDS)
        until = self._clock.monotonic() + OPEN_SECONDS
        while not self._seeing.wait(LOOK) and not self._stop.is_set():
            if self._clock.monotonic() > until:
                raise ServiceError(f"the models were not loaded within {OPEN_SECONDS:g} s: is the disk alive?")
        if self._stop.is_set():
            return
        self._control.start()
        memory.trim()
        for word, text in self.described():
            _log.log(logging.WARNING if self._worrying(word) else logging.INFO, "%s: %s", word, text)
        self._notifier.ready("the door runs")

    def _build(self) -> Pipeline:
        """In the vision thread: models first, then the people whom the store knows."""
        process.one_opencv_thread()
        models = self._models or load_models(self.settings.vision)
        self._models = models
        assert self._store is not None
        self._store.wait_open(OPEN_SECONDS)
        roster: Roster = self._store.call(lambda books: books.roster(models))
        self._roster = roster
        pipeline = self._build_pipeline(models, roster)
        self._pipeline = pipeline
        # Somebody may have been forgotten while it was built.
        pipeline.gallery = self._roster.gallery
        self._seeing.set()
        return pipeline

    def _worrying(self, word: str) -> bool:
        roster = self._roster
        return (word == "threshold" and roster is not None and not roster.measured) or (
            word == "assurance" and self.settings.decision.assurance == "face")

    def _know(self, roster: Roster) -> None:
        self._roster = roster
        _log.info("people: %s", roster.described)
        if not roster.measured:
            _log.warning("threshold: %s", roster.threshold)
        if self._pipeline is not None:
            self._pipeline.gallery = roster.gallery
        memory.trim()

    # While it runs

    def _watch(self) -> None:
        assert self._lock is not None and self._vision is not None
        watchdog = min((self._notifier.watchdog or 3.0) / 3.0, 1.0)
        alive_at = status_at = trim_at = tidy_at = float("-inf")
        first_told = False
        while not self._stop.wait(LOOK):
            now = self._clock.monotonic()
            self._lock.tick(now)
            silent = self._hearts.silent(now)
            if silent:
                self._failed(ServiceError("; ".join(f"the {name} thread has been silent for {seconds:.0f} s"
                                                    for name, seconds in silent.items())))
                return
            if now - alive_at >= watchdog:
                alive_at = now
                self._notifier.alive()
            if not first_told and self._decision is not None and self._decision.first_at is not None:
                first_told = True
                memory.trim()
                _log.info("first picture decided on %.2f s after the start", self._decision.first_at - self._born)
            if now - status_at >= STATUS_EVERY:
                status_at = now
                self._notifier.status(self.health().summary)
            if now - trim_at >= TRIM_EVERY:
                trim_at = now
                memory.trim()
            if now - tidy_at >= TIDY_EVERY and self._store is not None:
                tidy_at = now
                self._store.post(lambda books: books.tidy(self._clock.wall()))
            if isinstance(self._feed, FileFeed) and (failure := self._feed.failure) is not None:
                self._failed(failure)
                return
            if self._work_is_done():
                return

    def _work_is_done(self) -> bool:
        assert self._vision is not None and self._lock is not None
        if self._frames is not None and self._vision.frames >= self._frames:
            return True
        return self._once and self._vision.done.is_set() and not self._lock.released

    def _publish(self, frame: Frame, scene: Scene | None) -> None:
        """In the vision thread: one frame with what is known of it."""
        assert self._decision is not None and self._feed is not None and self._door is not None
        self._decision.see(frame, scene)
        if scene is None and self._lock is not None and self._lock.authority == FACE:
            # What let somebody in may be what broke just now. Whoever wants out has the button.
            self._door.order(Order(None, "vision failed", only=FACE))
        if self._outlet is not None:
            self._outlet.offer(frame, scene)
        self._feed.meter([track.box for track in scene.tracks] if scene is not None else [])
        if self._lamp is not None:
            self._lamp.see(mean_luma(frame.image), self._clock.monotonic())

    def _pressed(self) -> None:
        """In a thread of the pin library: the door opens whatever the rest of the daemon does."""
        if self._door is not None:
            self._door.order(Order(self.settings.door.pulse, "exit button"))
        if self._decision is not None:
            self._decision.press()

    def _record(self, decision: Decision) -> None:
        if self._store is not None:
            self._store.post(lambda books: books.write(decision))

    def _consenting(self) -> frozenset[str]:
        return self._roster.consenting if self._roster is not None else frozenset()

    def _beat(self, name: str) -> Callable[[], None]:
        return lambda: self._hearts.beat(name, self._clock.monotonic())

    def _failed(self, error: BaseException) -> None:
        """From any thread: the lock first, then the end."""
        if self._lock is not None:
            with suppress(EdgeFaceError):
                self._lock.secure()
        with self._guard:
            if self._failure is None:
                self._failure = error
        if isinstance(error, EdgeFaceError):
            _log.critical("%s", error)
        else:
            _log.critical("a thread failed", exc_info=error)
        self._stop.set()

    # Ending

    def _close(self) -> None:
        """The lock first; then whoever could give it orders; then the rest. Nothing here may keep the next from ending."""
        lock = self._lock
        if lock is not None:
            self._quietly("the lock", lock.secure)
        self._notifier.stopping("the door is locked and stops")
        for name, end in self._ends():
            self._quietly(name, end)
        _log.info("stopped")

    def _ends(self) -> list[tuple[str, Callable[[], Any]]]:
        ends: list[tuple[str, Callable[[], Any]]] = []
        parts: Mapping[str, tuple[Any, str]] = {
            "the exit button": (self._button, "close"), "the door thread": (self._door, "stop"), "the lock": (self._lock, "close"),
            "the outlet": (self._outlet, "stop"), "the decision thread": (self._decision, "stop"),
            "the camera": (self._feed, "close"), "vision": (self._vision, "stop"), "the fill light": (self._lamp, "close"),
            "the pins": (self._pins, "close"), "the store": (self._store, "stop"), "the control socket": (self._control, "close")}
        for name, (part, method) in parts.items():
            if part is not None:
                ends.append((name, getattr(part, method)))
        return ends

    @staticmethod
    def _quietly(name: str, end: Callable[[], Any]) -> None:
        try:
            end()
        except Exception as error:
            _log.error("%s did not end well: %s", name, error)


def _pipeline(settings: Settings) -> Callable[[Models, Roster], Pipeline]:
    def build(models: Models, roster: Roster) -> Pipeline:
        from edge_face.vision.pipeline import VisionPipeline

        return VisionPipeline(settings, models.detector, models.embedder, roster.gallery, sweep=models.sweep)

    return build


def small(settings: Settings) -> Settings:
    """The settings for a board with 512 MB: no second stream, one small detector, nothing handed out."""
    return replace(settings, camera=replace(settings.camera, detail_width=0),
                   vision=replace(settings.vision, input="320x240", precision="int8", threads=1, sweep_every=0),
                   privacy=replace(settings.privacy, delay=0), service=replace(settings.service, preview_fps=0.0))
