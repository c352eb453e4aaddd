"""`edge-face people assure`: what is asked of one person in place of the door's."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.settings import Settings


def assure(args: argparse.Namespace, settings: Settings) -> int:
    """Shows it, or sets what was named."""
    from edge_face.access.assurance import level_named
    from edge_face.cli.people_common import open_people
    from edge_face.cli.schedule_page import own_text

    changes = changes_of(args)
    with open_people(settings, writing=bool(changes)) as call:
        answer = call("people.assure", who=args.who, changes=changes or None)
    own = answer["own"]
    if args.json:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
    elif answer["damaged"]:
        print(f"{answer['name']}: the limits are damaged, and let nobody in: edge-face schedule person {answer['id']} --unlimited")
    else:
        print(f"{answer['name']}: {own_text(own) or 'what the door asks of everybody'}")
        if own["assurance"]:
            print(f"  {own['assurance']}: {level_named(own['assurance']).words}")
    for warning in _warnings(own, settings):
        print(f"warning: {warning}", file=sys.stderr)
    return 1 if answer["damaged"] else 0


def changes_of(args: argparse.Namespace) -> dict[str, Any]:
    """What was given on the command line; None takes something back. Raises UsageError."""
    from edge_face.errors import UsageError

    changes: dict[str, Any] = {}
    if args.level is not None:
        changes["assurance"] = None if args.level == "door" else args.level
    if args.challenge is not None:
        changes["actions"] = None if args.challenge == "any" else [word.strip() for word in args.challenge.split(",")]
    if args.release is not None:
        changes["release"] = None if args.release == "any" else _seconds(args.release)
    if args.adult:
        changes["minor"] = False
        if args.guardian is not None:
            raise UsageError("--guardian goes with --under-16, not with --adult")
    if args.under_16:
        changes["minor"] = True
    if args.guardian is not None:
        changes["guardian"] = args.guardian
    return changes


def _warnings(own: dict[str, Any], settings: Settings) -> list[str]:
    """What cannot be met at this door, or not in full."""
    from edge_face.service.assurance import missing_factor

    level = own["assurance"] or ("face+code" if own["minor"] else "")
    found = [missing] if level and (missing := missing_factor(level, settings)) else []
    if own["release"] is not None and own["release"] > settings.door.max_release:
        found.append(f"the door is never released for longer than {settings.door.max_release:g} s (door.max_release)")
    return found


def _seconds(text: str) -> float:
    from edge_face.errors import UsageError

    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--release {text[:20]}: a number of seconds, or any") from None
