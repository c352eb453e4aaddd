"""The code thread: one code or card at a time is verified, beside everything else. Argon2id takes 20 to 500 ms, for which neither the
exit button nor a face may wait.

    keypad, reader, page -> offer -> code thread -> answered -> policy thread

A try is written down as failed before it is verified, and taken back when it was right: whoever cuts the power after a wrong code has
lost that try. A right code is answered before that is taken back: a slow disk costs it one wait, and a cut in between one failure too
many. While the door or a person rests, and while another code is being verified, nothing is hashed.
"""

from __future__ import annotations

import contextlib
import enum
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edge_face.access.code_rest import CodeState, cleared, due, failed, left, only, passed, rest_record
from edge_face.access.inputs import CodeFact
from edge_face.errors import EdgeFaceError
from edge_face.people.codes import is_digits
from edge_face.settings import AccessSettings

_log = logging.getLogger("edge_face.access")

BEAT = 1.0
"""Seconds between two signs of life."""
SCARCE = 0.2
"""Seconds after which a code for which there was no memory is verified again."""


class Offer(enum.Enum):
    """What becomes of a code. The words are for the page; the keypad need not say them."""

    TAKEN = "it is being verified"
    BUSY = "another code is being verified"
    RESTING = "codes and cards rest after wrong ones"
    NONSENSE = "a code has digits and nothing else"


@dataclass(frozen=True, slots=True)
class _Given:
    text: str = field(repr=False)
    factor: str
    whose: str | None


class CodeThread:
    """Runs from `start` to `stop`. `look_up` verifies a text of a factor ("pin" or "card"), `whose` says whose number or card it is without
    verifying; both must not raise. `keep` makes the record of failures durable before it returns; where it raises, failures are counted in
    memory only. `answered` gets each verified code, and one of note "rest" for the first that is offered in a rest. `state`: from the
    last run's record."""

    def __init__(self, look_up: Callable[[str, str], CodeFact], keep: Callable[[dict[str, Any]], None],
                 answered: Callable[[CodeFact], None], *, whose: Callable[[str, str], str | None], access: AccessSettings,
                 state: CodeState | None = None, monotonic: Callable[[], float] = time.monotonic,
                 beat: Callable[[], None] = lambda: None) -> None:
        self._look_up, self._keep, self._answered, self._whose = look_up, keep, answered, whose
        self._access, self._monotonic, self._beat = access, monotonic, beat
        self._changed = threading.Condition()
        self._state = state or CodeState()
        self._given: _Given | None = None
        self._told = self._stopped = self._failing = False
        self._known: frozenset[str] | None = None
        self._thread = threading.Thread(target=self._run, name="codes", daemon=True)

    @property
    def state(self) -> CodeState:
        """Failures and rests as they are now."""
        with self._changed:
            return passed(self._state, self._monotonic())

    def offer(self, text: str, factor: str) -> Offer:
        """From any thread; never waits for a verification."""
        if not is_digits(text):
            return Offer.NONSENSE
        whose = self._whose(text, factor)
        with self._changed:
            if self._given is not None or self._stopped:
                return Offer.BUSY
            if not left(self._state, whose, self._monotonic()):
                self._given, self._told = _Given(text, factor, whose), False
                self._changed.notify_all()
                return Offer.TAKEN
            told, self._told = self._told, True
        if not told:
            self._answered(CodeFact(factor, None, note="rest"))
        return Offer.RESTING

    def forget_others(self, known: frozenset[str]) -> None:
        """Only these people are there any more."""
        with self._changed:
            self._known = known
            self._state = only(self._state, known)

    def start(self) -> None:
        self._thread.start()

    def stop(self, patience: float = 2.0) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(patience)

    def turn(self) -> bool:
        """Verifies what was offered, if anything; keeps the record when a rest is over. The thread does nothing else."""
        with self._changed:
            given, before = self._given, self._state
            self._state = passed(before, self._monotonic())
            over = self._state != before
        if given is None:
            if over:
                self._remember()
            return False
        try:
            self._verify(given)
        finally:
            with self._changed:
                self._given = None
        return True

    def _verify(self, given: _Given) -> None:
        with self._changed:
            earlier = self._state
            self._state = failed(earlier, given.whose, self._monotonic(), self._access)
        self._remember()
        try:
            fact = self._looked_up(given)
        except Exception as error:
            # Its text may hold the code.
            _log.error("a code could not be verified: %s", type(error).__name__)
            fact = CodeFact(given.factor, None, given.whose, note="fault")
        takes_back = fact.person is not None or fact.note == "fault"
        if takes_back:
            with self._changed:
                self._state = cleared(earlier, fact.person) if fact.person is not None and fact.factor != "card" else earlier
                if self._known is not None:
                    self._state = only(self._state, self._known)
        self._answered(fact)
        if takes_back:
            self._remember()

    def _looked_up(self, given: _Given) -> CodeFact:
        """Without memory for it, it is tried once more: whoever stands at the keypad has done nothing wrong."""
        try:
            return self._look_up(given.text, given.factor)
        except MemoryError:
            time.sleep(SCARCE)
            return self._look_up(given.text, given.factor)

    def _remember(self) -> None:
        with self._changed:
            record = rest_record(self._state)
        try:
            self._keep(record)
            self._failing = False
        except (EdgeFaceError, MemoryError) as error:
            if not self._failing:
                _log.error("wrong codes cannot be kept, and are counted in memory only: %s", error or "there is no memory for it")
            self._failing = True

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._given is None and not self._stopped:
                    ends = due(self._state)
                    self._changed.wait(BEAT if ends is None else max(0.01, min(BEAT, ends - self._monotonic())))
                if self._stopped:
                    return
            self._beat()
            try:
                self.turn()
            except Exception as error:
                # The next code may be verified. Of this one nothing may be said: it is in the frames of the traceback.
                with contextlib.suppress(MemoryError):
                    _log.error("a code was not verified: %s", type(error).__name__)
