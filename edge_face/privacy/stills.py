"""A single picture with its faces hidden: no track to rely on, so that one look has to do."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, replace

from edge_face.errors import MediaError
from edge_face.media import load_picture, same_file, write_picture
from edge_face.media.paths import shown
from edge_face.privacy.cutting import cut_to
from edge_face.privacy.hider import Hider
from edge_face.privacy.options import CUT_TO
from edge_face.privacy.regions import Region, everything
from edge_face.privacy.registry import anonymize_as
from edge_face.privacy.sealed.marks import left_behind
from edge_face.privacy.strict import Strict
from edge_face.privacy.watching import FaceDetector
from edge_face.settings import PrivacySettings
from edge_face.types import Box, Detection, Image, Scene, Track, TrackState


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
                 settings: PrivacySettings, consenting: Collection[str] = (), *, key: bytes = b"",
                 strict: Strict | None = None) -> HiddenPicture:
    """Writes the picture `source` to `target` with every face hidden that is not surely a consenting person's; without
    metadata (place, thumbnail). `scenes` None hides the whole picture; `strict` hides besides what differs from the empty scene.
    Raises MediaError, ModelError."""
    if same_file(source, target):
        raise MediaError(f"'{shown(target)}' would overwrite the picture that is read: name another file")
    hidden = hidden_picture(source, scenes, settings, consenting, key=key, strict=strict)
    write_picture(target, hidden.image)
    return replace(hidden.done, notes=(*hidden.done.notes, *left_behind(source)))


def hidden_picture(source: str | os.PathLike[str], scenes: StillScenes | None, settings: PrivacySettings,
                   consenting: Collection[str] = (), *, key: bytes = b"", strict: Strict | None = None) -> Hidden:
    """`hide_picture` without the writing. The option "to" of crop cuts it to those who stay sharp."""
    picture = load_picture(source)
    height, width = picture.image.shape[:2]
    kept: list[Box] = []
    scene = None
    if scenes is None:
        regions: tuple[Region, ...] = (everything(width, height, "asked for"),)
    else:
        scene = scenes.look(picture.image)
        regions = Hider(settings).regions(scene, consenting)
        if strict is not None:
            regions += strict.regions(picture.image, scene, regions)
        hidden = {r.track for r in regions}
        kept = [t.box for t in scene.tracks if t.id not in hidden]
    image = anonymize_as(settings, picture.image, regions, scene, key=key)
    if (settings.method, settings.option) == ("crop", CUT_TO):
        try:
            image = cut_to(image, kept)
        except MediaError as error:
            raise MediaError(f"the picture '{shown(source)}' was not cut: {error}") from None
    return Hidden(picture.image, image, HiddenPicture(regions, len(kept), picture.notes))
