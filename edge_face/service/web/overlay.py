"""Where faces are in the picture that is shown, for whoever aims the camera: boxes and points as shares of the picture, no identities."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from edge_face.access.facts import facts_of
from edge_face.access.intent import in_zone
from edge_face.access.rules import Rules
from edge_face.types import Box, Scene

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

EYES_OF_BOX, HEIGHT_OF_BOX = 0.48, 1.37
"""A face's eyes are so many widths of its box apart, and the box is so many widths high: medians of 130 faces of the bundled clips that are
turned by less than 20 degrees."""


def overlay(daemon: Daemon) -> dict[str, Any]:
    """Of the newest picture of the pages; asking counts as looking. Without a picture there is no size and nothing in it."""
    shot = daemon.feed_of_pages.latest()
    rules = Rules.from_settings(daemon.settings.decision, daemon.settings.door)
    if shot is None:
        return {"number": 0, "width": None, "height": None, "boxes": [], "landmarks": [], "zone": None}
    boxes, points = shown(shot.scene, rules, shot.width, shot.height) if shot.scene is not None else ([], [])
    return {"number": shot.number, "width": shot.width, "height": shot.height, "boxes": boxes, "landmarks": points,
            "zone": zone(rules, shot.width, shot.height)}


def shown(scene: Scene, rules: Rules, width: int, height: int) -> tuple[list[dict[str, Any]], list[list[float]]]:
    """Boxes with `near` (in the zone in which somebody may be let in), and the five points of each face."""
    boxes: list[dict[str, Any]] = []
    points: list[list[float]] = []
    near = {face.track: in_zone(face, rules) for face in facts_of(scene).faces or ()}
    for track in scene.tracks:
        if track.missed or not all(map(math.isfinite, (track.box.x, track.box.y, track.box.width, track.box.height))):
            continue
        boxes.append({**_shares(track.box, width, height), "near": near.get(track.id, False)})
        points += [[_share(float(x), width), _share(float(y), height)] for x, y in track.landmarks if math.isfinite(x) and math.isfinite(y)]
    return boxes, points


def zone(rules: Rules, width: int, height: int) -> dict[str, float]:
    """How large a face is, in the middle, that is just near enough: a frame to stand in. `eyes`: the same as the share of the picture's
    width between the eyes; `yaw`: degrees that it may be turned."""
    across = rules.zone * width / EYES_OF_BOX
    box = Box((width - across) / 2, (height - across * HEIGHT_OF_BOX) / 2, across, across * HEIGHT_OF_BOX)
    return {**_shares(box, width, height), "eyes": rules.zone, "yaw": rules.zone_yaw}


def _shares(box: Box, width: int, height: int) -> dict[str, float]:
    cut = box.clipped(width, height)
    return {"x": _share(cut.x, width), "y": _share(cut.y, height), "width": _share(cut.width, width), "height": _share(cut.height, height)}


def _share(value: float, whole: int) -> float:
    return round(min(max(value / whole, 0.0), 1.0), 4)
