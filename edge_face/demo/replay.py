"""A clip through the real door, frame by frame, in the clip's own time: vision, decision, lock, privacy.

The same parts as in the daemon, in one thread and with a clock that stands where the clip stands, so that the same
clip always gives the same decisions. The pins are mock ones.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_face.access import Calendar, Inputs, Kind, PolicyRules, PolicyState, facts_of, step
from edge_face.access.actions import known
from edge_face.access.challenge import choose
from edge_face.cameras import open_source
from edge_face.clock import ManualClock
from edge_face.demo.trace import DecisionTrace, EdgeTrace, FrameTrace, Trace, TrackTrace
from edge_face.door import open_lock, pin_factory
from edge_face.door.lock import Lock
from edge_face.errors import SettingsError
from edge_face.privacy import DelayLine, Hider, anonymize_as
from edge_face.privacy.delay import Released
from edge_face.settings import Settings
from edge_face.types import Frame, Image, Scene, Track
from edge_face.vision.pipeline import VisionPipeline

KEY = b"the same clip looks the same"
"""Of what is random in how faces are hidden."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A picture as it leaves the door: anonymised, with what was recorded for it."""

    picture: Image
    record: FrameTrace
    released: bool


class Replay:
    """Plays one clip at the assurance of its settings. `trace` fills while `frames` is iterated; `names` maps ids of people to names.
    `actions`: what a challenge asks for, in this order, in place of what dice would choose; `source`: frames to play in place of the
    clip's. Raises SettingsError for actions that no challenge asks for."""

    def __init__(self, clip: Path, settings: Settings, pipeline: VisionPipeline, consenting: Collection[str], names: dict[str, str], *,
                 actions: tuple[str, ...] = (), source: Iterable[Frame] | None = None) -> None:
        self._clock, self._source = ManualClock(), source
        self._rules, self._dice = fixed(PolicyRules.from_settings(settings, {}, Calendar()), actions)
        camera = replace(settings.camera, source=f"file:{clip}", paced=False)
        self.settings = replace(settings, camera=camera, door=replace(settings.door, pins="mock"))
        self._pipeline, self._consenting = pipeline, consenting
        self.trace = Trace(0, 0, camera.fps, names=names)
        self._spent: dict[str, list[float]] = defaultdict(list)
        self._released_at: dict[int, bool] = {}
        self._start: float | None = None

    def frames(self, limit: int | None = None) -> Iterator[Shown]:
        """The pictures in the order of the clip, each once; the first `limit` only where given. Raises EdgeFaceError
        when the clip or a model fails; the lock is then secured."""
        factory = pin_factory(self.settings.door, clock=self._now)
        rules = self._rules
        hider, line = Hider(self.settings.privacy), DelayLine(self.settings.privacy)
        state = PolicyState()
        try:
            with open_lock(self.settings.door, factory, self._now) as lock, self._opened() as source:
                before = len(factory.edges)  # what construction did is no edge of the door's
                for frame in source:
                    if limit is not None and frame.index >= limit:
                        break
                    self._arrive(frame)
                    self._pipeline.claim = state.claimed
                    self._pipeline.watch = state.prompt.track if state.prompt is not None else None
                    scene = self._pipeline.process(frame)
                    self._took("vision", scene)
                    begun = time.perf_counter()
                    state, decisions = step(state, Inputs(self._now(), scene.wall, sight=facts_of(scene), dice=self._dice), rules)
                    for decision in decisions:
                        self.trace.decisions.append(DecisionTrace(self._now() - (self._start or 0.0), decision.kind.value, decision.person,
                                                                  tuple(reason.text for reason in decision.reasons),
                                                                  tuple(reason.code for reason in decision.reasons)))
                        if decision.authority is not None:
                            lock.release(decision.seconds, decision.authority.value)
                        elif decision.kind is Kind.RELOCK:
                            lock.secure()
                    lock.tick(self._now())
                    self._spent["decide"].append(time.perf_counter() - begun)
                    self._released_at[frame.index] = lock.released
                    begun = time.perf_counter()
                    due = line.push(frame, scene, hider.regions(scene, self._consenting))
                    self._spent["what to hide"].append(time.perf_counter() - begun)
                    yield from (self._leave(released) for released in due)
                yield from (self._leave(released) for released in line.flush())
                self._let_time_pass(lock)
                self.trace.edges = [EdgeTrace(e.time - (self._start or 0.0), e.pin, bool(e.level),
                                              bool(e.level) == self._released_level()) for e in list(factory.edges)[before:]]
        finally:
            factory.close()
            self.trace.speed = {stage: _spread(times, len(self.trace.frames)) for stage, times in self._spent.items()}

    @contextmanager
    def _opened(self) -> Iterator[Iterable[Frame]]:
        if self._source is not None:
            yield self._source
            return
        with open_source(self.settings.camera, self._clock) as source:
            yield source

    def _now(self) -> float:
        return self._clock.monotonic()

    def _released_level(self) -> bool:
        door = self.settings.door
        return door.active_high == (door.fail == "secure")

    def _arrive(self, frame: Frame) -> None:
        """Sets the clock to the frame's place in the clip."""
        if self._start is None:
            self._start = frame.monotonic
            self.trace.height, self.trace.width = frame.image.shape[:2]
        self._clock.sleep(max(frame.monotonic - self._clock.monotonic(), 0.0))

    def _let_time_pass(self, lock: Lock) -> None:
        """A release that is still on when the clip ends must end as it would at a door."""
        if lock.until is not None:
            self._clock.sleep(max(lock.until - self._now(), 0.0))
            lock.tick(self._now())

    def _took(self, whole: str, scene: Scene) -> None:
        for stage, seconds in scene.timings.items():
            self._spent[f"{whole}: {stage}"].append(seconds)
        self._spent[f"{whole}: whole frame"].append(sum(scene.timings.values()))

    def _leave(self, released: Released) -> Shown:
        privacy = self.settings.privacy
        begun = time.perf_counter()
        picture = anonymize_as(privacy, released.frame.image, released.regions, released.scene, key=KEY)
        self._spent["hide"].append(time.perf_counter() - begun)
        scene = released.scene
        hidden = {region.track for region in released.regions}
        whole = any(region.whole for region in released.regions)
        tracks = tuple(_traced(t, scene.width, whole or t.id in hidden) for t in scene.tracks) if scene is not None else ()
        record = FrameTrace(released.frame.index, released.frame.monotonic - (self._start or 0.0), tracks,
                            tuple(region.as_json() for region in released.regions))
        self.trace.frames.append(record)
        return Shown(picture, record, self._released_at.get(released.frame.index, False))


def fixed(rules: PolicyRules, actions: tuple[str, ...]) -> tuple[PolicyRules, int]:
    """Rules and dice with which a challenge asks for exactly these actions. The same dice for ever: a replay is to be repeated."""
    if not actions:
        return rules, 0
    challenge = replace(rules.challenge, actions=known(actions), number=len(actions))
    for dice in range(1000):
        if tuple(action.value for action in choose(challenge, dice)) == actions:
            return replace(rules, challenge=challenge), dice
    raise SettingsError(f"no challenge asks for {', '.join(actions)}: actions differ, and a turn of the head is among them")


def _traced(track: Track, width: int, hidden: bool) -> TrackTrace:
    box, match, live = track.box, track.match, track.liveness
    eyes = float(np.hypot(*(track.landmarks[1] - track.landmarks[0]))) / width
    return TrackTrace(track.id, track.state.value, (box.x, box.y, box.width, box.height), match.person if match else None,
                      track.vote if track.judged else None, match.score if match else None, eyes, hidden,
                      live.verdict.value if live else None, live.score if live else None)


def _spread(seconds: list[float], frames: int) -> dict[str, float]:
    ms = np.asarray(seconds) * 1000
    return {"p50": float(np.percentile(ms, 50)), "p95": float(np.percentile(ms, 95)), "share": min(len(seconds) / max(frames, 1), 1.0)}
