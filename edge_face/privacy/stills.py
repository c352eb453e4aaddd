"""A single picture with its faces hidden: no track to rely on, so that one look has to do."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass

from edge_face.errors import MediaError
from edge_face.media import load_picture, same_file, write_picture
from edge_face.media.paths import shown
from edge_face.privacy.hider import Hider
from edge_face.privacy.regions import Region, everything
from edge_face.privacy.registry import anonymize_as
from edge_face.privacy.watching import FaceDetector
from edge_face.settings import PrivacySettings
from edge_face.types import Detection, Image, Scene, Track, TrackState


@dataclass(frozen=True, slots=True)
class HiddenPicture:
    """What became of a picture: the regions that were hidden, how many faces stay sharp, notes."""

    regions: tuple[Region, ...]
    sharp: int
    notes: tuple[str, ...]


class StillScenes:
    """Scenes of single pictures without identities; `PeopleInStills` knows people."""

    def __init__(self, detector: FaceDetector, hide: float = 0.0) -> None:
        self._detector = detector
        self._hide = min(hide or detector.hide, detector.recognise)

    def look(self, image: Image) -> Scene:
        """The scene of one picture. Raises ModelError when the detector gives no numbers."""
        height, width = image.shape[:2]
        found = self._detector.detect(image, self._hide)
        strong = [d for d in found if d.score >= self._detector.recognise]
        weak = tuple(d for d in found if d.score < self._detector.recognise)
        tracks = tuple(self.track(i, d, image, strong) for i, d in enumerate(strong, 1))
        return Scene(0, 0.0, 0.0, width, height, tracks, weak)

    def track(self, number: int, found: Detection, image: Image, others: list[Detection]) -> Track:
        """One found face as a track of a single frame; nobody is known here."""
        return Track(number, found.box, found.landmarks, found.score, TrackState.CONFIRMED, age=1, missed=0)


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """A picture as it was read and as it may be seen, and what became of it."""

    original: Image
    image: Image
    done: HiddenPicture


def hide_picture(source: str | os.PathLike[str], target: str | os.PathLike[str], scenes: StillScenes | None,
                 settings: PrivacySettings, consenting: Collection[str] = (), *, key: bytes = b"") -> HiddenPicture:
    """Writes the picture `source` to `target` with every face hidden that is not surely a consenting person's; without
    metadata (place, thumbnail). `scenes` None hides the whole picture. Raises MediaError, ModelError."""
    if same_file(source, target):
        raise MediaError(f"'{shown(target)}' would overwrite the picture that is read: name another file")
    hidden = hidden_picture(source, scenes, settings, consenting, key=key)
    write_picture(target, hidden.image)
    return hidden.done


def hidden_picture(source: str | os.PathLike[str], scenes: StillScenes | None, settings: PrivacySettings,
                   consenting: Collection[str] = (), *, key: bytes = b"") -> Hidden:
    """`hide_picture` without the writing."""
    picture = load_picture(source)
    height, width = picture.image.shape[:2]
    sharp, scene = 0, None
    if scenes is None:
        regions: tuple[Region, ...] = (everything(width, height, "asked for"),)
    else:
        scene = scenes.look(picture.image)
        regions = Hider(settings).regions(scene, consenting)
        sharp = len({t.id for t in scene.tracks} - {r.track for r in regions})
    image = anonymize_as(settings, picture.image, regions, scene, key=key)
    return Hidden(picture.image, image, HiddenPicture(regions, sharp, picture.notes))
