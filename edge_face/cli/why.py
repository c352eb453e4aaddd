"""`edge-face why`: what the door decided, and for which reasons."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edge_face.cli.main import add_common

if TYPE_CHECKING:
    from edge_face.settings import Settings

DESCRIPTION = "Explains an entry or a refusal with its scores, or lists what happened at the door. Asks the running daemon, " \
              "else reads the store."
EXAMPLES = """
  edge-face why                  the latest entry or refusal
  edge-face why 1234             event 1234
  edge-face why --last 20        what happened lately
  edge-face why --last 100 --json | jq '.[] | select(.kind == "deny")'
"""

WORDS = {"grant": "let in", "deny": "not let in", "exit": "exit button", "rest": "the door rests", "rest-over": "the rest is over",
         "relock": "locked again", "pulse": "released by the owner", "secure": "locked by the owner", "owner": "released by the owner",
         "code": "let in by a code", "fire": "released by fire", "hold-open": "held open", "hold-over": "held open no more",
         "code-rest": "codes and cards rest", "code-rest-over": "the rest is over", "lockdown": "lockdown",
         "lockdown-over": "lockdown lifted", "opened": "the door opened", "closed": "the door closed", "alarm": "ALARM",
         "alarm-over": "alarm over", "clock": "clock not believed", "clock-over": "clock believed again"}
"""By kind of event; "pulse" was the owner's release in versions before 0.2."""
OPENING = ("grant", "code", "exit", "owner", "pulse")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_common(parser)
    parser.add_argument("event", metavar="EVENT", nargs="?", type=int, help="number of an event (default: the latest entry or refusal)")
    parser.add_argument("--last", metavar="N", type=int, help="list the latest N events instead")


def run(args: argparse.Namespace) -> int:
    import json

    from edge_face.errors import UsageError
    from edge_face.settings_file import load_settings

    if args.event is not None and args.last is not None:
        raise UsageError("either one EVENT or --last N")
    settings = load_settings(args.config)
    found = _events(settings, args.last) if args.last is not None else _event(settings, args.event)
    if args.json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
    elif isinstance(found, list):
        print("\n".join(map(headline, found)) if found else "nothing has happened at this door yet")
    else:
        print(explained(found))
    return 0


def headline(event: Mapping[str, Any]) -> str:
    """One line: number, time, what, who, and the first reason."""
    reasons = event.get("reasons") or [{"text": event.get("authority", "")}]
    telling = next((reason for reason in reasons if reason.get("code") == "matched"), reasons[0])
    who = event.get("name") or event.get("person") or ("a visitor" if event.get("visitor") else "")
    what = WORDS.get(event["kind"], event["kind"])
    return f"{event['id']:>6}  {_time(event['wall'])}  {what:<20} {who:<20} {telling['text']}".rstrip()


def explained(event: Mapping[str, Any]) -> str:
    """All reasons of an event, each on a line of its own."""
    who = event.get("name") or event.get("person") or ("a visitor" if event.get("visitor") else None)
    released = f", released for {event['seconds']:g} s" if event["kind"] in OPENING and "seconds" in event else ""
    alarm = f" ({event['alarm']})" if event.get("alarm") else ""
    what = WORDS.get(event["kind"], event["kind"]) + alarm
    lines = [f"event {event['id']}, {_time(event['wall'])}: {f'{who}: ' if who else ''}{what}{released}"]
    lines += [f"  - {reason['text']}" for reason in event.get("reasons", [])]
    if event.get("forgotten"):
        lines.append("  - this was about somebody who has been forgotten")
    if event.get("authority"):
        lines.append(f"  - on the authority of: {event['authority']}")
    return "\n".join(lines)


def _event(settings: Settings, number: int | None) -> Any:
    from edge_face.service.client import daemon_for

    client = daemon_for(settings)
    if client is not None:
        return client.call("why", **({} if number is None else {"event": number}))
    from edge_face.service.books import open_books

    books = open_books(settings, read_only=True)
    try:
        return books.event(number)
    finally:
        books.close()


def _events(settings: Settings, last: int) -> Any:
    from edge_face.service.client import daemon_for

    client = daemon_for(settings)
    if client is not None:
        return client.call("events", last=last)
    from edge_face.service.books import open_books

    books = open_books(settings, read_only=True)
    try:
        return books.events(last)
    finally:
        books.close()


def _time(wall: float) -> str:
    import time

    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall))
