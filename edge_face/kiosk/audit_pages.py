"""The audit log: its last records, and whether it is as it was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edge_face.errors import EdgeFaceError
from edge_face.kiosk.acting import ask, page, wrong_of
from edge_face.kiosk.audit_words import record_word
from edge_face.kiosk.forms import query_of
from edge_face.kiosk.pages import Page
from edge_face.service.web.roles import Role

SHOWN = 50


async def show(request: Request) -> Response:
    try:
        tail = await ask(request, "audit.tail", last=SHOWN, before=query_of(request).integer("before", "before"))
    except EdgeFaceError as error:
        return _page(request, wrong_of(error))
    return _page(request, tail=tail)


async def verify(request: Request) -> Response:
    """Reads the whole log; a POST, since it takes a while."""
    try:
        verdict = await ask(request, "audit.verify")
        tail = await ask(request, "audit.tail", last=SHOWN)
    except EdgeFaceError as error:
        return _page(request, wrong_of(error))
    return _page(request, tail=tail, verdict=verdict)


def _page(request: Request, problem: str = "", tail: Mapping[str, Any] | None = None, verdict: Any = None) -> Response:
    shown = tail or {"records": [], "before": None}
    return page(request, "owner/audit.html", problem, records=shown["records"], before=shown["before"], record_word=record_word,
                verdict=verdict)


PAGES: tuple[Page, ...] = (Page("/audit", show, role=Role.OWNER), Page("/audit/verify", verify, ("POST",), role=Role.OWNER))
