"""Commands on hours, limits and the clock: asked of the running daemon, which alone writes the store, else carried out here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_face.settings import Settings


@contextmanager
def open_schedules(settings: Settings, *, writing: bool, create: bool = False) -> Iterator[Callable[..., Any]]:
    """`create`: a store that is not there is made; else whoever is in the wrong folder is told so. Raises StoreError, ServiceError."""
    from edge_face.service.client import daemon_for

    client = daemon_for(settings)
    if client is not None:
        yield client.call
        return
    from edge_face.access.assurance import level_of
    from edge_face.clock_sources import boot_id, read_signs
    from edge_face.people import Store
    from edge_face.people.assurance_commands import AssuranceCommands
    from edge_face.people.command_table import run_in
    from edge_face.people.database import FILE
    from edge_face.people.database_errors import OlderStoreError
    from edge_face.people.schedule_commands import ScheduleCommands

    read_only = not writing or not (create or Path(settings.store.folder, FILE).exists())
    where = (settings.store.folder, settings.store.key_file or None)
    try:
        store = Store(*where, read_only)
    except OlderStoreError:
        store = Store(*where)  # which brings it up: reading alone cannot
    with store:
        zone = settings.access.timezone
        tables = (ScheduleCommands(store, zone=zone, assurance=level_of(settings), signs=read_signs, boot=boot_id),
                  AssuranceCommands(store, zone=zone))
        yield lambda command, **arguments: run_in(tables, command, arguments)
