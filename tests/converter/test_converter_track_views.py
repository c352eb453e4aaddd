"""Looks of a still: the same by the same seed, as alike as frames of a track, judged as the door judges them."""

from __future__ import annotations

import numpy as np

from converter.faces import open_faces
from converter.track_views import Camera, looks, weight
from edge_face.demo import people, stills
from edge_face.settings import VisionSettings
from edge_face.types import Floats, Image
from edge_face.vision.bundle import load_bundle
from edge_face.vision.embedder import Embedder
from edge_face.vision.quality import Limits

LIMITS = Limits.from_settings(VisionSettings())


def still(name: str) -> Image:
    """The front picture of a bundled person, aligned, with margin."""
    faces = open_faces(stills(name)[0].parent.parent, "thresholds", margin=True)
    number = next(i for i, file in enumerate(faces.names) if name in file and "front" in file)
    crop = faces.read(number)
    assert crop is not None and crop.shape == (128, 128, 3)
    return crop


def test_looks_are_decided_by_their_seed() -> None:
    one, again, other = (looks(still("ben"), 3, seed) for seed in ((0, 1), (0, 1), (0, 2)))
    assert one[0].shape == (3, 112, 112, 3) and one[0].dtype == np.uint8 and one[1].shape == (3,)
    assert np.array_equal(one[0], again[0]) and np.array_equal(one[1], again[1])
    assert not np.array_equal(one[0], other[0])
    assert not np.array_equal(one[0][0], one[0][1])


def test_looks_are_as_alike_as_frames_of_one_track_and_no_more() -> None:
    """docs/decisions/tracking.md: frames of a track are at 0.6 and more; other people stay other people."""
    embedder = Embedder(load_bundle("", "embedder"))

    def seen(name: str) -> Floats:
        return np.stack([embedder.embed(face) for face in looks(still(name), 8, (0, 0))[0]])

    ben, other = seen("ben"), seen(next(name for name in people() if name != "ben"))
    within = (ben @ ben.T)[np.triu_indices(8, 1)]
    assert within.min() > 0.6 and 0.75 < within.mean() < 0.99
    assert (ben @ other.T).max() < 0.6 < within.min()


def test_what_the_door_would_not_embed_weighs_nothing() -> None:
    face = looks(still("ben"), 1, (0, 0))[0][0]
    assert 0.3 < weight(face, LIMITS) <= 1.0
    assert weight(np.full_like(face, 3), LIMITS) == 0.0
    assert weight(np.full_like(face, 128), LIMITS) == 0.0


def test_cameras_differ_and_stay_usable() -> None:
    random = np.random.default_rng(0)
    drawn = [Camera.drawn(random) for _ in range(200)]
    assert len({camera.gain for camera in drawn}) == 200
    assert min(camera.gain for camera in drawn) > 0.5 and max(camera.gain for camera in drawn) < 1.8
    assert all(0 <= camera.blur < 1 <= camera.noise <= 7 for camera in drawn)
