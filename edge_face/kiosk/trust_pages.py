"""Trusting this device's own certificate authority: its fingerprint, the file, and how each kind of phone and computer takes it."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from edge_face.kiosk.pages import Page
from edge_face.kiosk.rendering import render
from edge_face.kiosk.site import site_of
from edge_face.kiosk.tls import fingerprint
from edge_face.service.web.roles import Role

FILE_NAME = "edge-face-door.crt"


async def trust(request: Request) -> Response:
    """What to do once on each phone or computer."""
    certificates = site_of(request).certificates
    if certificates is None:
        return render(request, "trust.html", fingerprint="", until=None)
    authority = certificates.authority()
    return render(request, "trust.html", fingerprint=fingerprint(authority), until=authority.not_valid_after_utc.strftime("%Y-%m-%d"))


async def authority_file(request: Request) -> Response:
    """The authority's certificate, as phones take it (DER)."""
    certificates = site_of(request).certificates
    if certificates is None:
        raise HTTPException(404)
    from cryptography.hazmat.primitives.serialization import Encoding

    return Response(certificates.authority().public_bytes(Encoding.DER), media_type="application/x-x509-ca-cert",
                    headers={"Content-Disposition": f'attachment; filename="{FILE_NAME}"'})


PAGES = (Page("/trust", trust, role=Role.NOBODY), Page("/trust/authority.crt", authority_file, role=Role.NOBODY))
