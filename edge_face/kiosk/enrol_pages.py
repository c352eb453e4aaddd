"""Enrolling by an owner or helper: guided at the door's camera, or with the camera or photos of the device in hand."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge_face.errors import EdgeFaceError
from edge_face.kiosk.acting import ask, ask_or, page, wrong_of
from edge_face.kiosk.capture import LARGEST_LOOK, LARGEST_PHOTOS, Desk, looked, photos_sent
from edge_face.kiosk.enrol_words import STEPS, prompt_words, state_record
from edge_face.kiosk.forms import form_of, query_of
from edge_face.kiosk.kept import KEPT
from edge_face.kiosk.pages import Page
from edge_face.kiosk.paths import safe_next
from edge_face.kiosk.qr import link_to, qr_picture
from edge_face.kiosk.rendering import redirect, url
from edge_face.kiosk.site import language_of
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

SOURCES = ("door", "camera", "photos")
WAIT = 4.0


async def begin(request: Request) -> Response:
    """GET: who, what they agreed to, with which camera. POST begins."""
    if request.method == "GET":
        return await _form(request)
    form = await form_of(request)
    consent = [question for question in ("recognise", "show") if form.ticked(question)]
    guardian = form.text("guardian") if form.ticked("minor") else ""
    if form.ticked("minor") and not guardian:
        return await _form(request, str(_("Say in a few words how a guardian agreed.")))
    try:
        started = await ask(request, "enrol.begin", name=form.text("name"), consent=consent, source=form.choice("source", SOURCES),
                            again=form.text("again"), guardian=guardian)
    except EdgeFaceError as error:
        return await _form(request, wrong_of(error))
    where = {"door": "door", "guided": "camera", "photos": "photos"}["door" if started["holder"] == "door" else started["kind"]]
    return redirect(request, url(f"/enrol/{where}/{started['id']}", next=safe_next(form.text("next"), "")))


async def _form(request: Request, problem: str = "") -> Response:
    given = query_of(request) if request.method == "GET" else await form_of(request)
    again = given.text("again")
    person = await ask(request, "people.show", who=again) if again else None
    health = await ask_or(request, None, "health")
    camera = health["status"]["camera"]["state"] if health is not None else ""
    return page(request, "enrol/begin.html", problem, name=given.text("name")[:80], again=again, person=person,
                next_=safe_next(given.text("next"), ""), source=given.text("source") or "door", camera=camera,
                recognise=given.ticked("recognise"), show_=given.ticked("show"), minor=given.ticked("minor"),
                guardian=given.text("guardian")[:200])


async def door(request: Request) -> Response:
    """The guide at the door's camera."""
    return await _guide(request, "enrol/door.html")


async def camera(request: Request) -> Response:
    return await _guide(request, "enrol/camera.html")


async def photos(request: Request) -> Response:
    return await _guide(request, "enrol/photos.html")


async def _guide(request: Request, template: str, problem: str = "", **more: Any) -> Response:
    session = request.path_params["id"]
    after = safe_next(query_of(request).text("next"), "")
    state = await ask_or(request, None, "enrol.state", id=session)
    if state is None:
        return redirect(request, "/enrol", _("This enrolment is over: begin again."), "bad")
    return page(request, template, problem, state=state, words=prompt_words(language_of(request), state["prompt"]), steps=STEPS, id=session,
                next_=after, desk=_desk(session, after), alike=(), **more)


def _desk(session: str, after: str = "") -> Desk:
    return Desk(look=f"/enrol/camera/{session}/look", photos=url(f"/enrol/photos/{session}", next=after),
                done=url(f"/enrol/finish/{session}", next=after), leave=f"/enrol/cancel/{session}", other=url("/enrol", source="photos"))


async def state(request: Request) -> Response:
    """For the script: what is new."""
    after = query_of(request).integer("after", "after")
    answer = await ask(request, "enrol.state", id=request.path_params["id"], after=-1 if after is None else after, wait=WAIT)
    return JSONResponse(state_record(language_of(request), answer))


async def look(request: Request) -> Response:
    """One picture of the camera of the device in hand, JPEG."""
    return await looked(request, "enrol.look", id=request.path_params["id"])


async def send(request: Request) -> Response:
    """Photos of a form."""
    results = await photos_sent(request, "enrol.look", id=request.path_params["id"])
    return await _guide(request, "enrol/photos.html", results=results)


async def finish(request: Request) -> Response:
    """Keeps what was made, once it is said that a face that looks like somebody else's is right."""
    session, form = request.path_params["id"], await form_of(request)
    after = safe_next(query_of(request).text("next"), "")
    try:
        answer = await ask(request, "enrol.finish", id=session, sure=form.ticked("sure"))
    except EdgeFaceError as error:
        return page(request, "enrol/result.html", wrong_of(error), answer=None, id=session, next_=after)
    if answer["asked"]:
        return page(request, "enrol/alike.html", alike=answer["alike"], name=answer["name"], id=session, next_=after)
    word = KEPT.keep(request, {"answer": answer, "link": link_to(request, f"/mine/{answer['lasting']}")})
    return redirect(request, url(f"/enrol/done/{word}", next=after))


async def done(request: Request) -> Response:
    """What came of it, with the person's own link."""
    kept = KEPT.fetch(request, request.path_params["word"])
    if kept is None:
        return redirect(request, "/people")
    after = safe_next(query_of(request).text("next"), "")
    return page(request, "enrol/result.html", id="", next_=after, qr=qr_picture(kept["link"]), **kept)


async def cancel(request: Request) -> Response:
    await ask_or(request, None, "enrol.cancel", id=request.path_params["id"])
    return redirect(request, "/people", _("The enrolment was ended; nothing was kept."))


PAGES: tuple[Page, ...] = (
    Page("/enrol", begin, role=Role.HELPER),
    Page("/enrol", begin, ("POST",), role=Role.HELPER),
    Page("/enrol/door/{id}", door, role=Role.HELPER),
    Page("/enrol/door/{id}/state", state, role=Role.HELPER),
    Page("/enrol/camera/{id}", camera, role=Role.HELPER),
    Page("/enrol/camera/{id}/look", look, ("POST",), role=Role.HELPER, largest=LARGEST_LOOK),
    Page("/enrol/photos/{id}", photos, role=Role.HELPER),
    Page("/enrol/photos/{id}", send, ("POST",), role=Role.HELPER, largest=LARGEST_PHOTOS),
    Page("/enrol/finish/{id}", finish, ("POST",), role=Role.HELPER),
    Page("/enrol/done/{word}", done, role=Role.HELPER),
    Page("/enrol/cancel/{id}", cancel, ("POST",), role=Role.HELPER),
)
