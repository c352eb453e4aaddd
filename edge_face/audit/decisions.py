"""What of a decision goes into the audit log: kind, authority, codes and numbers. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable

from edge_face.access.outcomes import Decision, Kind
from edge_face.audit.record import ALIAS, LARGEST, MOST_DETAILS, MOST_WORDS, WORD, AuditRecord, Detail, is_detail

SEALED = frozenset({Kind.GRANT, Kind.CODE, Kind.DENY})
"""Kinds whose records all carry a seal of one length, so that none stands out."""


def audit_record_of(decision: Decision, alias_of: Callable[[str], str | None],
                    seal: Callable[[bool], str | None] | None = None) -> AuditRecord:
    """The person becomes a keyed alias; of reasons only codes and numbers stay, `why` lists the codes. `seal` (`Sealer.seal`): hides
    whether the person was forced. Total, unless `alias_of` or `seal` raises: what does not fit is left out."""
    details: dict[str, Detail] = {}
    if decision.seconds and is_detail(decision.seconds):
        details["seconds"] = _rounded(decision.seconds)
    if decision.alarm is not None:
        details["alarm"] = _word(decision.alarm.value)
    codes = tuple(code for code in dict.fromkeys(_word(reason.code) for reason in decision.reasons) if is_detail(code))
    if codes:
        details["why"] = codes[:MOST_WORDS]
    for reason in decision.reasons:
        for name, value in reason.values.items():
            called = f"{_word(reason.code)}.{_word(name)}"
            if isinstance(value, int | float) and WORD.fullmatch(called) and is_detail(value) and len(details) < MOST_DETAILS:
                details[called] = _rounded(value)
    wall = decision.wall if math.isfinite(decision.wall) and 0 <= decision.wall < LARGEST else 0.0
    alias = alias_of(decision.person) if decision.person is not None else None
    subject = alias if alias is not None and ALIAS.fullmatch(alias) else None
    authority = None if decision.authority is None else _word(decision.authority.value)
    sealed = seal(decision.forced) if seal is not None and decision.kind in SEALED else None
    return AuditRecord(_word(decision.kind.value), wall, subject, authority, details, sealed)


def _word(text: str) -> str:
    return text.lower().replace(" ", "-").replace("_", "-")


def _rounded(value: int | float) -> int | float:
    """Four digits behind the point are enough to explain, and short."""
    return value if isinstance(value, int) else round(value, 4)
