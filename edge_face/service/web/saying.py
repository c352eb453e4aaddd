"""What was done through the pages, in the audit log: what, and by whose login (its alias). No names, no free text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_face.audit import AuditRecord
from edge_face.audit.record import Detail
from edge_face.service.web.roles import Caller

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

KIND = "pages"


def say(daemon: Daemon, caller: Caller, what: str, *, at_once: bool = False, whom: str | None = None, **details: Detail) -> None:
    """`what`: a short word of ours, as "people-forget" or "door-unlock"; so are texts in `details`. `whom`: the alias of the person whom
    it is about, with a "p" before it, as details hold no bare aliases. `at_once`: on the disk as soon as may be, not with the next batch.
    Raises AuditError for what cannot stand in a record."""
    if whom is not None:
        details["whom"] = whom
    alias = daemon.accounts.alias(caller.account) if caller.account else None
    record = AuditRecord(KIND, daemon.clock.wall(), alias, caller.role.name.lower(), {"what": what, **details})
    if daemon.parts.audit is not None:
        daemon.parts.audit.later(record, at_once=at_once)
