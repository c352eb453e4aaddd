"""Whose a code or card is, for the thread that verifies them: the people of now, the time if it may be believed, and the store, in which
tries and used codes are written down before they count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge_face.access import CodeFact
from edge_face.access.code_rest import RECORD, CodeState
from edge_face.clock import Clock
from edge_face.service.books import Books, Roster
from edge_face.service.code_thread import CodeThread
from edge_face.service.senses import ClockKeeper, DoorSenses
from edge_face.service.store_thread import StoreThread
from edge_face.settings import AccessSettings

PATIENCE = 2.0
"""Seconds that somebody at the keypad waits for a disk that does not answer. What was to be written is, when it does."""


@dataclass(frozen=True, slots=True, eq=False)
class CodeLookup:
    """`roster`: who is known now, None before anybody is."""

    roster: Callable[[], Roster | None]
    store: StoreThread[Books]
    clock: Clock
    keeper: ClockKeeper

    def look_up(self, text: str, factor: str) -> CodeFact:
        """Takes as long as a hash does. Never raises."""
        roster, wall = self.roster(), self.clock.wall()
        if roster is None or roster.codes is None:
            return CodeFact(factor, None)
        return roster.codes.look_up(text, factor, wall=wall, trusted=self.keeper.trusted(self.clock.monotonic(), wall), spent=self.spent)

    def whose(self, text: str, factor: str) -> str | None:
        """Whose number or card it is; proves nothing."""
        roster = self.roster()
        return roster.codes.whose(text, factor) if roster is not None and roster.codes is not None else None

    def keep(self, record: dict[str, Any]) -> None:
        """On the disk when it returns. Raises StoreError, ServiceError."""
        self.store.call(lambda books: books.keep(RECORD, record), PATIENCE, forget=False)

    def spent(self, person: str, step: int) -> None:
        """As `keep`: this code that changes with the time was used."""
        self.store.call(lambda books: books.keep_used(person, step), PATIENCE, forget=False)


def code_thread(look: CodeLookup, senses: DoorSenses, wake: Callable[[], None], access: AccessSettings, state: CodeState) -> CodeThread:
    """Between what is keyed and the policy: `senses` offer it codes from now on and get the answers, then the policy is woken."""
    def answered(fact: CodeFact) -> None:
        senses.answered(fact)
        wake()

    thread = CodeThread(look.look_up, look.keep, answered, whose=look.whose, access=access, state=state, monotonic=look.clock.monotonic)
    senses.offer = thread.offer
    return thread
