"""The socket on which the pages ask: one like the control socket, with commands of its own, for a user who may do nothing else."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edge_face.errors import ServiceError
from edge_face.service.control import ControlSocket, SocketKind
from edge_face.service.protocol import web_socket_path
from edge_face.service.web.table import web_handlers

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

_log = logging.getLogger("edge_face.control")

GROUP = "edge-face-kiosk"
LONGEST = 8 << 20
"""Bytes of a request: a picture of 1280x960 without compression, in base64, is 4.9 million."""
KIND = SocketKind("socket of the pages", "[kiosk] web_socket", LONGEST, connections=16, folder=0o750, group=GROUP)


def open_web_socket(daemon: Daemon) -> tuple[ControlSocket | None, str]:
    """The socket, open and not yet answering; or None and why it could not be made: the door does not need its pages."""
    try:
        web = ControlSocket(web_socket_path(daemon.settings), web_handlers(daemon), kind=KIND)
        web.open()
    except ServiceError as error:
        _log.error("%s", error)
        return None, str(error)
    return web, ""
