"""`edge-face kiosk`: the pages, beside the door and for the owner."""

from __future__ import annotations

import argparse
import importlib
import json
from typing import TYPE_CHECKING

from edge_face.cli.main import add_common

if TYPE_CHECKING:
    from edge_face.service.client import Client

DESCRIPTION = ("Serves the pages: the one beside the door and the owner's (docs/kiosk.md). They run beside the door ('edge-face run'): it "
               "decides, they ask.")
EXAMPLES = """
  sudo edge-face kiosk claim          a claim code, for the first owner of this door
  edge-face kiosk run                 serve the pages in the foreground
  sudo edge-face kiosk fingerprint    of the certificate that browsers are to trust, to compare with what they show
  edge-face kiosk demo                door and pages on the bundled clip: no camera, no pins
"""
_ELSEWHERE = {"demo": ("edge_face.demo.kiosk_demo", "door and pages on the bundled clip: no camera, no pins"),
              "screen": ("edge_face.kiosk.screen", "run Chromium on the screen beside the door (for the unit)")}
"""Modules with `DESCRIPTION`, `add_arguments` and `run`."""
_EXTRA = ("fastapi", "jinja2", "python_multipart", "starlette", "uvicorn")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    about = "print a code that makes whoever types it on the owner's pages this door's owner"
    claim = actions.add_parser("claim", help=about, description=f"{about.capitalize()}: once, within an hour. For root and the daemon's "
                               "user (sudo), while the door runs. A door that has an owner gives none.")
    add_common(claim)
    about = "print the fingerprint of the certificate that browsers are to trust"
    add_common(actions.add_parser("fingerprint", help=about, description=f"{about.capitalize()} (/trust on the owner's pages): compare it "
                                  "with what the browser shows before you say that you trust it."))
    about = "serve the pages in the foreground"
    add_common(actions.add_parser("run", help=about, description=f"{about.capitalize()}: Ctrl-C and SIGTERM end it."), json=False)
    for name, (module, text) in _ELSEWHERE.items():
        found = importlib.import_module(module)
        found.add_arguments(actions.add_parser(name, help=text, description=found.DESCRIPTION))


def run(args: argparse.Namespace) -> int:
    if args.action == "claim":
        return _claim(args)
    if args.action == "run":
        return _serve(args)
    if args.action == "fingerprint":
        return _fingerprint(args)
    return int(importlib.import_module(_ELSEWHERE[args.action][0]).run(args))


def _serve(args: argparse.Namespace) -> int:
    from edge_face.errors import MissingExtraError
    from edge_face.settings_file import load_settings

    settings = load_settings(args.config)
    try:
        from edge_face.kiosk import serving

        return int(serving.main(settings))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRA:
            raise
        raise MissingExtraError(package, "kiosk") from error


def _claim(args: argparse.Namespace) -> int:
    answer = running_door(args).call("kiosk.claim")
    if args.json:
        print(json.dumps(answer, indent=2))
    else:
        say_code(answer["code"], answer["seconds"])
    return 0


def _fingerprint(args: argparse.Namespace) -> int:
    from pathlib import Path

    from edge_face.clock import SystemClock
    from edge_face.errors import ServiceError
    from edge_face.kiosk.machine_names import all_names
    from edge_face.kiosk.tls import Certificates, fingerprint
    from edge_face.settings_file import load_settings

    settings = load_settings(args.config)
    if settings.kiosk.owner_listen != "lan":
        raise ServiceError('there is no certificate: [kiosk] owner_listen is not "lan"')
    text = fingerprint(Certificates(Path(settings.kiosk.folder), lambda: all_names(settings), SystemClock().wall).authority())
    print(json.dumps({"sha256": text}) if args.json else text)
    return 0


def running_door(args: argparse.Namespace) -> Client:
    """Raises ServiceError: only the running door knows whom it has let in to its pages."""
    from edge_face.errors import ServiceError
    from edge_face.service.client import daemon_for
    from edge_face.settings_file import load_settings

    client = daemon_for(load_settings(args.config))
    if client is None:
        raise ServiceError("the door is not running: sudo systemctl start edge-face, or edge-face run")
    return client


def say_code(code: str, seconds: float) -> None:
    print(f"claim code   {code}")
    print(f"  type it on the owner's pages within {seconds / 60:.0f} minutes, once, before the door is started again")
