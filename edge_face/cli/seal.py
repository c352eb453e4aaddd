"""`edge-face seal`: hides faces as `blur` does, and seals the original pixels of each for the owner of a key."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

DESCRIPTION = ("Hides the faces in a picture or video, and seals the original pixels of each face for the owner of a key: everybody sees "
               "the hidden picture, 'edge-face unseal' and the private half of the key bring the faces back, exact to the pixel. In a "
               "PNG the seals are inside the file; beside anything else they are one file more (OUT.sealed).")
EXAMPLES = """
  edge-face seal --new-key owner.key                     makes owner.key (keep it apart) and owner.pub
  edge-face seal party.jpg party.png --to owner.pub
  edge-face seal hall.mp4 hidden.mp4 --to owner.pub      writes hidden.mp4 and hidden.mp4.sealed
  edge-face seal party.jpg party.png --to owner.pub --keep "Ana M" --method solid
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.hiding import add_hiding
    from edge_face.cli.main import add_common

    parser.add_argument("input", metavar="IN", nargs="?", help="a picture or a video")
    parser.add_argument("output", metavar="OUT", nargs="?", help="the file to write (.png keeps the seals inside)")
    parser.add_argument("--to", metavar="FILE", help="the public half of the owner's key (owner.pub)")
    parser.add_argument("--new-key", metavar="FILE", help="make a new pair of keys: FILE is the private half, .pub the public one")
    parser.add_argument("--passphrase", action="store_true", help="with --new-key: seal the private half under a passphrase (asked for)")
    parser.add_argument("--passphrase-file", metavar="FILE", help="with --new-key: its first line is the passphrase (-: standard input)")
    add_hiding(parser)
    parser.add_argument("--keep", action="append", default=[], metavar="NAME",
                        help="leave this enrolled person sharp, who agreed to be shown; may be given several times")
    parser.add_argument("--all", action="store_true", help="hide and seal the whole picture, not only faces")
    parser.add_argument("--thorough", action="store_true", help="look for faces of less than 24 px in videos too, as in pictures (slower)")
    parser.add_argument("--keep-audio", action="store_true", help="copy a video's sound; voices can be recognised")
    add_common(parser)


def run(args: argparse.Namespace) -> int:
    from edge_face.errors import UsageError

    if args.new_key is not None:
        if args.input is not None or args.to is not None:
            raise UsageError("--new-key only makes keys: seal in a second command, with --to and the .pub that it wrote")
        return _make(args)
    if args.passphrase or args.passphrase_file is not None:
        raise UsageError("--passphrase belongs to --new-key: sealing needs the public half only, which has none")
    if not args.input or not args.output or not args.to:
        raise UsageError("seal takes IN, OUT and --to owner.pub ('edge-face seal --new-key owner.key' makes a pair of keys)")
    return _seal(args)


def _make(args: argparse.Namespace) -> int:
    from edge_face.cli.people_common import read_passphrase
    from edge_face.privacy.sealed import key_id, key_words, make_keys

    passphrase = read_passphrase(args.passphrase_file, new=True) if args.passphrase or args.passphrase_file is not None else None
    public_file, public = make_keys(args.new_key, passphrase)
    name = key_words(key_id(public))
    if args.json:
        _print_json({"private": args.new_key, "public": str(public_file), "key": name, "passphrase": passphrase is not None})
        return 0
    print(f"{public_file}: the public half of the key {name}, for whatever seals (it opens nothing)")
    print(f"{args.new_key}: the private half. Keep it apart from the door, and a copy elsewhere: without it nothing that is sealed opens"
          + (", with the passphrase only" if passphrase is not None else ""))
    return 0


def _seal(args: argparse.Namespace) -> int:
    import os

    # The libraries' own messages beside our sentence help nobody; whoever wants them sets these variables.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    from edge_face.cli.blur import ProgressBar, file_job
    from edge_face.cli.hiding import key_of, privacy_of, weak_note
    from edge_face.errors import UsageError
    from edge_face.media.paths import shown
    from edge_face.privacy.sealed import key_id, key_words, read_public_key, seal_picture
    from edge_face.privacy.seeing import Seeing
    from edge_face.settings_file import load_settings

    settings = load_settings(args.config)
    privacy, key = privacy_of(settings.privacy, args), key_of(args)
    if args.all and args.keep:
        raise UsageError("--all hides the whole picture, so that nobody can be kept: leave out --keep or --all")
    public = read_public_key(args.to)
    if Path(args.input).is_dir():
        raise UsageError(f"'{shown(args.input)}' is a folder: seal one picture or video at a time")
    job = file_job(Path(args.input), args.output)
    seeing = Seeing(replace(settings, privacy=privacy), args.keep, thorough=args.thorough)
    facts: dict[str, Any] = {"in": shown(job.source), "out": shown(job.target), "key": key_words(key_id(public))}
    if job.video:
        from edge_face.privacy.sealed import seal_film

        bar = ProgressBar(1)
        bar.begin(0, job.source)
        try:
            film = seal_film(job.source, job.target, public, None if args.all else seeing.video(), privacy, seeing.consenting,
                             key=key, keep_audio=args.keep_audio, progress=bar.step)
        finally:
            bar.clear()
        facts |= {"kind": "video", "frames": film.hidden.frames, "hidden": film.hidden.hidden, "faces": list(film.faces),
                  "sealed": shown(film.sidecar), "notes": list(film.hidden.notes)}
        said = f"{film.hidden.frames} frames, faces hidden in {film.hidden.hidden}; their seals in {shown(film.sidecar)}"
    else:
        picture = seal_picture(job.source, job.target, public, None if args.all else seeing.stills(), privacy, seeing.consenting, key=key)
        count = picture.faces
        facts |= {"kind": "picture", "hidden": count, "sharp": picture.hidden.sharp, "sealed": _where(picture.sidecar),
                  "notes": list(picture.hidden.notes)}
        found = f"{count} place{'s' * (count > 1)} hidden" if count else "nothing found to hide: look at it before you share it"
        said = found + (f"; sealed in {shown(picture.sidecar)}" if picture.sidecar is not None else "; sealed inside" if count else "")
    weak = weak_note(privacy)
    for note in [*facts["notes"], *([weak] if weak is not None else [])]:
        print(f"note: {note}", file=sys.stderr)
    if args.json:
        _print_json(facts)
    else:
        print(f"{facts['out']}: {said} (key {facts['key']})")
    return 0


def _where(sidecar: Path | None) -> str | None:
    from edge_face.media.paths import shown

    return None if sidecar is None else shown(sidecar)


def _print_json(answer: object) -> None:
    import json

    print(json.dumps(answer, ensure_ascii=False, indent=2))
