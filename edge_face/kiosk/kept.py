"""What a page shows once after a form, kept for some minutes in memory for the login that sent it: the page can be loaded again, and
the back button asks for nothing to be sent twice."""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from starlette.requests import Request

from edge_face.kiosk.site import token_of

SECONDS = 600.0
MOST = 64
"""Of all logins; the oldest goes first."""


class Kept:
    """Belongs to one process; nothing of it is ever written."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._pages: OrderedDict[str, tuple[float, bytes, Mapping[str, Any]]] = OrderedDict()

    def keep(self, request: Request, context: Mapping[str, Any]) -> str:
        """The word by which it is found again."""
        self._tidy()
        word = secrets.token_urlsafe(16)
        self._pages[word] = self._clock() + SECONDS, _whose(request), context
        return word

    def fetch(self, request: Request, word: str) -> Mapping[str, Any] | None:
        """None when it is over, or another login's."""
        self._tidy()
        found = self._pages.get(word)
        return found[2] if found is not None and found[1] == _whose(request) else None

    def _tidy(self) -> None:
        now = self._clock()
        while self._pages and (len(self._pages) >= MOST or next(iter(self._pages.values()))[0] < now):
            self._pages.popitem(last=False)


def _whose(request: Request) -> bytes:
    return hashlib.sha256(token_of(request).encode()).digest()


KEPT = Kept()
