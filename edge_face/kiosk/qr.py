"""QR codes of links and app codes, as an SVG picture in an address of its own."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request

from edge_face.people.code_page import qr_modules

LONGEST = 600
"""Bytes; nothing of ours is near it, and a denser picture is read by no phone from a screen."""


def link_to(request: Request, path: str) -> str:
    """A page of ours as another device would ask for it: by the name that this browser used."""
    return f"{request.url.scheme}://{request.headers.get('host', '')}{path}"


def qr_picture(text: str) -> str:
    """A `data:` address of an SVG picture with its quiet zone; "" for a text that is too long."""
    if len(text.encode()) > LONGEST:
        return ""
    modules = qr_modules(text)
    side = len(modules)
    dark = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(modules) for x, one in enumerate(row) if one)
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
           f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{dark}"/></svg>')
    return f"data:image/svg+xml,{quote(svg)}"
