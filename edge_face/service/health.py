"""How the door is: one snapshot for the control socket, the service manager and the doctor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_face.service.frames import FeedHealth


@dataclass(frozen=True, slots=True)
class Health:
    """One moment of a running daemon. Seconds and megabytes; `silent`: control threads that have not beaten in time."""

    uptime: float
    feed: FeedHealth
    ended: bool
    vision_fps: float
    frames: int
    failed_frames: int
    light: str
    released: bool
    resting: bool
    people: int
    lost_events: int
    memory_mb: float
    first_decision: float | None
    silent: Mapping[str, float] = field(default_factory=dict)
    fault: str = ""

    @property
    def troubles(self) -> list[str]:
        """What is wrong, one sentence each; empty when the door does all it should."""
        found = [f"the {name} thread has been silent for {seconds:.0f} s" for name, seconds in self.silent.items()]
        if self.fault:
            found.append(self.fault)
        if not self.feed.ok:
            found.append(f"the camera is {self.feed.state}: {self.feed.reason}" if self.feed.reason else f"the camera is {self.feed.state}")
        if self.failed_frames and self.failed_frames == self.frames:
            found.append("vision fails on every frame")
        if self.lost_events:
            found.append(f"{self.lost_events} events could not be written")
        return found

    @property
    def healthy(self) -> bool:
        return not self.troubles

    @property
    def summary(self) -> str:
        """One line for people."""
        if self.troubles:
            return "; ".join(self.troubles)
        if self.ended:
            return f"the film is over after {self.frames} frames, {self.people} people"
        door = "released" if self.released else "resting" if self.resting else "locked"
        light = "" if self.light == "ok" else f", {self.light}"
        return f"{door}, {self.vision_fps:.1f} frames a second{light}, {self.people} people, {self.memory_mb:.0f} MB"

    def as_json(self) -> dict[str, Any]:
        return {"healthy": self.healthy, "summary": self.summary, "troubles": self.troubles, "uptime": round(self.uptime, 3),
                "camera": {"ok": self.feed.ok, "state": self.feed.state, "reason": self.feed.reason,
                           "fps": round(self.feed.fps, 2), "reopens": self.feed.reopens, "ended": self.ended},
                "vision": {"fps": round(self.vision_fps, 2), "frames": self.frames, "failed": self.failed_frames,
                           "light": self.light},
                "door": {"released": self.released, "resting": self.resting},
                "people": self.people, "lost_events": self.lost_events, "memory_mb": round(self.memory_mb, 1),
                "first_decision": None if self.first_decision is None else round(self.first_decision, 3)}
