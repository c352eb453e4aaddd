"""What `edge-face enroll` and `edge-face people` share: through the daemon or on the files, questions, passphrases."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_face.errors import ModelError, UsageError
from edge_face.settings import Settings

_LONGEST_LINE = 4096
"""Characters of the line that a passphrase is read from."""
Call = Callable[..., Any]
"""`call("people.list")`: a command of `edge_face.people.commands` with its arguments by name."""
QUESTIONS = {
    "recognise": "May the door recognise {name} by the face, and keep what it needs for that (templates, no pictures), until "
                 "{name} is forgotten?",
    "show": "May {name} be seen sharp in pictures that leave the door? Otherwise {name}'s face is hidden like a stranger's.",
}
KEEPING = ("May the door also keep the few small pictures of {name}'s face that the templates are made of, sealed, so that {name} "
           "need not come again when the recogniser changes? They can be looked at and erased at any time.")


@contextmanager
def open_people(settings: Settings, *, writing: bool, create: bool = False) -> Iterator[Call]:
    """Commands on people: asked of the running daemon, which alone writes the store, else carried out here. `create`:
    a store that is not there is made. Raises StoreError, ServiceError."""
    client = _daemon(settings)
    if client is not None:
        yield client.call
        return
    from edge_face.people import PeopleCommands, Store
    from edge_face.people.assurance_commands import AssuranceCommands
    from edge_face.people.command_table import run_in
    from edge_face.people.database import FILE
    from edge_face.people.database_errors import OlderStoreError
    from edge_face.people.subject import SubjectCommands
    from edge_face.service.erasing import ERASING, drop_parcels, drop_pictures

    embedder, thresholds = embedder_of(settings)
    # Whoever forgets somebody in the wrong folder is told so, and no empty store is left there.
    read_only = not writing or not (create or os.path.lexists(Path(settings.store.folder, FILE)))
    where = (settings.store.folder, settings.store.key_file or None)
    try:
        store = Store(*where, read_only)
    except OlderStoreError:
        store = Store(*where)  # which brings it up: reading alone cannot
    with store:
        if settings.store.cancelable:
            store.protect_if_empty()
        people = PeopleCommands(store, embedder_id=embedder, thresholds=thresholds, rate=settings.decision.false_grants)
        tables = (people, AssuranceCommands(store, zone=settings.access.timezone), SubjectCommands(store, people))

        def call(command: str, **arguments: Any) -> Any:
            try:
                return run_in(tables, command, arguments)
            finally:
                if command in ERASING:
                    drop_pictures(settings)
                    drop_parcels(settings)

        yield call


def embedder_of(settings: Settings) -> tuple[str | None, Mapping[str, Any] | None]:
    """The running embedder's id and tables; None when there is none: people can be listed and forgotten without."""
    from edge_face.vision.bundle import load_bundle

    try:
        bundle = load_bundle(settings.vision.embedder, "embedder")
    except ModelError:
        return None, None
    return bundle.model_id, bundle.thresholds


def door_runs(settings: Settings) -> bool:
    """Is there a daemon on these settings?"""
    return _daemon(settings) is not None


def _daemon(settings: Settings) -> Any:
    from edge_face.service.client import daemon_for

    return daemon_for(settings)


def interactive() -> bool:
    """Is there somebody at a terminal who can be asked?"""
    return sys.stdin is not None and sys.stdin.isatty()


def ask(question: str) -> bool:
    """A question on the terminal, until it is answered; the end of the input is no."""
    while True:
        print(f"{question} [y/n] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        if not answer:
            print(file=sys.stderr)
            return False
        if answer.strip().casefold() in ("y", "yes", "n", "no"):
            return answer.strip().casefold().startswith("y")


def consents(text: str, *, pictures: bool = False) -> list[str]:
    """`recognise[,show][,pictures]` to a list of questions. `pictures`: they are to be kept. Raises UsageError."""
    asked = [part.strip() for part in text.split(",")]
    unknown = [part for part in asked if part not in (*QUESTIONS, "pictures")]
    if unknown or len(set(asked)) != len(asked):
        raise UsageError(f"--consent {text}: it takes recognise, or recognise,show (and pictures with --keep-pictures)")
    if "recognise" not in asked:
        raise UsageError(f"--consent {text}: only somebody who is recognised can be shown: it takes recognise, or recognise,show")
    if ("pictures" in asked) != pictures:
        raise UsageError("--keep-pictures needs the person's yes too: --consent recognise,pictures" if pictures else
                         f"--consent {text}: pictures are only kept with enroll --keep-pictures")
    return asked


def asked_consents(given: str | None, name: str, *, pictures: bool = False, again: bool = False) -> tuple[list[str], str]:
    """Which questions were answered with yes, and how they were asked: `--consent`, or on the terminal. `pictures`: the
    third question too; `again`: that one only. Raises UsageError without either."""
    if given is not None:
        return consents(given, pictures=pictures), "--consent on the command line"
    if not interactive():
        raise UsageError("nobody can be asked for consent here: --consent recognise or --consent recognise,show says what the "
                         "person agreed to")
    agreed = []
    for question, text in ({} if again else QUESTIONS).items():
        if not ask(text.format(name=name)):
            break
        agreed.append(question)
    if pictures and (again or "recognise" in agreed) and ask(KEEPING.format(name=name)):
        agreed.append("pictures")
    return agreed, "asked on the terminal"


def read_passphrase(file: str | None, *, new: bool) -> str:
    """From a file ("-": standard input), whose first line it is, or asked on the terminal, twice for a new one. Raises
    UsageError."""
    if file is not None:
        try:
            # One line of a bounded length: a pipe or a device may have no end.
            if file == "-":
                text = sys.stdin.readline(_LONGEST_LINE)
            else:
                with Path(file).open(encoding="utf-8") as lines:
                    text = lines.readline(_LONGEST_LINE)
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--passphrase-file {file} cannot be read ({getattr(error, 'strerror', None) or 'no UTF-8 text'})") from error
        passphrase = text.split("\n")[0].rstrip("\r")
        if not passphrase:
            raise UsageError(f"--passphrase-file {file} is empty: its first line is the passphrase")
        return passphrase
    if not interactive():
        raise UsageError("nobody can be asked for the passphrase here: --passphrase-file FILE (or - for standard input)")
    try:
        passphrase = getpass.getpass("Passphrase: ")
        again = getpass.getpass("Once more: ") if new else passphrase
    except EOFError as error:
        print(file=sys.stderr)
        raise UsageError("no passphrase was given: nothing was done") from error
    if again != passphrase:
        raise UsageError("the two passphrases differ: nothing was written")
    return passphrase
