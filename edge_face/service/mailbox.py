"""A mailbox for one item, the newest: a slow reader skips, nobody queues, memory stays flat."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Between one or more writers and one reader."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: T | None = None
        self._closed = False
        self._woken = False
        self._replaced = 0

    def put(self, item: T) -> None:
        """Leaves the item, in the place of one that was not fetched. Never waits for the reader. Ignored once closed."""
        with self._changed:
            if self._closed:
                return
            self._replaced += self._item is not None
            self._item = item
            self._changed.notify_all()

    def get(self, timeout: float) -> T | None:
        """Takes the newest item, waiting for one up to `timeout` seconds; None when none came or the box is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed or self._woken, timeout)
            item, self._item, self._woken = self._item, None, False
            if item is not None:
                self._changed.notify_all()
            return item

    def wait_empty(self, timeout: float) -> None:
        """Waits until what lies in the box was fetched: for films, of which every picture counts."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is None or self._closed, timeout)

    def wake(self) -> None:
        """Lets the reader go on as if its time were over; what lies in the box stays."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self) -> None:
        """Wakes the reader; what lies in the box is thrown away."""
        with self._changed:
            self._closed, self._item = True, None
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def replaced(self) -> int:
        """Items that a newer one took the place of before they were fetched."""
        return self._replaced
