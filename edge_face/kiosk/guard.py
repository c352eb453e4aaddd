"""Before a page runs: is whoever asks allowed to, did they say their passphrase lately, is the form our own, is it not too long?

The daemon checks each command once more and is the one that counts: this is so that people meet a login and not an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Iterator

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from edge_face.errors import ForbiddenError, FreshNeededError, LoginNeededError, ServiceError
from edge_face.kiosk import failures
from edge_face.kiosk.cookies import (
    LANGUAGE,
    SESSION,
    cookie_name,
    csrf_of,
    keep_visit,
    log_in,
    log_out,
    read_cookie,
    remember_language,
)
from edge_face.kiosk.languages import LANGUAGES, chosen
from edge_face.kiosk.pages import Endpoint, Listener, Page
from edge_face.kiosk.paths import safe_next
from edge_face.kiosk.public_settings import refresh
from edge_face.kiosk.site import Who, caller_of, find_caller, settings_of, site_of, token_of
from edge_face.service.web.roles import Role

__all__ = ["guarded", "log_in", "log_out", "safe_next"]

BODY_SECONDS = 60.0
"""For so long nothing of a request's body may come."""
MOST_FIELDS, MOST_FILES = 2000, 20
LONGEST_TOKEN = 256
LARGE, MOST_LARGE = 1 << 20, 3
"""Bytes from which a body is large, and how many of such are taken in at a time."""
STATIC = "/static/"


def guarded(page: Page) -> Endpoint:
    """The page's endpoint behind all checks; errors become pages in the reader's language."""

    async def endpoint(request: Request) -> Response:
        request = Request(request.scope, _bounded(request, page.largest))
        request.state.page = page
        tell_language(request)
        try:
            _insist_on_length(request, page.largest)
            await _admit(page, request)
            with _turn(request, page):
                await _insist_on_our_form(request, page)
                if page.fresh and not caller_of(request).fresh:
                    raise FreshNeededError("give your passphrase once more")
                response = await page.endpoint(request)
        except Exception as error:
            response = await failures.answer(request, error)
        finally:
            await request.close()
        keep_visit(request, response)
        if "lang" in request.query_params and site_of(request).listener is Listener.OWNER:
            remember_language(request, response, request.state.language)
        return response

    return endpoint


async def _admit(page: Page, request: Request) -> None:
    site = site_of(request)
    request.state.who, request.state.scripted = Who(), False
    if page.path.startswith(STATIC):
        return  # styles are for everybody, also while the daemon is down
    if site.listener is Listener.OWNER:
        request.state.token = _bearer(request) if page.api else ""
        # What no browser sends along by itself, no other site can have it send.
        request.state.scripted = page.api and (bool(token_of(request)) or not read_cookie(request, SESSION))
        request.state.token = token_of(request) or read_cookie(request, SESSION)
        # Where nobody need be logged in, nobody needs the daemon to see the page.
        if token_of(request) or page.role > Role.NOBODY:
            request.state.who = await find_caller(request, token_of(request))
    await refresh(site)
    who = caller_of(request)
    if who.role < page.role:
        if who.role is not Role.NOBODY:
            raise ForbiddenError(f"this is for whoever has the role '{page.role.name.lower()}'; you have '{who.role.name.lower()}'")
        raise LoginNeededError("log in first")


def _bearer(request: Request) -> str:
    """The token of a script's own header (RFC 6750), for /api only."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and len(token) <= LONGEST_TOKEN else ""


@contextlib.contextmanager
def _turn(request: Request, page: Page) -> Iterator[None]:
    """Pictures and backups are held in memory while they come: a few at a time, whoever sends them."""
    site = site_of(request)
    if page.largest <= LARGE or request.method in ("GET", "HEAD"):
        yield
        return
    # Whoever needs no login cannot keep those away who have one.
    if site.receiving[page.role] >= MOST_LARGE:
        raise ServiceError("others are just sending pictures or files: try again in a minute")
    site.receiving[page.role] += 1
    try:
        yield
    finally:
        site.receiving[page.role] -= 1


async def _insist_on_our_form(request: Request, page: Page) -> None:
    if request.method in ("GET", "HEAD") or request.state.scripted:
        return
    given = request.headers.get("x-csrf", "")
    if not given and not page.api and request.headers.get("content-type", "").startswith(
            ("application/x-www-form-urlencoded", "multipart/form-data")):
        found = (await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=page.largest)).get("csrf")
        given = found if isinstance(found, str) else ""
    if not hmac.compare_digest(given.encode(), csrf_of(request).encode()):
        raise failures.StaleFormError("this form is from before your last login or logout: it was not done; open the page anew")


def tell_language(request: Request) -> None:
    """Finds the language of a request: asked for by hand (`?lang=zh`), remembered, the browser's, the settings'."""
    settings = settings_of(request).kiosk
    wanted: str | None = request.query_params.get("lang")
    if site_of(request).listener is Listener.KIOSK:
        # The next one at the door begins in the door's own language again: the address says it, nothing is kept.
        request.state.language = wanted if wanted in LANGUAGES else settings.language
        return
    if wanted not in LANGUAGES:
        wanted = request.cookies.get(cookie_name(request, LANGUAGE))
    request.state.language = chosen(wanted, request.headers.get("accept-language", ""), settings.language)


def _insist_on_length(request: Request, largest: int) -> None:
    """What is announced too long is not read at all."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or len(announced) > 15 or int(announced) > largest:
        raise HTTPException(413, failures.too_long(largest))


def _bounded(request: Request, largest: int) -> Receive:
    """The request's body, refused when it is longer than its page takes or when nothing comes."""
    seen, whole = 0, False

    async def receive() -> Message:
        nonlocal seen, whole
        if whole:  # what is waited for now is that the browser goes away
            return await request.receive()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                message = await request.receive()
        except TimeoutError as error:
            raise HTTPException(408) from error
        seen += len(message.get("body", b""))
        whole = message["type"] != "http.request" or not message.get("more_body", False)
        if seen > largest:
            raise HTTPException(413, failures.too_long(largest))
        return message

    return receive
