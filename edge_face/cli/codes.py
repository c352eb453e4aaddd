"""`edge-face codes`: codes and cards that open the door beside faces."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from edge_face.cli.main import add_common

if TYPE_CHECKING:
    from edge_face.settings import Settings

DESCRIPTION = "Gives people codes for the keypad and cards for the reader, lists who has any, and takes them away. Codes are kept as " \
              "keyed hashes and never shown again."
EXAMPLES = """
  edge-face codes add Ben                  asks for a code, twice, without showing it
  edge-face codes add Ben --generate       makes a code of 6 digits and prints it this once
  edge-face codes add Ben --present        the next card at the reader is Ben's
  edge-face codes add Ben --card 01704242  a card by its number, facility code first
  edge-face codes list
  edge-face codes test Ben                 is that Ben's code?
  edge-face codes remove Ben card:1        or pin, or all
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str, *, who: bool = True) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text)
        if who:
            made.add_argument("who", metavar="WHO", help="name or id")
        add_common(made)
        return made

    add = action("add", "give a person a code or a card")
    one = add.add_mutually_exclusive_group()
    one.add_argument("--generate", metavar="DIGITS", nargs="?", type=int, const=6, help="make a code (6 digits) and print it this once")
    one.add_argument("--card", metavar="NUMBER", help="a card by its number (-: asked for, or read from standard input)")
    one.add_argument("--present", action="store_true", help="the next card that is held to the reader (the door must be running)")
    action("list", "list who has codes and cards", who=False)
    remove = action("remove", "take a code or a card away")
    remove.add_argument("what", metavar="WHAT", help="pin, card:1 (as the list says), or all")
    test = action("test", "is a code (or with --card a card's number) this person's?")
    test.add_argument("--card", action="store_true", help="ask for a card's number instead of a code")


def run(args: argparse.Namespace) -> int:
    from edge_face.settings_file import load_settings

    return _ACTIONS[args.action](args, load_settings(args.config))


@contextmanager
def open_codes(settings: Settings, *, writing: bool) -> Iterator[Callable[..., Any]]:
    """Commands on codes: asked of the running daemon, else carried out here. Raises StoreError, ServiceError."""
    from edge_face.service.client import daemon_for

    client = daemon_for(settings)
    if client is not None:
        yield client.call
        return
    from pathlib import Path

    from edge_face.people import Store
    from edge_face.people.codes import CodeCommands
    from edge_face.people.database import FILE

    # In a wrong folder no empty store is left.
    read_only = not writing or not Path(settings.store.folder, FILE).exists()
    with Store(settings.store.folder, settings.store.key_file or None, read_only) as store:
        commands = CodeCommands(store)
        yield lambda command, **arguments: commands.run(command, arguments)


def _add(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.errors import ServiceError

    with open_codes(settings, writing=True) as call:
        if args.present:
            if not _door_runs(settings):
                raise ServiceError("only a running door can read a card: sudo systemctl start edge-face, or --card NUMBER")
            print("hold the card to the reader ...", file=sys.stderr, flush=True)
            answer = call("codes.present", who=args.who)
        elif args.generate is not None:
            answer = call("codes.add", who=args.who, generate=args.generate)
        elif args.card is not None:
            answer = call("codes.add", who=args.who, card=_asked("Number of the card") if args.card == "-" else args.card)
        else:
            call("codes.who", who=args.who)
            answer = call("codes.add", who=args.who, pin=_asked("New code", twice=True))
    if args.json:
        _print_json(answer)
        return 0
    if "pin" in answer:
        print(answer["pin"])
        print("this is shown only now", file=sys.stderr)
    what = "a code" if answer["what"] == "pin" else f"a card ({answer['what']})"
    if answer["replaced"]:
        what = "a new code in place of the old one"
    print(f"{answer['name']} has {what}", file=sys.stderr if "pin" in answer else sys.stdout)
    return 0


def _list(args: argparse.Namespace, settings: Settings) -> int:
    import time

    with open_codes(settings, writing=False) as call:
        answer = call("codes.list")
    if args.json:
        _print_json(answer)
        return 1 if answer["damaged"] else 0
    for row in answer["codes"]:
        since = time.strftime("%Y-%m-%d", time.localtime(row["added"])) if isinstance(row["added"], int | float) else "?"
        state = "" if row["state"] != "suspended" else "  suspended: opens nothing"
        print(f"{row['what']:<8}  since {since:<10}  {row['name']}{state}")
    if not answer["codes"]:
        print("nobody has a code or a card: edge-face codes add WHO")
    for entry in answer["damaged"]:
        print(f"{entry['id']}  {entry['problem']}", file=sys.stderr)
    return 1 if answer["damaged"] else 0


def _remove(args: argparse.Namespace, settings: Settings) -> int:
    with open_codes(settings, writing=True) as call:
        answer = call("codes.remove", who=args.who, what=args.what)
    if args.json:
        _print_json(answer)
    else:
        print(f"{', '.join(answer['removed'])} of {answer['name']}: opens nothing any more")
    return 0


def _test(args: argparse.Namespace, settings: Settings) -> int:
    with open_codes(settings, writing=False) as call:
        call("codes.who", who=args.who)
        given = {"card": _asked("Number of the card")} if args.card else {"pin": _asked("Code")}
        answer = call("codes.test", who=args.who, **given)
    if args.json:
        _print_json(answer)
    else:
        suspended = " (suspended: it opens nothing)" if answer["right"] and answer["state"] == "suspended" else ""
        print(f"that is {'' if answer['right'] else 'not '}{answer['name']}'s{suspended}")
    return 0 if answer["right"] else 1


def _asked(what: str, *, twice: bool = False) -> str:
    """Without showing it; one line of standard input where nobody is at a terminal. Raises UsageError."""
    import getpass

    from edge_face.cli.people_common import interactive
    from edge_face.errors import UsageError

    if not interactive():
        line = sys.stdin.readline(100) if sys.stdin is not None else ""
        if not line.strip():
            raise UsageError("nobody can be asked for it here: give it as one line of standard input")
        return line.strip()
    try:
        text = getpass.getpass(f"{what}: ")
        again = getpass.getpass("Once more: ") if twice else text
    except EOFError as error:
        print(file=sys.stderr)
        raise UsageError("nothing was given: nothing was done") from error
    if text != again:
        raise UsageError("the two codes differ: nothing was done")
    return text.strip()


def _door_runs(settings: Settings) -> bool:
    from edge_face.cli.people_common import door_runs

    return door_runs(settings)


def _print_json(answer: object) -> None:
    import json

    print(json.dumps(answer, ensure_ascii=False, indent=2))


_ACTIONS: dict[str, Callable[[argparse.Namespace, Any], int]] = {"add": _add, "list": _list, "remove": _remove, "test": _test}
