"""What the audit log says of an opening: how many faces, of what, with which key. Never what was seen, nor the file's name."""

from __future__ import annotations

from edge_face.audit import AuditRecord
from edge_face.errors import UsageError
from edge_face.privacy.sealed.places import key_words

KIND = "unsealed"
KINDS = ("picture", "video")


def opening_record(what: str, key: bytes, visible: bytes, opened: int, faces: int, wall: float) -> AuditRecord:
    """`what`: picture or video; `key`: `key_id` of the owner's key; `visible`: the SHA-256 of the opened file; `opened` of `faces`.
    Raises UsageError for anything else."""
    whole = all(isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 1 << 31 for n in (opened, faces))
    if what not in KINDS or len(key) != 8 or len(visible) != 32 or not whole or opened > faces:
        raise UsageError("an opening is told as picture or video, a key's eight bytes, a file's SHA-256 and two numbers of faces")
    # Its first 24 bits find the file again among those that the owner has; bare hexadecimal may not stand in a record.
    return AuditRecord(KIND, wall, None, "owner-key", {"what": what, "key": f"key-{key_words(key)}", "file": f"file-{visible.hex()[:6]}",
                                                       "opened": opened, "faces": faces})
