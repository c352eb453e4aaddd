"""What it costs to show the door on a page: following who is to be hidden, hiding, coding, handing over."""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from edge_face.evaluation.speed import Spread, timed
from edge_face.privacy.delay import DelayLine
from edge_face.privacy.hider import Hider
from edge_face.privacy.regions import Region
from edge_face.privacy.registry import anonymize_as
from edge_face.service.outlet import QUALITY
from edge_face.settings import Settings
from edge_face.types import Frame, Image, Scene

FPS = 5.0
"""Pictures a second of which the share of a core is told."""
WANTED = 0.10
KEY = b"preview cost"


def preview_cost(settings: Settings, seen: Sequence[tuple[Frame, Scene]], runs: int) -> dict[str, Any]:
    """Milliseconds of each step over `runs` calls, and `share` of one core at five pictures a second. Nobody in `seen` (frames in the order
    in which they came, with their scenes) has agreed to be shown, so that every face is hidden. `jpeg_simplejpeg` only where simplejpeg is
    installed."""
    privacy = settings.privacy
    hider, line = Hider(privacy), DelayLine(privacy)
    followed: list[float] = []
    shown: list[tuple[Image, tuple[Region, ...]]] = []
    for frame, scene in seen:
        def push(frame: Frame = frame, scene: Scene = scene) -> None:
            shown.extend((due.frame.image, due.regions) for due in line.push(frame, scene, hider.regions(scene, frozenset())))

        followed.append(timed(push, 1, 0).total / 1000)
    hidden = [anonymize_as(privacy, image, regions, key=KEY) for image, regions in shown]
    jpegs = [_opencv(image) for image in hidden]
    steps: dict[str, Spread] = {
        "follow": Spread.of(followed),
        "hide": _each(runs, len(shown), lambda i: anonymize_as(privacy, *shown[i], key=KEY)),
        "jpeg": _each(runs, len(hidden), lambda i: _opencv(hidden[i])),
        "hand_over": _each(runs, len(jpegs), lambda i: _handed_over(jpegs[i]))}
    other = _simplejpeg()
    if other is not None:
        steps["jpeg_simplejpeg"] = _each(runs, len(hidden), lambda i: other(hidden[i]))
    of_picture = sum(steps[name].total / steps[name].count for name in ("hide", "jpeg", "hand_over"))
    share = (FPS * of_picture + settings.camera.fps * steps["follow"].total / steps["follow"].count) / 1000
    return {**{name: spread.as_dict() for name, spread in steps.items()}, "share": share, "fps": FPS, "camera_fps": settings.camera.fps,
            "bytes": round(sum(map(len, jpegs)) / len(jpegs))}


def described(figures: dict[str, Any]) -> list[str]:
    """As people read them."""
    steps = [("who is to be hidden, each frame", "follow"), ("hiding, each picture shown", "hide"), ("JPEG by OpenCV", "jpeg"),
             ("JPEG by simplejpeg", "jpeg_simplejpeg"), ("handing it to the pages", "hand_over")]
    lines = [f"  {words:<50}" + "".join(f"{figures[name][key]:>9.2f}" for key in ("median_ms", "p95_ms", "p99_ms", "worst_ms"))
             for words, name in steps if name in figures]
    return [*lines, f"  share of one core at {figures['fps']:g} pictures a second: {100 * figures['share']:.1f} % "
            f"(wanted: {100 * WANTED:.0f} %)"]


def _each(runs: int, count: int, call: Callable[[int], Any]) -> Spread:
    turn = iter(range(1 << 60))
    return timed(lambda: call(next(turn) % count), runs)


def _opencv(image: Image) -> bytes:
    from edge_face.opencv import cv2

    _, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return bytes(content.tobytes())


def _handed_over(jpeg: bytes) -> bytes:
    """As the socket of the pages sends it."""
    answer = {"number": 1, "jpeg": base64.b64encode(jpeg).decode("ascii"), "width": 640, "height": 480}
    return json.dumps({"ok": True, "result": answer}, ensure_ascii=False).encode() + b"\n"


def _simplejpeg() -> Callable[[Image], bytes] | None:
    """Coding by simplejpeg with the same quality and colour sampling, None where it is not installed."""
    try:
        simplejpeg: Any = importlib.import_module("simplejpeg")
    except ImportError:
        return None
    return lambda image: bytes(simplejpeg.encode_jpeg(image, QUALITY, colorspace="BGR", colorsubsampling="420"))
