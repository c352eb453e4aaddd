"""Work that is handed to one thread and done there in order."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Behind(Generic[Item]):
    """Calls `work(item)` for each item that is `put`, one after the other, in a thread of its own.

    At most `room` items wait: `put` then waits too. What `work` raises is raised by the next `put` or at the end of the
    block, and nothing more is worked on. When the block ends with an error, items that still wait are dropped.
    """

    def __init__(self, work: Callable[[Item], None], room: int = 8) -> None:
        self._work = work
        self._items: queue.Queue[Item | None] = queue.Queue(room)
        self._failure: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="behind", daemon=True)

    def put(self, item: Item) -> None:
        """Hands an item over. Raises what went wrong with an earlier one."""
        self._raise()
        self._items.put(item)

    def __enter__(self) -> Behind[Item]:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if error is not None:
            self._stop.set()
            while self._thread.is_alive():
                # Makes room, so that the thread sees the end also when nobody takes items any more.
                with contextlib.suppress(queue.Empty):
                    self._items.get_nowait()
                with contextlib.suppress(queue.Full):
                    self._items.put_nowait(None)
                self._thread.join(0.05)
            return
        self._items.put(None)
        self._thread.join()
        self._raise()

    def _run(self) -> None:
        while (item := self._items.get()) is not None:
            # After a failure items are taken and dropped, so that `put` never waits for ever.
            if self._failure is None and not self._stop.is_set():
                try:
                    self._work(item)
                except BaseException as failure:
                    self._failure = failure

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure
