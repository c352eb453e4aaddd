"""The one registry of methods, and `anonymize`, which lays a method over regions of a picture.

A method is one small file in `methods/`: a function Patch -> Image, registered under the file's name. How hard it works is its
`amount`; what that takes from a face was measured (`strengths`), so that a strength means the same for all of them.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import pkgutil
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from edge_face.errors import UsageError
from edge_face.opencv import cv2
from edge_face.privacy import methods
from edge_face.privacy.feather import mixed, rim
from edge_face.privacy.masks import bounds, draw
from edge_face.privacy.options import check_option
from edge_face.privacy.patch import Method, Patch
from edge_face.privacy.regions import Region, bounded, outermost
from edge_face.privacy.strengths import power_for
from edge_face.settings import PrivacySettings
from edge_face.types import Box, Floats, Image, Scene

_MOST_CELLS, _LEAST_CELLS = 24.0, 1.0


@dataclass(frozen=True, slots=True)
class Anonymizer:
    """A registered method; `feather`: the hidden shape's rim fades out over this share of its size, outside of it."""

    name: str
    apply: Method
    feather: float


_METHODS: dict[str, Anonymizer] = {}


def method(name: str, feather: float = 0.0) -> Callable[[Method], Method]:
    """Registers a method under its name (that of its file)."""

    def register(function: Method) -> Method:
        _METHODS[name] = Anonymizer(name, function, feather)
        return function

    return register


@functools.lru_cache(maxsize=1)
def method_names() -> tuple[str, ...]:
    """All methods, sorted, without importing them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(methods.__path__)
                        if not module.name.startswith("_")))


def anonymizer(name: str) -> Anonymizer:
    """The method of that name. Raises UsageError naming all of them."""
    if name not in method_names():
        raise UsageError(f"there is no method '{name}' to hide faces: choose {', '.join(method_names())}")
    if name not in _METHODS:
        importlib.import_module(f"{methods.__name__}.{name}")
    return _METHODS[name]


def cells(amount: float) -> float:
    """How many independent cells are left across a hidden face: 24 at amount 0, 4.9 at 0.5, 1 at 1."""
    return float(_MOST_CELLS * (_LEAST_CELLS / _MOST_CELLS) ** min(max(amount, 0.0), 1.0))


def anonymize(image: Image, regions: Iterable[Region], name: str, strength: float, *, key: bytes = b"", option: str = "",
              faces: Sequence[Floats] = ()) -> Image:
    """A copy of a BGR picture with the regions hidden by a method; `image` itself is not changed.

    Inside `mask_of(regions)` nothing of the original is left but what the method leaves; pixels outside the regions (and
    their soft rims) are exactly those of `image`. `strength`: the share of identity that goes, 0 to 1 (`strengths.power_for`).
    `key`: secret of what is random, the same for pictures that belong together; without one this process has its own.
    `option`: the method's own. `faces`: (5, 2) landmarks of faces in the picture as far as they are known. Raises UsageError for
    an unknown method or option, MediaError for a picture that an option names and that cannot be read.
    """
    return anonymize_at(image, regions, name, power_for(name, strength, option).amount, key=key, option=option, faces=faces)


def anonymize_at(image: Image, regions: Iterable[Region], name: str, amount: float, *, key: bytes = b"", option: str = "",
                 faces: Sequence[Floats] = ()) -> Image:
    """As `anonymize`, by the method's own amount, 0 weakest to 1 strongest."""
    chosen = anonymizer(name)
    check_option(name, option)
    out: Image = image.copy()
    height, width = image.shape[:2]
    middles = np.stack([marks.mean(0) for marks in faces]) if faces else np.zeros((0, 2), np.float32)
    for number, region in enumerate(outermost(tuple(regions))):
        seed = _seed(key or _own_key(), region, number)
        if region.whole:
            # An amount is measured on a face; of whatever is in a whole picture only the method's most is known to hide it.
            full = np.full((height, width), 255, np.uint8)
            out[:] = chosen.apply(Patch(_read_only(out), full, Box(0.0, 0.0, width, height), 1.0, _cell(width, height, 1.0), seed, option,
                                        head=False))
        else:
            nearest = _nearest(region, middles)
            _hide(out, region, chosen, amount, seed, option, None if nearest is None else faces[nearest])
    return out


def anonymize_as(privacy: PrivacySettings, image: Image, regions: Iterable[Region], scene: Scene | None = None, *,
                 key: bytes = b"") -> Image:
    """`anonymize` by the method, strength and option of the settings; what the picture's `scene` knows of its faces guides it."""
    return anonymize(image, regions, privacy.method, privacy.strength, key=key, option=privacy.option, faces=faces_of(scene))


def faces_of(scene: Scene | None) -> tuple[Floats, ...]:
    """The landmarks that a scene knows, for `anonymize`."""
    if scene is None:
        return ()
    known = [t.landmarks for t in scene.tracks] + [d.landmarks for d in scene.weak]
    return tuple(marks for marks in known if marks.shape == (5, 2) and np.isfinite(marks).all())


def _hide(out: Image, region: Region, chosen: Anonymizer, amount: float, seed: int, option: str, face: Floats | None) -> None:
    height, width = out.shape[:2]
    # Rectangles get no soft rim: somebody who agreed to be shown may stand between them.
    feather = 0.0 if region.parts else chosen.feather
    box = bounded(region.box)
    outer = box.grown(1 + feather)
    # An outline that ends on a pixel's edge is drawn on the next one too: a pixel more on each side.
    left, top, right, bottom = bounds(Box(outer.x - 1, outer.y - 1, outer.width + 2, outer.height + 2), width, height)
    if right <= left or bottom <= top or box.width <= 0 or box.height <= 0:
        return
    patch = out[top:bottom, left:right]
    core: Image = np.zeros(patch.shape[:2], np.uint8)
    draw(core, region, left, top, 255)
    given = Patch(_read_only(patch), core, box.moved(-left, -top), amount,
                  # The cell follows the whole shape, also where the picture's edge cuts it off.
                  _cell(box.width, box.height, amount), seed, option,
                  None if face is None else (face - (left, top)).astype(np.float32), head=_is_face(region))
    hidden = chosen.apply(given)
    if feather > 0:
        patch[:] = mixed(hidden, patch, np.maximum(core, rim(outer, feather, left, top, right, bottom)))
    else:
        cv2.copyTo(hidden, core, patch)


def _is_face(region: Region) -> bool:
    """Is there a face for all that is known? Of weak detections most are none, and what later frames teach says where one may have been."""
    return not region.parts and region.source not in ("weak", "backfilled")


def _cell(width: float, height: float, amount: float) -> float:
    return max(min(width, height) / cells(amount), 2.0)


def _read_only(pixels: Image) -> Image:
    view = pixels.view()
    view.flags.writeable = False
    return view


def _nearest(region: Region, middles: Floats) -> int | None:
    """Which of these middles of landmarks, (n, 2), lies nearest to a face's region, and in it."""
    box = bounded(region.box)
    if region.parts or not len(middles) or box.width <= 0 or box.height <= 0:
        return None
    off = (np.abs(middles - box.centre) / (box.width, box.height)).max(1)
    best = int(off.argmin())
    return best if off[best] < 0.5 else None


@functools.lru_cache(maxsize=1)
def _own_key() -> bytes:
    return secrets.token_bytes(16)


def _seed(key: bytes, region: Region, number: int) -> int:
    """128 bits that follow a track; of a region without one its place among the others."""
    about = f"track {region.track}" if region.track is not None else f"region {number}"
    return int.from_bytes(hashlib.blake2b(about.encode(), key=key[:64], digest_size=16).digest(), "big")
