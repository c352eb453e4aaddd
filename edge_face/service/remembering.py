"""What a door remembers over a restart: whether its clock may be believed, a lockdown, and codes that rest."""

from __future__ import annotations

from edge_face.access import PolicyState
from edge_face.access.clock_trust import KIND as CLOCK
from edge_face.access.code_rest import RECORD as CODE_REST
from edge_face.access.code_rest import restored
from edge_face.clock import Clock
from edge_face.service.books import Books
from edge_face.service.senses import ClockKeeper
from edge_face.service.store_thread import StoreThread
from edge_face.settings import AccessSettings

LOCKDOWN = "lockdown"
"""The kind of the store's record that tells of one."""


def remembered(store: StoreThread[Books], keeper: ClockKeeper, clock: Clock, access: AccessSettings) -> PolicyState:
    """The policy's state to begin with; the keeper of the clock is told what it must know. Raises StoreError, ServiceError."""
    keeper.restore(store.call(lambda books: books.record(CLOCK)))
    keeper.look(clock.monotonic(), clock.wall())
    lockdown = store.call(lambda books: books.record(LOCKDOWN))
    codes = store.call(lambda books: books.record(CODE_REST))
    return PolicyState(lockdown=lockdown is not None and lockdown.get("on") is True,
                       codes=restored(codes, clock.monotonic(), access))
