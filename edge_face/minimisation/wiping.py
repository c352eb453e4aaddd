"""Everything that this device knows of anybody goes: keys first, so that whatever a card keeps of the rest opens no more.

Only what the table of kept things names is removed. A settings file may point at a folder with other things in it: those are left and
named.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from edge_face.errors import EdgeFaceError, StoreError
from edge_face.minimisation.disk import DATABASE, files, roots, sockets
from edge_face.minimisation.needles import Needle, of_person
from edge_face.minimisation.raw_scan import Hit, Scanner
from edge_face.minimisation.table import table
from edge_face.settings import Settings
from edge_face.shredding import shred

CREDENTIAL = Path("/etc/credstore.encrypted/edge-face.device.key")
"""Where docs/threats.md puts a key that systemd seals."""
ETC = Path("/etc/edge-face")
MOST_IN_FULL = 50
"""People whose templates and pictures are looked for afterwards, piece by piece; of more than that only names and ids."""
TRIM_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Plan:
    """`files` in the order in which they go; `folders` that are removed if nothing else is in them; `left`: what no row of the table
    names."""

    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    left: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Wiped:
    """`problems`: what could not be removed, in sentences; `hits`: what was found afterwards all the same."""

    files: int
    size: int
    looked: int
    problems: tuple[str, ...] = ()
    hits: tuple[Hit, ...] = field(default=())


def plan_of(settings: Settings, settings_files: Iterable[Path] = ()) -> Plan:
    """`settings_files`: they go too. Raises `StoreError` for a folder that may not be looked into."""
    found = list(files(settings))
    own = [entry.path for entry in found if entry.kept is not None]
    beside = [path for path in (CREDENTIAL, *sockets(settings), *settings_files) if os.path.lexists(path)]
    gone = sorted({*own, *beside}, key=lambda path: (not _is_key(path), path.name != DATABASE, str(path)))
    folders = {root for root in roots(settings).values() if root.is_dir()}
    folders |= {Path(settings.store.folder) / shape.partition("/")[0] for kept in table() for address in kept.where
                for word, _, shape in [address.partition(":")] if word == "store" and "/" in shape}
    deepest_first = sorted(folders, key=lambda folder: (-len(folder.parts), str(folder)))
    return Plan(tuple(gone), tuple(deepest_first), tuple(entry.path for entry in found if entry.kept is None and entry.path not in gone))


def needles_of(settings: Settings) -> tuple[list[Needle], list[str]]:
    """What is to be looked for afterwards: everybody's id, name, templates and pictures, and the device key; and names as words. Empty
    when the store does not open: then nobody reads it."""
    from edge_face.people import Store
    from edge_face.people.subject import whole_record
    from edge_face.people.unlocking import find_key

    needles: list[Needle] = []
    names: list[str] = []
    with contextlib.suppress(EdgeFaceError):
        key = find_key(Path(settings.store.folder), settings.store.key_file or None).load()
        needles += [Needle("the device key", key), Needle("the device key", key.hex().encode())]
        with Store(settings.store.folder, settings.store.key_file or None, read_only=True) as store:
            full = store.count() <= MOST_IN_FULL
            for person in store.iterate(lambda who, error: None):
                record = whole_record(store, person) if full else {"id": person.id, "name": person.name}
                needles += of_person(record)
                names.append(person.name)
    return needles, names


def wipe(settings: Settings, plan: Plan, needles: tuple[list[Needle], list[str]]) -> Wiped:
    """Carries the plan out, as far as the disk lets, then looks through what is still there. Raises `StoreError` when another program
    writes the store."""
    from edge_face.people.database import locked

    sizes = {path: _size(path) for path in plan.files}
    problems: list[str] = []
    gone = 0
    with locked(Path(settings.store.folder), 2.0) if Path(settings.store.folder).is_dir() else contextlib.nullcontext():
        # What looking at the store made (SQLite's journal), after the plan.
        later = [path for path in plan_of(settings).files if path not in plan.files]
        for path in (*plan.files, *later):
            try:
                gone += shred(path)
            except OSError as error:
                problems.append(f"{path} cannot be removed ({error.strerror}): remove it by hand")
    for folder in plan.folders:
        with contextlib.suppress(OSError):  # something else is in it
            folder.rmdir()
    still = [path for path in (*plan.files, *plan.left) if path.is_file()]
    hits = Scanner(*needles).look(still)
    return Wiped(gone, sum(sizes.values()), len(still), tuple(problems), tuple(hits))


def tell_card(folder: Path, run: Callable[[list[str]], str] | None = None) -> str:
    """Tells the card's controller which blocks are free (fstrim), so that it may forget them. What came of it, in a sentence."""
    place = folder.absolute()
    while not place.is_dir() or not place.is_mount():
        place = place.parent
    if run is None and (os.geteuid() != 0 or shutil.which("fstrim") is None):
        return f"the card was not told which blocks are free: 'sudo fstrim -v {place}' does that, where the card can"
    try:
        said = (run or _run)(["fstrim", "-v", str(place)])
    except (OSError, subprocess.SubprocessError):
        return f"the card could not be told which blocks are free: it does not know TRIM, or {place} is not on one"
    return f"the card was told which blocks are free ({said.strip()}); what it does with that is its own affair"


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=TRIM_SECONDS, check=True, stdin=subprocess.DEVNULL).stdout


def _is_key(path: Path) -> bool:
    return path == CREDENTIAL or "device.key" in path.name or path.suffix == ".key"


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def insist_on_stopped(settings: Settings) -> None:
    """Raises `StoreError` while the door runs: it would write what is being erased."""
    from edge_face.service.client import daemon_for

    if daemon_for(settings) is not None:
        raise StoreError("the door is running: stop it first, so that nothing is written any more (sudo systemctl stop edge-face "
                         "edge-face-kiosk)")
