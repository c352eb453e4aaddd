"""Ways in for files: the store's, the audit log's, the models', the spool's, exports, the mock board."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from edge_face.audit import AuditLog, AuditRecord, read_entries, verify_log
from edge_face.door.board import Board
from edge_face.errors import AuditError, EdgeFaceError, PeopleError
from edge_face.people import Store, transfer
from edge_face.people import passphrase as passphrases
from edge_face.people.backup import back_up, restore
from edge_face.people.codes import CodeBook
from edge_face.service.hooks import Spool
from edge_face.vision.bundle import open_bundle

from .hostile import Granted, Try
from .hostile_words import PERSON
from .mutate import altered, as_line, mutated
from .store_worker import CONSENT, PASSPHRASE, templates

CODE, CARD = "457481516", "77"
ALARM = {"kind": "alarm", "what": "forced", "text": "the door was opened without a release", "wall": 1.0e9}
SEALED = ("people.db", "forgotten", "device.key")


def store_files(folder: Path) -> Try:
    """The database, the list of who was forgotten, the device key: noise anywhere in them lets nobody in and crashes nothing."""
    good = folder / "good"
    with Store(good) as store:
        luck = random.Random(1)
        people = [store.add(f"Person {k}", CONSENT, templates(luck, 3), wall=1.0e9) for k in range(4)]
        store.put_record("rights", {"uses": 3}, people[0].id)
        store.events.append("grant", 1.0e9, people[0].id, {"score": 0.5})
        gone = store.add("Gone", CONSENT, templates(luck, 1), wall=1.0e9)
        store.forget(gone.id, wall=1.0e9)
    contents = {path.name: path.read_bytes() for path in good.iterdir() if path.is_file()}
    names = [name for name in contents if name in SEALED]
    place = folder / "bad"
    known = {person.id for person in people}

    def attempt(luck: random.Random) -> None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o700)
        victim = luck.choice(names)
        for name, content in contents.items():
            (place / name).write_bytes(mutated(content, luck) if name == victim else content)
            (place / name).chmod(0o400 if name == "device.key" else 0o600)
        with Store(place, read_only=luck.random() < 0.3) as opened:
            for person in opened.iterate(lambda who, error: None):
                if person.id not in known:
                    raise Granted(f"somebody whom nobody enrolled: {person.id}")
            book = CodeBook.build(opened)
            if book.whose(CODE, "pin") is not None or book.look_up(CARD, "card").person is not None:
                raise Granted("a code that nobody has")
            opened.events.query()
            opened.record("rights", people[0].id)

    return attempt


def audit_files(folder: Path) -> Try:
    """Segments and heads: what was changed is noticed, and the log goes on all the same."""
    good, key = folder / "good", bytes(range(32))
    with AuditLog(good, key, reserve=0) as log:
        for k in range(12):
            log.append(AuditRecord("grant", 1.0e9 + k, f"{k:016x}", "face"), float(k))
        log.commit()
    contents = {path.name: path.read_bytes() for path in good.iterdir() if path.is_file()}
    names = sorted(name for name, content in contents.items() if content)
    place = folder / "bad"

    def attempt(luck: random.Random) -> None:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o700)
        victim = luck.choice(names)
        made = mutated(contents[victim].rstrip(b"\n") + b"\n" if luck.random() < 0.8 else contents[victim], luck)
        for name, content in contents.items():
            (place / name).write_bytes(made if name == victim else content)
        try:
            verdict = verify_log(place, key)
        except AuditError:
            verdict = None
        if verdict is not None and verdict.problem is None and [e.record.subject for e in read_entries(place)] != [
                e.record.subject for e in read_entries(good)]:
            raise Granted("records that were changed pass for true")
        with AuditLog(place, key, reserve=0) as opened:
            opened.append(AuditRecord("deny", 1.1e9), 1.0)
            if not opened.commit():
                raise AssertionError(f"the log does not go on: {opened.trouble}")

    return attempt


def manifests(folder: Path) -> Try:
    """Manifests of models. Networks are checked against it by their digests, so that a changed one is refused as a whole."""
    import edge_face

    source = next(iter(sorted((Path(edge_face.__file__).parent / "models").rglob("manifest.json"))))
    place = folder / "bundle"
    place.mkdir()
    for path in source.parent.iterdir():
        if path.name != source.name:
            (place / path.name).symlink_to(path)
    text = source.read_bytes()
    table = json.loads(text)

    def attempt(luck: random.Random) -> None:
        changed = mutated(text, luck) if luck.random() < 0.4 else as_line(altered(table, luck))
        (place / source.name).write_bytes(changed)
        open_bundle(place)

    return attempt


def exports(folder: Path) -> Try:
    """Sealed exports: the cost of the key is held low, all else is as it is written."""
    with _cheap_keys():
        content = transfer.seal_people([PERSON], PASSPHRASE)
    table = json.loads(content)

    def attempt(luck: random.Random) -> None:
        if luck.random() < 0.5:
            changed = mutated(content, luck)
        else:
            other = altered({k: v for k, v in table.items() if k != "kdf"}, luck)
            kdf = altered(table["kdf"], luck, 1) if luck.random() < 0.3 else table["kdf"]
            changed = as_line({**other, "kdf": kdf} if isinstance(other, dict) else other)
        if _costly(changed):
            raise PeopleError("left out here: it is refused, or it costs what its writer chose")
        if transfer.open_people(changed, PASSPHRASE) != [PERSON]:
            raise Granted("an export that was changed")

    return attempt


def backups(folder: Path) -> Try:
    """Backups: noise anywhere in one restores nothing, or what was backed up."""
    good, file, place = folder / "good", folder / "backup", folder / "card"
    with Store(good) as store:
        known = {store.add("Ben", CONSENT, templates(random.Random(1), 2), wall=1.0e9).id}
    with _cheap_keys():
        back_up(good, None, file, PASSPHRASE)
    content = file.read_bytes()

    def attempt(luck: random.Random) -> None:
        shutil.rmtree(place, ignore_errors=True)
        changed = mutated(content, luck)
        if _costly(changed):
            raise PeopleError("left out here: it is refused, or it costs what its writer chose")
        file.write_bytes(changed)
        restore(place, None, file, PASSPHRASE)
        with Store(place) as opened:
            if {person.id for person in opened.iterate()} != known:
                raise Granted("a backup that was changed")

    return attempt


@contextlib.contextmanager
def _cheap_keys() -> Iterator[None]:
    before = dict(passphrases.ARGON2)
    passphrases.ARGON2.update(memory_kib=8, iterations=1, lanes=1)
    try:
        yield
    finally:
        passphrases.ARGON2.update(before)


def _costly(content: bytes) -> bool:
    """Would the key alone take more than a moment? A number of the head was changed, within its bounds."""
    costs = [int(digits) for digits in re.findall(rb'"(?:memory_kib|iterations|lanes|n|r|p)": ?(\d{1,18})', content[:4096])]
    return any(cost > 64 for cost in costs)


def spools(folder: Path) -> Try:
    """Events that wait to be told."""
    spool = Spool(folder / "spool")
    spool.put(ALARM)
    content, name = spool.waiting()[0].path.read_bytes(), spool.waiting()[0].path.name

    def attempt(luck: random.Random) -> None:
        for path in spool.folder.iterdir():
            path.unlink()
        (spool.folder / name).write_bytes(mutated(content, luck) if luck.random() < 0.5 else as_line(altered(json.loads(content), luck)))
        (spool.folder / ".dropped").write_bytes(mutated(b"12", luck))
        odd = mutated(name.encode(), luck, 2).replace(b"/", b"").replace(b"\0", b"")[:200]
        if odd.strip(b"."):
            (spool.folder / os.fsdecode(odd)).write_bytes(b"{}")
        _ = spool.dropped
        for entry in spool.waiting():
            try:
                spool.load(entry)
            except EdgeFaceError:
                spool.drop(entry)
        spool.put(ALARM)

    return attempt


def boards(folder: Path) -> Try:
    """The file of the mock board."""
    path = folder / "board"
    board = Board(path)
    board.resist("GPIO17", 0)
    board.press("GPIO27")
    board.close()
    content = path.read_bytes()
    head, size = content[:2048], len(content)

    def attempt(luck: random.Random) -> None:
        changed = mutated(head, luck)
        path.write_bytes(changed.ljust(size, b"\0")[:size] if luck.random() < 0.8 else changed)
        opened = Board(path)
        try:
            opened.level("GPIO17")
            list(opened.since(0))
            opened.press("GPIO27")
        finally:
            opened.close()

    return attempt
