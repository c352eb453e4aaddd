"""`edge-face audit`: what is in the audit log, and whether anybody has changed it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from edge_face.cli.main import add_common
from edge_face.cli.moment import since_of

if TYPE_CHECKING:
    from edge_face.audit import Entry, Verdict
    from edge_face.people import Store
    from edge_face.settings import Settings

DESCRIPTION = "Shows the audit log (who decided what, without names), checks that nobody has changed or cut it, and writes it out."
EXAMPLES = """
  edge-face audit show --last 50
  edge-face audit show --kind grant --since 7d --names
  edge-face audit verify                        exit 1 and the first bad place when it was changed
  edge-face audit head                          write this down elsewhere ...
  edge-face audit verify --against HEAD         ... and ask later whether the log still contains it
  edge-face audit verify --folder COPY --keyless --against HEAD
  edge-face audit export log.csv --format csv
"""
_WORDS = 3
"""Reasons shown in one line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        made = actions.add_parser(name, help=text, description=text)
        add_common(made)
        made.add_argument("--folder", metavar="DIR", help="another folder than the settings' (a copy)")
        return made

    show = action("show", "show the latest records")
    show.add_argument("--last", metavar="N", type=int, default=20, help="so many (20)")
    show.add_argument("--duress", action="store_true", help="only records of people who said that they were forced (needs the store's key)")
    export = action("export", "write records into a file")
    export.add_argument("file", metavar="FILE", help="the file to write (-: standard output)")
    export.add_argument("--format", choices=("csv", "jsonl"), help="default: as the file's name ends, else jsonl")
    export.add_argument("--force", action="store_true", help="replace a file that exists")
    for made in (show, export):
        made.add_argument("--since", metavar="WHEN", help="from then on: 2026-11-21, '2026-11-21 18:30' (local time), 24h or 7d ago")
        made.add_argument("--kind", metavar="KIND", action="append", default=[], help="of this kind, as grant or alarm (may be repeated)")
        made.add_argument("--names", action="store_true", help="with names of people who are still enrolled (needs the store's key)")
    verify = action("verify", "check that nothing was changed, removed or cut off")
    verify.add_argument("--against", metavar="HEAD", help="the log must contain this head, as 'audit head' printed it earlier")
    verify.add_argument("--keyless", action="store_true", help="without the device's key: checks the chain, and --against")
    action("head", "print where the log ends, for keeping elsewhere")


def run(args: argparse.Namespace) -> int:
    from edge_face.settings_file import load_settings

    return _ACTIONS[args.action](args, load_settings(args.config))


def _show(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.audit.reading import latest_entries
    from edge_face.audit.table import row_of
    from edge_face.errors import UsageError

    if args.last < 1:
        raise UsageError("--last takes a number of records from 1 up")
    folder, since, kinds = _folder(args, settings), since_of(args.since), frozenset(args.kind)
    found = (_forced(settings, folder, since, kinds)[-args.last:] if args.duress
             else latest_entries(folder, args.last, since=since, kinds=kinds))
    names = _names(settings) if args.names else None
    if args.json:
        _print_json([row_of(entry, names) for entry in found])
        return 0
    for entry in found:
        print(_line(entry, names))
    if not found:
        print("there is no such record" if args.kind or args.since or args.duress else "nothing is in the audit log yet")
    return 0


def _forced(settings: Settings, folder: Path, since: float | None, kinds: frozenset[str]) -> list[Entry]:
    """Records whose seal says that somebody was forced."""
    from edge_face.audit import Sealer, read_entries

    with _store(settings) as store:
        sealer = Sealer(store.audit_key())
    return [entry for entry in read_entries(folder, since=since, kinds=kinds) if sealer.opened(entry.record.sealed)]


def _verify(args: argparse.Namespace, settings: Settings) -> int:
    import time

    from edge_face.audit import expected_head, head_of, verify_log
    from edge_face.cli.progress import ProgressLine
    from edge_face.errors import AuditError, UsageError

    if args.keyless and args.against is None:
        raise UsageError("--keyless alone proves nothing: whoever changes the log can compute its chain anew; --against HEAD")
    folder, key = _folder(args, settings), None
    against = head_of(args.against) if args.against is not None else None
    if not args.keyless:
        with _store(settings) as store:
            key = store.audit_key()
            against = against or expected_head(store.record, folder, key)
    begun = time.monotonic()
    with ProgressLine("records") as line:
        verdict = verify_log(folder, key, against, line.step)
    seconds = time.monotonic() - begun
    if args.json:
        _print_json({**_verdict(verdict), "seconds": round(seconds, 3)})
        return 0 if verdict.problem is None else 1
    if verdict.problem is not None:
        raise AuditError(f"the audit log in {folder} is not as it was written: {verdict.problem}")
    print(f"{verdict.records:,} records, from {verdict.first} on, are as they were written"
          f"{'' if verdict.keyed else ' up to the given head, as far as can be told without the key'}")
    print(f"head {verdict.last}")
    return 0


def _export(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.audit.reading import read_entries
    from edge_face.audit.table import write_csv, write_lines

    found = read_entries(_folder(args, settings), since=since_of(args.since), kinds=frozenset(args.kind))
    names = _names(settings) if args.names else None
    as_csv = (args.format or ("csv" if args.file.lower().endswith(".csv") else "jsonl")) == "csv"
    with _output(args.file, args.force) as out:
        count = (write_csv if as_csv else write_lines)(found, out, names)
    if args.json:
        print(f'{{"records": {count}}}', file=sys.stderr if args.file == "-" else sys.stdout)
    elif args.file != "-":
        print(f"{count:,} records were written to {args.file}")
    return 0


def _head(args: argparse.Namespace, settings: Settings) -> int:
    from edge_face.audit import read_head

    with _store(settings) as store:
        head = read_head(_folder(args, settings), store.audit_key())
    if args.json:
        _print_json({"head": str(head), "log": head.log, "number": head.number, "link": head.link.hex()})
    else:
        print(head)
    return 0


def _folder(args: argparse.Namespace, settings: Settings) -> Path:
    from edge_face.audit import audit_folder

    return Path(args.folder) if args.folder is not None else audit_folder(settings)


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    from edge_face.people import Store

    with Store(settings.store.folder, settings.store.key_file or None, read_only=True) as store:
        yield store


def _names(settings: Settings) -> dict[str, str]:
    """Names of people, visitors and logins of the pages by alias."""
    from edge_face.audit.place import account_alias, visitor_alias
    from edge_face.errors import EdgeFaceError
    from edge_face.people.accounts import KIND, account_book_of

    with _store(settings) as store:
        people = ((store.alias(person.id), person.name) for person in store.iterate(lambda who, error: None))
        names = {alias: name for alias, name in people if alias is not None}
        key = store.audit_key()
        names |= {visitor_alias(key, who): str(value.get("label", ""))
                  for _, who, value in store.records("visitor", lambda who, error: None)}
        with suppress(EdgeFaceError):  # what is damaged has no names
            names |= {account_alias(key, login.id): login.name for login in account_book_of(store.record(KIND)).accounts}
        return names


def _line(entry: Entry, names: Mapping[str, str] | None) -> str:
    import time

    record = entry.record
    try:
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.wall))
    except (OverflowError, ValueError, OSError):
        when = f"{record.wall:g}"
    who = (names or {}).get(record.subject or "") or record.subject or ""
    why = record.details.get("why")
    codes = ", ".join(why[:_WORDS]) if isinstance(why, tuple) else ", ".join(
        f"{name} {value}" for name, value in list(record.details.items())[:_WORDS])
    return f"{entry.number:>8}  {when}  {record.kind:<14} {record.authority or '':<12} {who:<18} {codes}".rstrip()


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {"ok": verdict.problem is None, "problem": verdict.problem, "records": verdict.records, "first": verdict.first,
            "head": None if verdict.last is None else str(verdict.last), "uncommitted": verdict.uncommitted, "keyed": verdict.keyed}


@contextmanager
def _output(name: str, force: bool) -> Iterator[TextIO]:
    """A file that is there wholly or not at all, for its owner only. Raises UsageError, AuditError."""
    import os
    import secrets

    from edge_face.errors import AuditError, UsageError

    if name == "-":
        yield sys.stdout
        return
    path = Path(name)
    if path.exists() and not force:
        raise UsageError(f"{name} exists already: --force replaces it")
    if path.exists() and not path.is_file():
        raise UsageError(f"{name} is no ordinary file")
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            yield out
        draft.replace(path)
    except AuditError:
        raise
    except OSError as error:
        raise AuditError(f"{name} cannot be written ({error.strerror or error}): choose another place, or make room") from error
    finally:
        draft.unlink(missing_ok=True)


def _print_json(answer: object) -> None:
    import json

    print(json.dumps(answer, ensure_ascii=False, indent=2))


_ACTIONS: dict[str, Callable[[argparse.Namespace, Any], int]] = {"show": _show, "verify": _verify, "export": _export, "head": _head}
