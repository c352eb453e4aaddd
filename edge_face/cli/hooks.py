"""`edge-face hooks`: tells events to the owner's webhook or program."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge_face.settings import Settings

DESCRIPTION = "Tells what happened at the door to a webhook or a program of yours ([hooks] in the settings). The daemon leaves events " \
              "in a spool; edge-face-hooks.service runs 'hooks send', which tells them and tries again where nobody answers."
EXAMPLES = """
  sudo edge-face hooks key /etc/edge-face/hooks.key     make the key that your receiver checks signatures with
  edge-face hooks test                                  send one event now and say what came of it
  edge-face hooks status                                how many events wait, were told, were given up
  edge-face hooks send                                  tell what waits and end (the unit does this)
  edge-face hooks tell trouble "the housing is wet"     leave an event of your own
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.main import add_common
    from edge_face.settings import EVENTS

    subs = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name, text in (("send", "tell all that waits, with retries, and end"), ("test", "send one event now, without the spool"),
                       ("status", "what waits, what was told")):
        add_common(subs.add_parser(name, help=text, description=text), json=name != "send")
    tell = subs.add_parser("tell", help="leave an event in the spool", description="Leaves an event of your own in the spool.")
    tell.add_argument("kind", choices=EVENTS)
    tell.add_argument("text", help="one sentence")
    add_common(tell, json=False)
    key = subs.add_parser("key", help="make a key for signatures", description="Makes a key for signatures; nothing is overwritten.")
    key.add_argument("path", metavar="FILE")
    add_common(key, json=False)


def run(args: argparse.Namespace) -> int:
    if args.action == "key":
        return _key(args.path)
    from edge_face.settings_file import load_settings

    settings = load_settings(args.config)
    if args.action == "send":
        return _send(settings)
    if args.action == "test":
        return _test(settings, args.json)
    if args.action == "status":
        return _status(settings, args.json)
    return _tell(settings, args.kind, args.text)


def _send(settings: Settings) -> int:
    import logging
    import sys

    from edge_face.clock import SystemClock
    from edge_face.service.hook_delivery import channels_of
    from edge_face.service.hook_sender import Sender
    from edge_face.service.hooks import Spool, spool_folder

    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    clock = SystemClock()
    spool = Spool(spool_folder(settings))
    channels = channels_of(settings.hooks, clock.wall)
    sender = Sender(spool, channels, clock)
    if not channels and spool.waiting():
        print("[hooks] names neither a webhook nor a command any more: what waits is dropped")
    sender.run()
    return 0


def _test(settings: Settings, as_json: bool) -> int:
    import json
    import secrets
    import time

    from edge_face.errors import SettingsError
    from edge_face.service import hooks
    from edge_face.service.hook_delivery import Result, channels_of

    channels = channels_of(settings.hooks, time.time)
    if not channels:
        raise SettingsError("there is nobody to tell: set [hooks] webhook or command")
    sent = {**hooks.event("trouble", "test", "a test: nothing has happened", time.time()), "id": secrets.token_hex(8)}
    outcomes = {name: channel(sent) for name, channel in channels.items()}
    if as_json:
        print(json.dumps({name: {"result": outcome.result.value, "text": outcome.text} for name, outcome in outcomes.items()}, indent=2))
    else:
        for name, outcome in outcomes.items():
            print(f"{name}: {outcome.result.value}" + (f", {outcome.text}" if outcome.text else ""))
    return 0 if all(outcome.result is Result.TOLD for outcome in outcomes.values()) else 1


def _status(settings: Settings, as_json: bool) -> int:
    import json

    from edge_face.service.hook_sender import Account
    from edge_face.service.hooks import Spool, spool_folder

    spool = Spool(spool_folder(settings))
    waiting, account = spool.waiting(), Account.of(spool.folder)
    table = {"webhook": bool(settings.hooks.webhook), "command": bool(settings.hooks.command), "events": settings.hooks.events,
             "waiting": len(waiting), "dropped": spool.dropped, **vars(account)}
    if as_json:
        print(json.dumps(table, indent=2))
        return 0
    ways = [name for name in ("webhook", "command") if table[name]]
    print(f"told by        {', '.join(ways) or 'nothing: set [hooks] webhook or command'}")
    print(f"events         {', '.join(settings.hooks.events) or 'none'}")
    print(f"waiting        {len(waiting)} in {spool.folder}")
    print(f"told           {account.told}, given up {account.given_up}, dropped because too many waited {spool.dropped}")
    if account.last_trouble:
        print(f"last trouble   {account.last_trouble}")
    return 0


def _tell(settings: Settings, kind: str, text: str) -> int:
    import time

    from edge_face.service import hooks

    event = hooks.event(kind, "told", text[:500], time.time())
    if not hooks.wanted(settings.hooks, event):
        print(f"nobody wants to know of '{kind}' ([hooks] in the settings)")
        return 0
    hooks.Spool(hooks.spool_folder(settings)).put(event)
    return 0


def _key(path: str) -> int:
    import contextlib
    import os
    import pwd
    from pathlib import Path

    from edge_face.service.hook_delivery import make_key

    make_key(Path(path))
    with contextlib.suppress(KeyError, PermissionError):
        # The sender is the only one who needs it.
        os.chown(path, pwd.getpwnam("edge-face-hooks").pw_uid, -1)
    print(f"written: {path}; give its 64 digits to your receiver, and set [hooks] secret_file = \"{path}\"")
    return 0
