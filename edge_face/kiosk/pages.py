"""What a page is: where it lies, who may see it, and what shows it. Both listeners are built from these, and from nothing else."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from edge_face.service.web.roles import Role

Endpoint = Callable[[Request], Awaitable[Response]]


class Listener(enum.Enum):
    """A page is on one listener and does not exist on the other."""

    KIOSK = "kiosk"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Page:
    """`role`: the least that may ask for it. `fresh`: the passphrase must have been given within the last minutes. `invited`: for whoever
    holds an invitation or a lasting link, in place of a login. `largest`: bytes of a request's body. `api`: belongs to /api/v1: answers
    errors as JSON and stands in the OpenAPI document."""

    path: str
    endpoint: Endpoint
    methods: tuple[str, ...] = ("GET",)
    listener: Listener = Listener.OWNER
    role: Role = Role.VIEWER
    fresh: bool = False
    invited: bool = False
    largest: int = 64 << 10
    api: bool = False

    @property
    def changes(self) -> bool:
        """Does asking for it change anything? Such a page needs the session's own token against forged requests."""
        return any(method not in ("GET", "HEAD") for method in self.methods)
