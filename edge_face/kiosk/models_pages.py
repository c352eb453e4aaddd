"""The networks that this door runs: what each is, its figures, its card."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from edge_face.kiosk.acting import ask, page
from edge_face.kiosk.card_text import blocks_of
from edge_face.kiosk.pages import Page


async def list_(request: Request) -> Response:
    return page(request, "owner/models.html", models=(await ask(request, "models.list"))["models"])


async def card(request: Request) -> Response:
    task = request.path_params["task"]
    model = next((one for one in (await ask(request, "models.list"))["models"] if one["task"] == task), None)
    if model is None:
        raise HTTPException(404)
    return page(request, "owner/model.html", model=model, blocks=blocks_of(model["card"] or ""))


PAGES: tuple[Page, ...] = (Page("/models", list_), Page("/models/{task}", card))
