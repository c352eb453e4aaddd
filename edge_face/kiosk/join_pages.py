"""An invitation: whoever holds the link answers the two questions and enrols with a phone, step by step or by photos. Lets nobody in."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edge_face.errors import EdgeFaceError, EnrolmentError
from edge_face.kiosk.acting import ask, page, wrong_of
from edge_face.kiosk.capture import LARGEST_LOOK, LARGEST_PHOTOS, Desk, looked, photos_sent
from edge_face.kiosk.enrol_words import STEPS, prompt_words
from edge_face.kiosk.forms import form_of, query_of
from edge_face.kiosk.pages import Page
from edge_face.kiosk.rendering import redirect, url
from edge_face.kiosk.site import language_of, site_of
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

SOURCES = ("camera", "photos")


async def join(request: Request) -> Response:
    """The questions; once they are answered, the choice between camera and photos."""
    return await _join(request)


async def _join(request: Request, problem: str = "") -> Response:
    try:
        invited = await ask(request, "invite.open", secret=_secret(request))
    except EdgeFaceError as error:
        return page(request, "enrol/join_over.html", wrong_of(error), declined=False)
    answered = invited["consent"] is not None and not query_of(request).ticked("anew")
    template = "enrol/join_start.html" if answered else "enrol/join_consent.html"
    return page(request, template, problem, invited=invited, secret=_secret(request), secure=site_of(request).secure)


async def consent(request: Request) -> Response:
    form, secret = await form_of(request), _secret(request)
    answers = {question: form.text(question) for question in ("recognise", "show")}
    if not all(answer in ("yes", "no") for answer in answers.values()):
        return await _join(request, str(_("Answer both questions.")))
    try:
        await ask(request, "invite.consent", secret=secret, recognise=answers["recognise"] == "yes", show=answers["show"] == "yes")
    except EdgeFaceError as error:
        return await _join(request, wrong_of(error))
    if answers["recognise"] == "no":
        return page(request, "enrol/join_over.html", declined=True)
    return redirect(request, f"/join/{secret}")


async def begin(request: Request) -> Response:
    form, secret = await form_of(request), _secret(request)
    try:
        source = form.choice("source", SOURCES)
        started = await ask(request, "invite.begin", secret=secret, source=source)
    except EdgeFaceError as error:
        return await _join(request, wrong_of(error))
    return redirect(request, url(f"/join/{secret}/{source}", id=started["id"]))


async def camera(request: Request) -> Response:
    return await _guide(request, "enrol/join_camera.html")


async def photos(request: Request) -> Response:
    return await _guide(request, "enrol/join_photos.html")


async def _guide(request: Request, template: str, problem: str = "", **more: Any) -> Response:
    secret, session = _secret(request), _session(request)
    try:
        state = await ask(request, "invite.state", secret=secret, id=session)
    except EnrolmentError:
        return redirect(request, f"/join/{secret}", _("This took too long, or was begun on another page: begin again."), "bad")
    template = template or ("enrol/join_photos.html" if state["kind"] == "photos" else "enrol/join_camera.html")
    desk = Desk(url(f"/join/{secret}/look", id=session), url(f"/join/{secret}/photos", id=session), url(f"/join/{secret}/done", id=session),
                url(f"/join/{secret}/leave", id=session), f"/join/{secret}")
    return page(request, template, problem, state=state, words=prompt_words(language_of(request), state["prompt"]), steps=STEPS,
                id=session, desk=desk, secret=secret, **more)


async def look(request: Request) -> Response:
    return await looked(request, "invite.look", secret=_secret(request), id=_session(request))


async def send(request: Request) -> Response:
    results = await photos_sent(request, "invite.look", secret=_secret(request), id=_session(request))
    return await _guide(request, "enrol/join_photos.html", results=results)


async def done(request: Request) -> Response:
    """Ends it; the person's own page comes next, whose address they keep."""
    secret, session = _secret(request), _session(request)
    try:
        answer = await ask(request, "invite.done", secret=secret, id=session)
    except EdgeFaceError as error:
        # Nothing is lost: the same page once more, with what was made.
        return await _guide(request, "", wrong_of(error))
    return redirect(request, url(f"/mine/{answer['lasting']}", new="1"))


async def leave(request: Request) -> Response:
    try:
        await ask(request, "invite.cancel", secret=_secret(request), id=_session(request))
    except EdgeFaceError as error:
        wrong_of(error)
    return redirect(request, f"/join/{_secret(request)}")


def _secret(request: Request) -> str:
    return str(request.path_params["secret"])[:200]


def _session(request: Request) -> str:
    return query_of(request).text("id")[:100]


def _page(path: str, endpoint: Any, method: str = "GET", largest: int = 64 << 10) -> Page:
    return Page(f"/join/{{secret}}{path}", endpoint, (method,), role=Role.NOBODY, invited=True, largest=largest)


PAGES: tuple[Page, ...] = (
    _page("", join), _page("/consent", consent, "POST"), _page("/begin", begin, "POST"), _page("/camera", camera), _page("/photos", photos),
    _page("/photos", send, "POST", LARGEST_PHOTOS), _page("/look", look, "POST", LARGEST_LOOK), _page("/done", done, "POST"),
    _page("/leave", leave, "POST"),
)
