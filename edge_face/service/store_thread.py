"""The store thread: the one writer of the database. Others hand it jobs; events are written without anybody waiting."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Generic, TypeVar

from edge_face.errors import EdgeFaceError, ServiceError, StoreError

_log = logging.getLogger("edge_face.store")

S = TypeVar("S")
R = TypeVar("R")
WAITING = 1000
"""Jobs; events beyond are dropped and counted, commands are refused."""
BEAT = 0.5
PROVE = 10.0
"""Seconds between two looks whether a disk that refused takes something again: there may be nothing else to write for hours."""


class StoreThread(Generic[S]):
    """Opens a store in its own thread (SQLite wants that), runs jobs on it in order, closes it.

    `beat` is called between jobs and while idle; `failed` with whatever ends the thread; `idle` with the store, at least every
    `BEAT` seconds, for what is due by the clock; `prove` writes something small, where there is a fault to get over.
    """

    def __init__(self, open_store: Callable[[], S], beat: Callable[[], None], failed: Callable[[BaseException], None],
                 idle: Callable[[S], None] = lambda store: None, *, name: str = "store",
                 prove: Callable[[S], None] | None = None) -> None:
        self._open, self._beat, self._failed, self._idle, self._name, self._prove = open_store, beat, failed, idle, name, prove
        self._tried_at = float("-inf")
        self._jobs: queue.Queue[tuple[Callable[[S], Any], Future[Any] | None] | None] = queue.Queue(WAITING)
        self._opened: Future[None] = Future()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.lost = 0
        self.fault = ""
        """Why the disk refused what was written last; empty once it took something again."""

    def start(self) -> None:
        self._thread.start()

    def wait_open(self, timeout: float) -> None:
        """Raises what opening the store raised."""
        try:
            self._opened.result(timeout)
        except FutureTimeout as error:
            raise StoreError(f"the {self._name} did not open within {timeout:g} s: is its disk alive?") from error

    def call(self, job: Callable[[S], R], timeout: float = 55.0, *, forget: bool = True) -> R:
        """Runs a job and returns its result or raises its error; `ServiceError` when it is not done in time (`forget`: and
        then not done at all, if it has not begun). Not from the store thread itself."""
        done: Future[Any] = Future()
        try:
            self._jobs.put_nowait((job, done))
        except queue.Full as error:
            raise ServiceError(f"the {self._name} has too much to do: try again") from error
        if self._stopping.is_set() or not self._thread.is_alive():
            done.cancel()
            raise ServiceError("the daemon is stopping")
        try:
            result: R = done.result(timeout)
        except FutureTimeout as error:
            if forget:
                done.cancel()
            raise ServiceError(f"the {self._name} did not answer within {timeout:g} s") from error
        return result

    def post(self, job: Callable[[S], Any]) -> bool:
        """Runs a job some time; false when it had to be dropped. Never waits."""
        try:
            self._jobs.put_nowait((job, None))
        except queue.Full:
            self.lost += 1
            return False
        return True

    def stop(self, patience: float = 10.0) -> bool:
        """Does what waits, closes the store; false when that took longer than `patience` seconds."""
        self._stopping.set()
        try:
            self._jobs.put(None, timeout=patience)
        except queue.Full:
            return False
        self._thread.join(patience)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            store = self._open()
        except BaseException as error:
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        try:
            self._work(store)
        except BaseException as error:
            self._failed(error)
        finally:
            self._refuse_the_rest()
            close = getattr(store, "close", None)
            if close is not None:
                try:
                    close()
                except Exception as error:
                    _log.error("the %s did not close well: %s", self._name, error)

    def _work(self, store: S) -> None:
        while True:
            self._beat()
            self._idle(store)
            self._get_over(store)
            try:
                entry = self._jobs.get(timeout=BEAT)
            except queue.Empty:
                continue
            if entry is None:
                return
            job, done = entry
            if done is not None and not done.set_running_or_notify_cancel():
                continue
            try:
                result = job(store)
            except Exception as error:
                if isinstance(error, StoreError):
                    self._tried_at, self.fault = time.monotonic(), str(error)
                if done is not None:
                    done.set_exception(error)
                elif isinstance(error, EdgeFaceError):
                    _log.error("an event was not written: %s", error)
                else:
                    _log.exception("an event was not written")
                continue
            if done is not None:
                done.set_result(result)
            else:
                self.fault = ""

    def _get_over(self, store: S) -> None:
        """Does the disk take something again? Then the fault is over; else it is tried again later, and nothing is said twice."""
        now = time.monotonic()
        if not self.fault or self._prove is None or now - self._tried_at < PROVE:
            return
        self._tried_at = now
        try:
            self._prove(store)
        except StoreError as error:
            self.fault = str(error)
        else:
            self.fault = ""

    def _refuse_the_rest(self) -> None:
        while True:
            try:
                entry = self._jobs.get_nowait()
            except queue.Empty:
                return
            if entry is not None and entry[1] is not None and entry[1].set_running_or_notify_cancel():
                entry[1].set_exception(ServiceError("the daemon is stopping"))
