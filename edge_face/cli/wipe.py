"""`edge-face wipe-device`: before a device is sold, lent, returned or thrown away."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from edge_face.cli.main import add_common

DESCRIPTION = "Erases everybody who is enrolled, all pictures, codes, the diary, the audit log, keys and certificates of this " \
              "device: keys first, bytes overwritten. Asks twice. Only files that edge-face wrote are removed; others are named."
EXAMPLES = """
  sudo systemctl stop edge-face edge-face-kiosk
  sudo edge-face wipe-device --dry-run        what would go
  sudo edge-face wipe-device                  asks twice
  sudo edge-face wipe-device --settings       the settings too: the responsible person's name stands in them
"""
SENTENCE = "erase everything"
FLASH = """What a flash card may still hold: its controller writes elsewhere and keeps old blocks until it needs them, out of reach of any
program. Nearly all that was written was sealed, and the key is overwritten, but the key's own old block may be one of them. Pictures in
the preview, settings and the log were never sealed. Where that matters: keep the key off the card from the first day (docs/threats.md),
or write the whole card over (blkdiscard, or dd from /dev/urandom, twice), or destroy it.
Not reached: the system's log (sudo journalctl --rotate --vacuum-time=1s clears it, for everything on this machine), backups and exports
elsewhere, what hooks told others, a key in the Pi's one-time programmable memory (it can never be cleared)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_common(parser)
    parser.add_argument("--dry-run", action="store_true", help="show what would go and do nothing")
    parser.add_argument("--settings", action="store_true", help="the settings file and /etc/edge-face go too")
    parser.add_argument("--no-trim", action="store_true", help="do not tell the card which blocks are free (fstrim)")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    """1 when something is left, or nothing was done."""
    from edge_face.errors import UsageError
    from edge_face.minimisation.wiping import ETC, insist_on_stopped, needles_of, plan_of, tell_card, wipe
    from edge_face.settings_file import load_settings, settings_source

    settings = load_settings(args.config, pages=False)
    if not args.dry_run:
        insist_on_stopped(settings)
    source = settings_source(args.config)
    named = [Path(source)] if source else []
    own = [path for path in ETC.rglob("*") if path.is_file()] if ETC.is_dir() and any(path.is_relative_to(ETC) for path in named) else []
    plan = plan_of(settings, {*named, *own} if args.settings else ())
    if args.dry_run:
        _show(args, plan.files, plan.left)
        return 0
    if not plan.files:
        print("there is nothing of anybody here")
        return 0
    if not args.yes:
        if not sys.stdin.isatty():
            raise UsageError("wiping cannot be undone: --yes says that it is meant")
        if not _asked(len(plan.files), settings.store.folder):
            print("nothing was done", file=sys.stderr)
            return 1
    done = wipe(settings, plan, needles_of(settings))
    said = "" if args.no_trim else tell_card(Path(settings.store.folder))
    bad = bool(done.problems or done.hits)
    if args.json:
        print(json.dumps({"removed": done.files, "bytes": done.size, "problems": done.problems, "left": [str(path) for path in plan.left],
                          "found": [{"what": hit.what, "file": str(hit.path)} for hit in done.hits], "trim": said}, indent=2))
        return 1 if bad else 0
    print(f"{done.files} files, {done.size:,} bytes overwritten and removed, keys first")
    for sentence in done.problems:
        print(sentence, file=sys.stderr)
    for path in plan.left:
        print(f"left, as edge-face did not write it: {path}")
    for hit in done.hits:
        print(f"STILL THERE: {hit.what} in {hit.path}")
    if said:
        print(said)
    print(FLASH)
    return 1 if bad else 0


def _asked(files: int, folder: str) -> bool:
    from edge_face.cli.people_common import ask

    if not ask(f"Erase everybody and everything that this door knows ({files} files, {folder} and others), for good?"):
        return False
    print(f"Type '{SENTENCE}' to go on: ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip() == SENTENCE


def _show(args: argparse.Namespace, files: tuple[Path, ...], left: tuple[Path, ...]) -> None:
    if args.json:
        print(json.dumps({"would_remove": [str(path) for path in files], "left": [str(path) for path in left]}, indent=2))
        return
    for path in files:
        print(f"erase {path}")
    for path in left:
        print(f"leave {path}, which edge-face did not write")
    if not files:
        print("there is nothing of anybody here")
