"""What the owner sets on a page reaches these pages through the daemon: they cannot read the store's folder, where it is kept."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from time import monotonic
from typing import Any

from edge_face.errors import EdgeFaceError
from edge_face.kiosk.site import Site
from edge_face.settings import Settings
from edge_face.settings_file import apply_overrides

AGAIN = 30.0
"""Seconds for which the answer holds."""
PATIENCE = 1.0
"""A page does not wait for longer: it is shown with what was known."""
ELSEWHERE = {"timezone": "access"}
"""Sections of those that are not [kiosk]'s."""


async def refresh(site: Site) -> None:
    """Asks the daemon when it is time. A daemon that is down changes nothing."""
    now = monotonic()
    if now - site.asked < AGAIN:
        return
    site.asked = now
    with contextlib.suppress(EdgeFaceError, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            site.settings = with_public(site.settings, await site.link.ask("settings.public"))


def with_public(settings: Settings, public: Any) -> Settings:
    """The settings with what the daemon said; what is not known here is left out. Raises `SettingsError` for what cannot be."""
    if not isinstance(public, dict):
        return settings
    changes = {}
    for name, value in public.items():
        section = ELSEWHERE.get(name, "kiosk")
        if name in {field.name for field in dataclasses.fields(getattr(settings, section))}:
            changes[f"{section}.{name}"] = value
    return apply_overrides(settings, changes, "the daemon") if changes else settings
