"""`edge-face run`: the door in the foreground."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from edge_face.cli.main import add_common

if TYPE_CHECKING:
    from edge_face.settings import Settings

DESCRIPTION = "Runs the door in the foreground until Ctrl-C or SIGTERM: camera, recognition, decision, lock. Says first what it " \
              "is made of. The log goes to standard output."
EXAMPLES = """
  edge-face run                                      as the settings file says
  edge-face run --source usb:0 --pins mock           try a camera; no pin is driven
  edge-face run --source file:visit.mp4 --once       play a film to its end
  edge-face run --log json | jq .                    a log for programs
  edge-face run --small                              a board with 512 MB
  EDGE_FACE_EDGES=edges.jsonl edge-face run --pins mock     see every edge of the mock pins
  edge-face run --safe                               switch the lock's coil off and exit (for systemd's ExecStopPost)
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_common(parser, json=False)
    parser.add_argument("--source", metavar="SOURCE", help="in place of [camera] source: picamera2, usb:N, rtsp://..., file:PATH, dir:PATH")
    parser.add_argument("--pins", choices=("mock", "lgpio"), help="in place of [door] pins")
    parser.add_argument("--log", choices=("text", "json"), help="in place of [service] log")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="changes",
                        help="any other key of the settings, as door.pulse=1.5 (may be repeated)")
    parser.add_argument("--fast", action="store_true", help="play a film as fast as it can be worked on")
    parser.add_argument("--once", action="store_true", help="end with the film")
    parser.add_argument("--frames", metavar="N", type=_count, help="end after so many frames")
    parser.add_argument("--small", action="store_true", help="the settings for a board with 512 MB: no second camera stream, no preview")
    parser.add_argument("--safe", action="store_true", help="put the lock into its safe state and exit at once")
    parser.add_argument("-v", "--verbose", action="store_true", help="log more")


def run(args: argparse.Namespace) -> int:
    from edge_face.settings_file import load_settings

    if args.safe:
        return _make_safe(_changed(load_settings(args.config, pages=False), args))
    return _run(_changed(load_settings(args.config), args), args)


def _run(settings: Settings, args: argparse.Namespace) -> int:
    import logging
    import os
    import signal
    import sys

    # The libraries' own messages beside our log help nobody; whoever wants them sets these variables.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    # XNNPACK and OpenBLAS would each make a pool of threads for a net that is told to use one. Read when they are loaded.
    os.environ.setdefault("OMP_NUM_THREADS", str(settings.vision.threads))
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from edge_face.service import process
    from edge_face.service.daemon import Daemon
    from edge_face.service.log import Log
    from edge_face.service.origin import Origin
    from edge_face.service.small_board import small
    from edge_face.service.web.restarting import AGAIN
    from edge_face.settings_file import load_settings, settings_source
    from edge_face.settings_overlay import overlay_path, read_overlay

    process.settle()
    log = Log(settings.service.log, sys.stdout, logging.DEBUG if args.verbose else logging.INFO)
    try:
        source = settings_source(args.config)
        daemon = Daemon(small(settings) if args.small else settings, frames=args.frames, once=args.once)
        daemon.parts.origin = Origin(source, lambda: load_settings(args.config, pages=False),
                                     lambda read: small(_changed(read, args)) if args.small else _changed(read, args))
        for number, code in ((signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 130)):
            signal.signal(number, lambda *_, code=code: daemon.stop(code))
        logging.getLogger("edge_face.daemon").info("settings: %s", source or "no file: the defaults")
        if read_overlay(settings):
            logging.getLogger("edge_face.daemon").info("settings: over it %s, which the owner's pages wrote", overlay_path(settings))
        code = daemon.run()
    finally:
        log.close()
    if code == 130:
        raise KeyboardInterrupt
    if code == AGAIN and not os.environ.get("NOTIFY_SOCKET"):
        # No service manager sees to that: this very command begins anew, in its own process.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    return code


def _make_safe(settings: Settings) -> int:
    from edge_face.door import describe_lock, make_safe, pin_factory

    factory = pin_factory(settings.door)
    try:
        make_safe(settings.door, factory)
    finally:
        factory.close()
    print(f"the coil is off: {describe_lock(settings.door)}")
    return 0


def _changed(settings: Settings, args: argparse.Namespace) -> Settings:
    from edge_face.settings_file import apply_overrides
    from edge_face.settings_toml import parsed_change

    changes: dict[str, Any] = {}
    for text in args.changes:
        changes.update(parsed_change(text))
    for key, value in (("camera.source", args.source), ("door.pins", args.pins), ("service.log", args.log)):
        if value is not None:
            changes[key] = value
    if args.fast:
        changes["camera.paced"] = False
    return apply_overrides(settings, changes, "the command line")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is no count of frames: a whole number from 1 on")
    return int(text)
