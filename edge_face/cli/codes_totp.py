"""`edge-face codes add --totp` and `confirm`: a picture for the authenticator app, then its first code."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

from edge_face.cli.codes import asked, print_json
from edge_face.cli.codes_page import Page

TRIES = 3


def add_totp(args: argparse.Namespace, call: Callable[..., Any], page: Page) -> int:
    """Shows the enrolment, then asks for the first code. As JSON, nothing is asked: `edge-face codes confirm` does."""
    answer = call("codes.totp", who=args.who)
    page.app(answer["name"], answer["number"], answer["uri"])
    if args.json:
        print_json(answer)
        return 0
    if not page.wanted:
        _show(answer["uri"])
    print(answer["uri"])
    print("this is shown only now. Scan it with an authenticator app, then give the code that it shows. At the keypad "
          f"{answer['name']} keys {answer['number']}, the code, #", file=sys.stderr, flush=True)
    return confirm_totp(args, call)


def confirm_totp(args: argparse.Namespace, call: Callable[..., Any]) -> int:
    """Asks for the first code; three times where somebody is at a terminal. Raises AccessError, UsageError."""
    from edge_face.cli.people_common import interactive
    from edge_face.errors import AccessError, ServiceError, UsageError

    for attempt in range(TRIES if interactive() else 1):
        try:
            code = asked("Code of the app")
        except UsageError as error:
            raise UsageError(f"the app does not count before its first code: edge-face codes confirm '{args.who}'") from error
        try:
            answer = call("codes.confirm", who=args.who, code=code)
            break
        except (AccessError, ServiceError) as error:
            if attempt + 1 >= (TRIES if interactive() else 1):
                raise
            print(error, file=sys.stderr)
    if args.json:
        print_json(answer)
    else:
        print(f"{answer['name']} has an authenticator app{' in place of the old one' if answer['replaced'] else ''}")
    return 0


def _show(uri: str) -> None:
    from edge_face.errors import MissingExtraError
    from edge_face.people.code_page import half_blocks, qr_modules

    try:
        drawn = half_blocks(qr_modules(uri), coloured=sys.stdout.isatty())
        drawn.encode(sys.stdout.encoding or "ascii")
    except (MissingExtraError, UnicodeError) as error:
        print(f"no picture can be shown here ({error}): type the key into the app, or --page FILE", file=sys.stderr)
        return
    print(drawn)
