"""Who waits to be let in, what for, and the first pass at the door; invitations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge_face.errors import EdgeFaceError
from edge_face.kiosk.acting import act, ask, ask_or, page, wrong_of
from edge_face.kiosk.enrol_words import SOURCES, WHY, prompt_words, state_record
from edge_face.kiosk.forms import form_of, query_of
from edge_face.kiosk.kept import KEPT
from edge_face.kiosk.pages import Page
from edge_face.kiosk.qr import link_to, qr_picture
from edge_face.kiosk.rendering import redirect
from edge_face.kiosk.site import language_of, settings_of
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

WAIT = 4.0


async def pending(request: Request) -> Response:
    return await _pending(request)


async def _pending(request: Request, problem: str = "") -> Response:
    answer = await ask(request, "pending.list")
    return page(request, "enrol/pending.html", problem, pending=answer["pending"], days=answer["days"], sources=SOURCES, why=WHY)


async def approve(request: Request) -> Response:
    return await act(request, "pending.approve", {"who": request.path_params["who"]}, then="/pending", again=_pending,
                     notice=_("Approved. Now the person has to pass once at the door's own camera."))


async def refuse(request: Request) -> Response:
    """GET says what goes; POST erases."""
    who = request.path_params["who"]
    if request.method == "GET":
        return await _refuse(request)
    if not (await form_of(request)).ticked("sure"):
        return await _refuse(request, str(_("Tick the box first: this cannot be taken back.")))
    return await act(request, "pending.refuse", {"who": who}, then="/pending", notice=_("Erased: nothing is kept of this person."),
                     again=_pending)


async def _refuse(request: Request, problem: str = "") -> Response:
    rows = (await ask(request, "pending.list"))["pending"]
    row = next((row for row in rows if row["id"] == request.path_params["who"]), None)
    if row is None:
        return redirect(request, "/pending", _("This person does not wait any more."), "bad")
    return page(request, "enrol/refuse.html", problem, row=row)


async def first_pass(request: Request) -> Response:
    try:
        started = await ask(request, "pending.first_pass", who=request.path_params["who"])
    except EdgeFaceError as error:
        return await _pending(request, wrong_of(error))
    return redirect(request, f"/pending/pass/{started['id']}")


async def passing(request: Request) -> Response:
    """What the person before the door has to do."""
    session = request.path_params["id"]
    state = await ask_or(request, None, "enrol.state", id=session)
    if state is None:
        return redirect(request, "/pending", _("The time to pass is over: begin again."), "bad")
    return page(request, "enrol/pass.html", state=state, words=prompt_words(language_of(request), state["prompt"]), id=session)


async def passing_state(request: Request) -> Response:
    after = query_of(request).integer("after", "after")
    answer = await ask(request, "enrol.state", id=request.path_params["id"], after=-1 if after is None else after, wait=WAIT)
    return JSONResponse(state_record(language_of(request), answer))


async def stop_passing(request: Request) -> Response:
    await ask_or(request, None, "enrol.cancel", id=request.path_params["id"])
    return redirect(request, "/pending", _("Ended: nobody was let in by this."))


async def invitations(request: Request) -> Response:
    return await _invitations(request)


async def _invitations(request: Request, problem: str = "") -> Response:
    answer = await ask(request, "invite.list")
    given = query_of(request) if request.method == "GET" else await form_of(request)
    return page(request, "enrol/invitations.html", problem, invitations=answer["invitations"], name=given.text("name")[:80],
                hours=given.text("hours") or "24", reachable=settings_of(request).kiosk.owner_listen == "lan")


async def invite(request: Request) -> Response:
    """The link is shown for some minutes, to this login."""
    try:
        form = await form_of(request)
        made = await ask(request, "invite.new", name=form.text("name"), hours=form.number("hours", str(_("Hours"))) or 24.0)
    except EdgeFaceError as error:
        return await _invitations(request, wrong_of(error))
    shown = {name: made[name] for name in ("name", "until")}
    return redirect(request, f"/pending/invitations/made/{KEPT.keep(request, {'made': shown, 'link': link_to(request, _join(made))})}")


async def invited(request: Request) -> Response:
    kept = KEPT.fetch(request, request.path_params["word"])
    if kept is None:
        return redirect(request, "/pending/invitations", _("A link is shown for ten minutes only: withdraw it and make a new one."), "bad")
    return page(request, "enrol/invited.html", qr=qr_picture(kept["link"]), **kept)


def _join(made: Mapping[str, Any]) -> str:
    return f"/join/{made['secret']}"


async def withdraw(request: Request) -> Response:
    return await act(request, "invite.withdraw", {"id": request.path_params["id"]}, then="/pending/invitations",
                     notice=_("The invitation was withdrawn: its link leads nowhere any more."), again=_invitations)


async def own_link(request: Request) -> Response:
    """A new lasting link for a person; an older one ends."""
    try:
        answer = await ask(request, "lasting.new", who=request.path_params["who"])
    except EdgeFaceError as error:
        return await _pending(request, wrong_of(error))
    person = {name: answer[name] for name in ("id", "name")}
    word = KEPT.keep(request, {"person": person, "link": link_to(request, f"/mine/{answer['lasting']}")})
    return redirect(request, f"/pending/link/{word}")


async def own_link_shown(request: Request) -> Response:
    kept = KEPT.fetch(request, request.path_params["word"])
    if kept is None:
        return redirect(request, "/people")
    return page(request, "enrol/own_link.html", qr=qr_picture(kept["link"]), **kept)


PAGES: tuple[Page, ...] = (
    Page("/pending", pending, role=Role.HELPER),
    Page("/pending/invitations", invitations, role=Role.HELPER),
    Page("/pending/invitations", invite, ("POST",), role=Role.HELPER),
    Page("/pending/invitations/{id}/withdraw", withdraw, ("POST",), role=Role.HELPER),
    Page("/pending/invitations/made/{word}", invited, role=Role.HELPER),
    Page("/pending/link/{word}", own_link_shown, role=Role.HELPER),
    Page("/pending/pass/{id}", passing, role=Role.HELPER),
    Page("/pending/pass/{id}/state", passing_state, role=Role.HELPER),
    Page("/pending/pass/{id}/stop", stop_passing, ("POST",), role=Role.HELPER),
    Page("/pending/{who}/approve", approve, ("POST",), role=Role.OWNER, fresh=True),
    Page("/pending/{who}/refuse", refuse, role=Role.OWNER, fresh=True),
    Page("/pending/{who}/refuse", refuse, ("POST",), role=Role.OWNER, fresh=True),
    Page("/pending/{who}/pass", first_pass, ("POST",), role=Role.HELPER),
    Page("/pending/{who}/link", own_link, ("POST",), role=Role.HELPER),
)
