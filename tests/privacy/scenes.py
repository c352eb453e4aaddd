"""Scenes made by hand, and hypothesis strategies for any scene at all."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from edge_face.types import Box, Detection, Floats, Frame, Image, Match, Quality, Scene, Track, TrackState

WIDTH, HEIGHT = 320, 240


def landmarks(box: Box, yaw: float = 0.0) -> Floats:
    """Five points of a face in a box; the nose moves with the yaw as on a head."""
    cx, cy = box.centre
    eye = box.width * 0.22 * max(np.cos(np.radians(yaw)), 0.05)
    nose = box.width * 0.44 * 0.62 * np.sin(np.radians(yaw))
    y = box.height
    return np.array([(cx - eye, cy - 0.12 * y), (cx + eye, cy - 0.12 * y), (cx + nose, cy + 0.08 * y),
                     (cx - 0.83 * eye, cy + 0.25 * y), (cx + 0.83 * eye, cy + 0.25 * y)], np.float32)


def quality(yaw: float = 0.0) -> Quality:
    return Quality(sharpness=1, light=1, pose=1, size=1, occlusion=1, eye_distance=40, yaw=yaw, pitch=0, roll=0)


def known(number: int = 1, box: Box | None = None, *, person: str | None = "ben", at: float = 10.0, score: float = 0.8,
          threshold: float = 0.5, matched_at: float | None = 10.0, yaw: float = 0.0, state: TrackState = TrackState.CONFIRMED,
          missed: int = 0, ambiguous: bool = False, judged: bool = True) -> Track:
    """A track that is sharp for those who consent, unless something is said against it."""
    box = box or Box(100, 80, 60, 80)
    return Track(number, box, landmarks(box, yaw), 0.9, state, age=20, missed=missed, quality=quality(yaw) if judged else None,
                 match=Match(person, person, score, threshold, 0.1, at), matched_at=matched_at, ambiguous=ambiguous)


def stranger(number: int, box: Box, state: TrackState = TrackState.CONFIRMED) -> Track:
    return Track(number, box, landmarks(box), 0.9, state, age=5, missed=int(state is TrackState.COASTING))


def weak(box: Box, score: float = 0.3) -> Detection:
    return Detection(box, landmarks(box), score)


def scene(*tracks: Track, weak: tuple[Detection, ...] = (), index: int = 0, at: float = 10.0) -> Scene:
    return Scene(index, at, at, WIDTH, HEIGHT, tracks, weak)


def frame(index: int, at: float | None = None, image: Image | None = None) -> Frame:
    seconds = index / 15 if at is None else at
    if image is None:
        image = np.full((HEIGHT, WIDTH, 3), index % 256, np.uint8)
    return Frame(index, seconds, seconds, image)


numbers = st.floats(-400, 700)
sizes = st.floats(0, 500)
boxes = st.builds(Box, numbers, numbers, sizes, sizes)
wild = st.one_of(boxes, st.builds(Box, *[st.floats(allow_nan=True, allow_infinity=True)] * 4))


@st.composite
def tracks(draw: st.DrawFn, box: st.SearchStrategy[Box] = boxes) -> Track:
    place = draw(box)
    match = draw(st.one_of(st.none(), st.builds(
        Match, st.sampled_from([None, "ben", "ana", "eve"]), st.just("ben"), st.floats(0, 1), st.floats(0, 1),
        st.just(0.0), st.just(10.0))))
    return Track(draw(st.integers(1, 8)), place, landmarks(place, draw(st.floats(-90, 90))), draw(st.floats(0, 1)),
                 draw(st.sampled_from(TrackState)), age=3, missed=draw(st.integers(0, 2)),
                 quality=draw(st.one_of(st.none(), st.builds(quality, st.floats(-120, 120)))), match=match,
                 matched_at=draw(st.one_of(st.none(), st.floats(8, 11))), ambiguous=draw(st.booleans()))


def unique(found: list[Track]) -> tuple[Track, ...]:
    """The same tracks under different ids, as a tracker gives them."""
    from dataclasses import replace

    return tuple(replace(t, id=i) for i, t in enumerate(found, 1))


scenes = st.builds(lambda t, w: scene(*unique(t), weak=tuple(w)), st.lists(tracks(), max_size=5),
                   st.lists(st.builds(weak, boxes), max_size=3))
