"""Backups, for the pages: made and restored in pieces under a passphrase of their own, while the door runs."""

from __future__ import annotations

import base64
import binascii
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_face.errors import StoreError, UsageError
from edge_face.people.accounts import KIND as ACCOUNTS
from edge_face.people.backup import BackedUp, Restored, back_up, restore
from edge_face.people.backup_file import BackupReader
from edge_face.people.passphrase import check_passphrase
from edge_face.service.books import Books
from edge_face.service.web.arguments import Arguments, flag, text, whole
from edge_face.service.web.door_commands import LAST_BACKUP
from edge_face.service.web.parcels import Parcels
from edge_face.service.web.restarting import restart_soon
from edge_face.service.web.roles import Caller, Role, WebCommand
from edge_face.service.web.saying import say

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

_log = logging.getLogger("edge_face.store")

FOLDER = "pages-files"
"""In the store's folder: backups on their way."""
LARGEST = 2 << 30


def commands(daemon: Daemon) -> tuple[WebCommand, ...]:
    """`backup.*`."""
    desk = BackupDesk(daemon)
    return (WebCommand("backup.make", Role.OWNER, desk.make, ("passphrase",), fresh=True),
            WebCommand("backup.piece", Role.OWNER, desk.piece, ("id", "at"), fresh=True),
            WebCommand("backup.bring", Role.OWNER, desk.bring, ("id", "at", "piece"), fresh=True),
            WebCommand("backup.restore", Role.OWNER, desk.restore, ("id", "passphrase", "replace"), fresh=True))


class BackupDesk:
    """Each method is a command: who asks, the arguments, the answer."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        store = daemon.settings.store
        self._where = (Path(store.folder), store.key_file or None)
        self._parcels = Parcels(Path(store.folder) / FOLDER)
        self._parcels.clear()

    def make(self, caller: Caller, given: Arguments) -> Any:
        """Everything that the store holds, under a passphrase: an id, by which the file is fetched in pieces, and its size."""
        passphrase = check_passphrase(text(given, "passphrase"))
        found: list[BackedUp] = []
        wall = self._daemon.clock.wall
        identity, size = self._parcels.make(lambda path: found.append(back_up(*self._where, path, passphrase, wall=wall)))
        say(self._daemon, caller, "backup-make", at_once=True, size=size)
        return {"id": identity, "size": size, "people": found[0].people}

    def piece(self, caller: Caller, given: Arguments) -> Any:
        """A part of it; whoever has asked for the last one has it all."""
        identity, at = text(given, "id"), whole(given, "at", 0, 0, LARGEST)
        piece, after = self._parcels.piece(identity, at)
        if after is None:
            wall = self._daemon.clock.wall()
            self._daemon.books(lambda books: books.keep(LAST_BACKUP, {"wall": wall}))
        return {"piece": base64.b64encode(piece).decode("ascii"), "at": after}

    def bring(self, caller: Caller, given: Arguments) -> Any:
        """A part of a backup that is to be restored; the first one has no id."""
        identity = text(given, "id") if given.get("id") is not None else None
        try:
            piece = base64.b64decode(text(given, "piece", longest=6 << 20), validate=True)
        except (binascii.Error, ValueError) as error:
            raise UsageError("'piece' is bytes in base64") from error
        return {"id": self._parcels.bring(identity, whole(given, "at", 0, 0, LARGEST), piece)}

    def restore(self, caller: Caller, given: Arguments) -> Any:
        """Puts a backup in the place of the store; the door then starts again, with the backup's people, codes and logins (`logins`: are
        there any in it?). What is wrong with it is said before anything is changed."""
        path = self._parcels.brought(text(given, "id"))
        passphrase, replace = text(given, "passphrase"), flag(given, "replace", False)
        people = self._daemon.books(lambda books: books.ask(lambda store: store.count()))
        if people and not replace:
            raise StoreError(f"this door knows {people} {'person' if people == 1 else 'people'} already: say that the backup is to take "
                             "their place, a copy of what is here is then kept on the device")
        with BackupReader(path, passphrase):
            pass  # no backup, or another passphrase: said while the store is still open
        say(self._daemon, caller, "backup-restore", at_once=True)

        def job(books: Books) -> tuple[Restored, bool]:
            try:
                done = books.swap(lambda: restore(*self._where, path, passphrase, replace=True))
                return done, bool(books.record(ACCOUNTS))
            finally:
                # Here, as whoever asked may have gone. Done or not, a start makes sure that the door goes by the store that lies there.
                restart_soon(self._daemon)

        try:
            done, logins = self._daemon.books(job)
        finally:
            self._parcels.clear()
        self._daemon.accounts.reread()
        _log.warning("a backup was restored from the pages: the door starts again")
        return {"people": done.people, "made": done.made, "marks": done.marks, "logins": logins,
                "kept": done.kept.name if done.kept is not None else None}
