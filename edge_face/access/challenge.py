"""Show that you move like a head: a few actions in a random order, judged by how the five points move. Pure."""

from __future__ import annotations

import enum


class Action(enum.StrEnum):
    """What somebody may be asked to do. Left and right are the person's own."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    NEARER = "nearer"
    BLINK = "blink"
