"""Who asks: the first login with the claim code that the device prints, logging in and out, and the passphrase once more."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from edge_face.errors import EdgeFaceError
from edge_face.kiosk.acting import ask, page, wrong_of
from edge_face.kiosk.cookies import log_in, log_out
from edge_face.kiosk.forms import Form, form_of, query_of
from edge_face.kiosk.pages import Page
from edge_face.kiosk.paths import safe_next
from edge_face.kiosk.rendering import redirect
from edge_face.kiosk.site import caller_of
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

SHORTEST = 12
"""Characters of a passphrase, as the daemon asks for them; it has the last word."""


async def claim(request: Request) -> Response:
    """The first owner: a code that only the device's own console shows."""
    if request.method == "GET":
        return await _claim(request)
    form = await form_of(request)
    if form.whole("passphrase") != form.whole("again"):
        return await _claim(request, _("The two passphrases are not the same: type them again."), form)
    try:
        answer = await ask(request, "session.claim", code=form.text("code"), name=form.text("name"), passphrase=form.whole("passphrase"))
    except EdgeFaceError as error:
        return await _claim(request, wrong_of(error), form)
    return log_in(request, redirect(request, "/first-run"), answer["token"])


async def _claim(request: Request, problem: str = "", form: Form | None = None) -> Response:
    return page(request, "owner/claim.html", problem=problem, form=form,
                claimed=(await ask(request, "session.who"))["claimed"], shortest=SHORTEST)


async def login(request: Request) -> Response:
    if request.method == "GET":
        if caller_of(request).role is not Role.NOBODY:
            return redirect(request, "/")
        if not (await ask(request, "session.who"))["claimed"]:
            return redirect(request, "/claim")
        return _login(request)
    form = await form_of(request)
    try:
        answer = await ask(request, "session.login", name=form.text("name"), passphrase=form.whole("passphrase"))
    except EdgeFaceError as error:
        return _login(request, wrong_of(error), form)
    return log_in(request, redirect(request, safe_next(form.text("next"))), answer["token"])


def _login(request: Request, problem: str = "", form: Form | None = None) -> Response:
    wanted = form or query_of(request)
    return page(request, "owner/login.html", problem=problem, form=form,
                next=safe_next(wanted.text("next")))


async def logout(request: Request) -> Response:
    await ask(request, "session.logout")
    return log_out(request, redirect(request, "/login", notice=_("You are logged out.")))


async def again(request: Request) -> Response:
    """The passphrase once more, before something that must not be done by whoever finds the browser open."""
    if request.method == "GET":
        return _again(request)
    form = await form_of(request)
    try:
        answer = await ask(request, "session.fresh", passphrase=form.whole("passphrase"))
    except EdgeFaceError as error:
        return _again(request, wrong_of(error), form)
    return log_in(request, redirect(request, safe_next(form.text("next"))), answer["token"])


def _again(request: Request, problem: str = "", form: Form | None = None) -> Response:
    wanted = form or query_of(request)
    return page(request, "owner/again.html", problem=problem, next=safe_next(wanted.text("next")))



PAGES: tuple[Page, ...] = (
    Page("/claim", claim, ("GET",), role=Role.NOBODY),
    Page("/claim", claim, ("POST",), role=Role.NOBODY),
    Page("/login", login, ("GET",), role=Role.NOBODY),
    Page("/login", login, ("POST",), role=Role.NOBODY),
    Page("/logout", logout, ("POST",)),
    Page("/again", again, ("GET",)),
    Page("/again", again, ("POST",)),
)
