"""What happened at the door: a list with filters, one event with its reasons, a table for a spreadsheet; attendance where it is on."""

from __future__ import annotations

import datetime
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from edge_face.errors import EdgeFaceError
from edge_face.kiosk.acting import act, ask, ask_or, page, wrong_of
from edge_face.kiosk.event_words import GROUPS, kind_word, whole
from edge_face.kiosk.forms import Form, form_of, query_of
from edge_face.kiosk.pages import Page
from edge_face.kiosk.reason_words import reason_word
from edge_face.kiosk.showing import Shower
from edge_face.kiosk.site import settings_of
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

SHOWN = 50
"""Events on one page."""
MOST_PAGES = 2000
"""Of one export: a hundred thousand events with 50 of them at a time."""
Filters = dict[str, Any]


async def list_(request: Request) -> Response:
    query, problem = query_of(request), ""
    try:
        filters = _filters(query, Shower(settings_of(request)))
        answer = await ask(request, "events.list", **filters, before=query.integer("before", "before"), limit=SHOWN)
    except EdgeFaceError as error:
        problem, filters = wrong_of(error), {}
        answer = await ask(request, "events.list", limit=SHOWN)
    people = await ask_or(request, {"people": []}, "people.list")
    return page(request, "owner/events.html", problem=problem, events=[whole(event) for event in answer["events"]],
                before=answer["before"], query=query, groups=GROUPS, kind_word=kind_word,
                reason_word=reason_word, people=people["people"][:500],
                carried=_carried(query), filtered=bool(filters))


async def show(request: Request) -> Response:
    event = await ask(request, "events.show", event=int(request.path_params["number"]))
    # A number of its own each time: a browser plays a film that it has played already only under another address.
    wanted = query_of(request).text("film")[:6]
    playing = int(wanted) if wanted.isascii() and wanted.isdigit() and event["recording"] and event["recording"]["frames"] else 0
    return page(request, "owner/event.html", event=whole(event), kind_word=kind_word, reason_word=reason_word, playing=playing)


async def export(request: Request) -> Response:
    """The same filters as a file; it is made while it is fetched, so that many events take no memory."""
    filters = _filters(query_of(request), Shower(settings_of(request)))
    first = await ask(request, "events.export", **filters)

    async def pieces() -> AsyncIterator[bytes]:
        answer = first
        for _page in range(MOST_PAGES):
            yield answer["csv"].encode("utf-8")
            if answer["before"] is None:
                return
            answer = await ask(request, "events.export", **filters, before=answer["before"])

    return _file(pieces(), "events")


async def attendance(request: Request) -> Response:
    return await _attendance(request)


async def _attendance(request: Request, problem: str = "") -> Response:
    query, answer = query_of(request), None
    since, until = query.text("since") or _month_ago(), query.text("until")
    if settings_of(request).kiosk.attendance:
        try:
            shower = Shower(settings_of(request))
            answer = await ask(request, "attendance.list", since=shower.read(since), until=shower.read(until, end=True))
        except EdgeFaceError as error:
            problem = wrong_of(error)
    return page(request, "owner/attendance.html", problem=problem, answer=answer, since=since,
                until=until)


async def attendance_export(request: Request) -> Response:
    query, shower = query_of(request), Shower(settings_of(request))
    answer = await ask(request, "attendance.export", since=shower.read(query.text("since")),
                       until=shower.read(query.text("until"), end=True))

    async def pieces() -> AsyncIterator[bytes]:
        yield answer["csv"].encode("utf-8")

    return _file(pieces(), "attendance")


async def attendance_consent(request: Request) -> Response:
    """That somebody agreed to being listed, or no longer does."""
    who, form = request.path_params["who"], await form_of(request)
    again: Callable[[Request, str], Awaitable[Response]] = _attendance
    return await act(request, "attendance.consent", {"who": who, "given": form.ticked("given")}, then=f"/people/{who}/consent",
                     notice=_("The consent was written down."), again=again)


def _filters(query: Form, shower: Shower) -> Filters:
    """Only what was asked for. Raises AccessError, UsageError."""
    group = query.text("kind")
    found = {"kinds": list(GROUPS[group].kinds) if group in GROUPS else [], "who": query.text("who"),
             "since": shower.read(query.text("since")), "until": shower.read(query.text("until"), end=True)}
    return {name: value for name, value in found.items() if value not in ("", None, [])}


def _carried(query: Form) -> dict[str, str]:
    """What a link to the next page takes along."""
    return {name: query.text(name) for name in ("kind", "who", "since", "until") if query.text(name)}


def _file(pieces: AsyncIterator[bytes], name: str) -> Response:
    today = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    return StreamingResponse(pieces, media_type="text/csv; charset=utf-8",
                             headers={"Content-Disposition": f'attachment; filename="{name}-{today}.csv"', "Cache-Control": "no-store"})


def _month_ago() -> str:
    return (datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=31)).strftime("%Y-%m-%d")


PAGES: tuple[Page, ...] = (
    Page("/events", list_),
    Page("/events/attendance", attendance, role=Role.OWNER),
    Page("/events/attendance.csv", attendance_export, role=Role.OWNER),
    Page("/events/export.csv", export, role=Role.OWNER),
    Page("/events/{number:int}", show),
    Page("/people/{who}/attendance", attendance_consent, ("POST",), role=Role.HELPER),
)
