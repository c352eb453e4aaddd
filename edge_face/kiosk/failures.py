"""Errors as pages: the daemon's own sentence with a fitting status, the way to the login, and a page that comes back by itself while the
daemon is down."""

from __future__ import annotations

import logging
import traceback
from urllib.parse import quote, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge_face.errors import (
    DaemonDownError,
    EdgeFaceError,
    ForbiddenError,
    FreshNeededError,
    LoginNeededError,
    ServiceError,
    StoreError,
    TooManyTriesError,
    WrongPassphraseError,
)
from edge_face.kiosk.cookies import log_out
from edge_face.kiosk.pages import Listener, Page
from edge_face.kiosk.paths import safe_next
from edge_face.kiosk.rendering import redirect, render
from edge_face.kiosk.site import caller_of, find_caller, site_of, token_of
from edge_face.kiosk.words import _
from edge_face.service.log import fields

_log = logging.getLogger("edge_face.kiosk")

_WORDS = {
    400: _("This cannot be done as it was asked."),
    401: _("You are not logged in."),
    403: _("You may not do this."),
    404: _("There is no such page."),
    405: _("This page is not asked in this way."),
    408: _("Nothing came for too long."),
    409: _("This cannot be done now."),
    413: _("This is too long."),
    429: _("Too many tries."),
    500: _("These pages met a fault of their own."),
    503: _("The door's own program does not answer."),
}


_STATUSES = ((LoginNeededError, 401), (WrongPassphraseError, 401), (FreshNeededError, 403), (ForbiddenError, 403), (TooManyTriesError, 429),
             (DaemonDownError, 503), (StoreError, 503), (ServiceError, 409), (EdgeFaceError, 400))
"""The first that fits."""


class StaleFormError(ForbiddenError):
    """A form that no page of this session can have sent."""


def too_long(largest: int) -> str:
    """What a body is told that is longer than its page takes."""
    return f"at most {largest} bytes can be sent here"


def status_of(error: Exception) -> int:
    """The HTTP status of an error."""
    if isinstance(error, HTTPException):
        return error.status_code
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


async def answer(request: Request, error: Exception) -> Response:
    """The page that says what was wrong, or leads where it can be mended."""
    status = status_of(error)
    if status == 500:
        _tell(request, error)
    page: Page | None = getattr(request.state, "page", None)
    if _wants_json(request, page):
        return _as_json(error, status)
    if isinstance(error, LoginNeededError):
        return await _to_login(request)
    if isinstance(error, FreshNeededError) and not isinstance(error, StaleFormError):
        notice = "" if request.method in ("GET", "HEAD") else _("Give your passphrase, then do it once more: nothing was done yet.")
        return redirect(request, f"/again?next={quote(here(request), safe='')}", notice, "bad")
    if isinstance(error, DaemonDownError):
        response = render(request, "down.html", status_code=503, problem=str(error), asked=request.method in ("GET", "HEAD"))
        response.headers["Retry-After"] = "3"
        return response
    title = _WORDS.get(status, _WORDS[400])
    sentence = str(error) if isinstance(error, EdgeFaceError) else _detail(error)
    back = "/" if request.method in ("GET", "HEAD") else here(request, "/")
    response = render(request, "failure.html", status_code=status, title=title, problem=sentence, back=back)
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response


async def _to_login(request: Request) -> Response:
    if site_of(request).listener is Listener.KIOSK:
        return render(request, "failure.html", status_code=401, title=_WORDS[401], problem="", back="/")
    claimed = caller_of(request).claimed
    if claimed is None:
        claimed = await _claimed(request)
    address = "/claim" if claimed is False else f"/login?next={quote(here(request), safe='')}"
    if not token_of(request):
        return redirect(request, address)
    return log_out(request, redirect(request, address, _("You were logged out: log in again."), "bad"))


async def _claimed(request: Request) -> bool:
    try:
        return (await find_caller(request, "")).claimed is not False
    except EdgeFaceError:
        return True


def here(request: Request, default: str = "/") -> str:
    """This page; of a form, the page that it stands on (what was typed is not sent twice)."""
    if request.method in ("GET", "HEAD"):
        return safe_next(request.url.path + (f"?{request.url.query}" if request.url.query else ""), default)
    try:
        came = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return default
    if came.netloc != request.headers.get("host"):
        return default
    return safe_next(came.path + (f"?{came.query}" if came.query else ""), default)


def _wants_json(request: Request, page: Page | None) -> bool:
    if (page is not None and page.api) or request.url.path.startswith("/api/"):
        return True
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def _as_json(error: Exception, status: int) -> Response:
    sentence = str(error) if isinstance(error, EdgeFaceError) else _detail(error) or str(_WORDS.get(status, _WORDS[400]))
    headers = {"Retry-After": "3"} if status == 503 else dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    kind = type(error).__name__ if isinstance(error, EdgeFaceError) else "HTTPException" if isinstance(error, HTTPException) else "Error"
    return JSONResponse({"error": {"kind": kind, "message": sentence}}, status, headers)


def _detail(error: Exception) -> str:
    """Starlette's own details are the names of the statuses, which say nothing to people."""
    if not isinstance(error, HTTPException):
        return ""
    return error.detail if error.status_code in (400, 413) else ""


def _tell(request: Request, error: Exception) -> None:
    """Where it happened and what kind it was; not its text: that may hold what somebody typed."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else "?"
    page: Page | None = getattr(request.state, "page", None)
    _log.error("a page failed", extra=fields(page=page.path if page else "?", method=request.method, error=type(error).__name__, at=place))
    _log.debug("it was", exc_info=error)  # for tests: no log of a running door goes so deep
