"""The two sockets on which a daemon is asked: its own and that of the pages. A door that nobody can ask lets residents in, too."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from edge_face.service.commands import handlers
from edge_face.service.control import ControlSocket, NoPlaceError
from edge_face.service.protocol import socket_path
from edge_face.service.web.socket import open_web_socket

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

_log = logging.getLogger("edge_face.daemon")


def open_sockets(daemon: Daemon) -> None:
    """Opens what can be opened; what cannot stands in `daemon.deaf`. Raises `ServiceError` when a daemon is running already."""
    control = ControlSocket(socket_path(daemon.settings), handlers(daemon))
    try:
        control.open()
        daemon.parts.control = control
    except NoPlaceError as error:
        daemon.deaf = str(error)
        _log.error("%s", error)
    daemon.parts.web, silent = open_web_socket(daemon)
    daemon.deaf = daemon.deaf or silent
