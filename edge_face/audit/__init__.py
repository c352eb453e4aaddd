"""The audit log: who decided what at this door, append-only, hash-chained, without names."""

from edge_face.audit.chain import Head, head_of
from edge_face.audit.decisions import audit_record_of
from edge_face.audit.log import AuditLog
from edge_face.audit.place import (
    WITNESS,
    audit_folder,
    expected_head,
    read_head,
    seen_head,
    visitor_alias,
    witness_record,
    witnessed,
)
from edge_face.audit.reading import latest_entries, read_entries
from edge_face.audit.record import AuditRecord, Entry
from edge_face.audit.sealed import Sealer
from edge_face.audit.verifying import Verdict, verify_log

__all__ = ["WITNESS", "AuditLog", "AuditRecord", "Entry", "Head", "Sealer", "Verdict", "audit_folder", "audit_record_of",
           "expected_head", "head_of", "latest_entries", "read_entries", "read_head", "seen_head", "verify_log", "visitor_alias",
           "witness_record", "witnessed"]
