"""Wrong passphrases: counted before each try is looked at, by account and over all, kept over restarts; the same rules as for codes at
the door (`edge_face.access.code_rest`). One passphrase is verified at a time: each takes 19 MiB."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from edge_face.access.code_rest import CodeState, cleared, failed, left, passed, rest_record, restored
from edge_face.errors import EdgeFaceError, TooManyTriesError
from edge_face.settings import AccessSettings

_log = logging.getLogger("edge_face.pages")

KIND = "login-rest"
"""Of the store's record."""
RULES = AccessSettings(code_fails=5, code_rest=30.0, code_rest_most=900.0)
PATIENCE = 10.0
"""Seconds for which a try waits for another."""


class LoginRest:
    """`read` and `keep`: the record. From any thread."""

    def __init__(self, read: Callable[[], Mapping[str, Any] | None], keep: Callable[[Mapping[str, Any]], None],
                 monotonic: Callable[[], float]) -> None:
        self._read, self._keep, self._monotonic = read, keep, monotonic
        self._one = threading.Lock()
        self._state: CodeState | None = None
        self._failing = False

    @contextmanager
    def trying(self, key: str | None, *, alone: bool = False) -> Iterator[Callable[[], None]]:
        """Around one look at a passphrase; what it gives is called when it was right. `key`: whose failures they are besides everybody's.
        `alone`: only those count (somebody who is logged in is not kept waiting by strangers). Raises TooManyTriesError before anything
        is looked at."""
        if not self._one.acquire(timeout=PATIENCE):
            raise TooManyTriesError("another passphrase is just being looked at: try again")
        try:
            state = self._loaded()
            now = self._monotonic()
            earlier = passed(state, now)
            wait = left(CodeState(people=earlier.people) if alone else earlier, key, now)
            if wait > 0:
                self._state = earlier
                raise TooManyTriesError(f"after wrong tries none is looked at for {duration(wait)}: wait")
            self._state = failed(earlier, key, now, RULES)
            self._remember()

            def right() -> None:
                self._state = cleared(earlier, key) if key is not None else earlier
                self._remember()

            yield right
        finally:
            self._one.release()

    def resting(self) -> bool:
        """Does everybody wait just now?"""
        state = self._state
        return state is not None and left(CodeState(door=state.door), None, self._monotonic()) > 0

    def clear(self) -> None:
        """Forgets all failures. Raises what `keep` raises."""
        with self._one:
            self._state = CodeState()
            self._keep(rest_record(self._state))

    def forget(self, key: str) -> None:
        """An account is gone; what it failed stays in everybody's count."""
        with self._one:
            state = self._loaded()
            self._state = replace(state, people=tuple((who, tally) for who, tally in state.people if who != key))

    def _loaded(self) -> CodeState:
        if self._state is None:
            self._state = restored(self._read(), self._monotonic(), RULES)
        return self._state

    def _remember(self) -> None:
        assert self._state is not None
        try:
            self._keep(rest_record(self._state))
            self._failing = False
        except EdgeFaceError as error:
            if not self._failing:
                _log.error("wrong passphrases cannot be kept, and are counted in memory only: %s", error)
            self._failing = True


def duration(seconds: float) -> str:
    """For people: "40 s", "12 min"."""
    whole = math.ceil(seconds)
    return f"{whole} s" if whole < 120 else f"{math.ceil(whole / 60)} min"
