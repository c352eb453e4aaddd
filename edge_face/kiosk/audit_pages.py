"""The audit log: its last records, and whether it is as it was written."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edge_face.errors import EdgeFaceError
from edge_face.kiosk.acting import ask, page, wrong_of
from edge_face.kiosk.event_words import kind_word
from edge_face.kiosk.forms import query_of
from edge_face.kiosk.pages import Page
from edge_face.service.web.roles import Role

SHOWN = 50


async def show(request: Request) -> Response:
    problem = ""
    tail: dict[str, Any] = {"records": []}
    try:
        before = query_of(request).integer("before", "before")
        tail = await ask(request, "audit.tail", last=SHOWN, before=before)
    except EdgeFaceError as error:
        problem = wrong_of(error)
    return page(request, "owner/audit.html", problem=problem, records=tail["records"],
                  shown=SHOWN, kind_word=kind_word, verdict=None)


async def verify(request: Request) -> Response:
    """Reads the whole log; a POST, since it takes a while."""
    verdict, problem = None, ""
    try:
        verdict = await ask(request, "audit.verify")
    except EdgeFaceError as error:
        problem = wrong_of(error)
    tail = await ask(request, "audit.tail", last=SHOWN)
    return page(request, "owner/audit.html", problem=problem, records=tail["records"],
                  shown=SHOWN, kind_word=kind_word, verdict=verdict)


PAGES: tuple[Page, ...] = (Page("/audit", show, role=Role.OWNER), Page("/audit/verify", verify, ("POST",), role=Role.OWNER))
