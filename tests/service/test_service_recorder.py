"""The recorder: which pictures of an event are kept, and what happens when there is none, no room, no number, no consent any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_face.access import Decision, Kind
from edge_face.access.reasons import Reason
from edge_face.clock import ManualClock
from edge_face.people import Consent, Given, Store
from edge_face.people.room import LITTLE
from edge_face.privacy.delay import Released
from edge_face.privacy.regions import Region
from edge_face.service import recorder as module
from edge_face.service import recorder_upkeep
from edge_face.service.books import Books, open_books
from edge_face.service.recorder import MIB, MOST_WAITING, PATIENCE, Recorder, sealer_of
from edge_face.service.recorder_upkeep import tidy_recordings
from edge_face.service.store_thread import StoreThread
from edge_face.settings import RecorderSettings, Settings, StoreSettings
from edge_face.types import Box, Frame, Match, Scene, Track, TrackState

EVERYTHING = RecorderSettings(events=["grant", "deny", "alarm", "code", "exit", "owner"])
FILMS = replace(EVERYTHING, clips=True, before=1.0, after=1.0, fps=5.0)
GIVEN = Given(1.0, "in a test")
WALL = 1_700_000_000.0


def eventually(condition: Callable[[], object], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.005)


def released(at: float, *known: str, hidden: tuple[int, ...] = ()) -> Released:
    """A frame with a track of each person; `hidden` are the numbers of tracks under a region."""
    marks = np.zeros((5, 2), np.float32)
    tracks = tuple(Track(n, Box(10, 10, 30, 40), marks, 0.9, TrackState.CONFIRMED, 9, 0, match=Match(who, who, 0.9, 0.5, 0.0, at))
                   for n, who in enumerate(known))
    image = np.full((60, 80, 3), int(at * 5) % 256, np.uint8)
    frame = Frame(int(at * 1000), at, WALL + at, image)
    regions = tuple(Region(Box(0, 0, 40, 50), "unknown", number) for number in hidden)
    return Released(frame, Scene(frame.index, at, frame.wall, 80, 60, tracks), regions)


def decided(kind: Kind, at: float, *codes: str) -> Decision:
    return Decision(kind, at, WALL + at, tuple(Reason(code, code) for code in codes))


class Bench:
    """A recorder over a real store in its own thread; the test is outlet, policy and clock."""

    def __init__(self, folder: Path, settings: RecorderSettings, seal: Any = None) -> None:
        self.settings = Settings(recorder=settings, store=StoreSettings(folder=str(folder)))
        self.clock = ManualClock(wall=WALL)
        with Store(folder) as store:
            self.ada = store.add("Ada", Consent(GIVEN, GIVEN), wall=1.0).id
        self.store: StoreThread[Books] = StoreThread(lambda: open_books(self.settings), lambda: None, self._failed)
        self.store.start()
        self.recorder = Recorder(settings, folder, self.clock, self.store.call, seal)
        self.recorder.start()
        self.failure: BaseException | None = None

    def _failed(self, error: BaseException) -> None:
        self.failure = error

    def ask(self, job: Callable[[Store], Any]) -> Any:
        return self.store.call(lambda books: books.ask(job))

    def event(self, kind: Kind, at: float, *codes: str, person: str | None = None) -> int:
        noted = self.recorder.hear(decided(kind, at, *codes))
        number: int = self.ask(lambda store: store.events.append("grant", WALL + at, person, {}))
        noted(number)
        return number

    def show(self, at: float, *known: str, hidden: tuple[int, ...] = (), jpeg: bytes | None = None) -> bool:
        """A picture comes from the outlet, if it is wanted; the clock goes on."""
        self.clock.sleep(at - self.clock.monotonic())
        found = released(at, *known, hidden=hidden)
        due = self.recorder.reel.due(at)
        if due:
            self.recorder.reel.put(found, found.frame.image, b"JPEG %.2f" % at if jpeg is None else jpeg)
        return due

    def kept(self) -> set[int]:
        numbers: set[int] = self.ask(lambda store: store.recordings.numbers())
        return numbers

    def close(self) -> None:
        self.recorder.stop()
        self.store.stop()
        assert self.failure is None


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(settings: RecorderSettings = EVERYTHING, seal: Any = None) -> Bench:
        made.append(Bench(tmp_path / f"store{len(made)}", settings, seal))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_an_event_gets_the_picture_of_its_moment(bench: Callable[..., Bench]) -> None:
    door = bench()
    assert not door.show(9.8), "nobody waits for a picture, so none is made"
    number = door.event(Kind.GRANT, 10.0)
    # The outlet is behind: what it lets go now was seen before.
    assert [door.show(at) for at in (9.9, 10.0, 10.1)] == [True, True, True]
    eventually(lambda: door.kept() == {number})
    opened = door.ask(lambda store: store.recordings.opened(number))
    assert opened.picture() == b"JPEG 10.00" and opened.times == [] and opened.wall == WALL + 10
    assert not door.show(10.3) and door.recorder.facts().kept == 1


def test_a_film_begins_before_its_event_and_ends_after_it(bench: Callable[..., Bench]) -> None:
    door = bench(FILMS)
    for tick in range(1, 26):
        door.show(tick / 5)
    number = door.event(Kind.DENY, 5.0)
    for tick in range(26, 31):
        assert door.kept() == set()
        door.show(tick / 5)
    eventually(lambda: door.kept() == {number})
    opened = door.ask(lambda store: store.recordings.opened(number))
    assert opened.times == pytest.approx([-1.0 + n / 5 for n in range(11)], abs=1e-6)
    assert opened.frame(0) == b"JPEG 4.00" and opened.frame(10) == b"JPEG 6.00" and opened.picture() == b"JPEG 5.00"


def test_only_what_is_asked_for_is_kept(bench: Callable[..., Bench]) -> None:
    door = bench(replace(EVERYTHING, events=["alarm", "exit"]))
    for kind in (Kind.GRANT, Kind.DENY, Kind.CODE, Kind.OWNER, Kind.ALARM_OVER, Kind.RELOCK, Kind.DURESS, Kind.OPENED, Kind.REST):
        door.event(kind, 1.0)
        assert not door.show(1.0)
    door.event(Kind.EXIT, 1.0, "exit-goes-on")
    assert not door.show(1.1), "a button that is held is one event after the other"
    wanted = [door.event(kind, 1.2) for kind in (Kind.ALARM, Kind.FIRE, Kind.EXIT)]
    door.show(1.2)
    eventually(lambda: door.kept() == set(wanted))


def test_whoever_is_seen_in_any_picture_of_a_film_is_noted(bench: Callable[..., Bench]) -> None:
    door = bench(FILMS)
    for at, who, hidden in ((4.0, ("aa" * 8,), (0,)), (4.2, (door.ada,), ()), (4.4, ("bb" * 8, door.ada), (0,)), (5.0, (), ())):
        door.show(at, *who, hidden=hidden)
    number = door.event(Kind.GRANT, 5.0)
    door.show(6.0)
    eventually(lambda: door.kept() == {number})
    facts = door.ask(lambda store: store.recordings.facts(number))
    assert facts.shown == {door.ada} and facts.owner is None


def test_who_was_forgotten_before_the_film_was_over_is_in_no_film(bench: Callable[..., Bench]) -> None:
    door = bench(FILMS)
    door.show(4.8, door.ada)
    number = door.event(Kind.GRANT, 5.0, person=door.ada)
    door.ask(lambda store: store.forget(door.ada, wall=WALL))
    door.show(6.0)
    later = door.event(Kind.EXIT, 8.0)
    door.show(9.0)
    eventually(lambda: door.kept() == {later})
    assert number not in door.kept() and not list((Path(door.settings.store.folder) / "recordings").glob(".*"))


def test_of_somebody_else_s_film_only_the_pictures_with_who_was_forgotten_are_left_out(bench: Callable[..., Bench]) -> None:
    door = bench(FILMS)
    for at, who in ((4.2, ()), (4.4, (door.ada,)), (5.0, (door.ada,)), (5.4, ())):
        door.show(at, *who)
    number = door.event(Kind.EXIT, 5.0)
    door.ask(lambda store: store.set_consent(door.ada, Consent(GIVEN, None)))
    door.show(6.0)
    eventually(lambda: door.kept() == {number})
    opened = door.ask(lambda store: store.recordings.opened(number))
    assert opened.times == pytest.approx([-0.8, 0.4, 1.0]) and opened.picture() == b"JPEG 5.40"
    assert door.ask(lambda store: store.recordings.facts(number)).shown == frozenset()
    door.ask(lambda store: store.recordings.drop_oldest(1))
    door.clock.sleep(61)
    eventually(lambda: door.recorder.facts().kept == 0)


def test_a_camera_that_brings_nothing_costs_a_picture_and_nothing_else(bench: Callable[..., Bench]) -> None:
    door = bench(FILMS)
    door.show(1.0)
    door.event(Kind.ALARM, 60.0)
    door.clock.sleep(PATIENCE + 2)
    eventually(lambda: door.recorder.facts().missed == 1)
    assert door.kept() == set(), "a picture of a minute ago is not of this event"


def test_an_event_that_was_not_written_has_no_picture(bench: Callable[..., Bench]) -> None:
    door = bench()
    door.recorder.hear(decided(Kind.GRANT, 1.0))(None)
    door.recorder.hear(decided(Kind.GRANT, 1.0))
    door.show(1.0)
    door.clock.sleep(PATIENCE + 1)
    eventually(lambda: door.recorder.facts().missed == 2)
    assert door.kept() == set()


def test_too_many_at_once_are_counted_and_nobody_waits(bench: Callable[..., Bench]) -> None:
    door = bench()
    for _ in range(MOST_WAITING + 3):
        door.recorder.hear(decided(Kind.DENY, 1.0))
    assert door.recorder.facts().missed == 3


def test_the_oldest_go_first_and_a_day_has_its_limit(bench: Callable[..., Bench]) -> None:
    door = bench(replace(EVERYTHING, quota=8))
    jpeg = bytes(3 * MIB)
    numbers = []
    for tick in range(1, 4):
        numbers.append(door.event(Kind.GRANT, float(tick)))
        door.show(float(tick), jpeg=jpeg)
        eventually(lambda tick=tick: door.recorder.facts().kept + door.recorder.facts().missed == tick)  # type: ignore[misc]
    assert door.kept() == set(numbers[:2]) and "quota was written in a day" in door.recorder.facts().trouble
    assert 6 * MIB < door.recorder.facts().written < 7 * MIB
    door.clock.sleep(90_000)
    eventually(lambda: not door.recorder.facts().trouble)
    now = door.clock.monotonic()
    fourth = door.event(Kind.GRANT, now)
    door.show(now, jpeg=jpeg)
    eventually(lambda: fourth in door.kept())
    assert door.kept() == {numbers[1], fourth}


def test_when_the_disk_is_nearly_full_the_oldest_give_way_then_none_is_kept(bench: Callable[..., Bench],
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    door = bench()
    first = door.event(Kind.GRANT, 1.0)
    door.show(1.0)
    eventually(lambda: door.kept() == {first})
    free = [LITTLE, LITTLE + 4096]
    monkeypatch.setattr(module, "free_bytes", lambda folder: free.pop(0) if free else 0)
    second = door.event(Kind.GRANT, 2.0)
    door.show(2.0)
    eventually(lambda: door.kept() == {second})
    door.event(Kind.GRANT, 3.0)
    door.show(3.0)
    eventually(lambda: "nearly full" in door.recorder.facts().trouble)
    assert door.kept() == set() and door.recorder.facts().missed == 1
    free += [1 << 40] * 9
    door.clock.sleep(61)
    eventually(lambda: not door.recorder.facts().trouble)


def test_a_door_that_stops_keeps_what_there_is(bench: Callable[..., Bench]) -> None:
    door = bench(FILMS)
    door.show(4.8)
    number = door.event(Kind.ALARM, 5.0)
    door.show(5.0)
    door.recorder.stop()
    opened = door.ask(lambda store: store.recordings.opened(number))
    assert opened.times == pytest.approx([-0.2, 0.0])


def test_hidden_faces_are_kept_for_the_owner_alone(bench: Callable[..., Bench], tmp_path: Path) -> None:
    from edge_face.opencv import cv2
    from edge_face.privacy.sealed import make_keys, open_faces, read_private_key

    public, _ = make_keys(tmp_path / "owner.key")
    settings = replace(EVERYTHING, originals=str(public))
    door = bench(settings, sealer_of(settings))
    found = released(1.0, door.ada, hidden=(0,))
    original = np.random.default_rng(0).integers(0, 256, found.frame.image.shape, np.uint8)
    hidden = original.copy()
    hidden[:50, :40] = 7
    number = door.event(Kind.DENY, 1.0)
    jpeg = cv2.imencode(".jpg", hidden)[1].tobytes()
    door.recorder.reel.put(replace(found, frame=replace(found.frame, image=original)), hidden, jpeg)
    eventually(lambda: door.kept() == {number})
    opened = door.ask(lambda store: store.recordings.opened(number))
    shown = cv2.imdecode(np.frombuffer(opened.picture(), np.uint8), cv2.IMREAD_COLOR)
    back = open_faces(shown, opened.original(), read_private_key(tmp_path / "owner.key"), visible=opened.picture()).image
    assert (back[:50, :40] == original[:50, :40]).all() and not (shown[:50, :40] == original[:50, :40]).all()


def test_a_sealed_face_goes_with_its_person(bench: Callable[..., Bench]) -> None:
    """Ada is known and hidden: her face lies in what is sealed, and nowhere else."""
    door = bench(EVERYTHING, lambda *_: b"sealed")
    numbers = []
    for at, who in ((1.0, door.ada), (2.0, "aa" * 8)):
        numbers.append(door.event(Kind.EXIT, at))
        door.show(at, who, hidden=(0,))
    eventually(lambda: door.kept() == set(numbers))
    facts = [door.ask(lambda store, number=number: store.recordings.facts(number)) for number in numbers]
    assert [(one.original, one.sealed) for one in facts] == [(True, {door.ada}), (False, frozenset())]
    door.ask(lambda store: store.forget(door.ada, wall=WALL))
    assert door.kept() == {numbers[1]}


def test_no_key_no_start(tmp_path: Path) -> None:
    from edge_face.errors import EdgeFaceError

    assert sealer_of(EVERYTHING) is None
    (tmp_path / "owner.pub").write_text("no key")
    with pytest.raises(EdgeFaceError, match=r"owner\.pub"):
        sealer_of(replace(EVERYTHING, originals=str(tmp_path / "owner.pub")))


def test_the_daily_upkeep_keeps_to_days_quota_and_room(bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch) -> None:
    door = bench()
    days = 86_400.0
    numbers = []
    for day in range(10):
        numbers.append(door.event(Kind.GRANT, day * days))
        door.show(day * days)
        eventually(lambda day=day: door.recorder.facts().kept == day + 1)  # type: ignore[misc]

    def tidy(**changes: Any) -> int:
        settings = replace(door.settings, recorder=replace(door.settings.recorder, **changes))
        gone: int = door.ask(lambda store: tidy_recordings(store.recordings, settings, WALL + 9.5 * days))
        return gone

    assert tidy(keep=7) == 3 and door.kept() == set(numbers[3:])
    door.settings = replace(door.settings, store=replace(door.settings.store, keep_events=5))
    assert tidy(keep=7) == 2, "a picture stays no longer than its event"
    monkeypatch.setattr(recorder_upkeep, "free_bytes", lambda folder: LITTLE - 1)
    assert tidy(keep=7) == 1 and door.kept() == set(numbers[6:])
