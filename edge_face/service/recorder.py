"""Pictures and short films of what happened, anonymised: taken from the reel of hidden pictures, sealed, kept by the store.

A decision is heard, nothing waits for it; its number comes when the diary has written it, its pictures when the outlet has let them go
(`privacy.delay` frames later), the end of a film some seconds after that. Then the recorder's own thread seals and writes the file, and the
store's thread enters it. Whatever fails costs a picture, never the door.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from edge_face.access import Decision, Kind
from edge_face.clock import Clock
from edge_face.errors import EdgeFaceError
from edge_face.people.recording_file import FRAME, ORIGINAL, PICTURE, Draft, Part, write_draft
from edge_face.people.recordings import FOLDER, Recordings
from edge_face.people.room import LITTLE, free_bytes
from edge_face.service.books import Books
from edge_face.service.log import fields
from edge_face.service.reel import Reel, Sealer, Shot
from edge_face.service.wear import DayMeter
from edge_face.settings import RecorderSettings

_log = logging.getLogger("edge_face.recorder")

R = TypeVar("R")
MIB = 1 << 20
PATIENCE = 6.0
"""Seconds for which pictures and the number of an event are waited for beyond the film's end."""
NEAR = 2.0
"""A picture within so many seconds of the event is its picture."""
PICTURES_FPS = 10.0
"""Where there are no films: how often a picture is taken while one is waited for."""
MOST_WAITING = 16
"""Events at once; those beyond get no picture."""
LOOK, AGAIN = 0.25, 60.0
"""Seconds between two looks at what waits, and at whether a full disk is full no more."""
_KINDS: Mapping[Kind, str] = {Kind.GRANT: "grant", Kind.DENY: "deny", Kind.ALARM: "alarm", Kind.FIRE: "alarm", Kind.CODE: "code",
                              Kind.EXIT: "exit", Kind.OWNER: "owner"}
Noted = Callable[[int | None], None]
"""Tells the number that an event got; None for one that was not written."""
Call = Callable[[Callable[[Books], R]], R]


@dataclass(slots=True, eq=False)
class _Wish:
    """A picture or film of the event at the monotonic time `at`, asked for at `asked`. `number`: 0 until it is known, then None where the
    event was not written."""

    at: float
    wall: float
    asked: float
    number: int | None = 0


@dataclass(frozen=True, slots=True)
class RecorderFacts:
    """`kept` recordings of `size` bytes are there; `written` bytes of them in the last `over` seconds (a day at most); `missed`: events
    since the start of which none could be kept; `trouble`: why not just now, empty while all is well."""

    kept: int
    size: int
    written: int
    over: float
    missed: int
    trouble: str

    def as_json(self) -> dict[str, Any]:
        return {"kept": self.kept, "bytes": self.size, "written": self.written, "written_over": round(self.over), "missed": self.missed}


class Recorder:
    """`folder`: the store's. `call` runs a job on the books, in their own thread, and waits for it; never used but in this one's thread."""

    def __init__(self, settings: RecorderSettings, folder: Path, clock: Clock, call: Callable[[Callable[[Books], Any]], Any],
                 seal: Sealer | None = None) -> None:
        self._settings, self._folder, self._clock, self._call = settings, folder, clock, call
        fps = settings.fps if settings.clips else PICTURES_FPS
        self.reel = Reel(max(settings.before, NEAR) + settings.after + PATIENCE, 1 / fps, always=settings.clips, seal=seal)
        self._before, self._after = (settings.before, settings.after) if settings.clips else (0.0, 0.0)
        self._quota = settings.quota * MIB
        self._wishes: deque[_Wish] = deque()
        self._meter = DayMeter(clock.monotonic)
        self._usage = (0, 0)
        self._missed = 0
        self._trouble = ""
        self._short = False
        """Is there no room, or has been written enough for a day?"""
        self._looked = clock.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="recorder", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, patience: float = 5.0) -> None:
        """Keeps what is there of the events that wait, then ends."""
        self._stopping.set()
        self.reel.wake()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(patience)

    def hear(self, decision: Decision) -> Noted:
        """A decision that is just being written into the diary. Never waits; what it gives is to be told the number."""
        if not self._wanted(decision):
            return _nobody
        if len(self._wishes) >= MOST_WAITING or self._stopping.is_set():
            self._missed += 1
            return _nobody
        wish = _Wish(decision.monotonic, decision.wall, self._clock.monotonic())
        self._wishes.append(wish)
        self.reel.expect(1)

        def noted(number: int | None) -> None:
            wish.number = number

        return noted

    def facts(self) -> RecorderFacts:
        """How it is just now."""
        written, over = self._meter.read()
        return RecorderFacts(*self._usage, written, over, self._missed, self._trouble)

    def tell_usage(self, recordings: Recordings) -> None:
        """In the store's thread, when recordings went."""
        self._usage = recordings.usage()

    def _wanted(self, decision: Decision) -> bool:
        # A button that is held is one event after the other, and one is enough.
        return _KINDS.get(decision.kind) in self._settings.events and not any(reason.code == "exit-goes-on" for reason in decision.reasons)

    def _run(self) -> None:
        self._tried(self._count)
        while not self._stopping.is_set():
            self.reel.wait(LOOK)
            self._look()
            self._look_at_room()
        self._look()

    def _look(self) -> None:
        for wish in list(self._wishes):
            if not self._ready(wish):
                continue
            self._wishes.remove(wish)
            if not self._tried(partial(self._keep, wish)):
                self._missed += 1
            self.reel.expect(-1)

    def _ready(self, wish: _Wish) -> bool:
        if wish.number is None or self._stopping.is_set() or self._clock.monotonic() - wish.asked > self._after + PATIENCE:
            return True
        latest = self.reel.latest
        return wish.number > 0 and latest is not None and latest >= wish.at + self._after

    def _keep(self, wish: _Wish) -> bool:
        """Writes what there is of an event."""
        shots = self._allowed(self.reel.between(wish.at - max(self._before, NEAR), wish.at + max(self._after, NEAR)))
        if not wish.number or not shots:
            return False
        # A camera that broke just before has given older ones: they are not of this event.
        shot = min(shots, key=lambda shot: abs(shot.at - wish.at))
        film = [one for one in shots if wish.at - self._before <= one.at <= wish.at + self._after] if self._settings.clips else []
        parts = [Part(PICTURE, shot.at - wish.at, shot.jpeg), *(Part(FRAME, one.at - wish.at, one.jpeg) for one in film)]
        original = shot.original and not self._gone(shot.sealed)
        if original:
            parts.append(Part(ORIGINAL, shot.at - wish.at, shot.original))
        size = sum(len(part.content) for part in parts)
        written, _ = self._meter.read()
        if written + size > self._quota:
            return self._lacking("all of [recorder] quota was written in a day: no pictures of events are kept just now, to spare the card")
        if not self._room_for(size):
            return self._lacking("the disk is nearly full: no pictures of events are kept")
        draft = write_draft(self._folder / FOLDER, wish.number, wish.wall, parts, _everybody([shot, *film]),
                            shot.sealed if original else frozenset())
        self._meter.add(draft.size)
        self._call(lambda books: books.ask(lambda store: self._enter(store.recordings, draft)))
        self._say("")
        return True

    def _allowed(self, shots: list[Shot]) -> list[Shot]:
        """Without those in which somebody stands sharp who has been forgotten since, or took the consent back."""
        everybody = _everybody(shots)
        if not everybody:
            return shots
        no_more: frozenset[str] = self._call(lambda books: books.ask(lambda store: store.recordings.may_not_be_seen(everybody)))
        return [shot for shot in shots if not shot.shown & no_more]

    def _gone(self, people: frozenset[str]) -> bool:
        """Has any of them been forgotten since?"""
        return bool(people) and bool(self._call(lambda books: books.ask(lambda store: store.recordings.gone(people))))

    def _enter(self, recordings: Recordings, draft: Draft) -> None:
        """In the store's thread."""
        recordings.put(draft)
        if gone := recordings.fit(self._quota):
            _log.info("old pictures of events were deleted: they took more than [recorder] quota", extra=fields(recordings=gone))
        self.tell_usage(recordings)

    def _room_for(self, size: int) -> bool:
        """Older pictures give way to newer ones; the rest of the disk belongs to the door."""
        missing = size + LITTLE - free_bytes(self._folder)
        if missing > 0:
            self._call(lambda books: books.ask(lambda store: store.recordings.drop_oldest(missing)))
            missing = size + LITTLE - free_bytes(self._folder)
        return missing <= 0

    def _lacking(self, why: str) -> bool:
        self._short, self._looked = True, self._clock.monotonic()
        self._say(why)
        return False

    def _count(self) -> None:
        self._call(lambda books: books.ask(lambda store: self.tell_usage(store.recordings)))

    def _look_at_room(self) -> None:
        """There may be no event for days: that room is there again, and that pictures went, is seen without one."""
        if self._clock.monotonic() - self._looked < AGAIN:
            return
        self._looked = self._clock.monotonic()
        self._tried(self._count)
        if self._short and free_bytes(self._folder) > LITTLE and self._meter.read()[0] < self._quota:
            self._short = False
            self._say("")

    def _tried(self, job: Callable[[], Any]) -> bool:
        try:
            return job() is not False
        except EdgeFaceError as error:
            self._say(str(error))
        except Exception:  # a picture less is no reason to close a door
            _log.exception("a picture of an event was not kept")
            self._trouble = "a picture of an event was not kept: the log says why"
        return False

    def _say(self, trouble: str) -> None:
        """Once, and once that it is over."""
        if trouble and trouble != self._trouble:
            _log.error("a picture of an event was not kept: %s", trouble)
        elif self._trouble and not trouble:
            self._short = False
            _log.info("pictures of events are kept again")
        self._trouble = trouble


def sealer_of(settings: RecorderSettings) -> Sealer | None:
    """What seals hidden faces for the owner's key, None where none is named. Raises SealedError for what is no such key."""
    if not settings.originals:
        return None
    import time

    from edge_face.privacy.sealed import read_public_key, seal_faces

    public = read_public_key(settings.originals)
    return lambda original, hidden, released, jpeg: seal_faces(original, hidden, released.regions, public, time.time(), jpeg)


def _everybody(shots: list[Shot]) -> frozenset[str]:
    return frozenset().union(*(shot.shown for shot in shots))


def _nobody(number: int | None) -> None:
    """Nobody waits for it."""
