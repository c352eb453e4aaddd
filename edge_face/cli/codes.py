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

DESCRIPTION = "Gives people PINs for the keypad, codes of an authenticator app, and cards for the reader; makes codes for visitors; " \
              "lists who has any, and takes them away. What is keyed is the person's number, then the PIN, then #. Nothing of a code is " \
              "ever shown again."
EXAMPLES = """
  edge-face codes add Ben                  asks for a PIN, twice, without showing it
  edge-face codes add Ben --generate       makes a PIN of 6 digits and prints it this once, after Ben's number
  edge-face codes add Ben --totp           codes of an authenticator app (shows a QR picture, asks for a first code)
  edge-face codes add Ben --duress         another PIN, which also tells the hooks that Ben is forced
  edge-face codes add Ben --present        the next card at the reader is Ben's
  edge-face codes add Ben --card 01704242  a card by its number, facility code first
  edge-face codes new --for plumber --until "2026-12-01 18:00" --uses 1 --page plumber.html
  edge-face codes list
  edge-face codes test Ben                 is that Ben's PIN?
  edge-face codes remove Ben card:1        or pin, totp, duress, or all
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str, *, who: bool = True) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text)
        if who:
            made.add_argument("who", metavar="WHO", help="name or id")
        add_common(made)
        return made

    add = action("add", "give a person a PIN, an authenticator app's codes, or a card")
    one = add.add_mutually_exclusive_group()
    one.add_argument("--generate", metavar="DIGITS", nargs="?", type=int, const=6, help="make a PIN (6 digits) and print it this once")
    one.add_argument("--totp", action="store_true", help="codes of an authenticator app, which change every 30 seconds")
    one.add_argument("--duress", action="store_true", help="another PIN, for when the person is forced: opens alike, and tells the hooks")
    one.add_argument("--card", metavar="NUMBER", help="a card by its number (-: asked for, or read from standard input)")
    one.add_argument("--present", action="store_true", help="the next card that is held to the reader (the door must be running)")
    add.add_argument("--page", metavar="FILE", help="with --generate or --totp: write a page to print")
    new = action("new", "make a code for a visitor and print it this once", who=False)
    new.add_argument("--for", dest="label", metavar="NAME", required=True, help="what the visitor is called here")
    new.add_argument("--until", metavar="WHEN", required=True, help="as '2026-12-24 17:30', a date (counts in full), +2h")
    new.add_argument("--from", dest="since", metavar="WHEN", help="not before (now, unless said)")
    new.add_argument("--uses", metavar="N", default="any", help="entries in all (as many as wanted, unless said)")
    new.add_argument("--digits", metavar="N", type=int, default=6, help="digits of the PIN (6)")
    new.add_argument("--page", metavar="FILE", help="write a page to print")
    action("confirm", "the first code of an authenticator app that was added before")
    action("list", "list who has codes and cards", who=False)
    remove = action("remove", "take a code or a card away")
    remove.add_argument("what", metavar="WHAT", help="pin, totp, duress, card:1 (as the list says), or all")
    test = action("test", "is a PIN, an app's code (or with --card a card's number) this person's?")
    test.add_argument("--card", action="store_true", help="ask for a card's number instead of a PIN")


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
    from edge_face.cli.codes_page import Page
    from edge_face.errors import ServiceError, UsageError

    if args.page and not args.totp and args.generate is None:
        raise UsageError("--page goes with --generate or --totp: what is typed is not written down")
    with Page(args.page) as page, open_codes(settings, writing=True) as call:
        if args.totp:
            from edge_face.cli.codes_totp import add_totp

            return add_totp(args, call, page)
        if args.present:
            if not _door_runs(settings):
                raise ServiceError("only a running door can read a card: sudo systemctl start edge-face, or --card NUMBER")
            print("hold the card to the reader ...", file=sys.stderr, flush=True)
            answer = call("codes.present", who=args.who)
        elif args.generate is not None:
            answer = call("codes.add", who=args.who, generate=args.generate)
            page.code(answer["name"], answer["number"], answer["pin"], "for as long as it is yours")
        elif args.card is not None:
            answer = call("codes.add", who=args.who, card=asked("Number of the card") if args.card == "-" else args.card)
        else:
            call("codes.who", who=args.who)
            pin = asked("PIN for being forced" if args.duress else "New PIN", twice=True)
            answer = call("codes.duress" if args.duress else "codes.add", who=args.who, pin=pin)
    if args.json:
        print_json(answer)
        return 0
    if "pin" in answer:
        print(answer["number"], answer["pin"])
        print("this is shown only now", file=sys.stderr)
    print(_said(answer), file=sys.stderr if "pin" in answer else sys.stdout)
    return 0


def _said(answer: Any) -> str:
    name, number = answer["name"], answer.get("number")
    if answer["what"] == "duress":
        return f"{name} has a code for being forced: at the keypad {number}, this PIN, #. It opens like the other one, and nothing at " \
               "the door shows it; the event 'duress' goes to the hooks that take it"
    if answer["what"] == "pin":
        what = "a new PIN in place of the old one" if answer["replaced"] else "a PIN"
        return f"{name} has {what}: at the keypad {number}, the PIN, #"
    return f"{name} has a card ({answer['what']})"


def _new(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.codes_page import Page
    from edge_face.cli.codes_visitor import new_visitor

    with Page(args.page) as page:
        return new_visitor(args, settings, page)


def _confirm(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.codes_totp import confirm_totp

    with open_codes(settings, writing=True) as call:
        call("codes.who", who=args.who)
        return confirm_totp(args, call)


def _list(args: argparse.Namespace, settings: Settings) -> int:
    import time

    with open_codes(settings, writing=False) as call:
        answer = call("codes.list")
    if args.json:
        print_json(answer)
        return 1 if answer["damaged"] else 0
    for row in answer["codes"]:
        since = time.strftime("%Y-%m-%d", time.localtime(row["added"])) if isinstance(row["added"], int | float) else "?"
        notes = {"  suspended: opens nothing": row["state"] == "suspended", "  visitor": row["state"] == "visitor",
                 "  waits for its first code: edge-face codes confirm": row["pending"],
                 "  of an earlier version, opens nothing: add it anew": row["stale"] and row["state"] != "visitor",
                 "  of an earlier version, opens nothing: make a new visitor": row["stale"] and row["state"] == "visitor"}
        said = "".join(text for text, holds in notes.items() if holds)
        print(f"{row['what']:<8}  {row['number'] or '':<5}  since {since:<10}  {row['name']}{said}")
    if not answer["codes"]:
        print("nobody has a code or a card: edge-face codes add WHO")
    for entry in answer["damaged"]:
        print(f"{entry['id']}  {entry['problem']}", file=sys.stderr)
    return 1 if answer["damaged"] else 0


def _remove(args: argparse.Namespace, settings: Settings) -> int:
    with open_codes(settings, writing=True) as call:
        answer = call("codes.remove", who=args.who, what=args.what)
    if args.json:
        print_json(answer)
    else:
        print(f"{', '.join(answer['removed'])} of {answer['name']}: opens nothing any more")
    return 0


def _test(args: argparse.Namespace, settings: Settings) -> int:
    with open_codes(settings, writing=False) as call:
        call("codes.who", who=args.who)
        given = {"card": asked("Number of the card")} if args.card else {"pin": asked("PIN, without the number")}
        answer = call("codes.test", who=args.who, **given)
    if args.json:
        print_json(answer)
    else:
        suspended = " (suspended: it opens nothing)" if answer["right"] and answer["state"] == "suspended" else ""
        print(f"that is {'' if answer['right'] else 'not '}{answer['name']}'s{suspended}")
    return 0 if answer["right"] else 1


def asked(what: str, *, twice: bool = False) -> str:
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
        raise UsageError("the two PINs differ: nothing was done")
    return text.strip()


def _door_runs(settings: Settings) -> bool:
    from edge_face.cli.people_common import door_runs

    return door_runs(settings)


def print_json(answer: object) -> None:
    import json

    print(json.dumps(answer, ensure_ascii=False, indent=2))


_ACTIONS: dict[str, Callable[[argparse.Namespace, Any], int]] = {
    "add": _add, "new": _new, "confirm": _confirm, "list": _list, "remove": _remove, "test": _test}
