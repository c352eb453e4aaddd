"""Houses: one for the tests of a module that leave it as it was, and a factory for tests that want one of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kiosk_house import House


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """A door without a camera that knows Ben by name."""
    made = House()
    yield made
    made.close()


@pytest.fixture(scope="module")
def filmed_house() -> Iterator[House]:
    """A door that sees the bundled clip in a loop and knows ben's face."""
    made = House(clip="door", faces=("ben",), people=())
    yield made
    made.close()


@pytest.fixture
def new_house() -> Iterator[Callable[..., House]]:
    """Makes houses with settings and people of their own; each is taken down after the test."""
    made: list[House] = []

    def make(*args: Any, **keys: Any) -> House:
        made.append(House(*args, **keys))
        return made[-1]

    yield make
    for one in made:
        one.close()
