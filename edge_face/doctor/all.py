"""The checks in the order in which they are shown."""

from __future__ import annotations

from edge_face.doctor import assurance, board, boot, clock, door, hiding, units
from edge_face.doctor.check import Check
from edge_face.doctor.pin_functions import pin_functions

CHECKS: tuple[tuple[str, Check], ...] = (
    ("board", board.board),
    ("python", board.python),
    ("picamera2", board.picamera_numpy),
    ("models", door.models),
    ("camera", door.camera),
    ("pins", door.pins),
    ("pin functions", pin_functions),
    ("boot line", boot.boot_line),
    ("killed door", boot.kernel),
    ("assurance", assurance.assurance),
    ("liveness", assurance.liveness),
    ("codes", assurance.factors),
    ("hiding", hiding.hiding),
    ("store", door.store),
    ("daemon", door.daemon),
    ("service", units.units),
    ("hardware watchdog", units.hardware_watchdog),
    ("hooks", units.hooks),
    ("clock", clock.clock),
    ("locale", board.locale),
)
