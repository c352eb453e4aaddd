"""The audit log and the store know each other: its key lies in the store, and the store remembers how far the log had come."""

from __future__ import annotations

import logging

from edge_face.audit import WITNESS, AuditLog, Head, audit_folder, seen_head, witness_record
from edge_face.clock import Clock
from edge_face.service.books import Books
from edge_face.service.store_thread import StoreThread
from edge_face.settings import Settings

_log = logging.getLogger("edge_face.audit")


def open_audit(settings: Settings, store: StoreThread[Books], clock: Clock, patience: float) -> AuditLog:
    """Waits for the store, `patience` seconds at the most. In the audit thread. Raises AuditError, StoreError, ServiceError."""
    store.wait_open(patience)
    key, seen = store.call(lambda books: (books.audit_key(), seen_head(books.record)))
    audit = settings.audit
    log = AuditLog(audit_folder(settings), key, batch=audit.batch, reserve=audit.reserve, expect=seen, clock=clock)
    bear_witness(store, log.head)
    return log


def bear_witness(store: StoreThread[Books], head: Head) -> None:
    """Whoever puts back an older copy of the audit log has to put back the store and the journal too."""
    _log.info("the audit log stands at %s", head)
    store.post(lambda books: books.keep(WITNESS, witness_record(head)))
