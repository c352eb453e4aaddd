"""Pictures and films of events: which there are, who stands in them, and how they go.

Each is one file under `recordings/`, named after its event, sealed under a key of its own. That key is a sealed record: of the person
whom the event names, else of the house. So forgetting somebody destroys the key in the same transaction as everything else, a new
device key seals a few bytes anew and no film, and what the card's controller keeps of a deleted file opens no more.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_face.errors import StoreError, UnknownError
from edge_face.people.database import Database
from edge_face.people.database_errors import refused
from edge_face.people.events import Event
from edge_face.people.keys import sync_folder
from edge_face.people.mentions import FORGOTTEN
from edge_face.people.person import Consent
from edge_face.people.recording_file import DRAFT, SUFFIX, Draft, RecordingFile, file_of
from edge_face.people.sealed_records import SealedRecords, Value

KIND = "recording"
"""Of the sealed record: key, time, size, and the ids of those who stand sharp in it."""
FOLDER = "recordings"
SPARE = 0.05
"""Of the quota: so much more goes when it is reached, or each new picture would rewrite the database's journal."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What is known without opening the file. `owner`: whom the event names; `shown`: who stands sharp in it; `sealed`: whose
    hidden face is kept in it, sealed; `size` in bytes."""

    number: int
    owner: str | None
    wall: float
    size: int
    frames: int
    original: bool
    shown: frozenset[str]
    sealed: frozenset[str]


class Recordings:
    """`consent`: what somebody agrees to now, None for who is not there; `event`: one of the diary. Used in the store's thread but for what
    `opened` gives. Raises StoreError."""

    def __init__(self, database: Database, records: SealedRecords, consent: Callable[[str], Consent | None],
                 event: Callable[[int], Event | None]) -> None:
        self._database, self._records, self._consent, self._event = database, records, consent, event
        self.folder = database.folder / FOLDER

    # Asking

    def numbers(self) -> set[int]:
        """The events of which there are pictures, by the names of the files alone."""
        return set(self._files())

    def usage(self) -> tuple[int, int]:
        """How many there are, and their bytes."""
        sizes = self._files().values()
        return len(sizes), sum(sizes)

    def facts(self, number: int) -> Recording | None:
        """Of the recording of that event, None without one. Raises SealBrokenError."""
        owner, value = self._row(number)
        return None if value is None else _recording(number, owner, value)

    def opened(self, number: int) -> RecordingFile:
        """The recording of that event, to be read in any thread. Raises UnknownError without one, SealBrokenError."""
        _, value = self._row(number)
        if value is None:
            raise UnknownError(f"there is no picture of event {number}: none was taken, or its time is over ([recorder] in the settings)")
        return RecordingFile(file_of(self.folder, number), bytes.fromhex(str(value["key"])), number)

    def about(self, identity: str) -> list[Recording]:
        """Those of a person's own events, and those of others in which the person stands sharp or lies sealed; the oldest first."""
        return sorted((found for found in self._every() if found.owner == identity or identity in found.shown | found.sealed),
                      key=lambda found: found.number)

    def may_not_be_seen(self, people: Iterable[str]) -> frozenset[str]:
        """Those who do not agree, or no longer, or are not there any more: no picture in which they stand sharp is kept."""
        return frozenset(who for who in people if not may_be_seen(self._consent(who)))

    def gone(self, people: Iterable[str]) -> frozenset[str]:
        """Those who are not there any more."""
        return frozenset(who for who in people if self._consent(who) is None)

    # Writing

    def put(self, draft: Draft) -> bool:
        """Takes a file that was written. False, and the file is gone, when there is nothing to keep any more: the event was deleted, its
        person forgotten, or somebody who stands sharp in it no longer agrees to that."""
        path = file_of(self.folder, draft.number)
        try:
            with self._database.transaction():
                event = self._event(draft.number)
                if event is None or event.details.get(FORGOTTEN) or self.may_not_be_seen(draft.shown) or self.gone(draft.sealed):
                    return False
                self._records.put(KIND, {"key": draft.key.hex(), "wall": draft.wall, "size": draft.size, "frames": draft.frames,
                                         "original": draft.original, "shown": sorted(draft.shown), "sealed": sorted(draft.sealed)},
                                  event.person, str(draft.number))
                draft.path.replace(path)
            sync_folder(self.folder)
            return True
        except OSError as error:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            if isinstance(error, StoreError):
                raise
            raise refused(error, f"no picture can be kept in {self.folder} ({error.strerror}): make room") from error
        finally:
            with contextlib.suppress(OSError):
                draft.path.unlink(missing_ok=True)

    def drop_shown(self, identity: str, *, sealed: bool = False) -> bool:
        """Inside a transaction: the keys of all recordings in which this person stands sharp, whosever event it was; `sealed`: and of those
        that hold the hidden face. `sweep` removes the files. Were there any?"""
        gone = [found for found in self._every() if identity in found.shown or (sealed and identity in found.sealed)]
        for found in gone:
            self._records.drop(KIND, found.owner, str(found.number))
        return bool(gone)

    def sweep(self, *, drafts: bool = False) -> None:
        """Files whose key is gone go, and keys whose file is (a backup that was restored brings such). `drafts`: what a cut left too."""
        known = {found.number: found.owner for found in self._every()}
        files = self._files()
        self._unlink(number for number in files if number not in known)
        if drafts and self.folder.is_dir():
            for path in self.folder.glob(f".*{DRAFT}"):
                _removed(path)
        self._forget({number: owner for number, owner in known.items() if number not in files})

    def prune(self, before: float) -> int:
        """Deletes those of events before that wall time, and of events that are not there any more; how many that were."""
        gone = {found.number: found.owner for found in self._every()
                if found.wall < before or self._database.row("SELECT 1 FROM event WHERE id = ?", [found.number]) is None}
        self._unlink(gone)
        self._forget(gone)
        return len(gone)

    def fit(self, quota: int) -> int:
        """Deletes the oldest until all take `quota` bytes at most; how many that were."""
        _, total = self.usage()
        return self.drop_oldest(total - quota + int(quota * SPARE)) if total > quota else 0

    def drop_oldest(self, size: int) -> int:
        """Deletes the oldest until `size` bytes are free on the disk; how many that were. The files go first: that works on a disk on
        which nothing can be written any more."""
        gone: list[int] = []
        for number, length in sorted(self._files().items()):
            if size <= 0:
                break
            gone.append(number)
            size -= length
        if gone:
            self._unlink(gone)
            self._forget({found.number: found.owner for found in self._every() if found.number in set(gone)})
        return len(gone)

    # --- inside ---

    def _row(self, number: int) -> tuple[str | None, Value | None]:
        event = self._database.row("SELECT person FROM event WHERE id = ?", [number]) if 0 <= number < 1 << 63 else None
        return (None, None) if event is None else (event[0], self._records.get(KIND, event[0], str(number)))

    def _every(self) -> list[Recording]:
        if self._database.row("SELECT 1 FROM sqlite_master WHERE name = 'sealed_record'") is None:
            return []  # a store of before version 3
        # What was tampered with has lost its key: its file goes with the next sweep.
        return [_recording(int(name), owner, value) for owner, name, value in self._records.every(KIND, lambda owner, error: None)]

    def _files(self) -> dict[int, int]:
        """Bytes by number."""
        found: dict[int, int] = {}
        try:
            with os.scandir(self.folder) as entries:
                for entry in entries:
                    name = entry.name.removesuffix(SUFFIX)
                    if name != entry.name and name.isascii() and name.isdigit():
                        with contextlib.suppress(FileNotFoundError):
                            found[int(name)] = entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise refused(error, f"{self.folder} cannot be read ({error.strerror}): run this as the user who owns it") from error
        return found

    def _unlink(self, numbers: Iterable[int]) -> None:
        gone = [file_of(self.folder, number) for number in numbers]
        for path in gone:
            _removed(path)
        if gone and self.folder.is_dir():
            sync_folder(self.folder)

    def _forget(self, gone: dict[int, str | None]) -> None:
        """Their rows; the keys' bytes are overwritten, in the journal too."""
        if not gone:
            return
        with self._database.transaction():
            for number, owner in gone.items():
                self._records.drop(KIND, owner, str(number))
        self._database.fold()


def may_be_seen(consent: Consent | None) -> bool:
    """May pictures be kept in which this person stands sharp? Only who is recognised is sharp, and only who agreed to be shown."""
    return consent is not None and consent.show is not None and consent.recognise is not None


def _recording(number: int, owner: str | None, value: Value) -> Recording:
    return Recording(number, owner, float(value["wall"]), int(value["size"]), int(value["frames"]), value["original"] is True,
                     frozenset(map(str, value["shown"])), frozenset(map(str, value.get("sealed", ()))))


def _removed(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise refused(error, f"{path} cannot be removed ({error.strerror}): remove it") from error
