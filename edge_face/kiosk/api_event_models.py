"""What goes in and comes out of the API for events, their pictures and films."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge_face.kiosk.api_models import Answer, Asked, Moment, Words


class EventFilter(Asked):
    kind: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_.-]{0,31})?$")] = ""
    who: Words = ""
    since: Moment | None = None
    until: Moment | None = None
    before: Annotated[int, Field(ge=1, le=1 << 53)] | None = None


class Recording(Answer):
    """`frames`: of the film, 0 without one; `original`: are hidden faces kept, sealed for the owner?"""

    frames: int
    bytes: int
    original: bool


class EventPage(EventFilter):
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Event(Answer):
    """`picture`: is there one? `recording`: of a single event, what there is."""

    id: int
    wall: float
    kind: str
    person: str | None
    name: str | None
    picture: bool = False
    recording: Recording | None = None


class Events(Answer):
    events: list[Event]
    before: int | None
    kinds: list[str]


class EventPicture(Answer):
    """`jpeg`: in base64; everybody is hidden who did not agree to be seen. `frames`: how many the film has, 0 without one."""

    event: int
    wall: float
    jpeg: str
    frames: int


class Frame(Answer):
    """`at`: seconds from the event, below 0 before it."""

    at: float
    jpeg: str


class EventFilm(Answer):
    """`next` asks for the next pictures (as `at`); null after the last."""

    event: int
    wall: float
    frames: list[Frame]
    next: int | None


class SealedFaces(Answer):
    """`sealed`: in base64, to be opened with the owner's private key (docs/sealed-regions.md)."""

    event: int
    sealed: str
