"""The people of the door: everybody in a list, and one person with consents, limits and what may be done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edge_face.errors import EdgeFaceError
from edge_face.kiosk.acting import act, ask, ask_or, page, wrong_of
from edge_face.kiosk.forms import form_of, query_of
from edge_face.kiosk.pages import Page
from edge_face.kiosk.reason_words import reason_word
from edge_face.kiosk.rendering import redirect
from edge_face.kiosk.site import caller_of
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

SHOWN = 50
"""People on one page."""
STATES = ("pending", "active", "suspended")


async def list_(request: Request) -> Response:
    query = query_of(request)
    wanted, state = query.text("q")[:80], query.text("state")
    first = _whole(query.text("from"))
    if state in STATES:
        answer = await ask(request, "people.list", match=wanted)
        found = [person for person in answer["people"] if person["state"] == state]
        people, total = found[first:first + SHOWN], len(found)
    else:
        answer = await ask(request, "people.list", match=wanted, offset=first, limit=SHOWN)
        people, total = answer["people"], answer["total"]
    pairs = await ask_or(request, {"pairs": []}, "people.pairs")
    return page(request, "owner/people.html", people=people, total=total, first=first, shown=SHOWN, wanted=wanted,
                state=state if state in STATES else "", states=STATES, answer=answer, pairs=pairs["pairs"][:SHOWN])


async def show(request: Request) -> Response:
    return await _person(request)


async def _person(request: Request, problem: str = "") -> Response:
    who = request.path_params["who"]
    person = await ask(request, "people.show", who=who)
    codes = await ask_or(request, {"codes": []}, "codes.list")
    may = await ask_or(request, None, "schedule.test", who=who)
    greeted = await ask_or(request, None, "people.greet", who=who) if caller_of(request).role >= Role.HELPER else None
    return page(request, "owner/person.html", person=person, may=may, reason_word=reason_word, greeted=greeted, problem=problem,
                codes=[row for row in codes["codes"] if row["id"] == person["id"]])


async def rename(request: Request) -> Response:
    who, form = request.path_params["who"], await form_of(request)
    return await act(request, "people.rename", {"who": who, "name": form.text("name")}, then=f"/people/{who}",
                     notice=_("The name was changed."), again=_person)


async def state(request: Request) -> Response:
    """Sets somebody aside, or takes them in again."""
    who, form = request.path_params["who"], await form_of(request)
    if form.choice("to", ("suspended", "active")) == "suspended":
        return await act(request, "people.suspend", {"who": who}, then=f"/people/{who}", again=_person,
                         notice=_("Set aside: the door neither recognises nor shows this person until you take them in again."))
    return await act(request, "people.activate", {"who": who}, then=f"/people/{who}", notice=_("The door knows this person again."),
                     again=_person)


async def consent(request: Request) -> Response:
    """GET: what giving or taking back would mean; POST does it."""
    if request.method == "GET":
        return await _consent(request)
    who, form = request.path_params["who"], await form_of(request)
    question, answer = form.choice("question", ("recognise", "show", "pictures")), form.choice("answer", ("give", "withdraw"))
    arguments: dict[str, Any] = {"who": who, answer: [question]}
    return await act(request, "people.consent", arguments, then=f"/people/{who}/consent", notice=_("The consent was written down."),
                     again=_consent)


async def _consent(request: Request, problem: str = "") -> Response:
    person = await ask(request, "people.show", who=request.path_params["who"])
    return page(request, "owner/consent.html", person=person, problem=problem)


async def greeting(request: Request) -> Response:
    """What the door says to whoever is let in; only with the consent to be greeted by it."""
    who, form = request.path_params["who"], await form_of(request)
    return await act(request, "people.greet", {"who": who, "text": form.text("text")}, then=f"/people/{who}",
                     notice=_("The greeting was changed."), again=_person)


async def forget(request: Request) -> Response:
    """GET says what goes and what stays; POST erases."""
    who = request.path_params["who"]
    if request.method == "GET":
        return await _forget(request)
    person = await ask(request, "people.show", who=who)
    form = await form_of(request)
    if not form.ticked("sure"):
        return await _forget(request, _("Tick the box first: this cannot be taken back."))
    try:
        await ask(request, "people.forget", who=person["id"])
    except EdgeFaceError as error:
        return await _forget(request, wrong_of(error))
    return redirect(request, "/people", notice=_("%(name)s was forgotten.", name=person["name"]))


async def _forget(request: Request, problem: str = "") -> Response:
    person: Mapping[str, Any] = await ask(request, "people.show", who=request.path_params["who"])
    codes = await ask_or(request, {"codes": []}, "codes.list")
    return page(request, "owner/forget.html", person=person, problem=problem,
                codes=[row for row in codes["codes"] if row["id"] == person["id"]])


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


PAGES: tuple[Page, ...] = (
    Page("/people", list_),
    Page("/people/{who}", show),
    Page("/people/{who}/name", rename, ("POST",), role=Role.HELPER),
    Page("/people/{who}/state", state, ("POST",), role=Role.HELPER),
    Page("/people/{who}/consent", consent, ("GET",), role=Role.HELPER),
    Page("/people/{who}/consent", consent, ("POST",), role=Role.HELPER),
    Page("/people/{who}/greeting", greeting, ("POST",), role=Role.HELPER),
    Page("/people/{who}/forget", forget, ("GET",), role=Role.OWNER, fresh=True),
    Page("/people/{who}/forget", forget, ("POST",), role=Role.OWNER, fresh=True),
)
