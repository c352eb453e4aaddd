"""`edge-face store`: the sealed store as a whole: its key, backups, the version before."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edge_face.settings import Settings

DESCRIPTION = ("Looks into the sealed store, checks it, gives it a new device key, backs it up and restores it, and brings the version "
               "before an update back. Single people: edge-face people.")
EXAMPLES = """
  edge-face store info
  edge-face store check                              opens every seal
  edge-face store backup door.efb                    everything, sealed with a passphrase
  edge-face store restore door.efb                   on a new card
  edge-face store restore door.efb --replace         in place of the store that is there
  edge-face store rotate-key                         a new device key
  edge-face store rotate-key --reseal                and new keys for everybody: the old one has got out
  edge-face store protect                            templates as codes under a key of this store, not as embeddings
  edge-face store protect --renew                    under a new key: codes that got out match nothing any more
  edge-face store rollback                           back to before the last update or restore
  edge-face store forget-copy                        drop what a rollback would need
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from edge_face.cli.main import add_common

    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text)
        add_common(made)
        return made

    action("info", "what is in the store, its version, key and copies")
    action("check", "open every seal and look at every page; nothing is changed")
    backup = action("backup", "write the whole store into one file, sealed with a passphrase")
    backup.add_argument("file", metavar="FILE", help="the file to write")
    backup.add_argument("--force", action="store_true", help="replace a file that exists")
    restoring = action("restore", "put a backup in the store's place, under this card's own device key")
    restoring.add_argument("file", metavar="FILE", help="what 'store backup' wrote")
    restoring.add_argument("--replace", action="store_true", help="also where people are enrolled already; a copy of them is kept")
    for made in (backup, restoring):
        made.add_argument("--passphrase-file", metavar="FILE", help="the passphrase is its first line (-: standard input)")
    rotating = action("rotate-key", "give the store a new device key; the old one opens it no more")
    rotating.add_argument("--reseal", action="store_true", help="new data keys too, everything sealed anew: whoever has the old key and "
                          "an old copy of the store can then read nothing that is written from now on")
    protecting = action("protect", "keep templates as codes under a key of this store, so that a copy of them fits nowhere else")
    which = protecting.add_mutually_exclusive_group()
    which.add_argument("--renew", action="store_true", help="a new key for a store that is protected: codes of the old one fit no more")
    which.add_argument("--off", action="store_true", help="keep embeddings again (what comes back of the codes)")
    back = action("rollback", "bring the store from before the last update or restore back to work")
    back.add_argument("--copy", metavar="NAME", help="this copy ('store info' lists them)")
    back.add_argument("--yes", action="store_true", help="do not ask")
    action("forget-copy", "drop the copies that a rollback would bring back")


def run(args: argparse.Namespace) -> int:
    from edge_face.settings_file import load_settings

    settings = load_settings(args.config)
    return _ACTIONS[args.action](args, settings)


def _info(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.people.inspection import look_into

    facts = look_into(*_where(settings))
    if args.json:
        _print_json({"version": facts.version, "people": facts.people, "pictures": facts.pictures, "records": facts.records,
                     "events": facts.events, "forgotten": facts.forgotten, "size": facts.size, "unused": facts.unused,
                     "key": str(facts.key), "credential": facts.credential, "protected": facts.protected,
                     "copies": [{"name": name, "version": version} for name, version in facts.copies]})
        return 0
    print(f"{settings.store.folder}\n  version      {facts.version}\n  people       {facts.people}\n  pictures     {facts.pictures}\n"
          f"  records      {facts.records} (rights, codes, visitors, calendars)\n  events       {facts.events}\n"
          f"  forgotten    {facts.forgotten}\n"
          f"  size         {facts.size / 1e6:.1f} MB, {facts.unused / 1e6:.1f} MB of it unused\n"
          f"  device key   {facts.key}{' (a credential of systemd)' if facts.credential else ''}\n"
          f"  templates    {'codes under a key of this store' if facts.protected else 'embeddings'}")
    for name, version in facts.copies:
        print(f"  copy         {name}, version {version}: 'edge-face store rollback --copy {name}' brings it back")
    return 0


def _check(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.people.inspection import check

    done = check(*_where(settings))
    if args.json:
        _print_json({"seals": done.seals, "wrong": list(done.wrong)})
    else:
        print(f"{done.seals} seals opened" + ("" if done.wrong else ", everything is whole"))
        for sentence in done.wrong:
            print(sentence, file=sys.stderr)
    return 1 if done.wrong else 0


def _backup(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.people_common import read_passphrase
    from edge_face.people.backup import back_up
    from edge_face.people.backup_file import check_target
    from edge_face.people.passphrase import check_passphrase

    check_target(Path(args.file), args.force)
    passphrase = check_passphrase(read_passphrase(args.passphrase_file, new=True))
    done = back_up(*_where(settings), args.file, passphrase, replace=args.force)
    if args.json:
        _print_json({"file": args.file, "people": done.people, "size": done.size})
    else:
        print(f"{_people(done.people)} and everything else of the store in {args.file} ({done.size / 1e6:.1f} MB): without the passphrase "
              "nobody can read it")
    return 0


def _restore(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.people_common import read_passphrase
    from edge_face.people import backup

    _refuse_while_the_door_runs(settings)
    passphrase = read_passphrase(args.passphrase_file, new=False)
    done = backup.restore(*_where(settings), args.file, passphrase, replace=args.replace)
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(done.made))
    forgotten = {
        backup.MERGED: "whoever was forgotten here since stays forgotten",
        backup.BY_ID: "the store that was here was another one: whoever was forgotten there stays forgotten, but an export may bring back "
                      "people of it whom this backup never knew",
        backup.IN_FILE: "the store that was here could not be read: its file of marks was kept, so whoever was forgotten in this very "
                        "store stays forgotten",
        backup.NONE: f"this card knows of nobody who was forgotten: whoever was forgotten after {made} is enrolled again, forget them once "
                     "more (edge-face people list)",
    }[done.marks]
    if args.json:
        _print_json({"people": done.people, "made": done.made, "kept": None if done.kept is None else str(done.kept), "marks": done.marks})
        return 0
    print(f"{_people(done.people)}, as they were on {made}; {forgotten}")
    if done.kept is not None:
        print(f"the store that was here is kept in {done.kept}: 'edge-face store rollback' brings it back, 'edge-face store forget-copy' "
              "drops it")
    return 0


def _rotate(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.people.rotation import rotate_key

    _refuse_while_the_door_runs(settings)
    done = rotate_key(*_where(settings), renew_data_keys=args.reseal)
    if args.json:
        _print_json({"people": done.people, "rows": done.rows, "damaged": list(done.damaged)})
    else:
        print(f"{_people(done.people)} and {done.rows} rows are sealed under the new device key; the old one opens nothing here any more, "
              "and copies from before are dropped")
        for what in done.damaged:
            print(f"{what} was damaged before and was left as it is: edge-face store check", file=sys.stderr)
    return 1 if done.damaged else 0


def _protect(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.store_protect import protect

    _refuse_while_the_door_runs(settings)
    return protect(args, settings)


def _rollback(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.cli.people_common import ask, interactive
    from edge_face.errors import UsageError
    from edge_face.people.rollback import roll_back

    _refuse_while_the_door_runs(settings)
    if not args.yes:
        if not interactive():
            raise UsageError("nobody can be asked here: --yes says that what was changed since may go")
        if not ask("Whoever was enrolled and whatever was changed since is then only in a copy. Go back?"):
            print("nothing was changed", file=sys.stderr)
            return 1
    done = roll_back(*_where(settings), name=args.copy)
    if args.json:
        _print_json({"version": done.version, "kept": str(done.kept), "older": done.older})
        return 0
    print(f"the store is of version {done.version} again; as it was until now it is kept in {done.kept}")
    if done.older:
        print("install the edge-face from before before you start the door: this one would bring the store up to its own version again")
    return 0


def _forget_copy(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.people import Store
    from edge_face.people.copies import drop_copies
    from edge_face.people.database import FILE

    _refuse_while_the_door_runs(settings)
    with Store(*_where(settings)):
        gone = [path.name for path in drop_copies(Path(settings.store.folder, FILE))]
    if args.json:
        _print_json({"dropped": gone})
    else:
        print(f"dropped: {', '.join(gone)}" if gone else "there is no copy")
    return 0


def _where(settings: Settings) -> tuple[str, str | None]:
    return settings.store.folder, settings.store.key_file or None


def _refuse_while_the_door_runs(settings: Settings) -> None:
    from edge_face.cli.people_common import door_runs
    from edge_face.errors import StoreError
    from edge_face.people.database import writer_of

    if door_runs(settings):
        raise StoreError(f"the door is running{writer_of(Path(settings.store.folder))} and has the store open: stop it first "
                         "(sudo systemctl stop edge-face, or Ctrl-C where it runs), then start it again")


def _people(count: int) -> str:
    return f"{count} {'person' if count == 1 else 'people'}"


def _print_json(answer: Any) -> None:
    print(json.dumps(answer, indent=2, ensure_ascii=False))


_ACTIONS = {"info": _info, "check": _check, "backup": _backup, "restore": _restore, "rotate-key": _rotate, "protect": _protect,
            "rollback": _rollback, "forget-copy": _forget_copy}
