"""A person's own page, by their lasting link: what is kept of them, and taking back what they agreed to. No login, no way to a door."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edge_face.errors import EdgeFaceError
from edge_face.kiosk.acting import ask, page, wrong_of
from edge_face.kiosk.forms import form_of, query_of
from edge_face.kiosk.pages import Page
from edge_face.kiosk.qr import link_to
from edge_face.kiosk.rendering import redirect
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

QUESTIONS = ("recognise", "show", "pictures", "attendance")


async def mine(request: Request) -> Response:
    return await _mine(request)


async def _mine(request: Request, problem: str = "") -> Response:
    try:
        person = await ask(request, "lasting.show", secret=_secret(request))
    except EdgeFaceError as error:
        return page(request, "enrol/mine_over.html", wrong_of(error), erased=False)
    return page(request, "enrol/mine.html", problem, person=person, secret=_secret(request), new=query_of(request).ticked("new"),
                link=link_to(request, f"/mine/{_secret(request)}"))


async def withdraw(request: Request) -> Response:
    """GET of what it means to take back being recognised; POST does it."""
    secret = _secret(request)
    if request.method == "GET":
        try:
            person = await ask(request, "lasting.show", secret=secret)
        except EdgeFaceError as error:
            return page(request, "enrol/mine_over.html", wrong_of(error), erased=False)
        return page(request, "enrol/mine_sure.html", person=person, secret=secret)
    form = await form_of(request)
    try:
        await ask(request, "lasting.withdraw", secret=secret, questions=[form.choice("question", QUESTIONS)])
    except EdgeFaceError as error:
        return await _mine(request, wrong_of(error))
    return redirect(request, f"/mine/{secret}", _("Taken back. It holds from now on."))


async def give(request: Request) -> Response:
    try:
        await ask(request, "lasting.give", secret=_secret(request))
    except EdgeFaceError as error:
        return await _mine(request, wrong_of(error))
    return redirect(request, f"/mine/{_secret(request)}", _("Agreed: you may be seen sharp in pictures of this door."))


async def greeting(request: Request) -> Response:
    try:
        await ask(request, "lasting.greet", secret=_secret(request), text=(await form_of(request)).text("text"))
    except EdgeFaceError as error:
        return await _mine(request, wrong_of(error))
    return redirect(request, f"/mine/{_secret(request)}", _("The greeting was changed."))


async def forget(request: Request) -> Response:
    form = await form_of(request)
    if not form.ticked("sure"):
        return await _mine(request, str(_("Tick the box first: this cannot be taken back.")))
    try:
        await ask(request, "lasting.forget", secret=_secret(request))
    except EdgeFaceError as error:
        return await _mine(request, wrong_of(error))
    return page(request, "enrol/mine_over.html", erased=True)


def _secret(request: Request) -> str:
    return str(request.path_params["secret"])[:200]


def _page(path: str, endpoint: Any, method: str = "GET") -> Page:
    return Page(f"/mine/{{secret}}{path}", endpoint, (method,), role=Role.NOBODY, invited=True)


PAGES: tuple[Page, ...] = (
    _page("", mine), _page("/withdraw", withdraw), _page("/withdraw", withdraw, "POST"), _page("/give", give, "POST"),
    _page("/greeting", greeting, "POST"),
    _page("/forget", forget, "POST"))
