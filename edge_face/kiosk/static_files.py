"""Styles, scripts and pictures of the pages: read once, at an address that changes with what is in them, so that browsers keep them."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from edge_face.kiosk.pages import Listener, Page
from edge_face.service.web.roles import Role

FOLDER = Path(__file__).parent / "static"
KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
         ".webmanifest": "application/manifest+json", ".png": "image/png"}
_KEEP = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """`mark`: of what is in it. `packed`: the same with gzip."""

    kind: str
    content: bytes
    packed: bytes
    mark: str


@cache
def static_files() -> dict[str, StaticFile]:
    """All of them by their paths in the folder."""
    found = {}
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file() and path.suffix in KINDS:
            content = path.read_bytes()
            found[path.relative_to(FOLDER).as_posix()] = StaticFile(KINDS[path.suffix], content, gzip.compress(content, 9, mtime=0),
                                                                    hashlib.sha256(content).hexdigest()[:12])
    return found


def static_address(name: str) -> str:
    """Where a file lies now. Raises KeyError for one that there is not."""
    return f"/static/{name}?v={static_files()[name].mark}"


async def static_file(request: Request) -> Response:
    """One of them."""
    found = static_files().get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    keep = _KEEP if request.query_params.get("v") == found.mark else "no-cache"
    headers = {"ETag": f'"{found.mark}"', "Cache-Control": keep, "Vary": "Accept-Encoding"}
    if f'"{found.mark}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=found.kind)
    return Response(found.content, headers=headers, media_type=found.kind)


PAGES = tuple(Page("/static/{name:path}", static_file, listener=listener, role=Role.NOBODY) for listener in Listener)
