"""A process that changes a store at random and tells of each deed, before and after: `python -m faults.store_worker FOLDER SEED DEEDS`.

Notes go to $FAULTS_LOG in order with what power.c records, or to standard output without it. $FAULTS_BREAK makes it wrong on
purpose, so that the harness can be seen to notice: "synchronous" (SQLite does not sync), "stones" (erased people are not marked),
"folders" (names are not synced), "audit" (audit records are acknowledged before they are synced).
"""

from __future__ import annotations

import json
import os
import random
import stat
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edge_face.people import Consent, Given, Person, State, Store, Template
from edge_face.people import passphrase as passphrases
from edge_face.people.backup import back_up, restore
from edge_face.people.rotation import rotate_key

from .audit_side import AuditSide
from .disk import note
from .truth import record_key

MODEL = "faults-embedder-0123456789ab"
CONSENT = Consent(Given(1.0e9, "in a test"), None)
PASSPHRASE = "four random words"
KINDS = ("grant", "deny", "exit", "relock")
Tell = Callable[[dict[str, Any]], None]


def templates(luck: random.Random, count: int) -> list[Template]:
    found = []
    for _ in range(count):
        vector = np.random.default_rng(luck.getrandbits(32)).standard_normal(384).astype(np.float32)
        found.append(Template(vector / np.linalg.norm(vector), MODEL, 0.9, "straight", 1.0e9))
    return found


def described(do: str, person: Person) -> dict[str, Any]:
    return {"do": do, "id": person.id, "name": person.name, "state": person.state.value, "templates": len(person.templates)}


class Worker:
    """Does one deed after the other on one store and one audit log."""

    def __init__(self, folder: Path, luck: random.Random, tell: Tell, wrong: str) -> None:
        self.folder, self.luck, self.tell, self.wrong = folder, luck, tell, wrong
        self.store = self._opened()
        self.audit = self._audit(1.0e9)
        self.count = self.luck.getrandbits(32)
        # On a stick, which nobody pulls out meanwhile. One of this run: what an earlier one held is not known here.
        self.backup = folder.with_name(f"{folder.name}.backup")
        self.backup.unlink(missing_ok=True)

    def _opened(self) -> Store:
        store = Store(self.folder)
        if self.wrong == "synchronous":
            store._database.run("PRAGMA synchronous = OFF")
        if self.wrong == "stones":
            store._stones.put = lambda identity, wall: None  # type: ignore[method-assign]
        return store

    def _audit(self, wall: float) -> AuditSide:
        return AuditSide(self.folder / "audit", self.store, self.luck, wall, early=self.wrong == "audit")

    def step(self) -> None:
        people = self.store.people()
        deeds: list[tuple[float, Callable[[], None]]] = [(3.0, self.event), (1.0, self.reopen), (3.0, self.audited)]
        if len(people) < 12:
            deeds.append((4.0, self.add))
        if people:
            someone = self.luck.choice(people)
            deeds += [(2.0, lambda: self.rename(someone)), (1.5, lambda: self.forget(someone)), (1.0, lambda: self.suspend(someone)),
                      (1.0, lambda: self.again(someone)), (2.0, lambda: self.event(someone.id))]
        deeds += [(0.7, self.rotate), (0.7, self.back_up), (0.7, self.protect)]
        if self.backup.exists():
            deeds.append((0.7, self.restore))
        owner = self.luck.choice(people).id if people and self.luck.random() < 0.6 else None
        deeds += [(3.0, lambda: self.put(owner)), (1.0, self.drop)]
        weights, actions = zip(*deeds, strict=True)
        self.luck.choices(actions, weights)[0]()

    def _do(self, begin: dict[str, Any], deed: Callable[[], dict[str, Any]]) -> None:
        self.tell({"begin": begin})
        self.tell({"done": deed()})

    def _name(self) -> str:
        self.count += 1
        return f"Person {self.count:x}"

    def add(self) -> None:
        identity, name, faces = f"{self.luck.getrandbits(64):016x}", self._name(), templates(self.luck, self.luck.randint(1, 4))
        self._do({"do": "add", "id": identity, "name": name, "state": "active", "templates": len(faces)},
                 lambda: described("add", self.store.add(name, CONSENT, faces, wall=1.0e9, identity=identity)))

    def rename(self, person: Person) -> None:
        name = self._name()
        self._do({**described("rename", person), "name": name}, lambda: described("rename", self.store.rename(person.id, name)))

    def suspend(self, person: Person) -> None:
        state = State.SUSPENDED if person.state is State.ACTIVE else State.ACTIVE
        self._do({**described("state", person), "state": state.value},
                 lambda: described("state", self.store.set_state(person.id, state)))

    def again(self, person: Person) -> None:
        fresh = templates(self.luck, self.luck.randint(1, 4))
        self._do({**described("templates", person), "templates": len(fresh)},
                 lambda: described("templates", self.store.replace_templates(person.id, fresh)))

    def forget(self, person: Person) -> None:
        deed = {"do": "forget", "id": person.id}

        def forgotten() -> dict[str, Any]:
            self.store.forget(person.id, wall=1.0e9)
            return deed

        self._do(deed, forgotten)

    def event(self, person: str | None = None) -> None:
        kind, wall = self.luck.choice(KINDS), 1.0e9 + self.luck.random()
        deed = {"do": "event", "kind": kind, "person": person}
        self._do(deed, lambda: {**deed, "number": self.store.events.append(kind, wall, person, {"score": self.luck.random()})})

    def put(self, owner: str | None) -> None:
        if owner is not None:
            kind, name = "rights", ""
        elif self.luck.random() < 0.3:
            kind, name = "calendar", ""
        else:
            kind, name = "visitor", f"{self.luck.randrange(6):016x}"
        value = {"uses": self.luck.randrange(100), "note": "x" * self.luck.randrange(300)}
        deed = {"do": "put", "key": record_key(kind, owner, name), "value": value}

        def kept() -> dict[str, Any]:
            self.store.put_record(kind, value, owner, name)
            return deed

        self._do(deed, kept)

    def drop(self) -> None:
        name = f"{self.luck.randrange(6):016x}"
        deed = {"do": "drop", "key": record_key("visitor", None, name)}

        def dropped() -> dict[str, Any]:
            self.store.drop_record("visitor", None, name)
            return deed

        self._do(deed, dropped)

    def audited(self) -> None:
        if self.luck.random() < 0.2:
            self.audit.leave()
        elif self.luck.random() < 0.3:
            self._do({"do": "prune"}, self.audit.prune)
        else:
            self._do({"do": "audit"}, self.audit.write)

    def rotate(self) -> None:
        """A new device key, sometimes new keys of everybody too."""
        self._closed({"do": "rotate"}, lambda: rotate_key(self.folder, renew_data_keys=self.luck.random() < 0.5))

    def protect(self) -> None:
        """Templates become codes, or codes of a new key."""
        deed = {"do": "protect"}

        def protected() -> dict[str, Any]:
            self.store.protect(renew=self.store.protected)
            return deed

        self._do(deed, protected)

    def back_up(self) -> None:
        deed = {"do": "backup"}

        def backed_up() -> dict[str, Any]:
            back_up(self.folder, None, self.backup, PASSPHRASE, replace=True)
            return deed

        self._do(deed, backed_up)

    def restore(self) -> None:
        self._closed({"do": "restore"}, lambda: restore(self.folder, None, self.backup, PASSPHRASE, replace=True))

    def _closed(self, deed: dict[str, Any], action: Callable[[], object]) -> None:
        """With the store closed, as these want it."""
        wall = self.audit.wall
        self.audit.close()
        self.store.close()

        def done() -> dict[str, Any]:
            action()
            return deed

        self._do(deed, done)
        self.store = self._opened()
        self.audit = self._audit(wall)

    def reopen(self) -> None:
        self.store.close()
        self.audit.close()
        self.store = self._opened()
        self.audit = self._audit(self.audit.wall)

    def close(self) -> None:
        self.audit.close()
        self.store.close()


def _teller() -> Tell:
    log = os.environ.get("FAULTS_LOG")
    if log:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return lambda table: note(descriptor, json.dumps(table).encode())
    return lambda table: print(json.dumps(table), flush=True)


def _sync_files(really: Callable[[int], None], descriptor: int) -> None:
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        really(descriptor)


def main() -> None:
    folder, seed, deeds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    wrong = os.environ.get("FAULTS_BREAK", "")
    if wrong == "folders":
        setattr(os, "fsync", partial(_sync_files, os.fsync))  # noqa: B010
    # A minute of Argon2 in all would say nothing about disks.
    passphrases.ARGON2.update(memory_kib=8, iterations=1, lanes=1)
    worker = Worker(folder, random.Random(seed), _teller(), wrong)
    for _ in range(deeds):
        worker.step()
    worker.close()


if __name__ == "__main__":
    main()
