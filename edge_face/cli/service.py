"""`edge-face service`: systemd's side of the door."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.service.installing import Plan

DESCRIPTION = "Installs the systemd units of the door (docs/service.md), shows how they are, removes them."
EXAMPLES = """
  sudo edge-face service install --dry-run       show what would be done
  sudo edge-face service install --start         install, enable and start
  sudo edge-face service install --with rtsp     the door may talk to a network camera
  sudo edge-face service install --with kiosk --with lan     the pages, also for phones in the house
  sudo edge-face service install --with screen   the page beside the door on a screen (docs/kiosk.md)
  edge-face service install --root /mnt/image    into an image
  edge-face service status                       units, watchdog, exposure, the last stops
  sudo edge-face service uninstall               the people and settings stay; --purge removes them too
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.main import add_common
    from edge_face.service.unit_files import CHOSEN, DROP_INS

    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text)
        if name != "maintain":
            made.add_argument("--root", metavar="DIR", default="/", help="the top of an image in place of this machine")
        if name in ("install", "uninstall"):
            made.add_argument("--dry-run", action="store_true", help="show what would be done and do nothing")
            made.add_argument("--force", action="store_true", help="also files that were edited")
        return made

    install = action("install", "install the units, or bring them up to date")
    install.add_argument("--with", choices=(*CHOSEN, *DROP_INS), action="append", default=[], dest="chosen",
                         help="kiosk: the pages; screen: Chromium on a screen beside the door; screen-night: it is off at night; lan: the "
                              "owner's pages for the house's own network; rtsp: a network camera; credential: the device key sealed by "
                              "systemd (may be repeated)")
    install.add_argument("--no-watchdog", action="store_true", help="leave the hardware watchdog as it is")
    install.add_argument("--start", action="store_true", help="start the door at once")
    uninstall = action("uninstall", "stop and remove the units; people, audit log and settings stay")
    uninstall.add_argument("--purge", action="store_true", help="erase people, device key, audit log and settings too, for good")
    uninstall.add_argument("--yes", action="store_true", help="do not ask")
    status = action("status", "show how the units are")
    status.add_argument("--json", action="store_true", help="print the answer as JSON on standard output")
    add_common(action("maintain", "prune, give space back, look over the store (the timer does this every day)"))


def run(args: argparse.Namespace) -> int:
    if args.action == "maintain":
        return _maintain(args)
    root = Path(args.root)
    if args.action == "status":
        return _status(root, args.json)
    from edge_face.service import installing

    if not args.dry_run or root != Path("/"):
        installing.insist_on_root(root)
    if args.action == "uninstall":
        return _uninstall(args, root)
    from edge_face.service.unit_files import CHOSEN, DROP_INS

    plan = installing.plan_install(root, drop_ins=tuple(name for name in args.chosen if name in DROP_INS),
                                   chosen=tuple(name for name in args.chosen if name in CHOSEN), watchdog=not args.no_watchdog,
                                   program=installing.program_folder() if root == Path("/") else "", force=args.force, start=args.start)
    if _shown_only(args, plan):
        return 0
    installing.carry_out(plan, installing.run_command)
    print(f"{len(plan.write)} files written" if plan.write else "nothing to write: all is installed already")
    if root == Path("/") and not Path("/etc/edge-face/edge-face.toml").exists():
        print("next: sudo edge-face config init /etc/edge-face/edge-face.toml, edit it, then sudo systemctl start edge-face")
    elif root == Path("/") and not args.start:
        print("next: sudo systemctl restart edge-face")
    return 0


def _uninstall(args: argparse.Namespace, root: Path) -> int:
    from edge_face.errors import UsageError
    from edge_face.service import installing

    plan = installing.plan_uninstall(root, purge=args.purge, force=args.force)
    if _shown_only(args, plan):
        return 0
    if plan.empty:
        print("nothing is installed here")
        return 0
    if plan.purge and not args.yes:
        print("This erases everybody who is enrolled, the device key, the audit log and the settings, for good:")
        for place in plan.purge:
            print(f"  {root / place.lstrip('/')}")
        try:
            answer = input("Type 'erase' to go on: ")
        except EOFError:
            answer = ""
        if answer.strip() != "erase":
            raise UsageError("nothing was done: --yes answers in a script")
    installing.carry_out(plan, installing.run_command)
    print(f"{len(plan.remove)} files removed" + (f", {len(plan.kept)} edited ones kept (--force)" if plan.kept else ""))
    if not plan.purge:
        print("people, audit log and settings are still there; their users (edge-face, edge-face-...) too")
    return 0


def _shown_only(args: argparse.Namespace, plan: Plan) -> bool:
    if args.dry_run:
        print("\n".join(plan.lines()) or "nothing to do")
    return bool(args.dry_run)


def _status(root: Path, as_json: bool) -> int:
    import json
    import time

    from edge_face.service import unit_status

    units = unit_status.unit_statuses(root)
    odd, dog = unit_status.odd_files(root), unit_status.watchdog(root)
    stops = unit_status.last_stops() if root == Path("/") else []
    table: dict[str, Any] = {"units": [unit.as_json() for unit in units], "files": odd, "watchdog": dog, "stops": stops}
    good = all(unit.file == "installed" and not unit.active.startswith("failed") for unit in units)
    if as_json:
        print(json.dumps(table, indent=2))
        return 0 if good else 1
    for unit in units:
        exposure = f", exposure {unit.exposure:.1f}" if unit.exposure is not None else ""
        facts = ", ".join(filter(None, (unit.file, unit.active, unit.enabled, "" if unit.result == "success" else unit.result)))
        print(f"{unit.name:<30} {facts}{exposure}")
        if unit.text:
            print(f"{'':<30} {unit.text}" + (f"; started again {unit.restarts} times" if unit.restarts else ""))
    for place, state in odd.items():
        print(f"{place}: {state}")
    print(f"{'hardware watchdog':<30} {dog}")
    for stop in stops:
        print(f"stopped {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(stop['time']))}: {stop['how']} {stop['status']}")
    if all(unit.file == "missing" for unit in units):
        print("nothing is installed: sudo edge-face service install")
    return 0 if good else 1


def _maintain(args: argparse.Namespace) -> int:
    import json
    import time

    from edge_face.service.maintenance import maintain
    from edge_face.settings_file import load_settings

    done = maintain(load_settings(args.config), time.time())
    if args.json:
        print(json.dumps(done, indent=2))
    else:
        for name, value in done.items():
            print(f"{name.replace('_', ' '):<16} {', '.join(value) or 'none' if isinstance(value, list) else value}")
    return 1 if done.get("troubles") else 0
