"""`edge-face unseal`: brings sealed faces back, with the private half of the owner's key; each opening is logged."""

from __future__ import annotations

import argparse
from typing import Any

DESCRIPTION = ("Opens the sealed faces of a picture or video with the private half of the owner's key: all of them, or one. Every opening "
               "is noted: in the audit log where the settings name a door's store, else in a line on standard error.")
EXAMPLES = """
  edge-face unseal party.png opened.png --key owner.key
  edge-face unseal party.png ana.png --key owner.key --face 2     only the second face
  edge-face unseal hidden.mp4 opened.mp4 --key owner.key          to look at
  edge-face unseal hidden.mp4 frames/ --key owner.key             each opened frame, exact to the pixel
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.main import add_common

    parser.add_argument("input", metavar="IN", help="the picture or video that 'edge-face seal' wrote")
    parser.add_argument("output", metavar="OUT", help="what to write (.png, .tif, .bmp, .ppm, .mp4), or for a video a folder (ending in /)")
    parser.add_argument("--key", metavar="FILE", required=True, help="the private half of the owner's key (owner.key)")
    parser.add_argument("--face", type=int, metavar="N", help="open this face only; the others stay hidden")
    parser.add_argument("--sealed", metavar="FILE", help="the seals, where they lie elsewhere than in IN or IN.sealed")
    parser.add_argument("--passphrase-file", metavar="FILE", help="its first line is the key's passphrase (-: standard input)")
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    import os

    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    from edge_face.cli.blur import ProgressBar
    from edge_face.cli.outputs import require_folder
    from edge_face.cli.people_common import read_passphrase
    from edge_face.cli.unseal_log import OpeningLog
    from edge_face.errors import UsageError
    from edge_face.media.headers import foreign_kind, is_picture
    from edge_face.media.paths import require_file, shown
    from edge_face.privacy.sealed import key_id, key_words, open_picture, read_private_key
    from edge_face.privacy.sealed.owner_keys import needs_passphrase
    from edge_face.settings_file import load_settings

    settings = load_settings(args.config)
    if args.face is not None and args.face < 0:
        raise UsageError(f"--face {args.face}: faces are counted from 1")
    if not args.input or not args.output:
        raise UsageError("IN and OUT are paths, one of them is empty: name the sealed picture or video, and what to write")
    # Before the opening is noted: what cannot be written was not opened.
    require_folder(args.output.rstrip("/"))
    source = require_file(args.input, "picture or video")
    asked = needs_passphrase(args.key)
    key = read_private_key(args.key, read_passphrase(args.passphrase_file, new=False) if asked else None)
    log = OpeningLog(settings, key_id(key.public_key()))
    with source.open("rb") as file:
        start = file.read(32)
    if is_picture(start) or foreign_kind(start) not in (None, "video"):
        picture = open_picture(source, args.output, key, args.face, sidecar=args.sealed,
                               before=lambda found: log.note("picture", source, found.opened, found.faces))
        opened, faces, when = picture.opened, picture.faces, picture.when
        said = _opened(opened, faces)
    else:
        from edge_face.privacy.sealed import open_film

        bar = ProgressBar(1)
        bar.begin(0, source)
        try:
            film = open_film(source, args.output, key, args.face, sidecar=args.sealed, progress=bar.step,
                             before=lambda found: log.note("video", source, found.opened, found.faces))
        finally:
            bar.clear()
        opened, faces, when = film.opened, film.faces, film.when
        said = f"{_opened(opened, faces)} in {film.changed} of {film.frames} frames"
    if args.json:
        import json

        answer: dict[str, Any] = {"in": shown(args.input), "out": shown(args.output), "key": key_words(key_id(key.public_key())),
                                  "opened": list(opened), "faces": list(faces), "sealed_at": when, "logged": log.where}
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        print(f"{shown(args.output)}: {said}, sealed {_moment(when)}" + (f"; noted in {log.where}" if opened else ""))
    return 0


def _opened(opened: tuple[int, ...], faces: tuple[int, ...]) -> str:
    if not faces:
        return "no face was sealed in it"
    return f"{len(opened)} of {len(faces)} face{'s' * (len(faces) > 1)} opened"


def _moment(when: float) -> str:
    import time

    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(when))
    except (OverflowError, ValueError, OSError):
        return f"{when:g}"
