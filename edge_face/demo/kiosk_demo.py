"""`edge-face kiosk demo`: the pages on the bundled clip: no camera, no pins, nothing installed."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

from edge_face.demo import people
from edge_face.demo.house import House, free_port
from edge_face.errors import ForbiddenError, ServiceError, UsageError
from edge_face.settings_toml import parsed_change

DESCRIPTION = ("Enrols ben, who does not exist, in a scratch store, plays the bundled clip as a camera through the real door with mock "
               "pins, and serves the pages: the one beside the door and the owner's. Ends with Ctrl-C; nothing is left behind.")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", metavar="DIR", help="keep everything here, to go on another time (default: a scratch folder)")
    parser.add_argument("--clip", default="door", help="which bundled clip is played (default: door)")
    parser.add_argument("--who", default="ben", metavar="NAME", help="who of the bundled people is enrolled (default: ben)")
    parser.add_argument("--port", type=int, metavar="N", help="port of the page beside the door (default: 8090, or any that is free)")
    parser.add_argument("--owner-port", type=int, metavar="N", help="port of the owner's pages (default: 8443, or any that is free)")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], dest="changes",
                        help="any key of the settings, as kiosk.language=zh (may be repeated)")
    parser.add_argument("--once", action="store_true", help="start, say where the pages are, end (for scripts)")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON on standard output")


def run(args: argparse.Namespace) -> int:
    """Raises `EdgeFaceError` for whatever does not start."""
    if args.who not in people():
        raise UsageError(f"--who {args.who}: nobody of that name is bundled; there are {', '.join(people())}")
    changes = {"recorder.events": ["grant", "deny", "alarm", "code", "exit", "owner"], "recorder.clips": True, "recorder.quota": 64}
    changes |= dict(pair for text in args.changes for pair in parsed_change(text).items())
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.set())
    with ExitStack() as stack:
        folder = Path(args.folder).absolute() if args.folder else \
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="edge-face-kiosk-")))
        kiosk, owner = _port(args.port, "--port", 8090), _port(args.owner_port, "--owner-port", 8443)
        house = stack.enter_context(House(folder, clip=args.clip, port=kiosk, owner_port=owner, changes=changes))
        _say(args, f"enrolling {args.who} from the bundled stills ...")
        house.prepare((args.who,))
        _say(args, "starting the door on the bundled clip ...")
        house.start_door()
        house.start_pages()
        _tell(house, _code(house), args)
        while not args.once and not stopped.wait(0.5):
            if said := house.ended():
                raise ServiceError(said)
    return 0


def _port(wanted: int | None, option: str, usual: int) -> int:
    """A port that was named or none; the usual one gives way to whoever has it."""
    if wanted is None:
        try:
            return free_port(usual)
        except ServiceError:
            return free_port()
    try:
        return free_port(wanted)
    except ServiceError as error:
        raise UsageError(f"{option} {wanted}: another program has this port, or there is none such; choose another or none") from error


def _code(house: House) -> str:
    """Empty for a house that was used before and has its owner."""
    try:
        return house.claim_code()
    except ForbiddenError:
        return ""


def _tell(house: House, code: str, args: argparse.Namespace) -> None:
    if args.json:
        print(json.dumps({"kiosk": house.kiosk_url, "owner": house.owner_url, "claim_code": code, "folder": str(house.folder)}), flush=True)
        return
    claim = f"{code}    (the owner's pages ask for it once, and for a passphrase)" if code else "none: this house has its owner, log in"
    print(f"""
  page beside the door    {house.kiosk_url}
  the owner's pages       {house.owner_url}
  claim code              {claim}

assurance = "face", chosen for the demo: a good photo or screen may open such a door. Logs: {house.door_log}, {house.pages_log}
Ctrl-C ends it.""", flush=True)


def _say(args: argparse.Namespace, text: str) -> None:
    if not args.json:
        print(text, file=sys.stderr, flush=True)
