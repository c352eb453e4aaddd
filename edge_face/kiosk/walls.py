"""Around every answer, whatever it is: which names of this machine a browser may use, which sites may begin a request, what a page may
load.

A page of another site that had its own name point at this machine (DNS rebinding) is refused by its Host; one that embeds or posts to
ours by what the browser says of where the request began (Origin, Sec-Fetch-Site). Scripts that run elsewhere get no permission (no CORS).
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_face.kiosk.site import Site

POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob: data:", "connect-src 'self'", "media-src blob:",
    "manifest-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"))
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": browsers then send forms of our own with "Origin: null". Nothing here leads to another site.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), serial=(), display-capture=()",
}
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Walls:
    """Wraps a listener's pages. Beside the site's names an address is right when the request arrived at it."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self.site = app, site
        self._hosts = frozenset(name.lower() for name in site.hosts) | _LOCAL

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
                return
            raise RuntimeError("the pages speak nothing but HTTP")
        headers = Headers(scope=scope)

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                dress(MutableHeaders(scope=message))
            await send(message)

        if not self.known(headers.get("host", ""), scope.get("server")):
            refusal = "these pages are not reached by this name: [kiosk] names in the settings file says which it has"
            await PlainTextResponse(refusal, 421)(scope, receive, dressed)
        elif not began_here(scope["method"], scope["scheme"], headers):
            await PlainTextResponse("another site began this request: it was not done", 403)(scope, receive, dressed)
        else:
            await self._app(scope, receive, dressed)

    def known(self, host: str, server: tuple[str, int | None] | None) -> bool:
        """Is this Host header a name of ours?"""
        name = host_name(host)
        if name is None:
            return False
        if name in self._hosts:
            return True
        try:
            return server is not None and _address(name) == _address(server[0])
        except ValueError:
            return False


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv4 address that came in by an IPv6 socket is one of IPv4."""
    found = ipaddress.ip_address(text.strip("[]").split("%")[0])
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


def host_name(host: str) -> str | None:
    """The name of a Host header in small letters, without its port; None for what is no such header."""
    if not host or len(host) > 255 or any(c in host for c in "/\\@?# \t"):
        return None
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    return f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname.removesuffix(".")


def began_here(method: str, scheme: str, headers: Headers) -> bool:
    """Did a page of ours, or a person at the address bar, begin this request? A link on another site may be followed, nothing else."""
    site, mode = headers.get("sec-fetch-site", ""), headers.get("sec-fetch-mode", "")
    reads = method in ("GET", "HEAD")
    if site in ("cross-site", "same-site") and not (reads and mode == "navigate" and headers.get("sec-fetch-dest", "") == "document"):
        return False
    origin = headers.get("origin")
    return reads or origin is None or origin == f"{scheme}://{headers.get('host', '')}"


def dress(headers: MutableHeaders) -> None:
    """What every answer says to the browser; a page keeps what it said itself."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store")
