"""Paths of ours to go on to, whatever a request asked for."""

from __future__ import annotations

from urllib.parse import urlsplit

LONGEST = 1000


def safe_next(text: str | None, default: str = "/") -> str:
    """A path of ours, with its query; `default` for anything that leads elsewhere or is no path."""
    if not text or len(text) > LONGEST or not text.startswith("/") or text[1:2] in ("/", "\\") or any(ord(c) < 33 for c in text):
        return default
    try:
        parts = urlsplit(text)
    except ValueError:
        return default
    return default if parts.netloc or parts.scheme else text
