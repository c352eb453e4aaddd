"""`edge-face privacy`: what is kept, who may have it gone, and the papers of a camera at a door."""

from __future__ import annotations

import argparse
import importlib
from typing import TYPE_CHECKING

from edge_face.cli.main import add_common

if TYPE_CHECKING:
    from edge_face.settings import Settings

DESCRIPTION = "Shows what the door keeps of whom, where, how long and why; erases a person and looks whether anything is left; gives " \
              "people what is kept of them; prints the notice for the door and a draft of the impact assessment (docs/privacy.md)."
EXAMPLES = """
  edge-face privacy report                          what is kept, with these settings and on this disk
  edge-face privacy erase Ben                       asks first, then looks through the raw bytes of every file
  edge-face privacy erase Ben --also /mnt/stick     also through files elsewhere
  edge-face privacy export Ben --out ben.zip        all that is kept of Ben, for Ben
  edge-face privacy withdraw Ben show,pictures      takes consents back
  edge-face privacy notice --out notice.html        the notice beside the camera, English and Chinese, to print
  edge-face privacy dpia --out dpia.md              a draft of the impact assessment
"""
_MODULES = {"report": "privacy_report", "erase": "privacy_person", "export": "privacy_person", "withdraw": "privacy_person",
            "notice": "privacy_papers", "dpia": "privacy_papers"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str, *, json: bool = True) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text)
        add_common(made, json=json)
        return made

    action("report", "what is kept, where, how long and why, and whether anything lies there that the table does not name")
    erase = action("erase", "erase a person everywhere, and look whether anything is left")
    erase.add_argument("--yes", action="store_true", help="do not ask")
    erase.add_argument("--also", metavar="PATH", action="append", default=[], help="look through this file or folder too (may be repeated)")
    export = action("export", "write all that is kept of a person into one ZIP file")
    export.add_argument("--out", metavar="FILE", required=True, help="the ZIP file to write")
    export.add_argument("--force", action="store_true", help="write over a file that is there")
    withdraw = action("withdraw", "take consents back: recognise, show, pictures, attendance, greeting, or all")
    for made in (erase, export, withdraw):
        made.add_argument("who", metavar="PERSON", help="name or id")
    withdraw.add_argument("what", metavar="WHAT", help="some of recognise,show,pictures,attendance,greeting, or all")
    withdraw.add_argument("--yes", action="store_true", help="do not ask")
    for name, text in (("notice", "the notice for beside the camera, filled from the settings, as a page to print"),
                       ("dpia", "a draft of a data protection impact assessment, filled from the settings")):
        paper = action(name, text, json=False)
        paper.add_argument("--out", metavar="FILE", help="where to (default: standard output)")
        paper.add_argument("--force", action="store_true", help="write over a file that is there")
        if name == "notice":
            paper.add_argument("--lang", choices=("en", "zh", "both"), default="both", help="language (default: both)")


def run(args: argparse.Namespace) -> int:
    from edge_face.settings_file import load_settings

    settings: Settings = load_settings(args.config)
    module = importlib.import_module(f"edge_face.cli.{_MODULES[args.action]}")
    return int(getattr(module, args.action)(args, settings))
