"""The page beside the door."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from edge_face.kiosk.pages import Listener, Page
from edge_face.kiosk.rendering import render
from edge_face.service.web.roles import Role


async def kiosk(request: Request) -> Response:
    """The page itself: a shell without anything of the daemon, so that it also stands while that is down."""
    return render(request, "kiosk/kiosk.html")


PAGES = (Page("/", kiosk, listener=Listener.KIOSK, role=Role.NOBODY),)
