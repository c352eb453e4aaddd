"""Settings from a page: a form a section, what would change before anything is saved, and a restart of the door to put it in force."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from edge_face.errors import EdgeFaceError, UsageError
from edge_face.kiosk import settings_form
from edge_face.kiosk.acting import act, ask, page, wrong_of
from edge_face.kiosk.forms import Form, form_of, query_of
from edge_face.kiosk.pages import Page
from edge_face.kiosk.paths import safe_next
from edge_face.kiosk.rendering import redirect, url
from edge_face.kiosk.site import caller_of
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role
from edge_face.settings import section_names

SETTINGS = "/settings"
TRIES = 15
"""Times that the waiting page asks whether the door has started again, every two seconds."""


async def list_(request: Request) -> Response:
    answer = await ask(request, "settings.show")
    return page(request, "owner/settings.html", sections=settings_form.sections(), answer=answer,
                counts={name: sum(key.startswith(f"{name}.") for key in answer["overlay"]) for name in section_names()})


async def section(request: Request) -> Response:
    return await _section(request)


async def _section(request: Request, problem: str = "", form: Form | None = None) -> Response:
    name = _name_of(request)
    answer = await ask(request, "settings.show")
    values = answer["settings"][name]
    return page(request, "owner/settings_section.html", problem=problem, name=name,
                about=dict(settings_form.sections())[name], entries=_entries(name, answer), answer=answer, typed=form,
                closed=settings_form.closed_of(name, values, answer["closed"]))


async def diff(request: Request) -> Response:
    """What would change, checked as the file is: nothing is saved yet."""
    name, form = _name_of(request), await form_of(request)
    answer = await ask(request, "settings.show")
    changes: dict[str, Any] = settings_form.read(form, _entries(name, answer))
    changes |= {key: None for key in form.many("reset") if key in answer["overlay"]}
    if not changes:
        return await _section(request, _("Nothing is different from what holds now."))
    try:
        await ask(request, "settings.diff", changes=changes)
    except EdgeFaceError as error:
        return await _section(request, wrong_of(error), form)
    # An address of its own: it outlives the question for the passphrase and the back button.
    return redirect(request, url(f"{SETTINGS}/{name}/diff", changes=json.dumps(changes)))


async def differences(request: Request) -> Response:
    """What is about to be saved, and what holds now."""
    name, text = _name_of(request), query_of(request).whole("changes")
    try:
        found = await ask(request, "settings.diff", changes=changes_of(text))
    except EdgeFaceError as error:
        return await _section(request, wrong_of(error))
    return page(request, "owner/settings_diff.html", name=name, rows=found["rows"], changes=text,
                value_text=settings_form.value_text, back=f"{SETTINGS}/{name}")


async def save(request: Request) -> Response:
    _name_of(request)
    form = await form_of(request)
    return await act(request, "settings.save", {"changes": changes_of(form.whole("changes"))}, then=SETTINGS, again=_section,
                     notice=_("Saved. It holds as soon as the door has started again."))


async def restart(request: Request) -> Response:
    """GET says what it does; POST does it, then a page waits until the door is back."""
    if request.method == "GET":
        return page(request, "owner/restart.html", next=safe_next(query_of(request).text("next")))
    wanted = safe_next((await form_of(request)).text("next"))
    try:
        await ask(request, "daemon.restart")
    except EdgeFaceError as error:
        return page(request, "owner/restart.html", wrong_of(error), next=wanted)
    return redirect(request, url("/restarting", next=wanted))


async def restarting(request: Request) -> Response:
    """Waits, by loading itself again, until the door has started anew: it then knows nobody's login any more. While it does not answer,
    the page that says so comes back here by itself."""
    query = query_of(request)
    wanted, tries = safe_next(query.text("next")), query.integer("tries", "tries") or 0
    if caller_of(request).role is Role.NOBODY:
        return redirect(request, url("/login", next=wanted), notice=_("The door has started again: log in once more."))
    if tries >= TRIES:
        return redirect(request, wanted)
    return page(request, "owner/restarting.html", next=wanted, tries=tries + 1)


def changes_of(text: str) -> Mapping[str, Any]:
    """What the page of differences carries on. Raises UsageError; what it says is checked by the daemon again."""
    try:
        changes = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(_("what was to be saved cannot be read: begin again")) from error
    if not isinstance(changes, dict):
        raise UsageError(_("what was to be saved cannot be read: begin again"))
    return changes


def _entries(name: str, answer: Mapping[str, Any]) -> list[settings_form.Entry]:
    return settings_form.entries(name, answer["settings"][name], answer["closed"], answer["overlay"])


def _name_of(request: Request) -> str:
    name = str(request.path_params["section"])
    if name not in section_names():
        raise HTTPException(404)
    return name


PAGES: tuple[Page, ...] = (
    Page(SETTINGS, list_, role=Role.OWNER),
    Page("/settings/{section}", section, role=Role.OWNER),
    Page("/settings/{section}", diff, ("POST",), role=Role.OWNER),
    Page("/settings/{section}/diff", differences, role=Role.OWNER, fresh=True),
    Page("/settings/{section}/save", save, ("POST",), role=Role.OWNER, fresh=True),
    Page("/restart", restart, ("GET",), role=Role.OWNER, fresh=True),
    Page("/restart", restart, ("POST",), role=Role.OWNER, fresh=True),
    Page("/restarting", restarting, role=Role.NOBODY),
)
