"""How the machine does: what it is made of, what is wrong, and when it was last backed up."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from edge_face.kiosk.acting import ask, page
from edge_face.kiosk.pages import Page
from edge_face.service.web.roles import Role


async def show(request: Request) -> Response:
    return page(request, "owner/health.html", health=await ask(request, "health"))


PAGES: tuple[Page, ...] = (Page("/health", show, role=Role.VIEWER),)
