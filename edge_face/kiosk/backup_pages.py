"""Backups: one file with everything, sealed with a passphrase, fetched in pieces; and bringing one back."""

from __future__ import annotations

import base64
import datetime
from collections.abc import AsyncIterator

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from edge_face.errors import EdgeFaceError, UsageError
from edge_face.kiosk.acting import ask, ask_or, page, wrong_of
from edge_face.kiosk.forms import form_of
from edge_face.kiosk.pages import Page
from edge_face.kiosk.rendering import redirect
from edge_face.kiosk.words import _
from edge_face.service.web.roles import Role

BACKUP = "/backup"
LARGEST = 512 << 20
"""Bytes of a backup that may be brought back: a store of 10,000 people with their pictures is smaller."""
PIECE = 1 << 20
"""Bytes handed on at a time."""


async def show(request: Request) -> Response:
    return await _backup(request)


async def _backup(request: Request, problem: str = "", **more: object) -> Response:
    health = await ask_or(request, {}, "health")
    return page(request, "owner/backup.html", problem=problem,
                last=health.get("last_backup"), **more)


async def make(request: Request) -> Response:
    """Makes it on the device; the page then offers the file."""
    form = await form_of(request)
    if form.whole("passphrase") != form.whole("again"):
        return await _backup(request, _("The two passphrases are not the same: type them again."))
    try:
        made = await ask(request, "backup.make", passphrase=form.whole("passphrase"))
    except EdgeFaceError as error:
        return await _backup(request, wrong_of(error))
    return await _backup(request, made=made)


async def fetch(request: Request) -> Response:
    """The file, while it is read: memory holds one piece."""
    identity = request.path_params["id"]
    first = await ask(request, "backup.piece", id=identity, at=0)

    async def pieces() -> AsyncIterator[bytes]:
        answer = first
        while True:
            yield base64.b64decode(answer["piece"])
            if answer["at"] is None:
                return
            answer = await ask(request, "backup.piece", id=identity, at=answer["at"])

    today = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d")
    headers = {"Content-Disposition": f'attachment; filename="edge-face-{today}.backup"', "Cache-Control": "no-store"}
    return StreamingResponse(pieces(), media_type="application/octet-stream", headers=headers)


async def restore(request: Request) -> Response:
    """GET says what it replaces; POST brings the file over and puts it in place."""
    if request.method == "GET":
        return _restore(request)
    try:
        async with request.form(max_files=1, max_fields=20) as form:
            file, passphrase = form.get("file"), form.get("passphrase")
            if not isinstance(file, UploadFile) or not file.size or not isinstance(passphrase, str):
                raise UsageError(_("choose the file of a backup, and type its passphrase"))
            if form.get("sure") != "1":
                return _restore(request, _("Tick the box first: what is here now is replaced."))
            identity, at = None, 0
            while piece := await file.read(PIECE):
                answer = await ask(request, "backup.bring", id=identity, at=at, piece=base64.b64encode(piece).decode("ascii"))
                identity, at = answer["id"], at + len(piece)
        done = await ask(request, "backup.restore", id=identity, passphrase=passphrase, replace=True)
    except EdgeFaceError as error:
        return _restore(request, wrong_of(error))
    return redirect(request, "/restarting?next=/", notice=_("The backup is in place: %(count)s people.", count=done["people"]))


def _restore(request: Request, problem: str = "") -> Response:
    return page(request, "owner/restore.html", problem=problem)


PAGES: tuple[Page, ...] = (
    Page(BACKUP, show, role=Role.OWNER, fresh=True),
    Page(BACKUP, make, ("POST",), role=Role.OWNER, fresh=True),
    Page("/backup/file/{id}", fetch, role=Role.OWNER, fresh=True),
    Page("/backup/restore", restore, ("GET",), role=Role.OWNER, fresh=True),
    Page("/backup/restore", restore, ("POST",), role=Role.OWNER, fresh=True, largest=LARGEST),
)
