"""The daemon starts again because a page asked for it: settings were saved, or a backup was restored.

Under a service manager it ends with an exit code that is no success, and is started again. Elsewhere `edge-face run` starts itself anew.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

AGAIN = 75
"""The exit code: EX_TEMPFAIL of sysexits.h."""
SECONDS = 0.3
"""Whoever asked gets the answer first."""


def restart_soon(daemon: Daemon) -> None:
    """From any thread; returns at once."""
    later = threading.Timer(SECONDS, daemon.stop, [AGAIN])
    later.daemon = True
    later.start()
