"""`edge-face cameras`: which cameras there are, and a test shot through the same path that the door uses."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.cameras import Capture
    from edge_face.settings import Settings
    from edge_face.types import Frame, Image

DESCRIPTION = "Lists the cameras that are there, or takes a test shot (faces hidden) and measures the frame rate."
EXAMPLES = """
  edge-face cameras
  edge-face cameras --json
  edge-face cameras --shot test.jpg                        from the camera of the settings
  edge-face cameras --shot test.jpg --source usb:0
  edge-face cameras --shot test.jpg --source rtsp://user:password@192.168.1.20/stream1
"""

NOTHING = """no camera is found. What to check:
  Pi camera:  the ribbon cable (with the power off), then: rpicam-hello --list-cameras
              and that picamera2 is installed: sudo apt install python3-picamera2
  USB camera: its plug (lsusb shows it), and that you may use it: sudo usermod -aG video $USER, then log in again
  network:    is never listed; try it: edge-face cameras --shot test.jpg --source rtsp://user:password@host/path"""

_FIRST_FRAME_SECONDS = 20.0
_MEASURE_SECONDS = 1.0
"""Also the time in which a camera finds its exposure."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.main import add_common

    add_common(parser)
    parser.add_argument("action", nargs="?", choices=("list",), default="list", help="list the cameras (the default)")
    parser.add_argument("--shot", metavar="FILE", help="take a test shot with the settings' camera, masks and turning; faces are hidden")
    parser.add_argument("--source", metavar="SOURCE",
                        help="another camera than the settings': picamera2, usb:N, rtsp://..., file:..., dir:...")
    parser.add_argument("--sharp", action="store_true", help="leave the faces in the shot as they are")


def run(args: argparse.Namespace) -> int:
    from edge_face.errors import UsageError

    if args.shot is None and (args.sharp or args.source):
        raise UsageError(f"{'--sharp' if args.sharp else '--source'} goes with --shot FILE")
    return _list(args.json) if args.shot is None else _shot(args)


def _list(as_json: bool) -> int:
    import dataclasses
    import json
    import sys

    from edge_face.cameras import list_cameras

    found = list_cameras()
    if as_json:
        print(json.dumps({"cameras": [dataclasses.asdict(camera) for camera in found]}, indent=2))
    for camera in () if as_json else found:
        print(f"{camera.source:<14} {camera.name}" + (f"  ({', '.join(camera.formats)})" if camera.formats else ""))
        if camera.problem:
            print(f"{'':<14} {camera.problem}")
    if not found:
        print(NOTHING, file=sys.stderr)
    return 0 if any(not camera.problem for camera in found) else 1


def _shot(args: argparse.Namespace) -> int:
    import json
    import logging
    from dataclasses import replace

    from edge_face.cameras import Capture, parse_source
    from edge_face.cameras.exposure import mean_luma
    from edge_face.media import write_picture
    from edge_face.settings_file import load_settings

    settings = load_settings(args.config)
    if args.source is not None:
        settings = replace(settings, camera=replace(settings.camera, source=args.source))
    name = parse_source(settings.camera.source).shown
    logging.getLogger("edge_face.cameras.capture").addHandler(logging.NullHandler())  # its reason becomes our error
    with Capture(settings.camera) as capture:
        frame, fps = _take(capture, name)
    picture = frame.image if frame.detail is None else frame.detail
    hidden = None
    if not args.sharp:
        picture, hidden = _hidden(picture, settings)
    write_picture(args.shot, picture)
    answer: dict[str, Any] = {
        "file": args.shot, "source": name, "width": picture.shape[1], "height": picture.shape[0],
        "searched_width": frame.image.shape[1], "searched_height": frame.image.shape[0], "fps": round(fps, 1),
        "brightness": round(mean_luma(frame.image), 3), "hidden_areas": hidden}
    if args.json:
        print(json.dumps(answer, indent=2))
        return 0
    print(f"{args.shot}: {answer['width']} x {answer['height']} from {name}, {fps:.1f} frames a second, "
          f"brightness {answer['brightness']:.2f} of 1")
    print("faces are as they were taken (--sharp)" if hidden is None else f"hidden areas that may be faces: {hidden} (--sharp leaves them)")
    return 0


def _take(capture: Capture, name: str) -> tuple[Frame, float]:
    """A frame after the camera has run for a second, and frames a second. Raises CameraError with the camera's own reason."""
    import time

    from edge_face.cameras import CaptureState
    from edge_face.errors import CameraError

    until = time.monotonic() + _FIRST_FRAME_SECONDS
    first: Frame | None = None
    while first is None:
        health = capture.health
        first = capture.latest(timeout=0.1)
        if first is None and health.reason:
            hint = " (a running door holds its camera: sudo systemctl stop edge-face)" if "in use" in health.reason else ""
            raise CameraError(health.reason + hint)
        if first is None and time.monotonic() > until:
            raise CameraError(f"{name} has brought no picture within {_FIRST_FRAME_SECONDS:g} s")
    newest = first
    until = time.monotonic() + _MEASURE_SECONDS
    while (left := until - time.monotonic()) > 0:
        newest = capture.latest(newest.index, timeout=left) or newest
        if capture.health.state is CaptureState.ENDED:
            break
    span = newest.monotonic - first.monotonic
    return newest, (newest.index - first.index) / span if span > 0 else capture.health.fps


def _hidden(picture: Image, settings: Settings) -> tuple[Image, int]:
    """The picture with every face hidden, and how many areas that were. Raises ModelError: then no shot is written."""
    from edge_face.privacy import CloseDetector, Hider, StillScenes, anonymize_as
    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.detector import Detector

    vision, privacy = settings.vision, settings.privacy
    detector = Detector(load_bundle(vision.detector, "detector"), 640, 480, vision.precision, vision.threads, vision.landmarker)
    scene = StillScenes(CloseDetector(detector)).look(picture)
    regions = Hider(privacy).regions(scene, ())
    return anonymize_as(privacy, picture, regions, scene), len(regions)
