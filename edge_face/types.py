"""The small frozen things that flow through the door: frame, detection, track, match, scene.

Conventions everywhere: pixels are BGR uint8, boxes are (x, y, width, height) in pixels, landmarks are five
(x, y) points in the order left eye, right eye, nose tip, left mouth corner, right mouth corner *as seen in the
image*, embeddings are L2-normalised float32, times in seconds (monotonic for durations, wall for people).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""Height x width x 3, BGR."""
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels; may reach outside the picture."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def area(self) -> float:
        return max(self.width, 0.0) * max(self.height, 0.0)

    def intersection(self, other: Box) -> float:
        """Area shared with `other`, in square pixels."""
        w = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        h = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return w * h if w > 0 and h > 0 else 0.0

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 to 1."""
        shared = self.intersection(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def grown(self, factor: float) -> Box:
        """The same centre, both sides times `factor`."""
        w, h = self.width * factor, self.height * factor
        cx, cy = self.centre
        return Box(cx - w / 2, cy - h / 2, w, h)

    def moved(self, dx: float, dy: float) -> Box:
        return Box(self.x + dx, self.y + dy, self.width, self.height)

    def scaled(self, sx: float, sy: float) -> Box:
        """In the pixels of a picture that is `sx`, `sy` times as large."""
        return Box(self.x * sx, self.y * sy, self.width * sx, self.height * sy)

    def clipped(self, width: int, height: int) -> Box:
        """The part inside a picture of that size (area 0 when none is)."""
        x0, y0 = min(max(self.x, 0.0), width), min(max(self.y, 0.0), height)
        x1 = min(max(self.x + self.width, 0.0), width)
        y1 = min(max(self.y + self.height, 0.0), height)
        return Box(x0, y0, x1 - x0, y1 - y0)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture from a camera.

    `image` is what detection and display see; `detail`, where the camera has a second larger stream, is the same
    field of view at more pixels, used for alignment. Privacy masks are painted on both already.
    """

    index: int
    monotonic: float
    wall: float
    image: Image
    detail: Image | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One face found in one picture: box, (5, 2) landmarks in pixels, score 0 to 1."""

    box: Box
    landmarks: Floats
    score: float


@dataclass(frozen=True, slots=True)
class Quality:
    """Named scores 0 (unusable) to 1 (ideal), after ISO/IEC 29794-5, and the raw measures behind them.

    `eye_distance` is in pixels of the picture aligned from, `yaw`, `pitch`, `roll` in degrees (yaw > 0: turned to
    the right of the picture; pitch > 0: looking up; roll > 0: clockwise as seen). `brightness` and `contrast` are
    those of the face, 0 to 1; `side` says where the light comes from, -1 left to 1 right of the picture. `overall` is
    the product used to weigh embeddings.
    """

    sharpness: float
    light: float
    pose: float
    size: float
    occlusion: float
    eye_distance: float
    yaw: float
    pitch: float
    roll: float
    brightness: float = 0.5
    contrast: float = 0.5
    side: float = 0.0

    @property
    def overall(self) -> float:
        return self.sharpness * self.light * self.pose * self.size * self.occlusion


@dataclass(frozen=True, slots=True)
class Match:
    """The pooled embedding of a track against the gallery, at the time `monotonic`.

    `person` is the id of the best person when `score` reached `threshold`, else None; `best` is the id of the
    nearest person whatever the score (for reasons and logs by id, never shown as a recognition).
    """

    person: str | None
    best: str | None
    score: float
    threshold: float
    runner_up: float
    monotonic: float


class LiveVerdict(enum.Enum):
    """What passive attack detection says of a track so far. Only LIVE speaks for somebody."""

    UNKNOWN = "unknown"
    """Too few frames yet, or nothing that judges."""
    LIVE = "live"
    UNSURE = "unsure"
    """Neither is likely enough: another factor must decide."""
    ATTACK = "attack"


@dataclass(frozen=True, slots=True)
class Liveness:
    """Passive attack detection over a track: `score` 0 (an attack) to 1 (alive), fused over `frames` frames; `against` names the
    cues that speak against life, the strongest first."""

    verdict: LiveVerdict
    score: float
    frames: int
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A track against the one person who was claimed by a code or a card (1:1). `score` is the pooled embedding's, `threshold` that
    of verification; `agrees`: this very frame was embedded and by itself shows the person."""

    person: str
    score: float
    threshold: float
    agrees: bool


class TrackState(enum.Enum):
    TENTATIVE = "tentative"
    """Seen, not yet often enough to be believed; hidden all the same."""
    CONFIRMED = "confirmed"
    COASTING = "coasting"
    """Not found in this frame: its box is predicted."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One face followed over frames, as it stands in one scene.

    `match` is the latest result of the pooled embedding or None; `matched_at` the monotonic time of the last frame
    whose own embedding agreed with the person. `judged`: this very frame was embedded; `vote` is then the person whom
    it named by itself, or None. `votes` are the latest such verdicts, oldest first. `failing` names the quality
    components for which this frame was not embedded. `ambiguous`: in this frame the face could have been mixed up with
    another one, so whatever was known of it before is forgotten. `liveness`: of the track so far, None where nothing judges.
    `eyes_open`: 0 closed to 1 open in this frame, None when it cannot be said. `claimed`: against the person who is claimed
    just now.
    """

    id: int
    box: Box
    landmarks: Floats
    score: float
    state: TrackState
    age: int
    missed: int
    quality: Quality | None = None
    match: Match | None = None
    matched_at: float | None = None
    judged: bool = False
    vote: str | None = None
    votes: tuple[str | None, ...] = ()
    failing: tuple[str, ...] = ()
    ambiguous: bool = False
    liveness: Liveness | None = None
    eyes_open: float | None = None
    claimed: Claimed | None = None


class Light(enum.Enum):
    OK = "ok"
    TOO_DARK = "too dark"
    TOO_BRIGHT = "too bright"


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What vision says of one frame. `weak` are detections below the recognising threshold: hidden, never matched."""

    index: int
    monotonic: float
    wall: float
    width: int
    height: int
    tracks: tuple[Track, ...] = ()
    weak: tuple[Detection, ...] = ()
    light: Light = Light.OK
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds by stage (detect, track, align, quality, embed, match), for bench and health."""
