"""The desk at which people enrol in the running door, with the real networks on the bundled people; and the first pass, which no picture
of the person passes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edge_face.clock import SystemClock
from edge_face.demo import clip_path, stills
from edge_face.errors import EnrolmentError, ServiceError, UsageError
from edge_face.media import VideoReader, read_picture
from edge_face.people import Gallery
from edge_face.people.guide import ASK, Prompt, Step
from edge_face.people.person import Consent, Given, Person, State
from edge_face.service.models import Models, load_models
from edge_face.service.web.enrol_sessions import records_of
from edge_face.service.web.enrolling import Enrolling, Tools, load_tools
from edge_face.service.web.first_pass import TEXTS, FirstPass
from edge_face.service.web.pixels import MOST_PIXELS, packed, pixels_of
from edge_face.service.web.prompt_keys import KEYS, key_of
from edge_face.settings import Settings
from edge_face.types import Frame, Image
from edge_face.vision.pipeline import VisionPipeline

SETTINGS = Settings()
GIVEN = Given(1.0, "in a test")


class Clock(SystemClock):
    """The real one, and so many seconds more."""

    ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@pytest.fixture(scope="module")
def tools() -> Tools:
    return load_tools(SETTINGS)


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models(SETTINGS.vision)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(tools: Tools, clock: Clock) -> Iterator[Enrolling]:
    made = Enrolling(SETTINGS, clock, load=lambda settings: tools)
    yield made
    made.stop()


def pictures(name: str) -> list[Image]:
    return [read_picture(path) for path in stills(name)]


def ready(desk: Enrolling, name: str) -> Any:
    session = desk.photos("invitation")
    for image in pictures(name)[:4]:
        desk.look(session, image)
    return session


def person_of(desk: Enrolling, name: str) -> Person:
    session = ready(desk, name)
    assert session.enrolled is not None
    made = Person("0123456789abcdef", name, State.PENDING, Consent(GIVEN), 1.0, session.enrolled.templates)
    desk.end(session, "finished")
    return made


# Enrolling


def test_photos_become_templates_and_nothing_is_shown_of_them(desk: Enrolling) -> None:
    session = ready(desk, "ben")
    shown = session.board.shown()
    assert (shown["phase"], shown["usable"], shown["templates"]) == ("ready", 4, 4)
    assert shown["alike"] > 0.5
    assert "embedding" not in str(shown)
    assert len(records_of(session)) == 4
    desk.end(session, "finished")
    with pytest.raises(EnrolmentError, match="not ready"):
        records_of(session)


def test_photos_of_two_people_are_no_enrolment(desk: Enrolling) -> None:
    session = desk.photos("invitation")
    desk.look(session, pictures("ben")[0])
    shown = desk.look(session, pictures("efua")[0])
    assert shown["phase"] == "running"
    assert "do not show one person" in shown["problem"]


def test_a_photo_without_a_face_says_so(desk: Enrolling) -> None:
    session = desk.photos("invitation")
    shown = desk.look(session, np.full((480, 640, 3), 90, np.uint8))
    assert (shown["prompt"]["key"], shown["usable"], shown["photos"]) == ("nobody", 0, 1)


def test_too_many_photos_are_refused(desk: Enrolling) -> None:
    session, nobody = desk.photos("invitation"), np.full((120, 160, 3), 90, np.uint8)
    for _ in range(12):
        desk.look(session, nobody)
    with pytest.raises(EnrolmentError, match="are enough"):
        desk.look(session, nobody)


def test_a_camera_is_guided_step_by_step(desk: Enrolling, clock: Clock) -> None:
    session = desk.guided("invitation")
    with VideoReader(clip_path("turn_live")) as reader:
        images = [image for index, _, image in reader if index % 2 == 0]
    keys = set()
    for _ in range(10):
        for image in images + images[::-1]:
            if session.board.phase != "running":
                break
            clock.ahead += 0.1
            keys.add(desk.look(session, image)["prompt"]["key"])
    assert session.board.phase == "ready", session.board.problem
    assert {"left", "right", "hold", "done"} <= keys
    assert "other" not in keys


def test_one_at_a_time(desk: Enrolling, clock: Clock) -> None:
    first = desk.guided("invitation")
    with pytest.raises(EnrolmentError, match=r"somebody else is enrolling just now: try again in (60|59) s"):
        desk.photos("device")
    clock.ahead = 61.0
    desk.photos("device")
    assert first.board.phase == "failed"


def test_whoever_goes_away_is_given_up(desk: Enrolling, clock: Clock) -> None:
    session = desk.guided("invitation")
    clock.ahead = 61.0
    eventually(lambda: session.board.phase == "failed")
    assert "nobody went on" in session.board.problem


def test_what_is_made_is_kept_for_whoever_reads_slowly(desk: Enrolling, clock: Clock) -> None:
    session = ready(desk, "ben")
    clock.ahead = 120.0
    time.sleep(0.7)
    assert len(records_of(session)) == 4
    clock.ahead = 1000.0
    eventually(lambda: session.board.phase == "failed")
    assert session.enrolled is None


def test_an_ended_session_is_nobodys(desk: Enrolling) -> None:
    session = desk.guided("door")
    desk.end(session)
    assert desk.session(session.id).board.phase == "cancelled"
    with pytest.raises(EnrolmentError, match="is over"):
        desk.session("another")


def test_a_door_without_a_camera_enrols_nobody(tools: Tools) -> None:
    with pytest.raises(EnrolmentError, match="no camera"):
        Enrolling(SETTINGS, SystemClock(), lambda: False, lambda settings: tools).photos("invitation")


def test_networks_that_do_not_load_are_said_and_tried_again(tools: Tools) -> None:
    tries = []

    def load(settings: Settings) -> Tools:
        tries.append(1)
        if len(tries) == 1:
            raise ServiceError("the card is gone")
        return tools

    desk = Enrolling(SETTINGS, SystemClock(), load=load)
    with pytest.raises(ServiceError, match="card is gone"):
        desk.photos("invitation")
    desk.photos("invitation")
    desk.stop()


def test_a_fault_in_a_session_ends_that_session_alone(desk: Enrolling) -> None:
    session = desk.photos("invitation")
    shown = desk.look(session, np.zeros((0, 0, 3), np.uint8))
    assert shown["phase"] == "failed"
    assert "the detector takes BGR pictures" in shown["problem"]
    assert desk.photos("invitation").board.phase == "running"


def test_the_networks_go_when_nobody_enrols(desk: Enrolling, clock: Clock) -> None:
    desk.end(desk.guided("door"))
    clock.ahead = 30.0
    eventually(lambda: not any(thread.name == "enrolling" for thread in threading.enumerate()))


def test_frames_of_the_door_are_for_sessions_at_the_door(desk: Enrolling) -> None:
    phone = desk.guided("invitation")
    desk.see(frame_of(pictures("ben")[0]), None)
    assert phone.board.number == 0
    assert desk.prompt is None
    desk.end(phone)
    door = desk.guided("door")
    desk.see(frame_of(pictures("ben")[0]), None)
    eventually(lambda: door.board.number > 0)
    assert desk.prompt is not None


# The first pass


def passing(clip: str, person: Person, tools: Tools, models: Models, frames: range, said: set[str] | None = None) -> FirstPass:
    """A clip before the door, to its end."""
    gallery = Gallery.build([], tools.model, 1e-4, tools.thresholds)
    assert models.live is not None
    models.live.clear()
    pipeline = VisionPipeline(SETTINGS, models.detector, models.embedder, gallery, live=models.live)
    admitted: list[str] = []
    session = FirstPass(person, tools.model, tools.thresholds, SETTINGS, tools.embedder, 1e9, admitted.append)
    with VideoReader(clip_path(clip)) as reader:
        for index, seconds, image in reader:
            if index not in frames:
                continue
            frame = Frame(index, seconds, 1e9 + seconds, image)
            session.see(frame, pipeline.process(frame))
            if said is not None:
                said.add(session.board.prompt["key"])
            if session.board.phase != "running":
                break
    assert (session.board.phase == "passed") == (admitted == [person.id])
    return session


def test_the_person_passes_alive(desk: Enrolling, tools: Tools, models: Models) -> None:
    session = passing("door", person_of(desk, "ben"), tools, models, range(40, 180))
    assert session.board.phase == "passed"


@pytest.mark.parametrize("clip", ["spoof_print", "spoof_screen"])
def test_a_picture_of_the_person_does_not(desk: Enrolling, tools: Tools, models: Models, clip: str) -> None:
    said: set[str] = set()
    session = passing(clip, person_of(desk, "ben"), tools, models, range(1000), said)
    assert session.board.phase != "passed"
    assert said & {"not_alive", "unsure"}, "it was near enough to be judged"


def test_somebody_else_does_not(desk: Enrolling, tools: Tools, models: Models) -> None:
    session = passing("door", person_of(desk, "efua"), tools, models, range(60, 120))
    assert session.board.phase == "running"


def test_vision_that_fails_lets_nobody_pass(desk: Enrolling, tools: Tools) -> None:
    admitted: list[str] = []
    session = FirstPass(person_of(desk, "ben"), tools.model, tools.thresholds, SETTINGS, tools.embedder, 1e9, admitted.append)
    for image in pictures("ben"):
        session.see(frame_of(image), None)
    assert (session.board.prompt["key"], admitted) == ("nearer", [])


def test_a_disk_that_refuses_the_pass_lets_nobody_in(desk: Enrolling, tools: Tools, models: Models) -> None:
    person = person_of(desk, "ben")

    def full(who: str) -> None:
        raise ServiceError("the disk is full")

    session = desk.first_pass(person, full)
    gallery = Gallery.build([], tools.model, 1e-4, tools.thresholds)
    assert models.live is not None
    models.live.clear()
    pipeline = VisionPipeline(SETTINGS, models.detector, models.embedder, gallery, live=models.live)
    with VideoReader(clip_path("door")) as reader:
        for index, seconds, image in reader:
            if index in range(60, 130) and session.board.phase == "running":
                frame = Frame(index, seconds, 1e9 + seconds, image)
                desk.see(frame, pipeline.process(frame))
                time.sleep(0.02)
    assert (session.board.phase, session.board.problem) == ("failed", "the disk is full")


def test_templates_of_another_embedder_cannot_pass(desk: Enrolling) -> None:
    person = person_of(desk, "ben")
    other = replace(person, templates=tuple(replace(template, model="another") for template in person.templates))
    with pytest.raises(EnrolmentError, match="another embedder"):
        desk.first_pass(other, lambda who: None)
    assert desk.first_pass(person, lambda who: None).board.phase == "running", "the desk is free"


# Bare pixels, and words


def test_pixels_come_back_as_they_were_sent() -> None:
    image = np.arange(64 * 80 * 3, dtype=np.uint64).astype(np.uint8).reshape(64, 80, 3)
    assert np.array_equal(pixels_of(80, 64, packed(image)), image)


@pytest.mark.parametrize(("width", "height", "pixels"), [(80, 64, "AAAA"), (80, 64, "not base64!"), (63, 64, ""), (1281, 64, ""),
                                                         (1280, 1280, ""), (64, 64, "é")])
def test_pixels_that_are_none(width: int, height: int, pixels: str) -> None:
    assert MOST_PIXELS == 1280 * 960
    with pytest.raises(UsageError):
        pixels_of(width, height, pixels)


def test_every_sentence_of_the_guide_has_words_on_the_pages() -> None:
    from edge_face.kiosk.enrol_words import PROMPTS
    from edge_face.vision import quality

    assert set(KEYS.values()) | set(TEXTS) | {"far", "crowd", "gave_up", "passed"} <= set(PROMPTS)
    assert key_of("3 faces are in the picture: only one person may be") == "crowd"
    assert key_of(ASK[Step.UP]) == "up"
    blank = quality.Quality(0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0)
    for change in ({"brightness": 0.1}, {"brightness": 0.9}, {"contrast": 0.05}, {"side": 0.5}, {"side": -0.5}, {}, {"yaw": 40.0},
                   {"yaw": -40.0}, {"pitch": 40.0}, {"pitch": -40.0}, {"roll": 40.0}, {"eye_distance": 90.0}):
        for text in quality.advice(replace(blank, **change)):
            assert key_of(text) in PROMPTS, text
    assert key_of(Prompt("something new", None, 0.0).text) == "other"


def frame_of(image: Image) -> Frame:
    return Frame(1, time.monotonic(), time.time(), image)


def eventually(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.02)


