"""The first run, step by step. Each step is a page of its own that can be left, come back to and done again; what is done is seen from
the door itself, not remembered here, so that the back button and a second tab can spoil nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from edge_face.access.assurance import LEVELS
from edge_face.errors import EdgeFaceError
from edge_face.kiosk import live_pages
from edge_face.kiosk.acting import act, ask, ask_or, page, wrong_of
from edge_face.kiosk.assurance_words import MEANINGS
from edge_face.kiosk.forms import form_of
from edge_face.kiosk.pages import Page
from edge_face.kiosk.rendering import redirect
from edge_face.kiosk.site import settings_of
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

START = "/first-run"


@dataclass(frozen=True, slots=True)
class Step:
    """`name` stands in the address. `fresh`: what it does wants the passphrase, which is better asked for before than after."""

    name: str
    title: Any
    fresh: bool = True


STEPS = (Step("camera", _("Aim the camera"), fresh=False), Step("masks", _("Hide what is not yours")), Step("door", _("Test the lock")),
         Step("person", _("Enrol the first person"), fresh=False), Step("assurance", _("Choose what opens the door")),
         Step("backup", _("Make a backup")), Step("done", _("Done"), fresh=False))


async def start(request: Request) -> Response:
    facts = await _facts(request)
    todo = next((step for step in STEPS if not facts.get(step.name)), STEPS[-1])
    return page(request, "owner/first_run.html", steps=STEPS, done=facts, todo=todo)


async def step(request: Request) -> Response:
    """GET of any step."""
    return await _step(request, request.url.path.rpartition("/")[2])


async def _step(request: Request, name: str, problem: str = "", **more: Any) -> Response:
    place = next((number for number, one in enumerate(STEPS) if one.name == name), None)
    if place is None:
        raise HTTPException(404)
    before, after = STEPS[place - 1] if place else None, STEPS[place + 1] if place + 1 < len(STEPS) else None
    shown = await _what(request, name)
    return page(request, f"owner/first_{name}.html", problem=problem, steps=STEPS,
                place=place, step=STEPS[place], before=before, after=after, **{**shown, **more})


async def _what(request: Request, name: str) -> dict[str, Any]:
    """What a step's page needs."""
    if name == "camera":
        return {"health": await ask(request, "health")}
    if name == "masks":
        answer = await ask(request, "settings.show")
        return {"rows": live_pages.rows_of(answer["settings"]["camera"]["privacy_masks"]), "sides": live_pages.SIDES,
                "most": live_pages.MOST}
    if name == "door":
        return {"door": await ask(request, "door.status"), "pulse": settings_of(request).door.pulse}
    if name == "person":
        return {"people": (await ask(request, "people.list"))["people"]}
    if name == "assurance":
        answer = await ask(request, "settings.show")
        return {"levels": choices(answer["settings"]), "chosen": answer["settings"]["decision"]["assurance"], "meanings": MEANINGS,
                "pad": answer["settings"]["kiosk"]["pad"], "keypad": bool(answer["settings"]["inputs"]["keypad_rows"])}
    if name == "backup":
        return {"last": (await ask(request, "health")).get("last_backup")}
    return {"done": await _facts(request), "restart": (await ask(request, "settings.show"))["restart"]}


async def save_masks(request: Request) -> Response:
    try:
        changes = {"camera.privacy_masks": live_pages.masks_of(await form_of(request))}
        await ask(request, "settings.save", changes=changes)
    except EdgeFaceError as error:
        return await _step(request, "masks", wrong_of(error))
    return _on(request, "door", _("The areas are saved."))


async def pulse(request: Request) -> Response:
    return await act(request, "door.test", {}, then=f"{START}/door", notice=_("The lock was released for its usual time. Did it move?"),
                     again=_again("door"))


async def assurance(request: Request) -> Response:
    form = await form_of(request)
    changes = {"decision.assurance": form.text("assurance"), "kiosk.pad": form.ticked("pad")}
    return await act(request, "settings.save", {"changes": changes}, then=f"{START}/backup",
                     notice=_("Chosen. It holds as soon as the door has started again, at the end of these steps."),
                     again=_again("assurance"))


async def backup(request: Request) -> Response:
    form = await form_of(request)
    if form.whole("passphrase") != form.whole("again"):
        return await _step(request, "backup", _("The two passphrases are not the same: type them again."))
    try:
        made = await ask(request, "backup.make", passphrase=form.whole("passphrase"))
    except EdgeFaceError as error:
        return await _step(request, "backup", wrong_of(error))
    return await _step(request, "backup", made=made)


def choices(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The levels from the strictest, each with what this door lacks for it."""
    inputs, source = settings["inputs"], settings["camera"]["source"]
    found = []
    for level in reversed(tuple(LEVELS.values())):
        missing = None
        if level.name.startswith("face") and source == "none":
            missing = _("needs a camera")
        elif level.name.endswith("code") and not inputs["keypad_rows"] and not settings["kiosk"]["pad"]:
            missing = _("needs a keypad, or codes on the page beside the door")
        elif level.name.endswith("card") and not inputs["wiegand_d0"]:
            missing = _("needs a card reader")
        able = missing is None or (level.name.endswith("code") and (source != "none" or not level.name.startswith("face")))
        found.append({"name": level.name, "missing": missing, "able": able})
    return found


async def _facts(request: Request) -> dict[str, bool]:
    """Which steps are done, as far as the door can tell."""
    health, people = await ask(request, "health"), await ask_or(request, {"people": []}, "people.list")
    saved = await ask(request, "settings.show")
    tests = await ask_or(request, {"events": []}, "events.list", kinds=["owner"], limit=1)
    status, door = health["status"], await ask(request, "door.status")
    camera, overlay = status["camera"], saved["overlay"]
    tried, backed_up = bool(tests["events"]) or not door["testable"], health.get("last_backup") is not None
    masked = bool(saved["settings"]["camera"]["privacy_masks"])
    known = any(person["state"] == "active" for person in people["people"])
    # Of a camera that was aimed, of nothing to hide and of a level that was right as it was no trace is left: who went on has done these
    # steps too. Pictures alone are no proof that anybody looked at them.
    return {"camera": camera["state"] == "none" or (camera["ok"] and (masked or tried or known or backed_up)), "masks": masked or tried,
            "door": tried, "person": known, "assurance": backed_up or "decision.assurance" in overlay, "backup": backed_up}


def _again(name: str) -> Any:
    async def again(request: Request, problem: str) -> Response:
        return await _step(request, name, problem)

    return again


def _on(request: Request, name: str, notice: Any) -> Response:
    return redirect(request, f"{START}/{name}", notice=notice)


_OWNER: dict[str, Any] = {"role": Role.OWNER, "fresh": True}
PAGES: tuple[Page, ...] = (
    Page(START, start, role=Role.OWNER),
    *(Page(f"{START}/{one.name}", step, role=Role.OWNER, fresh=one.fresh) for one in STEPS),
    Page(f"{START}/masks", save_masks, ("POST",), **_OWNER),
    Page(f"{START}/door", pulse, ("POST",), **_OWNER),
    Page(f"{START}/assurance", assurance, ("POST",), **_OWNER),
    Page(f"{START}/backup", backup, ("POST",), **_OWNER),
)
