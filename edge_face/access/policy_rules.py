"""The rules of the policy: those of faces, everybody's rights, the calendar, what the lock bears, and what is watched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_face.access.assurance import STRICT, level_of
from edge_face.access.challenge import ChallengeRules
from edge_face.access.rights import Calendar, Rights
from edge_face.access.rules import Rules
from edge_face.settings import AccessSettings, DoorSettings, Settings


@dataclass(frozen=True, slots=True)
class LockTraits:
    """What the policy must know of the lock, as `DoorSettings` explains it. `kind`: strike, maglock or motor; `fail`: secure or safe;
    `drive`: held or pulse; `max_on` in seconds, 0 for a coil that may always be on."""

    kind: str = "strike"
    fail: str = "secure"
    drive: str = "held"
    max_on: float = 30.0
    relock_on_open: bool = True

    @classmethod
    def from_settings(cls, door: DoorSettings) -> LockTraits:
        return cls(door.kind, door.fail, door.drive, door.max_on, door.relock_on_open)

    @property
    def burns(self) -> bool:
        """Is it released by a current that its coil bears for `max_on` seconds only?"""
        return self.fail == "secure" and self.drive == "held" and self.max_on > 0

    @property
    def bolt(self) -> bool:
        """Would it throw a bolt at an open door's frame?"""
        return self.kind == "motor"


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """`rights` by the id of a person or visitor; a person without an entry has no limits. `has_contact`: is a door contact fitted?
    `level`: what a grant rests on (`edge_face.access.assurance`). `tries`: how often somebody may fail to be taken for a living person
    in one approach. `claim`: seconds for which a code or card waits for its face, which is compared at `verify_rate`;
    `without_camera`: "nothing" or "second"."""

    face: Rules = field(default_factory=Rules)
    rights: Mapping[str, Rights] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=Calendar)
    lock: LockTraits = field(default_factory=LockTraits)
    access: AccessSettings = field(default_factory=AccessSettings)
    has_contact: bool = False
    level: str = STRICT
    challenge: ChallengeRules = field(default_factory=ChallengeRules)
    tries: int = 2
    claim: float = 20.0
    verify_rate: float = 1e-3
    without_camera: str = "nothing"

    @classmethod
    def from_settings(cls, settings: Settings, rights: Mapping[str, Rights], calendar: Calendar) -> PolicyRules:
        """Raises SettingsError for rules that could never be met."""
        decision = settings.decision
        return cls(Rules.from_settings(decision, settings.door), rights, calendar, LockTraits.from_settings(settings.door), settings.access,
                   bool(settings.inputs.contact_pin), level_of(settings),
                   ChallengeRules.from_settings(settings.liveness), settings.liveness.tries, decision.claim,
                   decision.verify_rate, decision.without_camera)

    @property
    def longest(self) -> float:
        """Seconds for which a release may last in one piece, however often it is asked for; standing ones aside."""
        return min(self.face.max_release, self.lock.max_on) if self.lock.burns else self.face.max_release
