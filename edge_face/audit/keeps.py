"""What the audit log keeps (`edge_face.keeping`)."""

from __future__ import annotations

from edge_face.keeping import HOUSE, Kept, Whose

KEEPS = (
    Kept("audit-log", "every decision of the door and every change by an owner: time, kind, authority, reasons, an alias", Whose.ANYBODY,
         "to prove what was decided, and that nobody changed it", ("audit:*.log", "audit:head"),
         "no names, no ids; nobody can tell whose an alias is without the store's key", "{audit.keep} days",
         "the alias stays and is nobody's: what linked it to the person is gone"),
    Kept("audit-space", "space kept back for the log, who writes it", Whose.NOBODY, "a full disk does not silence the log",
         ("audit:reserve", "audit:lock"), "empty", HOUSE, "stays: it names nobody"),
)
