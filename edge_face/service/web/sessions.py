"""Who is logged in: in memory only. A restart of the daemon logs everybody out, and nothing on the disk can be stolen to log in with."""

from __future__ import annotations

import hashlib
import math
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass

from edge_face.clock import Clock
from edge_face.settings import KioskSettings

FRESH = 300.0
"""Seconds for which a passphrase that was just given counts for what asks for it again."""
MOST, MOST_OF_ONE = 128, 12
"""Sessions, of all and of one account: one more ends the one that was used longest ago."""
_TOKEN_BYTES = 32


@dataclass(slots=True)
class Session:
    """Times are monotonic seconds. `proven`: when the passphrase was given last."""

    account: str
    begun: float
    used: float
    proven: float
    wall: float


class Sessions:
    """`idle`, `most`: seconds after which a session ends that nobody uses, and any. From any thread. Tokens are kept as hashes."""

    def __init__(self, idle: float, most: float, monotonic: Callable[[], float], wall: Callable[[], float]) -> None:
        self._idle, self._most, self._monotonic, self._wall = idle, most, monotonic, wall
        self._sessions: dict[bytes, Session] = {}
        self._guard = threading.Lock()

    @classmethod
    def of_settings(cls, kiosk: KioskSettings, clock: Clock) -> Sessions:
        return cls(kiosk.session_idle * 60.0, kiosk.session_most * 3600.0, clock.monotonic, clock.wall)

    def begin(self, account: str) -> str:
        """Logs somebody in, who has just given the passphrase; the token, of 256 random bits."""
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        now = self._monotonic()
        with self._guard:
            self._clear(now)
            self._make_room([key for key, one in self._sessions.items() if one.account == account], MOST_OF_ONE)
            self._make_room(list(self._sessions), MOST)
            self._sessions[_key(token)] = Session(account, now, now, now, self._wall())
        return token

    def find(self, token: str, *, touch: bool = True) -> Session | None:
        """None for a token that is nobody's or has ended. `touch`: it is used now, and not by a page that refreshes itself."""
        now = self._monotonic()
        with self._guard:
            key = _key(token)
            session = self._sessions.get(key)
            if session is None or self._left(session, now) <= 0:
                self._sessions.pop(key, None)
                return None
            if touch:
                session.used = now
            return session

    def left(self, session: Session) -> float:
        """Seconds until it ends when nobody uses it."""
        return max(0.0, self._left(session, self._monotonic()))

    def is_fresh(self, session: Session) -> bool:
        return self._monotonic() - session.proven < FRESH

    def renew(self, token: str) -> str:
        """The passphrase was given again: the same session under a new token; the old one has ended. "" where there is none."""
        fresh, now = secrets.token_urlsafe(_TOKEN_BYTES), self._monotonic()
        with self._guard:
            session = self._sessions.pop(_key(token), None)
            if session is None or self._left(session, now) <= 0:
                return ""
            session.used = session.proven = now
            self._sessions[_key(fresh)] = session
        return fresh

    def stale(self, token: str) -> None:
        """What asks for the passphrase again asks from now on: that of before was for one thing only."""
        session = self.find(token)
        if session is not None:
            session.proven = -math.inf

    def end(self, token: str) -> None:
        with self._guard:
            self._sessions.pop(_key(token), None)

    def end_of(self, account: str, but: str = "") -> int:
        """Ends all of an account, except that of the token `but`; how many."""
        keep = _key(but) if but else b""
        with self._guard:
            gone = [key for key, session in self._sessions.items() if session.account == account and key != keep]
            for key in gone:
                del self._sessions[key]
        return len(gone)

    def end_all(self) -> None:
        with self._guard:
            self._sessions.clear()

    def of(self, account: str) -> list[Session]:
        """The oldest first."""
        now = self._monotonic()
        with self._guard:
            self._clear(now)
            return [session for session in self._sessions.values() if session.account == account]

    def is_that(self, session: Session, token: str) -> bool:
        """Is it the session of this token?"""
        with self._guard:
            return self._sessions.get(_key(token)) is session

    def _left(self, session: Session, now: float) -> float:
        return min(session.used + self._idle, session.begun + self._most) - now

    def _clear(self, now: float) -> None:
        for key in [key for key, session in self._sessions.items() if self._left(session, now) <= 0]:
            del self._sessions[key]

    def _make_room(self, keys: list[bytes], most: int) -> None:
        for key in sorted(keys, key=lambda key: self._sessions[key].used)[:max(0, len(keys) - most + 1)]:
            del self._sessions[key]


def _key(token: str) -> bytes:
    """What a token is found by: neither a dump of the memory nor the time of a look-up gives it away."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
