"""The door's picture as it leaves the device, with what the door sees drawn over it; and the areas that nothing may see."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from edge_face.errors import EdgeFaceError, UsageError
from edge_face.kiosk.acting import act, ask, page, wrong_of
from edge_face.kiosk.forms import Form, form_of
from edge_face.kiosk.pages import Page
from edge_face.kiosk.site import settings_of
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

MASKS = "/masks"
MOST = 20
"""Areas on one picture."""
SIDES = ("x", "y", "width", "height")


async def live(request: Request) -> Response:
    return page(request, "owner/live.html", fps=settings_of(request).kiosk.fps)


async def masks(request: Request) -> Response:
    return await _masks(request)


async def _masks(request: Request, problem: str = "") -> Response:
    """The areas as they are saved; those of the running door lie on the picture already."""
    answer = await ask(request, "settings.show")
    return page(request, "owner/masks.html", problem=problem, rows=rows_of(answer["settings"]["camera"]["privacy_masks"]), sides=SIDES,
                most=MOST, restart=answer["restart"])


async def save(request: Request) -> Response:
    """Only if every row is whole: an area that is half given would hide something else than was meant."""
    try:
        changes = {"camera.privacy_masks": masks_of(await form_of(request))}
    except EdgeFaceError as error:
        return await _masks(request, wrong_of(error))
    return await act(request, "settings.save", {"changes": changes}, then=MASKS, again=_masks,
                     notice=_("The areas are saved. They are black as soon as the door has started again."))


def masks_of(form: Form) -> list[list[float]]:
    """From percentages in rows to shares of the picture; rows without anything are left out. Raises UsageError."""
    found: list[list[float]] = []
    for row in range(MOST):
        numbers = [form.number(f"{side}{row}", _("Area %(number)s", number=row + 1)) for side in SIDES]
        if all(number is None for number in numbers):
            continue
        if any(number is None for number in numbers):
            raise UsageError(_("area %(number)s needs four numbers: from the left, from the top, width, height", number=row + 1))
        x, y, width, height = (float(number or 0.0) for number in numbers)
        if not (0 <= x < 100 and 0 <= y < 100 and width > 0 and height > 0):
            raise UsageError(_("area %(number)s lies outside of the picture, or has no size: percentages from 0 to 100 are needed",
                               number=row + 1))
        found.append([round(share / 100, 4) for share in (x, y, min(width, 100 - x), min(height, 100 - y))])
    return found


def rows_of(saved: list[list[float]]) -> list[list[str]]:
    """What the inputs show: percentages."""
    return [[f"{share * 100:.4g}" for share in area] for area in saved[:MOST]]


PAGES: tuple[Page, ...] = (
    Page("/live", live),
    Page(MASKS, masks, role=Role.OWNER, fresh=True),
    Page(MASKS, save, ("POST",), role=Role.OWNER, fresh=True),
)
