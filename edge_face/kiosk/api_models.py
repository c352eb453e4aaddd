"""What goes into the API and comes out of it. Bodies are strict: an unknown name, or a value of another kind, is refused before the daemon
sees it. Moments are seconds since 1970, UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_face.settings_overlay import OPEN

LAST_MOMENT = 253_000_000_000.0
"""Some day in the year 9987: calendars end there."""
Moment = Annotated[float, Field(ge=0, le=LAST_MOMENT, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Words = Annotated[str, Field(max_length=200)]
Hours = Annotated[str, Field(max_length=2000, examples=["mon-fri 07:00-19:00", "always", "never"])]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", examples=["2026-12-25"])]
Passphrase = Annotated[str, Field(min_length=1, max_length=1000, json_schema_extra={"format": "password"})]
Pin = Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]
Level = Literal["face", "card", "code", "face+challenge", "face+card", "face+code"]
Action = Literal["left", "right", "up", "nearer", "blink"]
Question = Literal["recognise", "show", "pictures"]
Names = Annotated[list[Name], Field(max_length=64)]


class Sent(BaseModel):
    """Something that is sent."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Asked(BaseModel):
    """Behind the question mark of an address."""

    model_config = ConfigDict(extra="forbid")


class Answer(BaseModel):
    """What comes back; a later version may say more."""

    model_config = ConfigDict(extra="allow")


class Problem(BaseModel):
    """`kind`: the name of the error; `message`: one sentence that names the thing and the way out."""

    kind: str
    message: str


class Failure(BaseModel):
    """Every error of the API."""

    error: Problem


# Sessions

class Login(Sent):
    name: Name
    passphrase: Passphrase


class Again(Sent):
    passphrase: Passphrase


class Token(Answer):
    """Sent along as `Authorization: Bearer TOKEN`."""

    token: str
    role: str
    name: str


class Session(Answer):
    role: str
    name: str
    fresh: bool
    claimed: bool
    idle: float | None


# People

class Part(Asked):
    """Some of a list."""

    match: Words = ""
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000


class Given(Answer):
    wall: float
    how: str


class Consents(Answer):
    recognise: Given | None
    show: Given | None
    pictures: Given | None


class Person(Answer):
    id: str
    name: str
    state: str
    created: float
    consent: Consents
    templates: int
    pictures: int
    enrol_again: str | None


class People(Answer):
    people: list[Person]
    total: int
    threshold: str | None


class Named(Answer):
    id: str
    name: str


class Pair(Answer):
    a: dict[str, Any]
    b: dict[str, Any]
    score: float
    needed: float


class Pairs(Answer):
    pairs: list[Pair]
    more: int


class Forgotten(Answer):
    forgotten: str


class Rename(Sent):
    name: Name


class ConsentChange(Sent):
    give: Annotated[list[Question], Field(max_length=3)] = []
    withdraw: Annotated[list[Question], Field(max_length=3)] = []
    how: Annotated[str, Field(min_length=1, max_length=200)] = "the owner's pages"


class AssuranceChange(Sent):
    """What is not named stays; null takes it back."""

    assurance: Level | None = None
    actions: Annotated[list[Action], Field(max_length=5)] | None = None
    release: Annotated[float, Field(gt=0, le=300, allow_inf_nan=False)] | None = None
    minor: bool | None = None
    guardian: Words | None = None


class LimitsChange(Sent):
    """What is not named stays; null lifts that limit."""

    schedules: Names | None = None
    groups: Names | None = None
    since: Moment | None = None
    until: Moment | None = None


class AttendanceConsent(Sent):
    given: bool
    how: Annotated[str, Field(min_length=1, max_length=200)] = "the owner's pages"


# Codes

class NewCode(Sent):
    """One of the three."""

    pin: Pin | None = None
    card: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    generate: Annotated[int, Field(ge=4, le=12)] | None = None


class PinOnly(Sent):
    pin: Pin


class SixDigits(Sent):
    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]


# Hours

class HoursChange(Sent):
    hours: Hours | None = None
    on_holidays: Hours | None = None


class Group(Sent):
    schedules: Names


class Holidays(Sent):
    first: Day
    last: Day | None = None
    name: Words = ""


class Days(Sent):
    first: Day
    last: Day | None = None


class HoursOnly(Sent):
    hours: Hours


class NewVisitor(Sent):
    label: Name
    uses: Annotated[int, Field(ge=1, le=10_000)] | None = 1
    digits: Annotated[int, Field(ge=4, le=12)] = 6
    schedules: Names | None = None
    groups: Names | None = None
    since: Moment | None = None
    until: Moment | None = None


class May(Asked):
    who: Name
    at: Moment | None = None


class Clock(Sent):
    wall: Moment


# What happened

class Table(Answer):
    """A part of a CSV file; `before` asks for the next."""

    csv: str
    before: int | None = None


class Span(Asked):
    who: Words = ""
    since: Moment | None = None
    until: Moment | None = None


class AttendanceDay(Answer):
    date: str
    id: str
    name: str
    first: float
    last: float
    times: int


class Attendance(Answer):
    days: list[AttendanceDay]


class AuditPage(Asked):
    last: Annotated[int, Field(ge=1, le=200)] = 50
    before: Annotated[int, Field(ge=1, le=1 << 53)] | None = None


class AuditRecord(Answer):
    n: int
    wall: float
    kind: str
    authority: str | None
    alias: str | None
    name: str | None


class AuditRecords(Answer):
    records: list[AuditRecord]
    before: int | None


class Verdict(Answer):
    ok: bool
    problem: str | None
    records: int


# The door and its settings

class Seconds(Sent):
    seconds: Annotated[float, Field(ge=0.05, le=300, allow_inf_nan=False)] | None = None


class Unlock(Seconds):
    passphrase: Passphrase


class Released(Answer):
    seconds: float


class Health(Answer):
    status: dict[str, Any]
    temperature: float | None
    storage: dict[str, int] | None
    last_backup: float | None
    version: str


class Models(Answer):
    models: list[dict[str, Any]]


if TYPE_CHECKING:
    OpenKey = str
else:
    OpenKey = Literal[tuple(f"{section}.{key}" for section, keys in OPEN.items() for key in keys)]


class SettingsChange(Sent):
    """Values by "section.key"; null is the settings file's own again."""

    changes: Annotated[dict[OpenKey, Any], Field(min_length=1, max_length=200)]


class SettingsRow(Answer):
    key: str


class SettingsDiff(Answer):
    rows: list[SettingsRow]
    restart: bool


class SettingsNow(Answer):
    settings: dict[str, dict[str, Any]]
    overlay: dict[str, Any]
    closed: list[str]
    restart: bool


# Backups

class NewBackup(Sent):
    passphrase: Annotated[str, Field(min_length=8, max_length=1000, json_schema_extra={"format": "password"})]


class Backup(Answer):
    id: str
    size: int
    people: int


class From(Asked):
    at: Annotated[int, Field(ge=0, le=1 << 31)] = 0


class Piece(Answer):
    """`at`: where the next piece begins, null after the last."""

    piece: str
    at: int | None
