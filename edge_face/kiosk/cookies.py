"""Cookies: the session's token, the visit (what forms of somebody not logged in are bound to), the language, a note for the next page.

None is readable by scripts, none leaves with a request that another site began. With TLS their names begin with `__Host-`: a browser
then takes them from this host alone, for all of it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from starlette.requests import Request
from starlette.responses import Response

from edge_face.kiosk.pages import Listener
from edge_face.kiosk.site import site_of, token_of

SESSION, VISIT, LANGUAGE, NOTE = "edge_face_session", "edge_face_visit", "edge_face_language", "edge_face_note"
_YEAR = 365 * 86_400
_TOKEN = re.compile(r"[A-Za-z0-9_\-]{16,256}")


def cookie_name(request: Request, name: str) -> str:
    """Browsers share cookies among the ports of a machine: the kiosk's have names of their own."""
    site = site_of(request)
    name = f"{name}_kiosk" if site.listener is Listener.KIOSK else name
    return f"__Host-{name}" if site.secure else name


def read_cookie(request: Request, name: str) -> str:
    """Its value, "" where it is missing or cannot be one of ours."""
    value = request.cookies.get(cookie_name(request, name), "")
    return value if _TOKEN.fullmatch(value) else ""


def set_cookie(request: Request, response: Response, name: str, value: str, seconds: int | None = None) -> None:
    """`seconds`: None for as long as the browser runs, 0 to take it away."""
    response.set_cookie(cookie_name(request, name), value, max_age=seconds, path="/", secure=site_of(request).secure, httponly=True,
                        samesite="strict")


def log_in(request: Request, response: Response, token: str) -> Response:
    """The browser keeps the session that the daemon opened."""
    set_cookie(request, response, SESSION, token)
    return response


def log_out(request: Request, response: Response) -> Response:
    """The browser forgets the session; the daemon was told by `session.logout`."""
    set_cookie(request, response, SESSION, "", 0)
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


def remember_language(request: Request, response: Response, language: str) -> None:
    """For a year, on this browser."""
    response.set_cookie(cookie_name(request, LANGUAGE), language, max_age=_YEAR, path="/", secure=site_of(request).secure, httponly=True,
                        samesite="strict")


def visit_of(request: Request) -> str:
    """The visit's own random word; made now where the browser brought none, and then sent along by `keep_visit`."""
    visit = str(getattr(request.state, "visit", "")) or read_cookie(request, VISIT)
    if not visit:
        visit = secrets.token_urlsafe(24)
        request.state.new_visit = True
    request.state.visit = visit
    return visit


def keep_visit(request: Request, response: Response) -> None:
    """Sends the visit's word to a browser that has none yet."""
    if getattr(request.state, "new_visit", False):
        set_cookie(request, response, VISIT, visit_of(request))


def csrf_of(request: Request) -> str:
    """What a form must bring along: known to this session's own pages alone (another site can neither read nor guess it)."""
    key = token_of(request) or visit_of(request)
    return hmac.new(key.encode(), b"edge-face form", hashlib.sha256).hexdigest()[:40]
