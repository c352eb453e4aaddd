"""The audit log: who decided what at this door, append-only, hash-chained, without names."""

from edge_face.audit.chain import Head, head_of
from edge_face.audit.decisions import audit_record_of
from edge_face.audit.log import AuditLog
from edge_face.audit.reading import read_entries
from edge_face.audit.record import AuditRecord, Entry
from edge_face.audit.verifying import Verdict, verify_log

__all__ = ["AuditLog", "AuditRecord", "Entry", "Head", "Verdict", "audit_record_of", "head_of", "read_entries", "verify_log"]
