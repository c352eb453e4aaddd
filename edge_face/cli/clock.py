"""`edge-face clock`: may the clock be believed, and the owner's word for it."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from edge_face.cli.main import add_common

if TYPE_CHECKING:
    from edge_face.settings import Settings

DESCRIPTION = ("Shows whether the clock is believed, and sets it. Whoever may enter at certain times only is not let in while it is not: "
               "after a power cut without network and real-time clock, or when it was put forward or back. People without limits are let "
               "in all the same.")
EXAMPLES = """
  edge-face clock show
  sudo edge-face clock set "2026-12-24 17:30"     sets the machine's clock; from now on it is believed
  sudo edge-face clock set                        what the clock shows is right
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = "show the time and whether it is believed"
    add_common(actions.add_parser("show", help=show, description=f"{show.capitalize()}."))
    put = actions.add_parser("set", help="set the clock, or say that it is right", description="Sets the machine's clock, or without a "
                             "TIME says that it is right. For the owner only (sudo).")
    put.add_argument("time", metavar="TIME", nargs="?", help="as '2026-12-24 17:30', in the time zone of the settings")
    add_common(put)


def run(args: argparse.Namespace) -> int:
    from edge_face.settings_file import load_settings

    settings = load_settings(args.config)
    return _show(args, settings) if args.action == "show" else _set(args, settings)


def _show(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.schedule_store import open_schedules

    with open_schedules(settings, writing=False) as call:
        answer = call("clock.show")
    return _said(args, settings, answer)


def _set(args: argparse.Namespace, settings: Settings) -> int:
    import time

    from edge_face.access.moments import moment_from
    from edge_face.build_date import BUILD_DATE
    from edge_face.cli.schedule_store import open_schedules
    from edge_face.errors import AccessError

    zone = _zone(settings)
    wanted = time.time() if args.time is None else moment_from(args.time, zone, time.time())
    if wanted < BUILD_DATE:
        what = "the clock shows" if args.time is None else f"{args.time} is"
        raise AccessError(f"{what} a time before this version of edge-face was made: sudo edge-face clock set 'YYYY-MM-DD HH:MM'")
    with open_schedules(settings, writing=True) as call:
        if args.time is not None:
            set_system_clock(wanted)
        answer = call("clock.set", wall=time.time())
    return _said(args, settings, answer)


def set_system_clock(wall: float) -> None:
    """Raises AccessError where it may not be set."""
    import time

    from edge_face.errors import AccessError

    try:
        time.clock_settime(time.CLOCK_REALTIME, wall)
    except PermissionError as error:
        raise AccessError("only root may set the clock: use sudo (in a container: set the host's clock, then edge-face clock set "
                          "without a time)") from error
    except (OSError, OverflowError) as error:
        what = getattr(error, "strerror", None) or error
        raise AccessError(f"the system refused to set the clock ({what}): sudo timedatectl set-time") from error


def _said(args: argparse.Namespace, settings: Settings, answer: dict[str, Any]) -> int:
    """Exit code 1 for a clock that is not believed."""
    from edge_face.access.moments import moment_text

    if args.json:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
        return 0 if answer["trusted"] else 1
    print(f"{moment_text(answer['wall'], _zone(settings))} in {answer['zone'] or 'the time zone of the system'}")
    print(f"  believed     {'yes' if answer['trusted'] else 'no'}: {answer['why']}")
    if not answer["trusted"]:
        print("  therefore    whoever may enter at certain times only is not let in")
        print("  mend it      when the time above is right: sudo edge-face clock set")
    unsaid = "synchronised since the boot" if answer["stamp"] is not None else "has not synchronised it, as far as is known"
    print(f"  network      {({True: 'synchronised', False: 'not synchronised'}).get(answer['network'], unsaid)}")
    rtc = answer["rtc"]
    print(f"  real-time    {'no clock that keeps the time without power' if rtc is None else moment_text(rtc, _zone(settings))}")
    return 0 if answer["trusted"] else 1


def _zone(settings: Settings) -> Any:
    from edge_face.cli.schedule import zone

    return zone(settings)
