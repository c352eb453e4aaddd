"""Codes and cards of a person: who has what, new ones (shown this once), an authenticator app, taking them away."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edge_face.errors import EdgeFaceError
from edge_face.kiosk.acting import act, ask, page, wrong_of
from edge_face.kiosk.forms import Form, form_of
from edge_face.kiosk.pages import Page
from edge_face.kiosk.qr import qr_picture
from edge_face.kiosk.rendering import redirect
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

MOST = 500
"""Rows of the list; whoever has more looks at a person's own page."""
CARD_SECONDS = 30
"""For so long the door waits for the new card at its reader."""


async def everything(request: Request) -> Response:
    answer = await ask(request, "codes.list")
    return page(request, "owner/codes.html", rows=answer["codes"][:MOST], more=max(0, len(answer["codes"]) - MOST),
                damaged=answer["damaged"][:MOST])


async def show(request: Request) -> Response:
    return await _codes(request)


async def _codes(request: Request, problem: str = "", **more: Any) -> Response:
    person = await ask(request, "people.show", who=request.path_params["who"])
    answer = await ask(request, "codes.list")
    return page(request, "owner/person_codes.html", person=person, problem=problem,
                rows=[row for row in answer["codes"] if row["id"] == person["id"]],
                card_seconds=CARD_SECONDS, clock=await ask(request, "clock.show"), **more)


async def add(request: Request) -> Response:
    """A PIN that is made here or was chosen, or a card by its number."""
    who, form = request.path_params["who"], await form_of(request)
    what = form.choice("what", ("make", "pin", "card"))
    try:
        arguments = _given(form, what)
        if arguments is None:
            return await _codes(request, _("The two PINs are not the same: type them again."))
        answer = await ask(request, "codes.add", who=who, **arguments)
    except EdgeFaceError as error:
        return await _codes(request, wrong_of(error))
    if what == "card":
        return redirect(request, f"/people/{who}/codes", notice=_("The card was added."))
    if what == "pin":
        said = _("The PIN is set. At the keypad: %(number)s, then the PIN, then #.", number=answer["number"])
        return redirect(request, f"/people/{who}/codes", notice=said)
    return await _codes(request, made=answer)


def _given(form: Form, what: str) -> dict[str, Any] | None:
    if what == "make":
        return {"generate": form.integer("digits", _("Digits")) or 6}
    if what == "card":
        return {"card": form.text("card")}
    return {"pin": form.text("pin")} if form.text("pin") == form.text("again") else None


async def present(request: Request) -> Response:
    """The next card at the door's reader becomes this person's."""
    who = request.path_params["who"]
    return await act(request, "codes.present", {"who": who, "seconds": CARD_SECONDS}, then=f"/people/{who}/codes",
                     notice=_("The card was added."), again=_codes)


async def app(request: Request) -> Response:
    """A secret for an authenticator app, as a QR picture, this once."""
    who = request.path_params["who"]
    try:
        answer = await ask(request, "codes.totp", who=who)
    except EdgeFaceError as error:
        return await _codes(request, wrong_of(error))
    return page(request, "owner/app_code.html", answer=answer, who_id=who, picture=qr_picture(answer["uri"]))


async def confirm(request: Request) -> Response:
    who, form = request.path_params["who"], await form_of(request)
    return await act(request, "codes.confirm", {"who": who, "code": form.text("code").replace(" ", "")}, then=f"/people/{who}/codes",
                     notice=_("The app's codes count from now on."), again=_codes)


async def forced(request: Request) -> Response:
    """The PIN for whoever is forced to open: it opens, and tells in silence."""
    who, form = request.path_params["who"], await form_of(request)
    if form.text("pin") != form.text("again"):
        return await _codes(request, _("The two PINs are not the same: type them again."))
    return await act(request, "codes.duress", {"who": who, "pin": form.text("pin")}, then=f"/people/{who}/codes",
                     notice=_("The code for being forced is set. No page shows whether there is one."), again=_codes)


async def remove(request: Request) -> Response:
    who, form = request.path_params["who"], await form_of(request)
    return await act(request, "codes.remove", {"who": who, "what": form.text("what")}, then=f"/people/{who}/codes",
                     notice=_("It was taken away: it opens nothing any more."), again=_codes)


_WHO = "/people/{who}/codes"
PAGES: tuple[Page, ...] = (
    Page("/codes", everything, role=Role.HELPER),
    Page(_WHO, show, role=Role.HELPER, fresh=True),
    Page(_WHO, add, ("POST",), role=Role.HELPER, fresh=True),
    Page(f"{_WHO}/present", present, ("POST",), role=Role.HELPER, fresh=True),
    Page(f"{_WHO}/app", app, ("POST",), role=Role.HELPER, fresh=True),
    Page(f"{_WHO}/confirm", confirm, ("POST",), role=Role.HELPER, fresh=True),
    Page(f"{_WHO}/forced", forced, ("POST",), role=Role.HELPER, fresh=True),
    Page(f"{_WHO}/remove", remove, ("POST",), role=Role.HELPER, fresh=True),
)
