"""Who is held back: enrolled by a link or brought from elsewhere, and let in by nothing until the owner has approved and the person
has passed once, alive, at the door's own camera.

A sealed record of the person says so. The store itself reads it: whatever gives consent, new templates or another state to somebody who is
held leaves them pending.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from edge_face.errors import PeopleError

KIND = "admission"
"""Of the store's records."""
SOURCES = ("invitation", "device", "import")
"""An invitation by link; a camera or pictures that are not the door's; people of another door who were held there."""
_FIELDS = {"source", "begun", "approved", "passed"}


@dataclass(frozen=True, slots=True)
class Admission:
    """Wall times; None is not yet."""

    source: str
    begun: float
    approved: float | None = None
    passed: float | None = None

    @property
    def held(self) -> bool:
        return self.approved is None or self.passed is None

    def approve(self, wall: float) -> Admission:
        return self if self.approved is not None else replace(self, approved=wall)

    def passing(self, wall: float) -> Admission:
        """Raises PeopleError for somebody whom the owner has not approved."""
        if self.approved is None:
            raise PeopleError("this person is not approved yet: the owner does that on the page of those who wait")
        return replace(self, passed=wall)


def admission_record(admission: Admission) -> dict[str, Any]:
    return {"source": admission.source, "begun": admission.begun, "approved": admission.approved, "passed": admission.passed}


def admission_of(value: Mapping[str, Any]) -> Admission:
    """Raises PeopleError for whatever `admission_record` cannot have made."""
    times = [value.get("begun"), value.get("approved"), value.get("passed")]
    fine = set(value) == _FIELDS and value["source"] in SOURCES and times[0] is not None
    if not fine or not all(t is None or (isinstance(t, int | float) and not isinstance(t, bool)) for t in times):
        raise PeopleError("the record of who is held back is not what it must be: forget this person and enrol them again")
    return Admission(value["source"], value["begun"], value["approved"], value["passed"])


def is_held(value: Mapping[str, Any] | None) -> bool:
    """By the record as it is kept, None where there is none; a damaged one holds."""
    if value is None:
        return False
    try:
        return admission_of(value).held
    except PeopleError:
        return True
