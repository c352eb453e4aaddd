"""What the door's tests share."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest


@pytest.fixture
def wait() -> Callable[[Callable[[], bool]], None]:
    """Waits until something is true that another thread does; fails after 20 s."""

    def until(true: Callable[[], bool]) -> None:
        for _ in range(4000):
            if true():
                return
            threading.Event().wait(0.005)
        raise AssertionError("it never came true")

    return until
