"""Composites: training pictures for the face detector, put together from portraits, crowds and empty scenes.

The photographs are mostly one big face each. A door camera sees small, dark, turned and half hidden faces
anywhere in the frame, so every training picture is painted anew: tiles, cut-out heads on walls and rooms,
plain zooms. What is pasted carries its labels along; who is hidden by a later paste loses them.

Coordinates are pixels of the composite, boxes (x, y, width, height), landmarks ten numbers (x, y of left eye,
right eye, nose tip, left and right mouth corner as seen in the picture), NaN where unknown. Pictures are BGR
uint8.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from converter.training.degrade import degrade, dress

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]

# Below this share a face counts as hidden by what was pasted over it: gone, or neither face nor background.
GONE, UNSURE = 0.08, 0.50
MIN_HEIGHT = 6.0
# A face whose grey values spread less than this (standard deviation, of 255) after all that light and noise did to it
# is not to be seen: neither face nor background.
LEAST_CONTRAST = 7.0


@dataclass(frozen=True)
class Labels:
    """Faces of one picture: boxes (n, 4), landmarks (n, 10) with NaN, ignore (n,) bool."""

    boxes: Floats
    landmarks: Floats
    ignore: NDArray[np.bool_]

    @staticmethod
    def empty() -> Labels:
        return Labels(np.zeros((0, 4), np.float32), np.zeros((0, 10), np.float32), np.zeros(0, bool))

    @staticmethod
    def joined(parts: Sequence[Labels]) -> Labels:
        if not parts:
            return Labels.empty()
        return Labels(
            np.concatenate([p.boxes for p in parts]),
            np.concatenate([p.landmarks for p in parts]),
            np.concatenate([p.ignore for p in parts]),
        )


@dataclass(frozen=True)
class Photo:
    """One source picture as a pyramid of halves, with its labels at full size."""

    file: str
    kind: str
    levels: tuple[Image, ...]
    labels: Labels

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.levels[0].shape[1], self.levels[0].shape[0]

    @property
    def single(self) -> bool:
        """One sure face and nothing else: fit to be cut out."""
        return len(self.labels.boxes) == 1 and not self.labels.ignore[0]


@dataclass
class Canvas:
    """A composite in the making: the picture, who owns each pixel, and the faces pasted so far with their
    owner."""

    image: Image
    owner: Image
    faces: list[tuple[int, Labels]] = field(default_factory=list)
    pasted: int = 0


def pyramid(image: Image) -> tuple[Image, ...]:
    """The picture and its halves down to 24 pixels: warps then never shrink by more than two and do not
    alias."""
    levels = [image]
    while min(levels[-1].shape[:2]) >= 48:
        rows, columns = levels[-1].shape[:2]
        levels.append(
            cv2.resize(levels[-1], (columns // 2, rows // 2), interpolation=cv2.INTER_AREA).astype(np.uint8)
        )
    return tuple(levels)


def read_labels(faces: Iterable[dict[str, object]]) -> Labels:
    """Labels from the faces of one line of `detect.jsonl`."""
    boxes, landmarks, ignore = [], [], []
    for face in faces:
        boxes.append(np.asarray(face["box"], np.float32))
        points = face.get("landmarks")
        values = [np.nan] * 10 if points is None else [np.nan if v is None else v for v in points]  # type: ignore[attr-defined]
        landmarks.append(np.asarray(values, np.float32))
        ignore.append(bool(face.get("ignore")))
    if not boxes:
        return Labels.empty()
    return Labels(np.stack(boxes), np.stack(landmarks), np.asarray(ignore, bool))


def load_photos(data_dir: Path, files: set[str] | None = None) -> list[Photo]:
    """Decode `detect.tar` (or the folder of its pictures) with `detect.jsonl`; only the named files where
    given."""
    import tarfile

    records = [
        json.loads(line) for line in (data_dir / "detect.jsonl").read_text().splitlines() if line.strip()
    ]
    wanted = {r["file"]: r for r in records if files is None or r["file"] in files}
    photos: list[Photo] = []

    def add(name: str, blob: bytes) -> None:
        image = cv2.imdecode(np.frombuffer(blob, np.uint8), cv2.IMREAD_COLOR)
        if image is not None:
            record = wanted[name]
            photos.append(
                Photo(name, record["kind"], pyramid(image.astype(np.uint8)), read_labels(record["faces"]))
            )

    tar = data_dir / "detect.tar"
    if tar.exists():
        with tarfile.open(tar) as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                if name in wanted and (stream := archive.extractfile(member)) is not None:
                    add(name, stream.read())
    else:
        for name in wanted:
            add(name, (data_dir / name).read_bytes())
    return sorted(photos, key=lambda p: p.file)


def choose_heldout(records: Iterable[dict[str, object]], counts: dict[str, int], seed: str) -> list[str]:
    """A fixed choice of `counts[kind]` files of each kind: those with the smallest hash of seed and name."""
    chosen: list[str] = []
    by_kind: dict[str, list[str]] = {}
    for record in records:
        by_kind.setdefault(str(record["kind"]), []).append(str(record["file"]))
    for kind, count in sorted(counts.items()):
        names = sorted(
            by_kind.get(kind, []), key=lambda n: hashlib.sha256(f"{seed}:{n}".encode()).hexdigest()
        )
        chosen += names[:count]
    return sorted(chosen)


def transform_labels(labels: Labels, matrix: Floats) -> Labels:
    """Labels under a 2x3 affine map. A box becomes the bounding box of its ellipse, which stays tight under
    rotation.

    A mirroring map swaps the landmarks of the two sides, so that "left" stays left as seen in the picture.
    """
    if not len(labels.boxes):
        return labels
    linear, offset = matrix[:, :2], matrix[:, 2]
    centres = (labels.boxes[:, :2] + labels.boxes[:, 2:] / 2) @ linear.T + offset
    half = labels.boxes[:, 2:] / 2
    extent = np.sqrt((half**2) @ (linear**2).T)
    points = labels.landmarks.reshape(-1, 5, 2) @ linear.T + offset
    if np.linalg.det(linear) < 0:
        points = points[:, [1, 0, 2, 4, 3]]
    boxes = np.concatenate([centres - extent, 2 * extent], 1).astype(np.float32)
    return Labels(boxes, points.reshape(-1, 10).astype(np.float32), labels.ignore.copy())


def affine(
    source: tuple[float, float],
    target: tuple[float, float],
    scale: float,
    *,
    degrees: float = 0.0,
    squeeze: float = 1.0,
    mirror: bool = False,
) -> Floats:
    """The 2x3 map that puts `source` on `target` with a scale, a horizontal squeeze, a mirror and then a
    rotation."""
    radians = np.deg2rad(degrees)
    turn = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    linear = turn @ np.diag([scale * squeeze * (-1 if mirror else 1), scale])
    offset = np.asarray(target) - linear @ np.asarray(source)
    return np.concatenate([linear, offset[:, None]], 1).astype(np.float32)


def paste(
    canvas: Canvas,
    photo: Photo,
    matrix: Floats,
    region: tuple[int, int, int, int],
    mask: Image | None,
    keep: bool = True,
) -> None:
    """Warp a photo into `region` (x0, y0, x1, y1) of the canvas, through `mask` (region-sized, 0..255) where
    given.

    Its faces come along if `keep`; pixels that it covers by more than half change their owner.
    """
    x0, y0, x1, y1 = region
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    level = int(np.clip(np.floor(np.log2(1 / max(scale, 1e-3))), 0, len(photo.levels) - 1))
    source = photo.levels[level]
    width, height = photo.size
    # Pixel centres sit at half integers: a level is a scaled picture, not a shifted one.
    down = np.array([width / source.shape[1], height / source.shape[0]])
    full = matrix[:, :2] * down
    shift = matrix[:, 2] - (x0, y0) + full @ (0.5, 0.5) - 0.5
    warp = np.concatenate([full, shift[:, None]], 1).astype(np.float32)
    # A reflected border would show unlabelled upside-down faces below a portrait: cut-outs repeat their last
    # row.
    border = cv2.BORDER_REFLECT_101 if mask is None else cv2.BORDER_REPLICATE
    patch = cv2.warpAffine(source, warp, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR, borderMode=border)
    canvas.pasted += 1
    area = canvas.image[y0:y1, x0:x1]
    if mask is None:
        area[:] = patch
        canvas.owner[y0:y1, x0:x1] = canvas.pasted
    else:
        alpha = cv2.merge([mask, mask, mask]).astype(np.float32) * np.float32(1 / 255)
        area[:] = (area + (patch.astype(np.float32) - area) * alpha + 0.5).astype(np.uint8)
        canvas.owner[y0:y1, x0:x1][mask > 127] = canvas.pasted
    if keep:
        canvas.faces.append((canvas.pasted, transform_labels(photo.labels, matrix)))


def visible_share(owner: Image, who: int, box: Floats) -> tuple[float, float]:
    """Share of a box that lies in the frame, and share of that part which `who` still owns (on the
    inscribed ellipse)."""
    rows, columns = owner.shape
    x, y, w, h = (float(v) for v in box)
    x0, y0, x1, y1 = max(x, 0.0), max(y, 0.0), min(x + w, columns), min(y + h, rows)
    if x1 <= x0 or y1 <= y0 or w <= 0 or h <= 0:
        return 0.0, 0.0
    inside = (x1 - x0) * (y1 - y0) / (w * h)
    xs = np.linspace(x0, x1, 11, endpoint=False) + (x1 - x0) / 22
    ys = np.linspace(y0, y1, 11, endpoint=False) + (y1 - y0) / 22
    oval = ((xs[None] - x - w / 2) / (w / 2)) ** 2 + ((ys[:, None] - y - h / 2) / (h / 2)) ** 2 <= 1.0
    mine = (
        owner[np.minimum(ys.astype(int), rows - 1)[:, None], np.minimum(xs.astype(int), columns - 1)[None]]
        == who
    )
    return inside, float((mine & oval).sum() / max(oval.sum(), 1))


def settle(canvas: Canvas) -> Labels:
    """The labels of a finished canvas: hidden faces dropped or unsure, boxes clipped, covered landmarks
    unknown."""
    rows, columns = canvas.owner.shape
    boxes, landmarks, ignore = [], [], []
    for who, labels in canvas.faces:
        for box, points, unsure in zip(labels.boxes, labels.landmarks.copy(), labels.ignore, strict=True):
            inside, seen = visible_share(canvas.owner, who, box)
            if inside < GONE or seen < GONE:
                continue
            for k in range(5):
                px, py = points[2 * k], points[2 * k + 1]
                if (
                    np.isfinite(px)
                    and 0 <= px < columns
                    and 0 <= py < rows
                    and canvas.owner[int(py), int(px)] != who
                ):
                    points[2 * k : 2 * k + 2] = np.nan
            low, high = np.maximum(box[:2], 0), np.minimum(box[:2] + box[2:], (columns, rows))
            boxes.append(np.concatenate([low, high - low]))
            landmarks.append(points)
            ignore.append(bool(unsure) or inside < 0.5 or seen < UNSURE or box[3] < MIN_HEIGHT or box[2] < 3)
    if not boxes:
        return Labels.empty()
    return Labels(np.stack(boxes).astype(np.float32), np.stack(landmarks), np.asarray(ignore, bool))


def finish(canvas: Canvas, rng: np.random.Generator, *, clean: bool = False) -> tuple[Image, Labels]:
    """Settle the labels, then dress faces (masks, glasses) and degrade the picture unless it shall stay
    clean."""
    labels = settle(canvas)
    image = canvas.image
    if not clean:
        dress(image, labels.boxes, labels.landmarks, rng)
        image = degrade(image, rng)
        labels = seen(image, labels)
    return image, labels


def seen(image: Image, labels: Labels) -> Labels:
    """The labels with faces that drown in the dark or in glare marked as unsure."""
    unsure = labels.ignore.copy()
    for i, (x, y, w, h) in enumerate(labels.boxes.astype(int)):
        # The middle of the box, averaged down so that noise does not count as contrast.
        face = image[y + h // 8 : y + h - h // 8, x + w // 8 : x + w - w // 8]
        if face.size:
            small = cv2.resize(face, (8, 8), interpolation=cv2.INTER_AREA)
            unsure[i] |= float(small.mean(2).std()) < LEAST_CONTRAST
    return Labels(labels.boxes, labels.landmarks, unsure)
