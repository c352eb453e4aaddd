"""The first page after logging in: how the door stands, what wants looking at, what happened last."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from edge_face.kiosk.acting import ask, ask_or, page
from edge_face.kiosk.event_words import kind_word, whole
from edge_face.kiosk.pages import Page
from edge_face.kiosk.site import caller_of
from edge_face.service.web.roles import Role

LATEST = 8


async def overview(request: Request) -> Response:
    who = caller_of(request)
    people = await ask_or(request, {"people": [], "damaged": []}, "people.list")
    pending = await ask_or(request, {"pending": []}, "pending.list") if who.role >= Role.OWNER else {"pending": []}
    saved = await ask_or(request, {"restart": False}, "settings.show") if who.role >= Role.OWNER else {"restart": False}
    events = await ask_or(request, {"events": []}, "events.list", limit=LATEST)
    return page(request, "owner/overview.html", health=await ask(request, "health"), people=people, restart=saved.get("restart", False),
                again=[person for person in people["people"] if person["enrol_again"]][:LATEST], pending=len(pending["pending"]),
                events=[whole(event) for event in events["events"]], kind_word=kind_word)


PAGES: tuple[Page, ...] = (Page("/", overview),)
