"""Visitors: a name, an end, so many entries, and a code that is shown once."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edge_face.errors import EdgeFaceError
from edge_face.kiosk.acting import act, ask, page, wrong_of
from edge_face.kiosk.forms import form_of
from edge_face.kiosk.pages import Page
from edge_face.kiosk.rendering import redirect
from edge_face.kiosk.showing import Shower
from edge_face.kiosk.site import settings_of
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

VISITORS = "/visitors"


async def show(request: Request) -> Response:
    return await _visitors(request)


async def _visitors(request: Request, problem: str = "", **more: Any) -> Response:
    answer = await ask(request, "schedule.show")
    return page(request, "owner/visitors.html", problem=problem, table=answer,
                visitors=answer["visitors"], **more)


async def add(request: Request) -> Response:
    """The code is in the answer this once, so the page shows it at once instead of going on."""
    form, shower = await form_of(request), Shower(settings_of(request))
    try:
        uses = form.integer("uses", _("Entries"))
        changes: dict[str, Any] = {"since": shower.read(form.text("since")), "until": shower.read(form.text("until"), end=True),
                                   "schedules": form.many("schedules")}
        changes = {key: value for key, value in changes.items() if value}
        answer = await ask(request, "schedule.visitor", label=form.text("label"), uses=uses, changes=changes)
    except EdgeFaceError as error:
        return await _visitors(request, wrong_of(error))
    return await _visitors(request, made=answer)


async def remove(request: Request) -> Response:
    form = await form_of(request)
    return await act(request, "schedule.visitor_remove", {"who": form.text("who")}, then=VISITORS,
                     notice=_("The visitor was removed: the code opens nothing any more."), again=_visitors)


async def clear(request: Request) -> Response:
    try:
        answer = await ask(request, "schedule.visitor_clear")
    except EdgeFaceError as error:
        return await _visitors(request, wrong_of(error))
    return redirect(request, VISITORS, notice=_("Removed: %(count)s", count=len(answer["removed"])))


PAGES: tuple[Page, ...] = (
    Page(VISITORS, show, role=Role.HELPER),
    Page(VISITORS, add, ("POST",), role=Role.HELPER, fresh=True),
    Page("/visitors/remove", remove, ("POST",), role=Role.HELPER),
    Page("/visitors/clear", clear, ("POST",), role=Role.HELPER),
)
