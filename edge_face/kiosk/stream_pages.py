"""Streams for open pages: the state of the door as events, hidden pictures in motion or one at a time, boxes for aiming the camera."""

from __future__ import annotations

from time import monotonic

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge_face.errors import DaemonDownError, EdgeFaceError, ServiceError
from edge_face.kiosk.feed import MOST_WATCHERS, Picture, Topic, feed_of
from edge_face.kiosk.pages import Listener, Page
from edge_face.kiosk.site import ask, find_caller, site_of, token_of
from edge_face.kiosk.streams import Allowed, events, motion
from edge_face.service.web.roles import Role

PATIENCE = 5.0
"""Seconds that a single picture or state is waited for."""
AGAIN = 15.0
"""Seconds between two looks at whether whoever watches is still logged in. Looking is no doing: it does not put off the logout."""


async def states(request: Request) -> Response:
    """Server-sent events; with `?once=1` the state of now as JSON, `{"state": null}` while the daemon is down."""
    _end_with(request)
    topic = feed_of(request).states
    if request.query_params.get("once"):
        async with topic.watched() as watch:
            state = await watch.next(PATIENCE)
        return JSONResponse({"state": state.now() if state is not None else None})
    _insist_on_room(topic.watchers)
    return events(topic, _still_allowed(request))


async def moving(request: Request) -> Response:
    """Hidden pictures, as fast as they come or as fast as the browser takes them."""
    _end_with(request)
    topic = feed_of(request).pictures
    _insist_on_room(topic.watchers)
    return motion(topic, _still_allowed(request))


async def still(request: Request) -> Response:
    """One hidden picture, nothing (204) at a door that shows none. Raises `ServiceError` when none came."""
    _end_with(request)
    picture = await _one(feed_of(request).pictures)
    return Response(picture.jpeg, media_type="image/jpeg") if picture.jpeg else Response(status_code=204)


async def overlay(request: Request) -> Response:
    """Boxes and points of the faces in the picture, as shares of it, and how large a face must be."""
    return JSONResponse(await ask(request, "view.overlay"))


async def _one(topic: Topic[Picture]) -> Picture:
    async with topic.watched() as watch:
        picture = await watch.next(PATIENCE)
    if picture is None:
        raise ServiceError("the camera gives no picture just now: look at the health page")
    return picture


def _insist_on_room(watchers: int) -> None:
    """Before an answer begins: what goes wrong later can only end it."""
    if watchers >= MOST_WATCHERS:
        raise ServiceError(f"{MOST_WATCHERS} pages look at the door already: close one of them")


def _still_allowed(request: Request) -> Allowed | None:
    """None where anybody may look; else a question that is put to the daemon now and then: a logout ends the stream."""
    if site_of(request).listener is Listener.KIOSK:
        return None
    token, asked = token_of(request), monotonic()

    async def allowed() -> bool:
        nonlocal asked
        if monotonic() - asked < AGAIN:
            return True
        asked = monotonic()
        try:
            return (await find_caller(request, token)).role >= Role.VIEWER
        except DaemonDownError:
            return True  # there is nothing to be seen of it either
        except EdgeFaceError:
            return False

    return allowed


def _end_with(request: Request) -> None:
    """Streams end when their listener does."""
    closing, feed = site_of(request).closing, feed_of(request)
    if feed.close not in closing:
        closing.append(feed.close)


PAGES = (
    Page("/state", states, listener=Listener.KIOSK, role=Role.NOBODY),
    Page("/picture.mjpeg", moving, listener=Listener.KIOSK, role=Role.NOBODY),
    Page("/picture.jpg", still, listener=Listener.KIOSK, role=Role.NOBODY),
    Page("/live/picture.mjpeg", moving),
    Page("/live/picture.jpg", still),
    Page("/live/overlay", overlay, api=True),
    Page("/api/v1/state", states, api=True),
)
