"""`edge-face-convert capture`: video, camera or pictures -> a folder per person of aligned faces."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from converter.capturing import Cutter, Rules, Tally
    from edge_face.types import Frame
    from edge_face.vision.detector import Detector

DESCRIPTION = ("Cut aligned faces out of a video, a camera's stream or a folder of pictures: a folder for each face that was "
               "followed, or one for --person. Training, calibrate-thresholds and check-data read such a tree. Ask everybody "
               "whom it shows first: these are pictures of faces, and they stay where you put them.")
EXAMPLES = """
  edge-face-convert capture hall.mp4 --out tree/                       a folder for each track: name them afterwards
  edge-face-convert capture usb:0 --out tree/ --person Ben --seconds 60
  edge-face-convert capture photos/ben --out tree/ --person Ben
  edge-face-convert capture photos/ --out tree/                        photos/ has a folder for each person
  edge-face-convert capture frames/ --out tree/ --fps 5                the pictures are a film's frames, 5 a second
  edge-face-convert check-data tree/                                   (the next step)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="VIDEO|CAMERA|DIR",
                        help="a video file; picamera2, usb:N or rtsp://…; or a folder of pictures")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the tree; nothing in it is overwritten")
    parser.add_argument("--person", metavar="NAME", help="everything shows this one person: one folder of that name")
    parser.add_argument("--size", type=int, choices=(128, 112), default=128,
                        help="128: with 8 px of margin, so that training can turn and shift (default); 112: without")
    parser.add_argument("--every", type=float, default=0.5, metavar="SECONDS",
                        help="at most one face of a track in so much time, the sharpest (default 0.5)")
    parser.add_argument("--most", type=int, default=40, metavar="N", help="of each track the N sharpest (default 40)")
    parser.add_argument("--least", type=int, default=3, metavar="N", help="no folder for tracks with fewer faces (default 3)")
    parser.add_argument("--eyes", type=float, default=20.0, metavar="PX",
                        help="least distance between the eyes in the picture (default 20)")
    parser.add_argument("--sharpness", type=float, default=0.25, metavar="0..1", help="least sharpness (default 0.25)")
    parser.add_argument("--seconds", type=float, metavar="N", help="stop after so long (a camera else runs until Ctrl-C)")
    parser.add_argument("--fps", type=float, metavar="N", help="a folder's pictures are the frames of a film, N a second")


def run(args: argparse.Namespace) -> int:
    import os
    import sys

    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    from converter.capturing import Rules
    from converter.manifest import new_folder
    from edge_face.errors import MediaError
    from edge_face.settings import VisionSettings
    from edge_face.vision.quality import Limits

    _check(args)
    floor = Limits.from_settings(VisionSettings(min_sharpness=args.sharpness, min_eye_distance=args.eyes))
    rules = Rules(args.size, args.every, args.most, args.least, floor)
    stills = Path(args.source).is_dir() and args.fps is None
    with new_folder(args.out if args.person is None else args.out / args.person) as work:
        tally = _stills(args, rules, work) if stills else _film(args, rules, work)
        print("\n".join(tally.lines()), file=sys.stderr)
        if not tally.written:
            raise MediaError("no face was good enough to be kept, so nothing was written: lower --eyes, --sharpness or --least, "
                             "or film nearer and with more light")
    for name, count in sorted(tally.written.items()):
        print(f"{args.out / name}: {count} faces")
    print(f"next: edge-face-convert check-data {args.out}", file=sys.stderr)
    return 0


def _check(args: argparse.Namespace) -> None:
    """Raises UsageError."""
    import math

    from edge_face.errors import UsageError

    for name, low, high in (("every", 0, 3600), ("most", 1, 10_000), ("least", 1, 1000), ("eyes", 4, 400), ("sharpness", 0, 1),
                            ("seconds", 0.1, 1e6), ("fps", 1, 120)):
        value = getattr(args, name)
        if value is not None and not (math.isfinite(value) and low <= value <= high):
            raise UsageError(f"--{name} must be from {low:g} to {high:g}, not {value}")
    if args.least > args.most:
        raise UsageError(f"--least {args.least} is more than --most {args.most}")
    if args.person is not None and (not args.person.strip() or args.person.startswith(".") or set(args.person) & set("/\\\0")):
        raise UsageError("--person must be usable as a folder's name: no slash, no leading dot")
    if args.out.exists() and not args.out.is_dir():
        raise UsageError(f"{args.out} is a file: --out names a folder")
    target = args.out if args.person is None else args.out / args.person
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is there already, and nothing is overwritten: name another --out"
                         f"{'' if args.person is None else ' or --person'}")


def _cutter(folder: Path, rules: Rules, detector: Detector, person: str | None) -> Cutter:
    from converter.capturing import Cutter

    return Cutter(folder, rules, lambda image: detector.detect(image, detector.hide), detector.recognise, person)


def _detector() -> Detector:
    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.detector import Detector

    return Detector(load_bundle("", "detector"), 640, 480)


def _stills(args: argparse.Namespace, rules: Rules, work: Path) -> Tally:
    """A folder of one person's pictures, or of a folder for each person: every picture counts by itself."""
    import sys
    from dataclasses import replace

    from converter.capturing import Tally
    from edge_face.cli.progress import ProgressLine
    from edge_face.errors import MediaError, UsageError
    from edge_face.media import Kind, kind_of, media_in, read_picture

    source = Path(args.source)
    homes = sorted(path for path in source.iterdir() if path.is_dir() and not path.name.startswith("."))
    if args.person is not None:
        people = [(args.person, source, work)]
    elif homes:
        people = [(home.name, home, work / home.name) for home in homes]
    else:
        raise UsageError(f"whose faces are in {source}? Name them with --person, give a folder with a folder for each person, "
                         "or say --fps N if the pictures are the frames of a film")
    files = [(name, out, file) for name, home, out in people for file in media_in(home).media if kind_of(file) is Kind.PICTURE]
    if not files:
        raise MediaError(f"there is no picture in {source}")
    rules = replace(rules, every=0.0, most=len(files), least=1)
    detector = _detector()
    cutters = {name: _cutter(out, rules, detector, name) for name, _, out in people}
    with ProgressLine("pictures") as line:
        for number, (name, _, file) in enumerate(files):
            line.step(number, len(files))
            try:
                cutters[name].see(read_picture(file), float(number))
            except MediaError as error:
                print(f"skipped: {error}", file=sys.stderr)
    for cutter in cutters.values():
        cutter.finish()
    return Tally.joined([cutter.tally for cutter in cutters.values()])


def _film(args: argparse.Namespace, rules: Rules, work: Path) -> Tally:
    """A video, a camera, or a folder of frames; Ctrl-C ends it and keeps what there is."""
    import sys

    from edge_face.cli.progress import ProgressLine

    cutter = _cutter(work, rules, _detector(), args.person)
    begun: float | None = None
    with ProgressLine("seconds" if args.seconds else "frames") as line:
        try:
            for number, (frame, total) in enumerate(_frames(args)):
                begun = frame.monotonic if begun is None else begun
                seconds = frame.monotonic - begun
                if args.seconds is not None and seconds > args.seconds:
                    break
                cutter.see(frame.image, seconds, frame.detail)
                if args.seconds or total:
                    line.step(*((round(seconds), round(args.seconds)) if args.seconds else (number, total)))
                elif sys.stderr.isatty():
                    sys.stderr.write(f"\r\x1b[K{seconds:.0f} s, {cutter.tally.faces} faces; Ctrl-C ends it and keeps them")
        except KeyboardInterrupt:
            if not cutter.tally.faces:
                raise
    cutter.finish()
    return cutter.tally


def _frames(args: argparse.Namespace) -> Iterator[tuple[Frame, int]]:
    """Frames and how many there will be (0: nobody knows). Raises CameraError, MediaError, SettingsError."""
    from edge_face.cameras import open_source, parse_source
    from edge_face.errors import UsageError
    from edge_face.media import VideoReader
    from edge_face.settings import CameraSettings

    path, total = Path(args.source), 0
    if path.is_dir():
        source, total = f"dir:{path}", sum(1 for _ in path.iterdir())
    elif path.exists():
        source = f"file:{path}"
        with VideoReader(path) as reader:
            total = reader.frames
    elif ":" in args.source or args.source.startswith("picamera2"):
        source = args.source
        parse_source(source)
    else:
        raise UsageError(f"there is no '{args.source}': name a video, a folder of pictures, or a camera such as usb:0")
    with open_source(CameraSettings(source=source, paced=False, fps=args.fps or 15.0)) as opened:
        for frame in opened:
            yield frame, total
