"""Roles of the pages, and what a command for them is."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


class Role(enum.IntEnum):
    """From the least to the most."""

    NOBODY = 0
    """Whoever stands at the door, and who has not logged in."""
    VIEWER = 1
    """Sees events, health and the hidden picture."""
    HELPER = 2
    """Enrols people and gives codes as well."""
    OWNER = 3


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: `account` is the id of a login ("" where nobody is logged in); `token` that of the session, for commands on the session
    itself. Neither is ever shown or logged."""

    role: Role
    account: str = ""
    name: str = ""
    fresh: bool = False
    token: str = ""


Run = Callable[[Caller, Mapping[str, Any]], Any]
"""Gets who asks and the arguments; returns what JSON can hold; raises `EdgeFaceError`."""


@dataclass(frozen=True, slots=True)
class WebCommand:
    """`names`: the arguments that it takes; any other is refused before it runs. `fresh`: the passphrase must have been given again
    within the last minutes."""

    name: str
    role: Role
    run: Run
    names: tuple[str, ...] = ()
    fresh: bool = False
