"""When the door lets whom in: hours, groups, holidays, stricter hours, and the limits of one person."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edge_face.errors import EdgeFaceError
from edge_face.kiosk.acting import act, ask, page, wrong_of
from edge_face.kiosk.forms import Form, form_of
from edge_face.kiosk.pages import Page
from edge_face.kiosk.showing import Shower
from edge_face.kiosk.site import settings_of
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role
from edge_face.settings import ACTIONS, ASSURANCES

HOURS = "/hours"


async def show(request: Request) -> Response:
    return await _hours(request)


async def _hours(request: Request, problem: str = "") -> Response:
    return page(request, "owner/hours.html", problem=problem, levels=ASSURANCES,
                table=await ask(request, "schedule.show"))


async def change(request: Request) -> Response:
    """One of the forms of the page; which one says `what`."""
    form = await form_of(request)
    what = form.choice("what", tuple(_CHANGES))
    command, arguments = _CHANGES[what](form)
    return await act(request, command, arguments, then=HOURS, notice=_("The hours were changed."), again=_hours)


def _set(form: Form) -> tuple[str, dict[str, Any]]:
    holidays = form.text("on_holidays")
    return "schedule.set", {"name": form.text("name"), "hours": form.text("hours") or None, "on_holidays": holidays or None}


_CHANGES: dict[str, Callable[[Form], tuple[str, dict[str, Any]]]] = {
    "set": _set,
    "remove": lambda form: ("schedule.remove", {"name": form.text("name")}),
    "group": lambda form: ("schedule.group", {"name": form.text("name"), "schedules": form.many("schedules")}),
    "holiday": lambda form: ("schedule.holiday", {"first": form.text("first"), "last": form.text("last") or None,
                                                  "name": form.text("name")}),
    "workday": lambda form: ("schedule.workday", {"first": form.text("first")}),
}


async def hold_open(request: Request) -> Response:
    """When the door stands released for everybody."""
    form = await form_of(request)
    return await act(request, "schedule.hold_open", {"hours": form.text("hours")}, then=HOURS, again=_hours,
                     notice=_("When the door stands open was changed."))


async def reset(request: Request) -> Response:
    """Drops hours that are damaged."""
    return await act(request, "schedule.reset", {}, then=HOURS, notice=_("The damaged hours are gone: set them anew."), again=_hours)


async def level(request: Request) -> Response:
    """In these hours a grant rests on another level."""
    form = await form_of(request)
    return await act(request, "schedule.assurance", {"level": form.text("level"), "hours": form.text("hours")}, then=HOURS,
                     notice=_("What is asked for in these hours was changed."), again=_hours)


async def clock(request: Request) -> Response:
    """The owner says that the clock is right."""
    answer = await ask(request, "clock.show")
    return await act(request, "clock.set", {"wall": answer["wall"]}, then=HOURS, notice=_("The door believes its clock now."), again=_hours)


async def limits(request: Request) -> Response:
    return await _limits(request)


async def _limits(request: Request, problem: str = "") -> Response:
    who = request.path_params["who"]
    return page(request, "owner/limits.html", problem=problem,
                person=await ask(request, "people.show", who=who), table=await ask(request, "schedule.show"), levels=ASSURANCES,
                actions=ACTIONS)


async def limit(request: Request) -> Response:
    who, form, shower = request.path_params["who"], await form_of(request), Shower(settings_of(request))
    try:
        changes: dict[str, Any] = {"schedules": form.many("schedules"), "groups": form.many("groups"),
                                   "since": shower.read(form.text("since")), "until": shower.read(form.text("until"), end=True)}
    except EdgeFaceError as error:
        return await _limits(request, wrong_of(error))
    return await act(request, "schedule.person", {"who": who, "changes": changes}, then=f"/people/{who}",
                     notice=_("When this person may enter was changed."), again=_limits)


async def assure(request: Request) -> Response:
    """What is asked of one person in place of the door's."""
    who, form = request.path_params["who"], await form_of(request)
    try:
        changes: dict[str, Any] = {"assurance": form.text("assurance") or None, "actions": form.many("actions") or None,
                                   "release": form.number("release", _("Seconds")), "minor": form.ticked("minor"),
                                   "guardian": form.text("guardian") or None}
    except EdgeFaceError as error:
        return await _limits(request, wrong_of(error))
    return await act(request, "people.assure", {"who": who, "changes": changes}, then=f"/people/{who}",
                     notice=_("What is asked of this person was changed."), again=_limits)


PAGES: tuple[Page, ...] = (
    Page(HOURS, show),
    Page(HOURS, change, ("POST",), role=Role.OWNER),
    Page("/hours/open", hold_open, ("POST",), role=Role.OWNER, fresh=True),
    Page("/hours/reset", reset, ("POST",), role=Role.OWNER, fresh=True),
    Page("/hours/level", level, ("POST",), role=Role.OWNER, fresh=True),
    Page("/hours/clock", clock, ("POST",), role=Role.OWNER, fresh=True),
    Page("/people/{who}/limits", limits, role=Role.HELPER),
    Page("/people/{who}/limits", limit, ("POST",), role=Role.OWNER),
    Page("/people/{who}/assurance", assure, ("POST",), role=Role.OWNER, fresh=True),
)
