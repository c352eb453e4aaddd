"""`edge-face owner`: the way back in for an owner who has lost the passphrase, at the device's own console only."""

from __future__ import annotations

import argparse
import json

from edge_face.cli.main import add_common

DESCRIPTION = "Removes all logins of the owner's pages, for when the passphrase is lost. People, codes and settings stay."
EXAMPLES = """
  sudo edge-face owner reset          asks first; then prints a claim code for the new owner
  sudo edge-face owner reset --yes
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    about = "remove all logins and print a new claim code"
    reset = actions.add_parser("reset", help=about, description=f"{about.capitalize()}. Everybody is logged out. For root and the daemon's "
                               "user (sudo), while the door runs; it is said in the audit log.")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    add_common(reset)


def run(args: argparse.Namespace) -> int:
    from edge_face.cli.kiosk import running_door, say_code
    from edge_face.cli.people_common import ask, interactive
    from edge_face.errors import UsageError

    client = running_door(args)
    if not args.yes:
        if not interactive():
            raise UsageError("nobody can be asked here: --yes removes all logins of the owner's pages")
        if not ask("Remove all logins of the owner's pages and log everybody out?"):
            raise UsageError("nothing was done")
    answer = client.call("owner.reset")
    if args.json:
        print(json.dumps(answer, indent=2))
        return 0
    print(f"{answer['removed']} {'login was' if answer['removed'] == 1 else 'logins were'} removed; everybody is logged out")
    say_code(answer["code"], answer["seconds"])
    return 0
