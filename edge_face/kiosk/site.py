"""What a listener's pages share, and what one request knows: the settings, the way to the daemon, who asks, in which language."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from edge_face.kiosk.pages import Listener
from edge_face.service.web.roles import Role
from edge_face.settings import Settings

if TYPE_CHECKING:
    from edge_face.kiosk.link import Link
    from edge_face.kiosk.tls import Certificates


@dataclass(slots=True)
class Site:
    """One listener. `secure`: reached by TLS. `hosts`: names by which browsers may reach it. `paths`: of the pages that it has.
    `certificates`: where it is on the network. `asked`: when (monotonic) the daemon was asked last what its owner set on a page.
    `receiving`: large bodies that come in just now, by their pages' roles. `closing`: what is called when it ends."""

    settings: Settings
    listener: Listener
    link: Link
    secure: bool = False
    hosts: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()
    certificates: Certificates | None = None
    asked: float = -math.inf
    receiving: Counter[Role] = field(default_factory=Counter)
    closing: list[Callable[[], Awaitable[None]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks, as the daemon says. `claimed`: is there an owner at all? None: it was not asked. `idle`: seconds until the logout."""

    role: Role = Role.NOBODY
    name: str = ""
    fresh: bool = False
    claimed: bool | None = None
    idle: float = 0.0


def site_of(request: Request) -> Site:
    """The listener that a request came in by."""
    site: Site = request.app.state.site
    return site


def settings_of(request: Request) -> Settings:
    """The settings that the web process was started with."""
    return site_of(request).settings


def link_of(request: Request) -> Link:
    """The way to the daemon."""
    return site_of(request).link


def token_of(request: Request) -> str:
    """The session's token, "" where nobody is logged in. Never shown or logged."""
    return str(getattr(request.state, "token", ""))


def caller_of(request: Request) -> Who:
    """Who asks; found before the page runs."""
    who: Who = getattr(request.state, "who", Who())
    return who


def language_of(request: Request) -> str:
    """The language that the page is shown in."""
    return str(getattr(request.state, "language", "en"))


async def ask(request: Request, command: str, /, **arguments: Any) -> Any:
    """Asks the daemon in the name of whoever asks the page."""
    return await link_of(request).ask(command, token=token_of(request), **arguments)


async def find_caller(request: Request, token: str) -> Who:
    """Asks the daemon who it is."""
    answer = await link_of(request).ask("session.who", token=token)
    return Who(Role[str(answer["role"]).upper()], str(answer.get("name", "")), answer.get("fresh") is True,
               answer.get("claimed") is True, float(answer.get("idle") or 0.0))
