"""What one replay leaves behind: per frame, per decision, per pin edge; all that report and events are made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class TrackTrace:
    """One track in one frame. `vote` is the person this frame's verdict named, None when it named nobody; `live`, `live_score`: what
    attack detection says of it so far, None where nothing judges."""

    id: int
    state: str
    box: tuple[float, float, float, float]
    person: str | None
    vote: str | None
    score: float | None
    eye_share: float | None
    hidden: bool
    live: str | None = None
    live_score: float | None = None


@dataclass(frozen=True, slots=True)
class FrameTrace:
    """One output frame: index and seconds of the input frame that it shows, and the boxes hidden on it."""

    index: int
    seconds: float
    tracks: tuple[TrackTrace, ...]
    regions: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class DecisionTrace:
    """A decision of the door, with its reasons in words, and their codes."""

    seconds: float
    kind: str
    person: str | None
    reasons: tuple[str, ...]
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EdgeTrace:
    """A pin changed: `released` says what that means for the door."""

    seconds: float
    pin: str
    high: bool
    released: bool


@dataclass(slots=True)
class Trace:
    """A whole replay. `names` maps person ids to names for the report; `speed` holds milliseconds by stage."""

    width: int
    height: int
    fps: float
    names: dict[str, str] = field(default_factory=dict)
    frames: list[FrameTrace] = field(default_factory=list)
    decisions: list[DecisionTrace] = field(default_factory=list)
    edges: list[EdgeTrace] = field(default_factory=list)
    speed: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return self.frames[-1].seconds if self.frames else 0.0

    def grants(self) -> list[DecisionTrace]:
        return [d for d in self.decisions if d.kind == "grant"]

    def _name(self, person: str | None) -> str | None:
        return None if person is None else self.names.get(person, person)

    def _track_row(self, t: TrackTrace) -> dict[str, Any]:
        return {"id": t.id, "state": t.state, "box": [round(v, 1) for v in t.box], "person": self._name(t.person),
                "vote": self._name(t.vote), "score": None if t.score is None else round(t.score, 3),
                "eye_share": None if t.eye_share is None else round(t.eye_share, 4), "hidden": t.hidden,
                "live": t.live, "live_score": None if t.live_score is None else round(t.live_score, 3)}

    def events(self) -> Iterator[dict[str, Any]]:
        """Everything in the order of its time, as the lines of events.jsonl."""
        rows: list[tuple[float, int, dict[str, Any]]] = []
        for f in self.frames:
            tracks = [self._track_row(t) for t in f.tracks]
            rows.append((f.seconds, 0, {"event": "frame", "frame": f.index, "t": round(f.seconds, 4), "tracks": tracks,
                                        "regions": list(f.regions)}))
        for d in self.decisions:
            rows.append((d.seconds, 1, {"event": d.kind, "t": round(d.seconds, 4), "person": self._name(d.person),
                                        "reasons": list(d.reasons)}))
        for e in self.edges:
            rows.append((e.seconds, 2, {"event": "edge", "t": round(e.seconds, 4), "pin": e.pin, "high": e.high,
                                        "released": e.released}))
        for _, _, row in sorted(rows, key=lambda row: row[:2]):
            yield row
