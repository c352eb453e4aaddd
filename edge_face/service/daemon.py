"""The daemon: camera to lock in one process, its threads, and who watches over them.

    capture process -> vision thread -> policy thread -> door thread -> lock
                              |              \\-> audit thread, store thread (people, events), signal thread (lamps, buzzer)
                              \\-> outlet thread (anonymised pictures)

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
from pathlib import Path
from typing import Any

from edge_face import __version__, memory
from edge_face.access import Calendar, Command, Decision, PolicyRules
from edge_face.access.assurance import level_of
from edge_face.access.inputs import Order as OwnerOrder
from edge_face.audit import Sealer
from edge_face.cameras import FillLight, mean_luma
from edge_face.clock import Clock, SystemClock
from edge_face.door import open_exit_button, open_inputs, open_lock, open_signals, pin_factory
from edge_face.door.wired import remember, state_folders
from edge_face.errors import EdgeFaceError, ServiceError
from edge_face.people.card_desk import CardDesk
from edge_face.service import process
from edge_face.service.audit_thread import AuditThread
from edge_face.service.books import Books, Roster, open_books
from edge_face.service.code_lookup import CodeLookup, code_thread
from edge_face.service.consequences import Consequences
from edge_face.service.describing import described
from edge_face.service.door_thread import FACE, DoorThread, Order
from edge_face.service.erasing import drop_since
from edge_face.service.frames import Feed, FileFeed, NoFeed, open_feed
from edge_face.service.health import Health, health_of
from edge_face.service.heartbeat import Heartbeats
from edge_face.service.models import Models, load_models
from edge_face.service.notify import Notifier
from edge_face.service.outlet import Outlet
from edge_face.service.owner_changes import at_start, change_of
from edge_face.service.parts import Parts, quietly
from edge_face.service.policy_thread import PolicyThread
from edge_face.service.recorder import Recorder, sealer_of
from edge_face.service.remembering import LOCKDOWN, remembered
from edge_face.service.seeing import pipeline_builder
from edge_face.service.senses import ClockKeeper, DoorSenses
from edge_face.service.signal_thread import SignalThread
from edge_face.service.sockets import open_sockets
from edge_face.service.store_thread import StoreThread
from edge_face.service.telling import Telling
from edge_face.service.upkeep import Upkeep
from edge_face.service.vision_thread import Pipeline, VisionThread
from edge_face.service.wear import DayMeter
from edge_face.service.web.accounts import Accounts
from edge_face.service.web.board import Board
from edge_face.service.web.enrolling import Enrolling
from edge_face.service.web.picture_feed import PictureFeed
from edge_face.service.web.sessions import Sessions
from edge_face.service.witness import bear_witness, open_audit
from edge_face.settings import Settings
from edge_face.types import Frame, Scene

_log = logging.getLogger("edge_face.daemon")

LIMITS = {"door": 3.0, "policy": 5.0, "store": 60.0, "audit": 60.0}
"""For how many seconds each thread may be silent. A big erasure on a slow card keeps the store busy."""
VITAL = ("door", "policy")
"""Without these there is no door. A card that has died silences the others: residents are let in from memory, a new start would
find nobody."""
LOOK = 0.1
"""Seconds between two looks of the main thread."""
OPEN_SECONDS = 45.0


class Daemon:
    """One door. `run` blocks until `stop` is called, the work is done, or something must end it.

    `pins`: a gpiozero factory in place of the settings' own. `feed`: frames in place of the settings' camera.
    `frames`: end after so many; `once`: end with the film. `build`: makes the models (tests).
    """

    def __init__(self, settings: Settings, *, clock: Clock | None = None, pins: Any = None, feed: Feed | None = None,
                 frames: int | None = None, once: bool = False, notifier: Notifier | None = None,
                 books: Callable[[Settings], Books] = open_books,
                 build: Callable[[Models, Roster], Pipeline] | None = None, keeper: ClockKeeper | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.keeper = keeper or ClockKeeper()
        self.parts = Parts(pins=pins, feed=feed)
        self._frames, self._once = frames, once
        self.notifier = notifier or Notifier()
        self._open_books, self._build_pipeline = books, build or pipeline_builder(settings)
        self.begun = self.clock.monotonic()
        self.born = self.begun - process.age()
        self._stop = threading.Event()
        self._code = 0
        self._failure: BaseException | None = None
        self._guard = threading.Lock()
        self.roster: Roster | None = None
        self.models: Models | None = None
        self._pipeline: Pipeline | None = None
        self._seeing = threading.Event()
        self.hearts, self.wear = Heartbeats(LIMITS, self.begun), DayMeter(self.clock.monotonic)
        self._telling: Telling | None = None
        self.desk = CardDesk()
        self.sessions = Sessions.of_settings(settings.kiosk, self.clock)
        self.accounts = Accounts(self, self.sessions)
        self.enrolling = Enrolling(settings, self.clock, lambda: self.models is not None)
        self.board, self.feed_of_pages = Board(self), PictureFeed(settings.kiosk.fps, self.clock)
        self._trouble = self.deaf = ""

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
        return health_of(self)

    def status(self) -> dict[str, Any]:
        """What the command `status` answers."""
        made_of = {word: text for word, text, _ in described(self)}
        return {"version": __version__, "pid": os.getpid(), **self.health().as_json(), "made_of": made_of}

    def books(self, job: Callable[[Books], Any]) -> Any:
        """Runs a job on the people and events, in the store thread. Raises what the job raises."""
        if self.parts.store is None:
            raise ServiceError("the door is just starting")
        return self.parts.store.call(job)

    def command(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """A command on people, schedules or codes; when it changed whom the door knows or what they may, that holds at once."""

        def job(books: Books) -> Any:
            try:
                return books.command(name, arguments)
            finally:
                # Also when the command failed half-way: somebody may be gone, and must not be let in any more.
                if books.take_change():
                    self._know(books.roster(self.models))

        answer = self.books(job)
        record = change_of(name, arguments, answer, self._alias, self.clock.wall())
        if record is not None and self.parts.audit is not None:
            self.parts.audit.later(record)
        return answer

    def order(self, order: OwnerOrder) -> None:
        """The owner's word. Raises `ServiceError` for a release during a lockdown, and what the disk says when a lockdown, which then
        holds all the same, would not outlive this daemon."""
        policy = self.parts.policy
        if policy is None:
            raise ServiceError("the door is just starting")
        if order.command is Command.RELEASE and policy.state.lockdown:
            raise ServiceError("the door is in lockdown: 'edge-face door lift' ends it")
        policy.order(order)
        if order.command in (Command.LOCKDOWN, Command.LIFT):
            # At once, so that nobody ends a lockdown by pulling the plug.
            self.books(lambda books: books.keep(LOCKDOWN, {"on": order.command is Command.LOCKDOWN}))

    def maintain(self) -> dict[str, Any]:
        """What is done every day, now: old events and records go, the store and the audit log are looked over."""
        wall = self.clock.wall()
        trusted = self.keeper.trusted(self.clock.monotonic(), wall)
        if trusted:
            self.books(lambda books: books.tidy(wall))
        pruned = 0
        if trusted and self.parts.audit is not None:
            pruned = self.parts.audit.call(lambda log: log.prune(self.settings.audit.keep))
        if self.parts.audit is not None and self.parts.store is not None:
            bear_witness(self.parts.store, self.parts.audit.call(lambda log: log.head))
        return {"clock_trusted": trusted, "audit_pruned": pruned, "troubles": self.health().troubles}

    def store_trouble(self) -> str:
        """Why nothing can be written now; empty while all is well."""
        return self._trouble

    # Starting

    def _start(self) -> None:
        settings, clock, parts = self.settings, self.clock, self.parts
        rules = PolicyRules.from_settings(settings, {}, Calendar(settings.access.timezone))
        memory.limit_arenas()
        open_sockets(self)
        parts.feed = feed = parts.feed or open_feed(settings.camera, clock)
        if parts.pins is None:
            parts.pins = pin_factory(settings.door)
        # Before a pin is driven: for `edge-face door safe`, should the settings be changed while the door runs and is killed.
        remember(settings.door, state_folders(settings)[0])
        parts.lock = open_lock(settings.door, parts.pins, clock.monotonic)
        parts.door = DoorThread(parts.lock, clock, self._beat("door"), self._failed)
        parts.door.start()
        film = isinstance(feed, FileFeed) and not settings.camera.paced
        senses = DoorSenses(feed, self.keeper, film=film, desk=self.desk)
        parts.signals = SignalThread(open_signals(settings.signals, parts.pins, clock.monotonic), clock)
        parts.signals.start()
        parts.store = StoreThread(lambda: self._open_books(settings), self._beat("store"), self._failed, self._hear,
                                  prove=lambda books: books.prove())
        store = parts.store
        parts.audit = AuditThread(lambda: open_audit(settings, store, clock, OPEN_SECONDS), clock, settings.audit.wait,
                                  self._beat("audit"), self._failed)
        self._telling = Telling(settings, parts.signals.show, parts.store.post, parts.ask, self.board.hear)
        follow = Consequences(clock, parts.audit, self._alias, self._pressed_at, parts.door.order, self._keep, self._telling.tell,
                              parts.seal)
        parts.policy = PolicyThread(rules, clock, senses, follow.follow, follow.lease, self._beat("policy"), self._failed, film=film,
                                    alias=self._alias)
        parts.button = open_exit_button(settings.door, parts.pins, self._pressed)
        parts.inputs = senses.inputs = open_inputs(settings, parts.pins, parts.policy.wake, clock.monotonic)
        if settings.camera.fill_light_pin:
            parts.lamp = FillLight(settings.camera.fill_light_pin, parts.pins)
        feed.start()
        parts.store.start()
        parts.audit.start()
        if settings.recorder.events:
            parts.recorder = Recorder(settings.recorder, Path(settings.store.folder), clock, store.call, sealer_of(settings.recorder))
            parts.recorder.start()
        reel = parts.recorder.reel if parts.recorder is not None else None
        parts.outlet = Outlet(settings.privacy, settings.service, clock, self._consenting, self.feed_of_pages, reel)
        parts.outlet.start()
        parts.vision = VisionThread(feed, self._build, clock, self._publish, self._failed)
        if isinstance(feed, NoFeed):
            parts.store.wait_open(OPEN_SECONDS)
            self._know(parts.store.call(lambda books: books.roster(None)))
            self._seeing.set()
        else:
            parts.vision.start()
            parts.store.wait_open(OPEN_SECONDS)
        parts.policy.state = state = remembered(parts.store, self.keeper, clock, settings.access)
        parts.sealer = Sealer(parts.store.call(lambda books: books.audit_key()))
        look = CodeLookup(lambda: self.roster, parts.store, clock, self.keeper)
        parts.codes = code_thread(look, senses, parts.policy.wake, settings.access, state.codes)
        parts.codes.start()
        parts.policy.start()
        until = clock.monotonic() + OPEN_SECONDS
        while not self._seeing.wait(LOOK) and not self._stop.is_set():
            if clock.monotonic() > until:
                raise ServiceError(f"the models were not loaded within {OPEN_SECONDS:g} s: is the disk alive?")
        if self._stop.is_set():
            return
        parts.answer()
        memory.trim()
        if self.roster is not None:
            for record in at_start(level_of(settings), self.roster.rights, self.roster.calendar, self._alias, clock.wall()):
                parts.audit.later(record)
        for word, text, worrying in described(self):
            _log.log(logging.WARNING if worrying else logging.INFO, "%s: %s", word, text)
        self.notifier.ready("the door runs")

    def _build(self) -> Pipeline:
        """In the vision thread: models first, then the people whom the store knows."""
        process.one_opencv_thread()
        models = self.models or load_models(self.settings.vision, self.settings.liveness.bpcer)
        self.models = models
        assert self.parts.store is not None
        self.parts.store.wait_open(OPEN_SECONDS)
        roster: Roster = self.parts.store.call(lambda books: books.roster(models))
        self._know(roster)
        pipeline = self._build_pipeline(models, roster)
        self._pipeline = pipeline
        # Somebody may have been forgotten while it was built.
        pipeline.gallery = (self.roster or roster).gallery
        self._seeing.set()
        return pipeline

    def _know(self, roster: Roster) -> None:
        """What they may comes before whom the door knows: nobody is let in under yesterday's rights."""
        policy = self.parts.policy
        assert policy is not None
        policy.rules = replace(policy.rules, rights=roster.rights, calendar=roster.calendar)
        before, self.roster = self.roster, roster
        if self.parts.codes is not None and roster.codes is not None:
            self.parts.codes.forget_others(roster.codes.holders())
        if before is None:
            return
        drop_since(self.settings, before, roster)
        _log.info("people: %s", roster.described)
        if not roster.measured:
            _log.warning("threshold: %s", roster.threshold)
        if self._pipeline is not None:
            self._pipeline.gallery = roster.gallery
        memory.trim()

    # While it runs

    def _watch(self) -> None:
        parts = self.parts
        assert parts.lock is not None and self._telling is not None
        upkeep = Upkeep(self, self._telling)
        while not self._stop.wait(LOOK):
            now = self.clock.monotonic()
            with suppress(EdgeFaceError):  # the door thread says what is wrong with the pin
                parts.lock.tick(now)
            if parts.button is not None:
                parts.button.tick(now)
            silent = {name: seconds for name, seconds in self.hearts.silent(now).items() if name in VITAL}
            if silent:
                self._failed(ServiceError("; ".join(f"the {name} thread has been silent for {seconds:.0f} s"
                                                    for name, seconds in silent.items())))
                return
            upkeep.look(now)
            if isinstance(parts.feed, FileFeed) and (failure := parts.feed.failure) is not None:
                self._failed(failure)
                return
            if self._work_is_done():
                return

    def _work_is_done(self) -> bool:
        vision, lock = self.parts.vision, self.parts.lock
        assert vision is not None and lock is not None
        if self._frames is not None and vision.frames >= self._frames:
            return True
        return self._once and vision.done.is_set() and not lock.released

    def _publish(self, frame: Frame, scene: Scene | None) -> None:
        """In the vision thread: one frame with what is known of it."""
        parts = self.parts
        assert parts.policy is not None and parts.feed is not None and parts.door is not None
        parts.policy.see(frame, scene)
        if self._pipeline is not None:
            self._pipeline.claim = parts.policy.state.claimed
            prompt = parts.policy.state.prompt
            self._pipeline.watch = prompt.track if prompt is not None else None
        if scene is None and parts.lock is not None and parts.lock.authority == FACE:
            # What let somebody in may be what broke just now. Whoever wants out has the button.
            parts.door.order(Order(None, "vision failed", only=FACE))
        self.board.see(scene)
        self.enrolling.see(frame, scene)
        if parts.outlet is not None:
            parts.outlet.offer(frame, scene)
        parts.feed.meter([track.box for track in scene.tracks] if scene is not None else [])
        if parts.lamp is not None:
            parts.lamp.see(mean_luma(frame.image), self.clock.monotonic())

    def _pressed(self) -> None:
        """In a thread of the pin library: the door opens whatever the rest of the daemon does."""
        policy, door = self.parts.policy, self.parts.door
        shut = policy is not None and policy.state.lockdown and not self.settings.access.exit_in_lockdown
        if door is not None and not shut:
            door.order(Order(self.settings.door.pulse, "exit button"))
        if policy is not None:
            policy.press()

    def _pressed_at(self) -> float:
        return self.parts.policy.pressed_at if self.parts.policy is not None else float("-inf")

    def _alias(self, person: str) -> str | None:
        return self.roster.aliases.get(person) if self.roster is not None else None

    def _keep(self, decision: Decision) -> None:
        """The diary; and a visitor's entry is counted. The recorder hears of it at once, and its number when it has one."""
        noted = self.parts.recorder.hear(decision) if self.parts.recorder is not None else lambda number: None

        def job(books: Books) -> None:
            noted(books.write(decision))
            if decision.authority is not None and decision.person is not None and books.spend(decision.person):
                self._know(books.roster(self.models))

        if self.parts.store is not None:
            self.parts.store.post(job)

    def _hear(self, books: Books) -> None:
        """In the store thread, between its jobs."""
        self._trouble = books.trouble

    def _consenting(self) -> frozenset[str]:
        return self.roster.consenting if self.roster is not None else frozenset()

    def _beat(self, name: str) -> Callable[[], None]:
        return lambda: self.hearts.beat(name, self.clock.monotonic())

    def _failed(self, error: BaseException) -> None:
        """From any thread: the lock first, then the end."""
        if self.parts.lock is not None:
            with suppress(EdgeFaceError):
                self.parts.lock.secure()
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
        lock = self.parts.lock
        if lock is not None:
            quietly("the lock", lock.secure)
        self.notifier.stopping("the door is locked and stops")
        self.enrolling.stop()
        self.parts.close()
        _log.info("stopped")
