"""The daemon in this process, with a real lock on mock pins and parts that break on command."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_face.access import Decision
from edge_face.access.clock_trust import ClockSigns
from edge_face.access.policy_state import Claim, Prompt
from edge_face.audit import Sealer, read_entries
from edge_face.door.mock import EdgeRecorder
from edge_face.errors import EdgeFaceError, ModelError, ServiceError, StoreError
from edge_face.service import daemon as daemon_module
from edge_face.service.books import Roster
from edge_face.service.control import ControlSocket, NoPlaceError
from edge_face.service.daemon import Daemon
from edge_face.service.frames import FeedHealth
from edge_face.service.senses import ClockKeeper
from edge_face.service.small_board import small
from edge_face.settings import (
    CameraSettings,
    DecisionSettings,
    DoorSettings,
    RecorderSettings,
    ServiceSettings,
    Settings,
    StoreSettings,
)
from edge_face.types import Box, Frame, Liveness, LiveVerdict, Match, Quality, Scene, Track, TrackState


def eventually(condition: Callable[[], object], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.005)


class LiveFeed:
    """A picture every 20 ms, until it dies."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.alive, self.closed = True, False
        self.image = np.zeros((480, 640, 3), np.uint8)

    def start(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def latest(self, after_index: int, timeout: float) -> Frame | None:
        if not self.alive:
            time.sleep(min(timeout, 0.02))
            return None
        while (index := int((time.monotonic() - self.begun) / 0.02)) <= after_index:
            time.sleep(0.005)
        return Frame(index, time.monotonic(), time.time(), self.image)

    def meter(self, boxes: Sequence[Box]) -> None: ...

    @property
    def ended(self) -> bool:
        return False

    @property
    def health(self) -> FeedHealth:
        return FeedHealth(self.alive, "running" if self.alive else "stalled", "" if self.alive else "it hangs")


class FakePipeline:
    """Sees `person` in the intent zone, or breaks."""

    def __init__(self) -> None:
        self.gallery: Any = None
        self.claim: str | None = None
        self.watch: int | None = None
        self.person: str | None = None
        self.broken = False

    def process(self, frame: Frame) -> Scene:
        if self.broken:
            raise RuntimeError("no numbers")
        landmarks = np.array([[300, 200], [360, 200], [330, 235], [308, 270], [352, 270]], np.float32)
        match = Match(self.person, None, 0.9 if self.person else 0.1, 0.5, 0.0, frame.monotonic)
        track = Track(1, Box(280, 150, 100, 140), landmarks, 0.95, TrackState.CONFIRMED, 9, 0, quality=Quality(1, 1, 1, 1, 1, 60, 0, 0, 0),
                      match=match, matched_at=frame.monotonic, judged=True, vote=self.person,
                      liveness=Liveness(LiveVerdict.LIVE, 0.99, 9))
        return Scene(frame.index, frame.monotonic, frame.wall, 640, 480, (track,) if self.person else ())

    def reset(self) -> None: ...


class FakeBooks:
    def __init__(self) -> None:
        self.written: list[str] = []
        self.closed = self.broken = False
        self.kept: dict[str, dict[str, Any]] = {}

    def roster(self, models: Any) -> Roster:
        return Roster(object(), 1, frozenset({"p1"}), "one", "as measured", True)  # type: ignore[arg-type]

    def write(self, decision: Decision) -> None:
        if self.broken:
            raise StoreError("disk full")
        self.written.append(decision.kind.value)

    def tidy(self, wall: float) -> None: ...

    def command(self, name: str, arguments: Mapping[str, Any]) -> Any: ...

    def record(self, kind: str) -> dict[str, Any] | None:
        return self.kept.get(kind)

    def keep(self, kind: str, value: Mapping[str, Any]) -> None:
        self.kept[kind] = dict(value)

    def prove(self) -> None:
        pass

    def regain(self) -> bool:
        return True

    def spend(self, visitor: str) -> bool:
        return False

    def audit_key(self) -> bytes:
        return bytes(32)

    trouble = ""

    def take_change(self) -> bool:
        return False

    def events(self, last: int) -> list[dict[str, Any]]:
        return []

    def event(self, number: int | None) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        self.closed = True


class House:
    """A daemon in a thread."""

    def __init__(self, folder: Path, door: DoorSettings, **changes: Any) -> None:
        settings = Settings(store=StoreSettings(folder=str(folder)), door=door, camera=CameraSettings(source="usb:0"),
                            decision=DecisionSettings(assurance="face"))
        self.pins, self.feed, self.pipeline, self.books = EdgeRecorder(), LiveFeed(), FakePipeline(), FakeBooks()
        self.daemon = Daemon(replace(settings, **changes), pins=self.pins, feed=self.feed, books=lambda settings: self.books,
                             build=lambda models, roster: self.pipeline, keeper=ClockKeeper(lambda: ClockSigns(kernel=True)))
        self.result: list[int | BaseException] = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.result.append(self.daemon.run())
        except BaseException as error:
            self.result.append(error)

    def levels(self) -> list[int]:
        return [edge.level for edge in list(self.pins.edges) if edge.what == "edge" and edge.pin == "GPIO17"]

    def ended(self) -> int | BaseException:
        self.thread.join(30)
        assert not self.thread.is_alive()
        return self.result[0]

    def looks(self) -> None:
        """Waits until it runs."""
        eventually(lambda: self.result or (self.daemon.parts.policy is not None and self.daemon.parts.policy.first_at is not None))


@pytest.fixture(autouse=True)
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    class Models:
        live = None

        def describe(self) -> str:
            return "made up"

    monkeypatch.setattr(daemon_module, "load_models", lambda settings, bpcer: Models())


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, DoorSettings(pulse=10.0, exit_pin="GPIO27"))
    house.looks()
    yield house
    house.daemon.stop()
    house.thread.join(30)


def grant(house: House) -> None:
    house.pipeline.person = "p1"
    eventually(lambda: house.levels() == [1])
    house.pipeline.person = None


def test_a_grant_and_its_end(tmp_path: Path) -> None:
    house = House(tmp_path, DoorSettings(pulse=0.3))
    house.looks()
    house.pipeline.person = "p1"
    eventually(lambda: house.levels() == [1, 0])
    house.daemon.stop(7)
    assert house.ended() == 7
    assert house.levels() == [1, 0], "one grant for one approach"
    assert house.books.written[:2] == ["grant", "relock"] and house.books.closed and house.feed.closed
    assert house.pins.edges[-1].level == 0 and "freed" in {edge.what for edge in house.pins.edges}


def test_what_the_policy_asks_for_reaches_vision_lamps_and_status_without_a_name(house: House) -> None:
    policy = house.daemon.parts.policy
    assert policy is not None
    assert house.daemon.status()["door"]["prompt"] == {"what": None, "until": None}

    def asks() -> bool:
        now = time.monotonic()
        policy.state = replace(policy.state, claim=Claim("p7", "pin", now, now + 5), prompt=Prompt("left", "p7", 9, now + 5))
        return (house.pipeline.claim, house.pipeline.watch) == ("p7", 9)

    eventually(asks)

    def said() -> bool:
        asks()
        status = house.daemon.status()["door"]
        assert "p7" not in str(status)
        return status["prompt"]["what"] == "left" and 0 < status["prompt"]["until"] <= 5

    eventually(said)
    signals = house.daemon.parts.signals
    assert signals is not None
    eventually(lambda: asks() and house.daemon.parts.ask() is None and signals._signals._asked is not None)
    policy.state = replace(policy.state, claim=None, prompt=None)
    eventually(lambda: house.pipeline.claim is None and house.pipeline.watch is None)


def test_what_a_grant_rests_on_is_in_the_audit_log_from_the_start(house: House) -> None:
    house.daemon.stop()
    assert house.ended() == 0
    records = [entry.record for entry in read_entries(Path(house.daemon.settings.store.folder) / "audit")]
    assert [(record.authority, record.details["level"]) for record in records if record.kind == "assurance"] == [("owner", "face")]


def test_each_grant_says_sealed_whether_somebody_was_forced(house: House) -> None:
    grant(house)
    house.daemon.stop()
    assert house.ended() == 0
    records = [entry.record for entry in read_entries(Path(house.daemon.settings.store.folder) / "audit")]
    granted, = (record for record in records if record.kind == "grant")
    assert granted.sealed is not None and Sealer(house.books.audit_key()).opened(granted.sealed) is False


def test_the_exit_button_works_while_the_camera_is_dead_and_vision_broken(house: House) -> None:
    house.feed.alive = False
    house.pins.press("GPIO27")
    eventually(lambda: house.levels() == [1])
    eventually(lambda: "exit" in house.books.written)
    assert not house.daemon.health().healthy and "it hangs" in house.daemon.health().summary
    house.pins.let_go("GPIO27")
    assert house.thread.is_alive(), "a dead camera is no reason to stop"
    house.daemon.stop()
    assert house.ended() == 0 and house.levels() == [1, 0]


def test_vision_that_fails_while_the_door_is_released_locks_it(house: House) -> None:
    grant(house)
    house.pipeline.broken = True
    eventually(lambda: house.levels() == [1, 0])
    house.pins.press("GPIO27")
    eventually(lambda: house.levels() == [1, 0, 1])
    time.sleep(0.2)
    assert house.levels() == [1, 0, 1], "who wants out is not locked in by a broken camera"
    assert house.thread.is_alive()


@pytest.mark.parametrize("thread", ["door", "policy"])
def test_a_control_thread_that_fails_ends_the_door_locked(house: House, thread: str, caplog: pytest.LogCaptureFixture) -> None:
    grant(house)
    part = getattr(house.daemon.parts, thread)

    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    with caplog.at_level(logging.CRITICAL, "edge_face"):
        setattr(part, "_patience" if thread == "door" else "_tick", breaks)
        setattr(part, "_obey" if thread == "door" else "_seen", breaks)
        error = house.ended()
    assert isinstance(error, ServiceError) and "ZeroDivisionError in one of its threads" in str(error)
    assert house.levels() == [1, 0] and house.pins.edges[-1].level == 0
    assert any("a thread failed" in record.message for record in caplog.records)


def test_a_control_thread_that_hangs_ends_the_door_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_module, "LIMITS", {"door": 3.0, "policy": 0.8, "store": 60.0, "audit": 60.0})
    house = House(tmp_path, DoorSettings(pulse=20.0))
    house.looks()
    grant(house)
    go_on = threading.Event()
    house.daemon.parts.policy._seen = lambda sight: go_on.wait(30)  # type: ignore[assignment, union-attr]
    error = house.ended()
    assert isinstance(error, ServiceError) and "the policy thread has been silent" in str(error)
    assert house.levels() == [1, 0]
    go_on.set()


def test_a_door_thread_that_hangs_does_not_keep_the_door_open(tmp_path: Path) -> None:
    house = House(tmp_path, DoorSettings(pulse=0.5))
    house.looks()
    go_on = threading.Event()
    door = house.daemon.parts.door
    assert door is not None
    obey = door._obey

    def hangs(order: Any) -> None:
        obey(order)
        go_on.wait(30)

    door._obey = hangs  # type: ignore[method-assign]
    house.pipeline.person = "p1"
    eventually(lambda: house.levels() == [1, 0])
    go_on.set()
    house.daemon.stop()
    house.ended()


def test_a_disk_that_is_full_does_not_end_the_door(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.books.broken = True
    grant(house)
    eventually(lambda: any("disk full" in record.message for record in caplog.records))
    assert house.thread.is_alive()


@pytest.mark.parametrize("error", [StoreError("the store is corrupt"), ModelError("a digest differs")])
def test_what_keeps_it_from_starting_leaves_the_pin_safe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: EdgeFaceError) -> None:
    def fails(*_: object) -> Any:
        raise error

    if isinstance(error, ModelError):
        monkeypatch.setattr(daemon_module, "load_models", fails)
    pins = EdgeRecorder()
    settings = Settings(store=StoreSettings(folder=str(tmp_path)))
    with pytest.raises(type(error), match=str(error)):
        Daemon(settings, pins=pins, feed=LiveFeed(), books=fails if isinstance(error, StoreError) else lambda settings: FakeBooks()).run()
    assert [(edge.what, edge.level) for edge in pins.edges if edge.what != "input"] == [("claimed", 0), ("freed", 0)]


@pytest.mark.parametrize(("assurance", "says", "worries"), [
    ("face", '"face", a good photo or screen may open', True),
    ("face+challenge", '"face+challenge", a face must do what it is asked', False)])
def test_the_start_says_what_a_grant_rests_on(tmp_path: Path, caplog: pytest.LogCaptureFixture, assurance: str, says: str,
                                              worries: bool) -> None:
    caplog.set_level(logging.INFO)
    house = House(tmp_path, DoorSettings(), decision=DecisionSettings(assurance=assurance))
    house.looks()
    eventually(lambda: any(record.message.startswith("assurance: ") for record in caplog.records))
    said = next(record for record in caplog.records if record.message.startswith("assurance: "))
    assert says in said.message and (said.levelno == logging.WARNING) is worries
    assert says in house.daemon.status()["made_of"]["assurance"]
    house.daemon.stop()
    assert house.ended() == 0


def test_the_preview_is_written_and_hidden_at_the_end(tmp_path: Path) -> None:
    preview = tmp_path / "preview.jpg"
    house = House(tmp_path, DoorSettings(), service=ServiceSettings(preview_fps=20.0, preview_file=str(preview)))
    eventually(lambda: preview.exists())
    house.daemon.stop()
    assert house.ended() == 0 and preview.stat().st_size > 100


def test_small_settings() -> None:
    cut = small(Settings(service=ServiceSettings(preview_fps=5.0, preview_file="x")))
    assert cut.camera.detail_width == 0 and cut.service.preview_fps == 0 and cut.privacy.delay == 0
    assert cut.vision.threads == 1 and cut.vision.input == "320x240"
    recording = small(Settings(recorder=RecorderSettings(events=["alarm"], clips=True)))
    assert recording.recorder.events == ["alarm"] and not recording.recorder.clips
    assert recording.privacy.delay == Settings().privacy.delay, "what leaves the door waits for what later pictures teach"


def test_a_disk_without_place_for_the_socket_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_place(self: ControlSocket) -> None:
        raise NoPlaceError("the control socket cannot be made: Read-only file system")

    monkeypatch.setattr(ControlSocket, "open", no_place)
    house = House(tmp_path, DoorSettings(pulse=0.5))
    house.looks()
    grant(house)
    assert "Read-only file system" in house.daemon.health().summary
    house.daemon.stop()
    assert house.ended() == 0
