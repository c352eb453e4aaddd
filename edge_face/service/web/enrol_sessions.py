"""One enrolment on its way: guided by the pictures of a camera (the door's or a phone's), or from a few photos. Fed by the enrolling thread
only; shown from any thread. What it holds of a face is gone when it ends."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import Any, Protocol

from edge_face.errors import EnrolmentError
from edge_face.people.enrolment import Enrolled, Enrolment, Reader, trouble_of
from edge_face.people.guide import Guide, Look, advance
from edge_face.people.records import template_record
from edge_face.service.web.prompt_keys import prompt_record
from edge_face.types import Frame, Image, Scene

MOST_PHOTOS = 12
"""Of one enrolment."""
OVER = ("failed", "cancelled")


@dataclass(slots=True)
class Board:
    """What everybody may see of a session: it counts up with each change, so that a page can wait for the next."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    number: int = 0
    phase: str = "running"
    """"running", then "ready" (made, to be finished), "failed", "cancelled" or "passed"."""
    prompt: dict[str, Any] = field(default_factory=lambda: {"key": "", "text": "", "step": None, "share": 0.0, "good": False})
    problem: str = ""
    more: dict[str, Any] = field(default_factory=dict)

    def say(self, prompt: dict[str, Any], phase: str = "running", problem: str = "", **more: Any) -> None:
        with self.changed:
            if (prompt, phase, problem, more) == (self.prompt, self.phase, self.problem, self.more):
                return
            self.prompt, self.phase, self.problem, self.more = prompt, phase, problem, more
            self.number += 1
            self.changed.notify_all()

    def end(self, phase: str, problem: str = "") -> None:
        """Unless it has ended already."""
        if self.phase not in OVER:
            self.say(self.prompt, phase, problem)

    def shown(self, after: int = -1, wait: float = 0.0) -> dict[str, Any]:
        """Waits up to `wait` seconds for a number above `after`."""
        with self.changed:
            self.changed.wait_for(lambda: self.number > after, wait)
            return {"number": self.number, "phase": self.phase, "prompt": self.prompt, "problem": self.problem, **self.more}


class Session(Protocol):
    """What the enrolling thread feeds. `scenes`: it wants the door's own frames."""

    id: str
    kind: str
    holder: str
    scenes: bool
    until: float
    board: Board

    def see(self, frame: Frame, scene: Scene | None) -> None: ...

    def look(self, image: Image, now: float) -> None: ...

    def wipe(self) -> None: ...


class Guided:
    """Step by step, from a camera. `holder` says in a word whose it is: "door", "device" or "invitation"."""

    kind = "guided"

    def __init__(self, enrolment: Enrolment, reader: Reader, holder: str, until: float, wall: float) -> None:
        self.id, self.holder, self.until, self.board = secrets.token_urlsafe(16), holder, until, Board()
        self.scenes = holder == "door"
        self._enrolment, self._reader, self._wall = enrolment, reader, wall
        self._guide, self._looked_at = Guide(), 0
        self.enrolled: Enrolled | None = None

    def see(self, frame: Frame, scene: Scene | None) -> None:
        self._take(self._reader.look(frame.image, frame.monotonic, frame.detail))

    def look(self, image: Image, now: float) -> None:
        self._take(self._reader.look(image, now))

    def _take(self, look: Look) -> None:
        if self.board.phase != "running":
            return
        self._looked_at += 1
        self._guide, prompt = advance(self._guide, look, self._enrolment.rules)
        record = prompt_record(prompt.text, step=None if prompt.step is None else prompt.step.value, share=prompt.share, good=prompt.good)
        if not self._guide.done(self._enrolment.rules):
            self.board.say(record)
            return
        guide, self._guide = self._guide, Guide()
        try:
            self.enrolled = self._enrolment.finish(guide, self._looked_at, wall=self._wall)
        except EnrolmentError as error:
            self.board.say(record, "failed", str(error))
        else:
            self.board.say(record, "ready", **figures(self.enrolled))

    def wipe(self) -> None:
        self._guide, self.enrolled = Guide(), None


class Photos:
    """From a few photos, each judged as it comes."""

    kind = "photos"
    scenes = False

    def __init__(self, enrolment: Enrolment, reader: Reader, holder: str, until: float, wall: float) -> None:
        self.id, self.holder, self.until, self.board = secrets.token_urlsafe(16), holder, until, Board()
        self._enrolment, self._reader, self._wall = enrolment, reader, wall
        self._looks: list[tuple[str, Look]] = []
        self._taken = 0
        self.enrolled: Enrolled | None = None

    def see(self, frame: Frame, scene: Scene | None) -> None:
        return

    def look(self, image: Image, now: float) -> None:
        """Raises EnrolmentError for one photo too many."""
        if self._taken >= MOST_PHOTOS:
            raise EnrolmentError(f"{MOST_PHOTOS} photos are enough: begin again if none of them serves")
        self._taken += 1
        look = self._reader.look(image, now)
        why = trouble_of(look)
        if why is None:
            self._looks.append((f"photo {self._taken}", look))
        self._judge(why)

    def _judge(self, why: str | None) -> None:
        good = len(self._looks)
        problem = why or ""
        try:
            self.enrolled = self._enrolment.from_looks(self._looks, wall=self._wall)
        except EnrolmentError as error:
            self.enrolled = None
            if why is None and good >= 2:
                problem = str(error)
        record = prompt_record(why or "that is all: thank you", share=min(good / 4, 1.0), good=why is None)
        ready = self.enrolled is not None
        self.board.say(record, "ready" if ready else "running", problem, photos=self._taken, usable=good,
                       **(figures(self.enrolled) if self.enrolled is not None else {}))

    def wipe(self) -> None:
        self._looks, self.enrolled = [], None


def figures(enrolled: Enrolled) -> dict[str, Any]:
    """What a page says about templates: never the templates."""
    return {"templates": len(enrolled.templates), "alike": round(enrolled.concord.mean, 3), "lowest": round(enrolled.concord.lowest, 3),
            "left_out": [{"what": one.what, "why": one.why} for one in enrolled.left_out[:20]]}


def records_of(session: Guided | Photos) -> list[dict[str, Any]]:
    """The templates of a session that is ready. Raises EnrolmentError."""
    if session.enrolled is None:
        why = session.board.problem or "go through all steps first"
        raise EnrolmentError(f"this enrolment is not ready: {why}")
    return [template_record(template) for template in session.enrolled.templates]


