"""The page beside the door, what is typed on it, and the privacy notice one tap away."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge_face.errors import EdgeFaceError
from edge_face.kiosk.kiosk_words import OFFERS, all_words
from edge_face.kiosk.languages import HTML_NAMES, LANGUAGES
from edge_face.kiosk.pages import Listener, Page
from edge_face.kiosk.rendering import redirect, render, url
from edge_face.kiosk.site import link_of, settings_of
from edge_face.service.web.roles import Role
from edge_face.settings import Settings

LONGEST_FORM = 4 << 10
NOTICE_SECONDS = 2.0
"""The notice does not wait for a daemon that hangs."""


async def kiosk(request: Request) -> Response:
    """A shell without anything of the daemon: it also stands while that is down. A script fills it from /state."""
    settings = settings_of(request)
    return render(request, "kiosk/kiosk.html", words=all_words(), pictures=settings.kiosk.fps > 0, zone=settings.access.timezone,
                  home=HTML_NAMES[settings.kiosk.language])


async def code(request: Request) -> Response:
    """A code that was typed: offered to the door, which decides. To a script what became of it, else the page again."""
    text = (await request.form()).get("text")
    answer = await link_of(request).ask("kiosk.code", text="".join(text.split()) if isinstance(text, str) else "")
    offer = str(answer.get("offer", ""))
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"offer": offer})
    return redirect(request, _here(request), OFFERS.get(offer, OFFERS["lost"]), "good" if offer == "taken" else "bad")


async def notice(request: Request) -> Response:
    """Who films, what for, what is kept and for how long: for whoever stands before the camera."""
    try:
        async with asyncio.timeout(NOTICE_SECONDS):
            facts = await link_of(request).ask("kiosk.notice")
    except (EdgeFaceError, TimeoutError):
        facts = notice_facts(settings_of(request))
    return render(request, "kiosk/notice.html", facts=facts, here=_here(request))


def notice_facts(settings: Settings) -> dict[str, Any]:
    """What the daemon would say, by the settings that this process knows: the notice stands while the daemon is down, too."""
    return {"responsible": settings.kiosk.responsible, "camera": settings.camera.source.strip().lower() != "none",
            "keep_events_days": settings.store.keep_events, "keep_audit_days": settings.audit.keep, "pictures": settings.kiosk.fps > 0,
            "assurance": settings.decision.assurance, "attendance": settings.kiosk.attendance, "snapshot": settings.hooks.snapshot,
            "recorded_days": settings.recorder.keep if settings.recorder.events else 0, "films": settings.recorder.clips,
            "originals": bool(settings.recorder.originals)}


def _here(request: Request) -> str:
    """The page itself, in the language that was asked for by hand."""
    wanted = request.query_params.get("lang", "")
    return url("/", lang=wanted if wanted in LANGUAGES else None)


PAGES = (
    Page("/", kiosk, listener=Listener.KIOSK, role=Role.NOBODY),
    Page("/code", code, methods=("POST",), listener=Listener.KIOSK, role=Role.NOBODY, largest=LONGEST_FORM),
    Page("/notice", notice, listener=Listener.KIOSK, role=Role.NOBODY),
)
