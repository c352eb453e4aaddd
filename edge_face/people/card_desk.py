"""The next card at the reader: somebody who adds a card holds it there, and the door hands it over instead of looking it up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from edge_face.errors import AccessError, UsageError

SECONDS = 30.0
LONGEST = 50.0
"""A client of the control socket waits for a minute."""


class CardDesk:
    """Between the thread that reads cards and one that waits for the next. For any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._wanted = False
        self._card: str | None = None

    def offer(self, text: str, factor: str) -> bool:
        """Was the card taken here? Then it is not to be looked up. Never waits."""
        with self._changed:
            if not self._wanted or factor != "card" or self._card is not None:
                return False
            self._card = text
            self._changed.notify_all()
            return True

    def next_card(self, seconds: float = SECONDS) -> str:
        """Waits for a card. Raises AccessError when none came, or somebody else is waiting."""
        with self._changed:
            if self._wanted:
                raise AccessError("somebody else is adding a card just now: try again")
            self._wanted = True
            try:
                self._changed.wait_for(lambda: self._card is not None, seconds)
                if self._card is None:
                    raise AccessError(f"no card was held to the reader within {seconds:g} s: try again ('edge-face door watch' shows "
                                      "whether it reads)")
                return self._card
            finally:
                self._wanted, self._card = False, None


def add_presented(desk: CardDesk, run: Callable[[str, Mapping[str, Any]], Any], who: Any, seconds: Any = SECONDS) -> Any:
    """The command `codes.present`: the next card becomes that person's. `run` runs a command of `CodeCommands`; not to be called
    in the thread that it runs in. Raises what `run` and `CardDesk.next_card` raise."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= LONGEST:
        raise UsageError(f"'seconds' is a number above 0, at most {LONGEST:g}")
    # Somebody unknown is told so before a card is asked for.
    known = run("codes.who", {"who": who})
    return run("codes.add", {"who": known["id"], "card": desk.next_card(float(seconds))})
