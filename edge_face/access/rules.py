"""The rules of the door, from the settings."""

from __future__ import annotations

from dataclasses import dataclass

from edge_face.errors import SettingsError
from edge_face.settings import DecisionSettings, DoorSettings


@dataclass(frozen=True, slots=True)
class Rules:
    """Seconds, degrees, shares of the picture's width and counts, as `DecisionSettings` and `DoorSettings` explain them."""

    votes: int = 3
    of: int = 5
    window: float = 1.5
    zone: float = 0.06
    zone_yaw: float = 25.0
    dwell: float = 0.3
    rest_after: int = 5
    rest: float = 30.0
    fail_after: float = 2.0
    fail_again: float = 10.0
    approach_gap: float = 3.0
    pulse: float = 3.0
    max_release: float = 30.0

    @classmethod
    def from_settings(cls, decision: DecisionSettings, door: DoorSettings) -> Rules:
        """Raises SettingsError for rules that could never be met."""
        if decision.votes > decision.of:
            raise SettingsError(f"decision.votes = {decision.votes} is more than decision.of = {decision.of}: the door would never open")
        return cls(decision.votes, decision.of, decision.window, decision.zone, decision.zone_yaw, decision.dwell,
                   decision.rest_after, decision.rest, decision.fail_after, decision.fail_again, decision.approach_gap,
                   min(door.pulse, door.max_release), door.max_release)
