"""The door: how it stands, what is wired, and what an owner may do with it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from edge_face.kiosk.acting import act, ask, page
from edge_face.kiosk.forms import form_of
from edge_face.kiosk.pages import Endpoint, Page
from edge_face.kiosk.site import settings_of
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

DOOR = "/door"


async def show(request: Request) -> Response:
    return await _door(request)


async def _door(request: Request, problem: str = "") -> Response:
    return page(request, "owner/door.html", problem=problem,
                door=await ask(request, "door.status"), health=await ask(request, "health"),
                pulse=settings_of(request).door.pulse)


async def test(request: Request) -> Response:
    """Shows what a test does before anything moves; there is one only while nobody was ever enrolled."""
    return page(request, "owner/door_test.html", door=await ask(request, "door.status"), pulse=settings_of(request).door.pulse)


async def pulse(request: Request) -> Response:
    return await act(request, "door.test", {}, then=DOOR, notice=_("The lock was released for its usual time. Did it move?"), again=_door)


async def unlock(request: Request) -> Response:
    """Opens the door from afar; the passphrase is asked for each time, in the same form."""
    if request.method == "GET":
        return await _unlock(request)
    form = await form_of(request)
    return await act(request, "door.unlock", {"passphrase": form.whole("passphrase")}, then=DOOR, again=_unlock,
                     notice=_("The door was released. This stands in the audit log."))


async def _unlock(request: Request, problem: str = "") -> Response:
    return page(request, "owner/unlock.html", problem=problem, door=await ask(request, "door.status"),
                pulse=settings_of(request).door.pulse)


async def lockdown(request: Request) -> Response:
    if request.method == "GET":
        return page(request, "owner/lockdown.html", exit_works=settings_of(request).access.exit_in_lockdown)
    return await act(request, "door.lockdown", {}, then=DOOR, notice=_("Lockdown: nobody is let in until it is lifted."), again=_door)


async def lift(request: Request) -> Response:
    if request.method == "GET":
        return page(request, "owner/lift.html")
    return await act(request, "door.lift", {}, then=DOOR, notice=_("The lockdown is lifted."), again=_door)


async def quiet(request: Request) -> Response:
    return await act(request, "door.quiet", {}, then=DOOR, notice=_("The alarm is acknowledged."), again=_door)


async def secure(request: Request) -> Response:
    return await act(request, "door.secure", {}, then=DOOR, notice=_("The door is locked."), again=_door)


def _pages(path: str, endpoint: Endpoint, role: Role, *, fresh: bool = False) -> tuple[Page, Page]:
    """A page that says what will happen, and the same path for doing it."""
    return Page(path, endpoint, ("GET",), role=role, fresh=fresh), Page(path, endpoint, ("POST",), role=role, fresh=fresh)


PAGES: tuple[Page, ...] = (
    Page(DOOR, show),
    Page("/door/test", test, role=Role.OWNER, fresh=True),
    Page("/door/test", pulse, ("POST",), role=Role.OWNER, fresh=True),
    *_pages("/door/unlock", unlock, Role.OWNER),
    *_pages("/door/lockdown", lockdown, Role.HELPER),
    *_pages("/door/lift", lift, Role.OWNER, fresh=True),
    Page("/door/quiet", quiet, ("POST",), role=Role.HELPER),
    Page("/door/secure", secure, ("POST",), role=Role.HELPER),
)
