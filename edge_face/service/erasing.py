"""What lies beside the store and may show or hold somebody who does not agree any more: pictures that left the outlet and still lie in a
file, backups on their way to the pages. The store itself cleans what is in it (`Store.forget`)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edge_face.service.hooks import spool_folder
from edge_face.settings import Settings
from edge_face.shredding import shred

if TYPE_CHECKING:
    from edge_face.service.books import Roster

_log = logging.getLogger("edge_face.store")

ERASING = ("people.forget", "people.consent", "privacy.withdraw")
"""Commands of the command line after which both go."""
PARCELS = "pages-files"
"""As in `edge_face.service.web.backup_commands`."""


def drop_since(settings: Settings, before: Roster, now: Roster) -> None:
    """After a change of whom the door knows: nobody stands sharp in a file who no longer agrees to it, no backup waits with somebody who
    is erased."""
    if before.consenting - now.consenting:
        drop_pictures(settings)
    if before.aliases.keys() - now.aliases.keys():
        drop_parcels(settings)


def drop_pictures(settings: Settings) -> int:
    """The preview, and pictures of events that wait to be told: somebody in them stood sharp, and does not agree to that any more. How
    many; what cannot be removed is said in the log."""
    return _drop(_pictures(settings))


def drop_parcels(settings: Settings) -> int:
    """Backups that were made for the pages: somebody in them is erased. Whoever fetches one is told to make it anew."""
    return _drop((Path(settings.store.folder) / PARCELS).glob("*"))


def _pictures(settings: Settings) -> Iterator[Path]:
    if settings.service.preview_file and Path(settings.service.preview_file).is_file():
        yield Path(settings.service.preview_file)
    yield from spool_folder(settings).glob("*.jpg")


def _drop(paths: Iterator[Path]) -> int:
    gone = 0
    for path in list(paths):
        try:
            gone += shred(path)
        except OSError as error:
            _log.error("%s cannot be removed, and may show or hold somebody who was erased: %s", path, error.strerror)
    return gone
