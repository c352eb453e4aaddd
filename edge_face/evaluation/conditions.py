"""Hard conditions made from good pictures: dark, backlit, low resolution, turned away, masked, JPEG 30.

Simulations, each documented, none a replacement for pictures taken so. They change the picture before detection, with the
face that was found in the good one as their guide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_face.opencv import cv2
from edge_face.types import Detection, Floats, Image

DARK_GAIN, DARK_NOISE = 0.12, 3.0
BACKLIT_FACE, BACKLIT_VEIL = 0.22, 30.0
LOW_EYE_DISTANCE = 14.0
YAW = 30.0
QUALITY = 30
Change = Callable[[Image, Detection, np.random.Generator], Image]


@dataclass(frozen=True, slots=True)
class Condition:
    """A transform and the sentence that says what it does."""

    about: str
    change: Change


def dark(image: Image, face: Detection, random: np.random.Generator) -> Image:
    """12 % of the light that the sensor had, with the read and shot noise of a short exposure."""
    light = _linear(image) * np.float32(DARK_GAIN)
    values = _stored(light)
    noise = random.standard_normal(values.shape, np.float32) * (DARK_NOISE + 0.25 * np.sqrt(np.maximum(values, 0)))
    return _picture(values + noise)


def backlit(image: Image, face: Detection, random: np.random.Generator) -> Image:
    """A bright window behind: what surrounds the head burns out, the face keeps 22 % of its light, and a veil of stray light
    lies over both."""
    head = _head(image, face, 1.15)[..., None]
    light = _linear(image)
    mixed = light * (BACKLIT_FACE * head + 2.2 * (1 - head)) + 0.25 * (1 - head)
    return _picture(_stored(mixed) * np.float32((255 - BACKLIT_VEIL) / 255) + np.float32(BACKLIT_VEIL))


def low_resolution(image: Image, face: Detection, random: np.random.Generator) -> Image:
    """As many pixels as a face far away has: 14 px from eye to eye, enlarged again."""
    distance = float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))
    share = min(LOW_EYE_DISTANCE / max(distance, 1e-3), 1.0)
    height, width = image.shape[:2]
    small = cv2.resize(image, (max(round(width * share), 1), max(round(height * share), 1)), interpolation=cv2.INTER_AREA)
    grown: Image = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return grown


def yaw(image: Image, face: Detection, random: np.random.Generator) -> Image:
    """A warp, not a turned head: the face is laid on an upright cylinder that is turned by 30 degrees, to a side by chance.
    What a real head would newly show (the ear, the other cheek) is stretched from what there is."""
    centre, right, down, width = _axes(face.landmarks)
    radius = 1.55 * width
    side = 1.0 if random.random() < 0.5 else -1.0
    rows, columns = np.mgrid[0:image.shape[0], 0:image.shape[1]].astype(np.float32)
    x, y = columns - np.float32(centre[0]), rows - np.float32(centre[1])
    across = (x * right[0] + y * right[1]) / np.float32(radius)
    along = (x * down[0] + y * down[1]) / np.float32(1.5 * radius)
    inside = np.clip(across, -1, 1)
    angle = np.arcsin(inside) - np.float32(np.radians(YAW) * side)
    source = np.sin(np.clip(angle, -np.pi / 2, np.pi / 2))
    # The head turns, the room does not: the shift fades out where the cylinder ends.
    fade = np.clip((1.0 - np.maximum(np.abs(across), np.abs(along))) / 0.25, 0, 1)
    shift = (source - across) * fade * np.float32(radius)
    turned: Image = cv2.remap(image, (columns + shift * right[0]).astype(np.float32), (rows + shift * right[1]).astype(np.float32),
                              cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return turned


def masked(image: Image, face: Detection, random: np.random.Generator) -> Image:
    """A surgical mask from the middle of the nose to the chin, drawn in one of four colours, with folds and noise."""
    marks = face.landmarks.astype(np.float64)
    eyes, nose, mouth = (marks[0] + marks[1]) / 2, marks[2], (marks[3] + marks[4]) / 2
    _, right, down, width = _axes(face.landmarks)
    bridge = eyes + (nose - eyes) * 0.45
    chin = mouth + down * 0.95 * width
    half = 0.98 * width
    outline = np.array([bridge - right * 0.28 * width, bridge + right * 0.28 * width, nose + right * half, mouth + right * 0.92 * half,
                        chin + right * 0.45 * half, chin - right * 0.45 * half, mouth - right * 0.92 * half, nose - right * half])
    colour = np.array([(214, 190, 150), (235, 235, 232), (60, 58, 56), (196, 160, 120)][int(random.integers(4))], np.float32)
    cover = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(cover, [np.round(outline).astype(np.int32)], 255, cv2.LINE_AA)
    share = (cv2.GaussianBlur(cover, (0, 0), max(width * 0.02, 0.5)) / np.float32(255))[..., None]
    rows, columns = np.mgrid[0:image.shape[0], 0:image.shape[1]].astype(np.float32)
    along = ((columns - nose[0]) * down[0] + (rows - nose[1]) * down[1]) / max(width, 1e-3)
    across = ((columns - nose[0]) * right[0] + (rows - nose[1]) * right[1]) / max(width, 1e-3)
    shade = (1.0 - 0.28 * across ** 2 + 0.05 * np.sin(along * 22)).astype(np.float32)
    # As bright as the face is: a white mask in a dark hall is dark.
    inside = cover > 0
    light = float(image[inside].mean()) / 150.0 if inside.any() else 1.0
    cloth = colour * np.clip(shade, 0.3, 1.1)[..., None] * np.float32(min(max(light, 0.2), 1.2))
    cloth = cloth + random.standard_normal(image.shape, np.float32) * 2
    return _picture(image * (1 - share) + cloth * share)


def jpeg(image: Image, face: Detection, random: np.random.Generator) -> Image:
    """Saved as JPEG of quality 30."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


CONDITIONS: Mapping[str, Condition] = {
    name: Condition(" ".join((change.__doc__ or "").split()), change)
    for name, change in (("dark", dark), ("backlit", backlit), ("low-resolution", low_resolution), ("yaw", yaw), ("mask", masked),
                         ("jpeg-30", jpeg))
}


def _linear(image: Image) -> Floats:
    """Stored values as light, 0 to 1 (display gamma 2.2)."""
    table = np.power(np.arange(256, dtype=np.float32) / 255, 2.2, dtype=np.float32)
    light: Floats = table[image]
    return light


def _stored(light: Floats) -> Floats:
    values: Floats = np.power(np.clip(light, 0, 1), 1 / 2.2, dtype=np.float32) * np.float32(255)
    return values


def _picture(values: npt.NDArray[np.floating]) -> Image:
    picture: Image = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return picture


def _axes(landmarks: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64], float]:
    """The middle of the face, unit vectors to its right as seen and down, and the distance between the eyes in pixels."""
    marks = landmarks.astype(np.float64)
    across = marks[1] - marks[0]
    width = max(float(np.linalg.norm(across)), 1e-3)
    right = across / width
    return marks.mean(axis=0), right, np.array([-right[1], right[0]]), width


def _head(image: Image, face: Detection, grown: float) -> Floats:
    """1 inside an ellipse around the head, 0 outside, soft between."""
    (x, y), box = face.box.centre, face.box.grown(grown)
    rows, columns = np.mgrid[0:image.shape[0], 0:image.shape[1]].astype(np.float32)
    distance = np.sqrt(((columns - x) / max(box.width / 2, 1)) ** 2 + ((rows - y) / max(box.height / 2, 1)) ** 2)
    share: Floats = np.clip((1.15 - distance) / 0.3, 0, 1).astype(np.float32)
    return share
