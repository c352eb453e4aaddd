"""Pictures from files: any kind, depth and orientation to BGR uint8, and back without metadata."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_face.errors import MediaError
from edge_face.media.headers import Header, foreign_kind, read_header
from edge_face.media.paths import MAX_BYTES, MAX_PIXELS, require_file, shown, writing
from edge_face.opencv import cv2
from edge_face.types import Image

_QUALITY = {".jpg": 92, ".jpeg": 92, ".jpe": 92, ".jfif": 92, ".webp": 90}
WRITABLE = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm")


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded picture and what was done to it on the way, each note one sentence fit to be shown."""

    image: Image
    notes: tuple[str, ...] = ()


def read_picture(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> Image:
    """Height x width x 3, BGR uint8, as a viewer shows it: turned by its EXIF orientation, transparency laid over white,
    16 bits reduced to 8, grey and CMYK converted, the first picture of an animation.

    Raises MediaError: missing, empty, unreadable, truncated, of another kind, larger than `max_pixels`.
    """
    return load_picture(path, max_pixels).image


def load_picture(path: str | os.PathLike[str], max_pixels: int = MAX_PIXELS) -> Picture:
    """`read_picture` with notes on what was left out (the other pictures of an animation)."""
    file = require_file(path, "picture")
    name = shown(path)
    if file.stat().st_size > MAX_BYTES:
        raise MediaError(f"the picture '{name}' is larger than {MAX_BYTES >> 30} GB: save it smaller")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise MediaError(f"the picture '{name}' cannot be read: {error.strerror}") from None
    header = _header_of(data, name, max_pixels)
    image = _decode(file, data, header)
    if image is None:
        raise MediaError(f"the {header.kind} picture '{name}' is damaged or of a variety that OpenCV "
                         f"{cv2.__version__} does not read: save it again as JPEG or PNG")
    # OpenCV reads 8-bit TIFF through libtiff's RGBA interface, which multiplies colours by alpha.
    multiplied = header.kind == "TIFF" and image.dtype == np.uint8
    notes = (f"only the first picture of '{name}' is used",) if header.several else ()
    return Picture(_oriented(_to_bgr(image, name, multiplied), header.orientation), notes)


def unpack_picture(data: bytes, name: str, longest: int, *, kinds: tuple[str, ...] = ("JPEG", "PNG", "WebP"),
                   max_pixels: int = MAX_PIXELS) -> Image:
    """A picture that is in memory already, as `read_picture` gives it, made smaller until no side is above `longest`. Of a JPEG no more is
    unpacked than is needed. Raises MediaError as `read_picture`, and for other `kinds`."""
    header = _header_of(data, name, max_pixels)
    if header.kind not in kinds:
        raise MediaError(f"'{name}' is a {header.kind} picture: send it as {', '.join(kinds[:-1])} or {kinds[-1]}")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), _reduced(header, longest))
    except (cv2.error, MemoryError):
        image = None
    if image is None:
        raise MediaError(f"the {header.kind} picture '{name}' is damaged: send another one")
    image = _to_bgr(image, name, multiplied=False)
    scale = longest / max(image.shape[:2])
    if scale < 1.0:
        size = (max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return _oriented(image.astype(np.uint8, copy=False), header.orientation)


def _reduced(header: Header, longest: int) -> int:
    """How OpenCV is to read it: JPEG can be unpacked at a half, a quarter or an eighth."""
    if header.kind != "JPEG":
        return cv2.IMREAD_UNCHANGED
    by = max(header.width, header.height) // longest
    flags = (cv2.IMREAD_REDUCED_COLOR_8 if by >= 8 else cv2.IMREAD_REDUCED_COLOR_4 if by >= 4
             else cv2.IMREAD_REDUCED_COLOR_2 if by >= 2 else cv2.IMREAD_COLOR)
    return int(flags | cv2.IMREAD_IGNORE_ORIENTATION)


def write_picture(path: str | os.PathLike[str], image: Image) -> None:
    """Writes JPEG (quality 92), PNG, WebP (90), BMP, TIFF or PPM by the name's ending: whole or not at all, and pixels
    only, no metadata. Raises MediaError: no such kind, folder missing, disk full, too large for the format."""
    data = encode_picture(path, image)
    with writing(path) as temporary, temporary.open("wb") as file:
        file.write(data)


def encode_picture(path: str | os.PathLike[str], image: Image) -> bytes:
    """The bytes that `write_picture` would write. Raises MediaError: no such kind, too large for the format."""
    suffix = Path(path).suffix.lower()
    if suffix not in WRITABLE:
        raise MediaError(f"'{shown(path)}' cannot be written: name it .jpg, .png, .webp, .bmp, .tif or .ppm")
    options: list[int] = []
    if suffix in _QUALITY:
        options = [cv2.IMWRITE_WEBP_QUALITY if suffix == ".webp" else cv2.IMWRITE_JPEG_QUALITY, _QUALITY[suffix]]
    try:
        done, data = cv2.imencode(".jpg" if suffix in (".jpe", ".jfif") else suffix, image, options)
    except cv2.error:
        done = False
    if not done:
        raise MediaError(f"a picture of {image.shape[1]} x {image.shape[0]} pixels cannot be written as '{suffix}': "
                         "take .png or .tif")
    encoded: bytes = data.tobytes()
    return encoded


def _header_of(data: bytes, name: str, max_pixels: int) -> Header:
    """What may be unpacked. Raises MediaError."""
    try:
        header = read_header(data)
    except ValueError as error:
        raise MediaError(f"the picture '{name}' cannot be used: {error}") from None
    if header is None:
        raise MediaError(_foreign(name, foreign_kind(data)))
    if header.width < 1 or header.height < 1:
        raise MediaError(f"the picture '{name}' cannot be used: its header states no size")
    if header.width * header.height > max_pixels:
        raise MediaError(f"the picture '{name}' has {header.width} x {header.height} pixels, more than the "
                         f"{max_pixels / 1e6:.0f} million that are accepted: save it smaller")
    if not header.complete:
        raise MediaError(f"the {header.kind} picture '{name}' is cut off: its end is missing, fetch it again")
    return header


def _foreign(name: str, kind: str | None) -> str:
    if kind in ("HEIC", "AVIF"):
        return (f"'{name}' is a {kind} picture, which is not read here: convert it to JPEG first "
                f"(heif-convert '{name}' out.jpg, or export it as JPEG on the phone)")
    if kind == "seals":
        return f"'{name}' holds the sealed faces of the file beside it: name that file, without '.sealed' at its end"
    if kind == "video":
        return f"'{name}' is a video, not a picture"
    if kind:
        return f"'{name}' is a {kind} file, not a picture that is read here: save it as JPEG or PNG"
    return f"'{name}' is not a picture of a known kind (JPEG, PNG, WebP, BMP, TIFF, GIF, PNM)"


def _decode(file: Path, data: bytes, header: Header) -> Any:
    """Pixels as stored, or None. UNCHANGED is the one mode that means the same in OpenCV 4.6 and 5.0."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except (cv2.error, MemoryError):
        image = None
    if image is None and header.kind == "GIF":
        # OpenCV 4 has no GIF decoder of its own, but its FFmpeg has.
        capture = cv2.VideoCapture(str(file.resolve()), cv2.CAP_FFMPEG)
        image = capture.read()[1]
        capture.release()
    if image is not None and (image.shape[1], image.shape[0]) not in ((header.width, header.height),
                                                                      (header.height, header.width)):
        return None
    return image


def _to_bgr(image: Any, name: str, multiplied: bool) -> Image:
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    elif image.dtype != np.uint8:
        raise MediaError(f"the picture '{name}' holds {image.dtype} values: save it with 8 or 16 bits")
    if image.ndim == 2:
        image = image[:, :, None]
    channels = image.shape[2]
    if channels in (2, 4):
        image = _over_white(image, multiplied)
    if image.shape[2] == 1:
        image = np.repeat(image, 3, axis=2)
    if image.shape[2] != 3:
        raise MediaError(f"the picture '{name}' has {channels} channels: save it as RGB")
    result: Image = np.ascontiguousarray(image)
    return result


def _over_white(image: Any, multiplied: bool) -> Any:
    """Transparency laid over white, as a browser shows it: what lay under it was not meant to be seen. In bands of
    rows, so that a large picture does not need a multiple of its size."""
    out = np.empty((*image.shape[:2], image.shape[2] - 1), np.uint8)
    step = max(1, (1 << 20) // image.shape[1])
    for top in range(0, image.shape[0], step):
        band = image[top:top + step].astype(np.uint16)
        colour, alpha = band[:, :, :-1], band[:, :, -1:]
        shown_colour = colour if multiplied else (colour * alpha + 127) // 255
        out[top:top + step] = np.minimum(shown_colour + 255 - alpha, 255)
    return out


def _oriented(image: Image, orientation: int) -> Image:
    """EXIF's eight orientations: 5 to 8 are transposed, then rows or columns run backwards."""
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)
