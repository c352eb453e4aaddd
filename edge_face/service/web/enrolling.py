"""The desk at which people enrol while the door runs: one enrolment at a time, in a thread of its own that gives way to the door.

Its networks are loaded when somebody enrols and go again soon after: a small board has no room for them at all times.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from typing import Any, TypeVar

from edge_face import memory
from edge_face.clock import Clock
from edge_face.errors import EdgeFaceError, EnrolmentError, ServiceError
from edge_face.people.enrolment import Enrolment
from edge_face.people.person import Person, of_model
from edge_face.people.sighting import LARGEST_INPUT, FaceReader
from edge_face.service.web.enrol_sessions import Guided, Photos, Session
from edge_face.service.web.first_pass import SECONDS, Embedder, FirstPass
from edge_face.settings import Settings
from edge_face.types import Frame, Image, Scene

_log = logging.getLogger("edge_face.enrolling")

MOST_SECONDS = 300.0
"""Of one enrolment, from its beginning."""
MOST_PHOTO_SECONDS = 900.0
"""Of one by photos: they may have to be taken first."""
IDLE_SECONDS = 60.0
"""Without a picture or a question: whoever began has gone. What is made already, and photos, are kept on unless somebody else begins."""
KEEP_SECONDS = 20.0
"""The networks stay loaded for so long after the last enrolment."""
LOAD_SECONDS = 45.0
LOOK_SECONDS = 25.0
NICE = 10
"""How much the thread gives way, where that may be said (the service's own unit does not allow it)."""
MOST_REST = 0.5
"""Seconds. After each picture the thread rests for as long as that took, up to this: half of the time the processor is the door's."""
_PAUSE = 0.5
S = TypeVar("S", bound=Session)


@dataclass(frozen=True, slots=True, eq=False)
class Tools:
    """What the thread works with. Used by that thread only."""

    reader: FaceReader
    embedder: Embedder
    model: str
    thresholds: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    session: Session
    image: Image
    done: Future[dict[str, Any]]


class Enrolling:
    """`sees`: has this door a camera? `load` makes the networks (tests)."""

    def __init__(self, settings: Settings, clock: Clock, sees: Callable[[], bool] = lambda: True,
                 load: Callable[[Settings], Tools] | None = None) -> None:
        self._settings, self._clock, self._sees, self._load = settings, clock, sees, load or load_tools
        self._changed = threading.Condition()
        self._session: Session | None = None
        self._touched = 0.0
        self._sight: tuple[Session, Frame, Scene | None] | None = None
        self._look: _Look | None = None
        self._tools: Future[Tools] | None = None
        self._stopping = False
        self._thread: threading.Thread | None = None

    # Beginning and ending, from the web socket's threads

    def guided(self, holder: str) -> Guided:
        """At the door's own camera (`holder` "door"), or by pictures that `look` brings. Raises EnrolmentError while somebody
        else enrols."""
        mirrored = holder == "door" and self._settings.camera.mirror

        def make(tools: Tools, until: float) -> Guided:
            enrolment = Enrolment(tools.reader, tools.thresholds, mirrored=mirrored)
            return Guided(enrolment, tools.reader, holder, until, self._clock.wall())

        return self._begin(make, MOST_SECONDS)

    def photos(self, holder: str) -> Photos:
        """By a few photos."""
        def make(tools: Tools, until: float) -> Photos:
            return Photos(Enrolment(tools.reader, tools.thresholds), tools.reader, holder, until, self._clock.wall())

        return self._begin(make, MOST_PHOTO_SECONDS)

    def first_pass(self, person: Person, passed: Callable[[str], None]) -> FirstPass:
        """Somebody who waits may pass, for two minutes. Raises EnrolmentError also for templates of another embedder."""
        def make(tools: Tools, until: float) -> FirstPass:
            if not of_model(person.templates, tools.model):
                raise EnrolmentError("the templates were made by another embedder and are not compared: enrol again")
            return FirstPass(person, tools.model, tools.thresholds, self._settings, tools.embedder, until, passed)

        return self._begin(make, SECONDS)

    def session(self, identity: str) -> Session:
        """The one that runs or has ended last. Raises EnrolmentError for any other; counts as a sign of life."""
        session = self._session
        if session is None or session.id != identity:
            raise EnrolmentError("this enrolment is over: begin again")
        self._touched = self._clock.monotonic()
        return session

    @property
    def prompt(self) -> dict[str, Any] | None:
        """What whoever stands before the door's camera is to do for an enrolment or a first pass; None while there is none."""
        session = self._session
        return dict(session.board.prompt) if session is not None and session.scenes and session.board.phase == "running" else None

    def look(self, session: Session, image: Image) -> dict[str, Any]:
        """A picture from elsewhere, (h, w, 3) BGR; what the board shows then. Raises EnrolmentError, also while the one before
        is looked at."""
        done: Future[dict[str, Any]] = Future()
        with self._changed:
            self._touched = self._clock.monotonic()
            if self._look is not None:
                raise EnrolmentError("the picture before is still being looked at: send one after the other")
            self._look = _Look(session, image, done)
            self._changed.notify_all()
        try:
            return done.result(LOOK_SECONDS)
        except FutureTimeout as error:
            raise ServiceError("the door is too busy to look at pictures: try again") from error

    def see(self, frame: Frame, scene: Scene | None) -> None:
        """In the vision thread: the newest frame, kept for a session that wants it. Never waits for one that is being looked at."""
        session = self._session
        if session is None or not session.scenes or session.board.phase != "running":
            return
        with self._changed:
            self._sight = session, frame, scene
            self._changed.notify_all()

    def end(self, session: Session, phase: str = "cancelled", problem: str = "") -> None:
        """It is over; nothing is kept of it."""
        session.board.end(phase, problem)
        with self._changed:
            if self._session is session and phase == "finished":
                self._session = None
        session.wipe()

    def stop(self, patience: float = 2.0) -> None:
        with self._changed:
            self._stopping = True
            thread = self._thread
            self._changed.notify_all()
        if self._session is not None:
            self.end(self._session, "cancelled", "the door's program is stopping")
        if thread is not None and thread.is_alive():
            thread.join(patience)

    def _begin(self, make: Callable[[Tools, float], S], seconds: float) -> S:
        if not self._sees():
            raise EnrolmentError("this door has no camera: nobody is recognised here, and nobody enrolled")
        with self._changed:
            self._refuse_second()
            waiting = self._tools_soon()
        try:
            tools = waiting.result(LOAD_SECONDS)
        except FutureTimeout as error:
            raise ServiceError(f"the networks were not loaded within {LOAD_SECONDS:g} s: is the disk alive?") from error
        with self._changed:
            self._refuse_second()
            now = self._clock.monotonic()
            session = make(tools, now + seconds)
            self._session, self._touched, self._sight = session, now, None
            self._changed.notify_all()
        return session

    def _refuse_second(self) -> None:
        session = self._session
        if session is None or session.board.phase not in ("running", "ready"):
            return
        left = min(session.until, self._touched + IDLE_SECONDS) - self._clock.monotonic()
        if left <= 0:
            self._give_up(session, "somebody else began meanwhile: begin again")
            return
        what = "somebody is just passing for the first time" if session.kind == "pass" else "somebody else is enrolling just now"
        raise EnrolmentError(f"{what}: try again in {max(left, 1.0):.0f} s at the latest, if nobody goes on with "
                             "that")

    def _tools_soon(self) -> Future[Tools]:
        """Starts the thread, which loads them. With the lock held."""
        if self._stopping:
            raise ServiceError("the daemon is stopping")
        self._touched = self._clock.monotonic()
        if self._tools is None or self._thread is None or not self._thread.is_alive():
            self._tools = Future()
            self._thread = threading.Thread(target=self._run, args=(self._tools,), name="enrolling", daemon=True)
            self._thread.start()
        return self._tools

    # The thread

    def _run(self, loaded: Future[Tools]) -> None:
        with contextlib.suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        try:
            loaded.set_result(self._load(self._settings))
        except BaseException as error:
            with self._changed:
                self._tools = None
            loaded.set_exception(error)
            return
        while self._wait():
            begun = time.perf_counter()
            self._work()
            time.sleep(min(time.perf_counter() - begun, MOST_REST))
        memory.trim()

    def _wait(self) -> bool:
        """Until there is something to do; false when the thread may end."""
        with self._changed:
            if self._look is None and self._sight is None:
                self._changed.wait(_PAUSE)
            self._look_at_the_clock()
            idle = self._session is None or self._session.board.phase not in ("running", "ready")
            over = idle and self._look is None and self._clock.monotonic() - self._touched > KEEP_SECONDS
            if self._stopping or over:
                self._tools = self._sight = None
                look, self._look = self._look, None
                if look is not None:
                    look.done.set_exception(ServiceError("the daemon is stopping"))
                return False
            return True

    def _look_at_the_clock(self) -> None:
        session, now = self._session, self._clock.monotonic()
        if session is None or session.board.phase not in ("running", "ready"):
            return
        if now > session.until:
            self._give_up(session, "the time for this was over: begin again")
        elif now - self._touched > IDLE_SECONDS and session.board.phase == "running" and session.kind != "photos":
            self._give_up(session, "nobody went on for a minute: begin again")

    def _give_up(self, session: Session, why: str) -> None:
        session.board.end("failed", why)
        session.wipe()

    def _work(self) -> None:
        with self._changed:
            look, self._look = self._look, None
            sight, self._sight = self._sight, None
        if look is not None:
            self._answer(look)
        if sight is not None and sight[0] is self._session:
            session, frame, scene = sight
            try:
                session.see(frame, scene)
            except Exception as error:  # whatever a network or the disk raises: the session ends, the door goes on
                self._failed(session, error)

    def _answer(self, look: _Look) -> None:
        try:
            look.session.look(look.image, self._clock.monotonic())
        except EnrolmentError as error:
            look.done.set_exception(error)
        except Exception as error:
            self._failed(look.session, error)
            look.done.set_result(look.session.board.shown())
        else:
            look.done.set_result(look.session.board.shown())

    def _failed(self, session: Session, error: Exception) -> None:
        if isinstance(error, EdgeFaceError):
            _log.error("an enrolment failed: %s", error)
            session.board.end("failed", str(error))
        else:
            _log.exception("an enrolment failed")
            session.board.end("failed", f"it failed because of {type(error).__name__}: the door's log shows more")
        session.wipe()


def load_tools(settings: Settings) -> Tools:
    """With the settings' own models, the detector at its larger input. Raises ModelError."""
    from edge_face.service import process
    from edge_face.vision.bundle import Failed, load_bundle
    from edge_face.vision.detector import Detector
    from edge_face.vision.embedder import Embedder as Network

    process.one_opencv_thread()
    vision = settings.vision
    failed: Failed = "warn" if vision.allow_failed_gate else "refuse"
    bundle = load_bundle(vision.embedder, "embedder", failed)
    embedder = Network(bundle, vision.precision, vision.threads)
    begun = time.perf_counter()
    detector = Detector(load_bundle(vision.detector, "detector", failed), *LARGEST_INPUT, vision.precision, vision.threads,
                        vision.landmarker)
    _log.debug("the networks for enrolling were loaded in %.2f s", time.perf_counter() - begun)
    return Tools(FaceReader(detector, embedder, bundle.model_id, recognise=vision.recognise_score), embedder, bundle.model_id,
                 bundle.thresholds)
