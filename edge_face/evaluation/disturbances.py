"""Versions of a labelled clip as worse cameras and busier doors would give it, with their labels.

Pictures are BGR uint8; a version may leave frames out, turn, scale or mirror them: the labels follow. All chance is fixed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edge_face.errors import UsageError
from edge_face.evaluation.leaks import LabelledFace
from edge_face.opencv import cv2
from edge_face.types import Box, Image, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One labelled frame: its time in the clip, seconds."""

    seconds: float
    image: Image
    faces: tuple[LabelledFace, ...]


Version = Callable[[Iterable[Sight]], Iterator[Sight]]
Change = Callable[[Image, int], Image]


def changed(change: Change) -> Version:
    """Each picture by itself (`change` gets its number too); the labels stay."""
    def version(sights: Iterable[Sight]) -> Iterator[Sight]:
        for number, sight in enumerate(sights):
            yield replace(sight, image=change(sight.image, number))
    return version


def both(first: Change, second: Change) -> Change:
    return lambda image, number: second(first(image, number), number)


def curve(gain: float, gamma: float = 1.0) -> Change:
    table = np.clip((np.arange(256) / 255) ** gamma * 255 * gain + 0.5, 0, 255).astype(np.uint8)
    return lambda image, _: np.asarray(cv2.LUT(image, table), np.uint8)


def noise(sigma: float) -> Change:
    field = np.round(np.random.default_rng(11).standard_normal((1280, 1600, 3)) * sigma).astype(np.int16)

    def change(image: Image, number: int) -> Image:
        rows, columns = image.shape[:2]
        y, x = (int(v) for v in np.random.default_rng(number).integers(0, (1280 - rows, 1600 - columns)))
        return np.asarray(cv2.add(image, field[y:y + rows, x:x + columns], dtype=cv2.CV_8U), np.uint8)
    return change


def coded(quality: int) -> Change:
    """Through JPEG and back."""
    def change(image: Image, _: int) -> Image:
        blob = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(blob, cv2.IMREAD_COLOR), np.uint8)
    return change


def soft(sigma: float) -> Change:
    return lambda image, _: np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def smeared(pixels: int) -> Change:
    """Moved sideways while the shutter was open."""
    return lambda image, _: np.asarray(cv2.blur(image, (pixels, 1)), np.uint8)


def flickering(depth: float, period: float) -> Change:
    """Lamps that pulse; `period` in frames."""
    return lambda image, number: curve(1 - depth * (0.5 + 0.5 * math.sin(2 * math.pi * number / period)))(image, number)


def backlit(image: Image, _: int) -> Image:
    """A window behind everybody: the middle bright, the rest dark."""
    rows, columns = image.shape[:2]
    y, x = np.linspace(-1, 1, rows)[:, None], np.linspace(-1, 1, columns)[None, :]
    light = 0.45 + 1.1 * np.exp(-3 * (x ** 2 + y ** 2))
    return np.clip(image * light[..., None], 0, 255).astype(np.uint8)


def grey(image: Image, _: int) -> Image:
    """As by infrared light."""
    return np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)


def kept(keep: Callable[[int], bool]) -> Version:
    """Only the frames whose number `keep` says yes to."""
    def version(sights: Iterable[Sight]) -> Iterator[Sight]:
        return (sight for number, sight in enumerate(sights) if keep(number))
    return version


def lost(share: float) -> Version:
    """That share of the frames, here and there, never arrives."""
    return kept(lambda number: bool(np.random.default_rng((5, number)).random() >= share))


def warped(matrix_for: Callable[[int, int, int], tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], tuple[int, int]]]) -> Version:
    """Under an affine map: `matrix_for(width, height, number)` gives it and the size of the result."""
    def version(sights: Iterable[Sight]) -> Iterator[Sight]:
        for number, sight in enumerate(sights):
            height, width = sight.image.shape[:2]
            matrix, size = matrix_for(width, height, number)
            image = cv2.warpAffine(sight.image, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT_101)
            faces = tuple(replace(face, box=_mapped(face.box, matrix)) for face in sight.faces)
            yield Sight(sight.seconds, np.asarray(image, np.uint8), tuple(_cut(face, *size) for face in faces))
    return version


def _mapped(box: Box, matrix: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Box:
    """The box of the mapped ellipse, which stays tight when it is turned."""
    x, y = matrix[:, :2] @ np.array(box.centre) + matrix[:, 2]
    across, down = np.sqrt((matrix[:, :2] ** 2) @ np.array([box.width / 2, box.height / 2]) ** 2)
    return Box(float(x - across), float(y - down), float(2 * across), float(2 * down))


def _cut(face: LabelledFace, width: int, height: int) -> LabelledFace:
    """Less of a face is visible where the map moved it out of the picture."""
    inside = face.box.clipped(width, height).area / max(face.box.area, 1e-9)
    return replace(face, visible=min(face.visible, inside))


def turned(degrees: float) -> Version:
    def matrix_for(width: int, height: int, _: int) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], tuple[int, int]]:
        return np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)), (width, height)
    return warped(matrix_for)


def scaled(factor: float) -> Version:
    return warped(lambda width, height, _: (np.array([[factor, 0, 0], [0, factor, 0]]), (round(width * factor), round(height * factor))))


def shaking(pixels: float) -> Version:
    """A camera that trembles on its mount."""
    def matrix_for(width: int, height: int, number: int) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], tuple[int, int]]:
        dx, dy = np.random.default_rng((9, number)).normal(0, pixels, 2)
        return np.array([[1, 0, dx], [0, 1, dy]]), (width, height)
    return warped(matrix_for)


MIRRORED = warped(lambda width, height, _: (np.array([[-1.0, 0, width - 1], [0, 1, 0]]), (width, height)))


def crossing(passers: Sequence[Sight], shift: int) -> Version:
    """Other people (`people_of`) walk through before those of the clip, mirrored, beginning `shift` frames into their own clip."""
    def version(sights: Iterable[Sight]) -> Iterator[Sight]:
        for number, sight in enumerate(sights):
            passer = passers[(number + shift) % len(passers)]
            if passer.image.shape[:2] != sight.image.shape[:2]:
                raise UsageError("people of another clip are only laid over pictures of the same size")
            before, mask = passer.image[:, ::-1, :3], passer.image[:, ::-1, 3:] > 127
            width = sight.image.shape[1]
            behind = tuple(replace(f, visible=f.visible * (1 - _share(mask[..., 0], f.box))) for f in sight.faces)
            front = tuple(replace(f, box=replace(f.box, x=width - 1 - f.box.x - f.box.width)) for f in passer.faces)
            yield Sight(sight.seconds, np.where(mask, before, sight.image).astype(np.uint8), behind + front)
    return version


def _share(mask: Mask, box: Box) -> float:
    height, width = mask.shape
    part = box.clipped(width, height)
    cut = mask[int(part.y):math.ceil(part.y + part.height), int(part.x):math.ceil(part.x + part.width)]
    return float(cut.mean()) if cut.size else 0.0


def people_of(sights: Sequence[Sight], empty: Image) -> list[Sight]:
    """The people of a clip cut out of their scene: pictures of four channels, the last 255 on somebody. `empty`: that scene."""
    found = []
    for sight in sights:
        apart = np.abs(cv2.GaussianBlur(sight.image, (5, 5), 0).astype(np.int16) - cv2.GaussianBlur(empty, (5, 5), 0)).max(2) > 14
        mask = cv2.morphologyEx(apart.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
        outlines, _ = cv2.findContours(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8)), cv2.RETR_EXTERNAL,
                                       cv2.CHAIN_APPROX_NONE)
        body = np.zeros(mask.shape, np.uint8)
        cv2.drawContours(body, [o for o in outlines if cv2.contourArea(o) > 400], -1, 255, cv2.FILLED)
        found.append(Sight(sight.seconds, np.dstack([sight.image, body]), sight.faces))
    return found


def cut_out(sights: Sequence[Sight]) -> list[Sight]:
    """`people_of` a clip whose unlabelled frames show its empty scene. Raises UsageError where there are none."""
    nobody = [sight.image for sight in sights if not sight.faces]
    if not nobody:
        raise UsageError("people are only cut out of a clip that shows its scene without anybody for a while")
    return people_of(sights, np.median(np.stack(nobody), 0).astype(np.uint8))


def versions(passers: Sequence[Sight]) -> Mapping[str, Version]:
    """The 24 versions by name. `passers`: who crosses."""
    return {
        "dark": changed(curve(0.35)), "very dark, noisy": changed(both(curve(0.18), noise(5))), "gamma 2": changed(curve(1.0, 2.0)),
        "bright": changed(curve(1.7)), "backlit": changed(backlit), "flicker": changed(flickering(0.5, 4.5)), "grey": changed(grey),
        "noise 10": changed(noise(10)), "noise 20": changed(noise(20)), "soft": changed(soft(2.0)), "smeared": changed(smeared(13)),
        "JPEG 20": changed(coded(20)), "dark, JPEG 20": changed(both(curve(0.4), coded(20))),
        "5 fps": kept(lambda n: n % 3 == 0), "half the frames lost": lost(0.5), "stalls": kept(lambda n: n % 15 >= 5),
        "mirrored": MIRRORED, "turned 8": turned(8), "turned -15": turned(-15), "half size": scaled(0.5), "three quarters": scaled(0.75),
        "shaking": shaking(4), "crossing": crossing(passers, 165), "crossing, later": crossing(passers, 200),
    }
