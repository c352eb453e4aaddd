"""How the door is: one snapshot for the control socket, the service manager and the doctor."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edge_face.access import Mode
from edge_face.errors import ServiceError
from edge_face.service import process
from edge_face.service.frames import FeedHealth
from edge_face.service.recorder import RecorderFacts
from edge_face.service.wear import process_written

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon


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
    faults: tuple[str, ...] = ()
    """Of the store, the audit log, inputs and signals, in sentences."""
    mode: str = "shut"
    alarms: tuple[str, ...] = ()
    authority: str = ""
    """On what the release rests that lasts."""
    contact: str | None = None
    lockdown: bool = False
    clock: str = ""
    clock_trusted: bool = True
    late_records: int = 0
    prompt: str | None = None
    """What somebody at the door is asked for now, as `edge_face.access.policy_state.Prompt` has it; whom is not said."""
    prompt_left: float | None = None
    """For how many seconds yet."""
    written: int = 0
    """Bytes that this process had written to disks in the last `written_over` seconds (a day at most), as the kernel counts them."""
    written_over: float = 0.0
    recorder: RecorderFacts | None = None
    """None where no pictures of events are kept."""

    @property
    def troubles(self) -> list[str]:
        """What is wrong, one sentence each; empty when the door does all it should."""
        found = [f"the {name} thread has been silent for {seconds:.0f} s" for name, seconds in self.silent.items()]
        found += self.faults
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
        door = "released" if self.released else "lockdown" if self.lockdown else "resting" if self.resting else "locked"
        alarms = f", alarm: {', '.join(self.alarms)}" if self.alarms else ""
        if self.feed.state == "none":
            return f"{door}{alarms}, no camera, {self.memory_mb:.0f} MB"
        light = "" if self.light == "ok" else f", {self.light}"
        return f"{door}{alarms}, {self.vision_fps:.1f} frames a second{light}, {self.people} people, {self.memory_mb:.0f} MB"

    def as_json(self) -> dict[str, Any]:
        return {"healthy": self.healthy, "summary": self.summary, "troubles": self.troubles, "uptime": round(self.uptime, 3),
                "camera": {"ok": self.feed.ok, "state": self.feed.state, "reason": self.feed.reason,
                           "fps": round(self.feed.fps, 2), "reopens": self.feed.reopens, "ended": self.ended},
                "vision": {"fps": round(self.vision_fps, 2), "frames": self.frames, "failed": self.failed_frames,
                           "light": self.light},
                "door": {"released": self.released, "resting": self.resting, "mode": self.mode, "alarms": list(self.alarms),
                         "authority": self.authority, "contact": self.contact, "lockdown": self.lockdown,
                         "prompt": {"what": self.prompt, "until": self.prompt_left}},
                "clock": {"trusted": self.clock_trusted, "why": self.clock}, "late_records": self.late_records,
                "people": self.people, "lost_events": self.lost_events, "memory_mb": round(self.memory_mb, 1),
                "disk": {"written": self.written, "over": round(self.written_over)},
                "recorder": self.recorder.as_json() if self.recorder is not None else None,
                "first_decision": None if self.first_decision is None else round(self.first_decision, 3)}


def health_of(daemon: Daemon) -> Health:
    """Raises `ServiceError` while the door is just starting."""
    parts, roster, now = daemon.parts, daemon.roster, daemon.clock.monotonic()
    vision, feed, policy, lock = parts.vision, parts.feed, parts.policy, parts.lock
    if vision is None or feed is None or policy is None or lock is None:
        raise ServiceError("the door is just starting")
    first, state = policy.first_at, policy.state
    prompt = state.prompt
    faults = [daemon.store_trouble(), daemon.deaf, parts.store.fault if parts.store and not daemon.store_trouble() else "",
              *(parts.audit.troubles if parts.audit else ()), *(parts.inputs.troubles if parts.inputs else ()),
              *(parts.signals.troubles if parts.signals else ())]
    recorder = parts.recorder.facts() if parts.recorder is not None else None
    faults.append(recorder.trouble if recorder is not None else "")
    daemon.wear.reach(process_written())
    written, over = daemon.wear.read()
    return Health(
        uptime=now - daemon.begun, feed=feed.health, ended=feed.ended, vision_fps=vision.fps, frames=vision.frames,
        failed_frames=vision.failures, light=policy.light.value, released=lock.released,
        resting=state.mode is Mode.LOCKED_OUT or state.rest_until is not None, people=roster.people if roster else 0,
        lost_events=parts.store.lost if parts.store else 0, memory_mb=process.resident_mb(),
        first_decision=None if first is None else first - daemon.born, silent=daemon.hearts.silent(now),
        faults=tuple(fault for fault in faults if fault), mode=state.mode.value, alarms=tuple(sorted(a.value for a in state.alarms)),
        authority=lock.authority, contact=state.leaf.contact.value if state.leaf.contact is not None else None, lockdown=state.lockdown,
        prompt=prompt.what if prompt is not None else None,
        prompt_left=round(max(0.0, prompt.until - now), 3) if prompt is not None and math.isfinite(prompt.until) else None,
        clock=daemon.keeper.why, clock_trusted=daemon.keeper.believed, late_records=parts.audit.late if parts.audit else 0,
        written=written, written_over=over, recorder=recorder)
