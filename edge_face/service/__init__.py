"""The daemon: its threads, the control socket and its client, health, the service manager's watchdog, the log."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.service.client import Client, daemon_for
    from edge_face.service.daemon import Daemon
    from edge_face.service.models import Models, load_models

__all__ = ["Client", "Daemon", "Models", "daemon_for", "load_models"]

_HOMES = {"Client": "client", "Daemon": "daemon", "Models": "models", "daemon_for": "client", "load_models": "models"}


def __getattr__(name: str) -> Any:
    """Public names are imported when they are first used, so that asking a daemon does not load its networks."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
