"""The two web applications: one for each listener, made of the pages that name it and of nothing else."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from edge_face.kiosk import failures
from edge_face.kiosk.cookies import SESSION, keep_visit, read_cookie
from edge_face.kiosk.guard import guarded, tell_language
from edge_face.kiosk.link import Link
from edge_face.kiosk.pages import Listener, Page
from edge_face.kiosk.site import Site, site_of
from edge_face.kiosk.tls import Certificates
from edge_face.kiosk.walls import Walls
from edge_face.settings import Settings

PAGE_MODULES = (
    "static_files", "kiosk_pages", "stream_pages", "trust_pages", "login_pages", "first_run_pages", "overview_pages", "people_pages",
    "codes_pages", "hours_pages", "visitors_pages", "events_pages", "recording_pages", "door_pages", "live_pages", "health_pages",
    "settings_pages", "models_pages", "backup_pages", "audit_pages", "accounts_pages", "enrol_pages", "join_pages", "mine_pages",
    "pending_pages", "metrics_pages", "api_pages")
"""Each has `PAGES`."""


def all_pages() -> tuple[Page, ...]:
    """Every page of both listeners."""
    return tuple(page for name in PAGE_MODULES for page in importlib.import_module(f"edge_face.kiosk.{name}").PAGES)


def make_app(settings: Settings, listener: Listener, link: Link, *, secure: bool = False, hosts: Iterable[str] = (),
             certificates: Certificates | None = None, pages: tuple[Page, ...] | None = None) -> Walls:
    """A listener's application. `secure`: reached by TLS. `hosts`: names of this machine, beside `localhost`, that browsers may use.
    `pages`: in place of all (tests)."""
    # A stranger's picture stays in memory, bounded by its page, and never lies on the card.
    MultiPartParser.spool_max_size = 64 << 20
    chosen = [page for page in (all_pages() if pages is None else pages) if page.listener is listener]
    site = Site(settings, listener, link, secure, frozenset(hosts), frozenset(page.path for page in chosen), certificates)
    routes = [Route(page.path, guarded(page), methods=list(page.methods), name=f"{' '.join(page.methods)} {page.path}") for page in chosen]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _lost})
    app.router.redirect_slashes = False
    app.state.site = site
    return Walls(app, site)


async def _lost(request: Request, error: Exception) -> Response:
    """No page, or not asked in this way."""
    tell_language(request)
    if site_of(request).listener is Listener.OWNER:
        request.state.token = read_cookie(request, SESSION)
    response = await failures.answer(request, error)
    if response.status_code == 405:  # a path may have several pages, each with its own ways of asking
        ways = [route.methods or () for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
        response.headers["Allow"] = ", ".join(sorted(set().union(*ways)))
    keep_visit(request, response)
    return response
