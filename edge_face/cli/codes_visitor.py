"""`edge-face codes new`: a visitor with a number, a PIN and an end, as `edge-face schedule visitor add` makes one."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from edge_face.cli.codes_page import Page

if TYPE_CHECKING:
    from edge_face.settings import Settings


def new_visitor(args: argparse.Namespace, settings: Settings, page: Page) -> int:
    """Raises AccessError, UsageError and what the store and the daemon raise."""
    import time

    from edge_face.access.moments import moment_from
    from edge_face.cli.codes import print_json
    from edge_face.cli.schedule import zone
    from edge_face.cli.schedule_page import limits_text
    from edge_face.cli.schedule_store import open_schedules
    from edge_face.people.person_numbers import split

    where, now = zone(settings), time.time()
    changes = {"until": moment_from(args.until, where, now, end=True)}
    if args.since is not None:
        changes["since"] = moment_from(args.since, where, now)
    with open_schedules(settings, writing=True, create=True) as call:
        answer = call("schedule.visitor", label=args.label, uses=_uses(args.uses), changes=changes, digits=args.digits)
        clock = call("clock.show")
    limits = limits_text(answer, settings.access.timezone)
    number, pin = split(answer["pin"]) or ("", answer["pin"])
    page.code(answer["label"], number, pin, limits)
    if args.json:
        print_json(answer)
        return 0
    print(number, pin)
    print(f"this is shown only now. {answer['label']} keys {number}, the PIN, #, and may enter: {limits}", file=sys.stderr)
    if not clock["trusted"]:
        print(f"the door does not believe its clock: whoever has limited times stays out ({clock['why']})", file=sys.stderr)
    return 0


def _uses(text: str) -> int | None:
    from edge_face.errors import UsageError

    if text.casefold() == "any":
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 10_000:
        raise UsageError(f"--uses {text[:20]}: a whole number from 1 to 10000, or any")
    return int(text)
