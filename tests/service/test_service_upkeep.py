"""What the main thread does from time to time; what is told to whom; what the policy asks for besides pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge_face.access import Alarm, CodeFact, Contact, Decision, Kind, PolicyState
from edge_face.access.clock_trust import ClockSigns
from edge_face.build_date import BUILD_DATE
from edge_face.clock import ManualClock
from edge_face.door.patterns import Pattern
from edge_face.service.frames import FeedHealth
from edge_face.service.senses import SIGNS_EVERY, ClockKeeper, DoorSenses
from edge_face.service.telling import Telling
from edge_face.service.upkeep import LASTS, TIDY, Upkeep
from edge_face.settings import HookSettings, ServiceSettings, Settings, StoreSettings

NOW = BUILD_DATE + 86_400.0


class Desk:
    """A daemon's face towards its upkeep, with everything written down."""

    def __init__(self, folder: Path, signs: ClockSigns) -> None:
        self.clock = ManualClock(1000.0, NOW)
        self.settings = Settings(store=StoreSettings(folder=str(folder)), hooks=HookSettings(command=["/bin/true"]))
        self.keeper = ClockKeeper(lambda: signs, boot="b1")
        self.done: list[str] = []
        self.troubles: list[str] = []
        self.store_says = ""
        self.kept: dict[str, Any] = {}
        self.patterns: list[frozenset[Pattern]] = []
        self.notifier = SimpleNamespace(watchdog=15.0, alive=lambda: self.done.append("alive"),
                                        status=lambda text: self.done.append("status"))
        self.parts = SimpleNamespace(
            ask=lambda: self.done.append("ask"),
            signals=SimpleNamespace(hold=lambda patterns: self.patterns.append(frozenset(patterns))), lock=SimpleNamespace(released=False),
            policy=SimpleNamespace(state=PolicyState(), first_at=None), store=SimpleNamespace(post=self._post),
            audit=SimpleNamespace(post=lambda job: self.done.append("prune")))
        self.born = 0.0
        self.telling = Telling(self.settings, lambda pattern: None, self._post)
        self.upkeep = Upkeep(self, self.telling)  # type: ignore[arg-type]

    def _post(self, job: Callable[[Any], None]) -> bool:
        job(SimpleNamespace(tidy=lambda wall: self.done.append("tidy"), regain=lambda: self.done.append("regain"),
                            keep=self.kept.__setitem__))
        return True

    def store_trouble(self) -> str:
        return self.store_says

    def health(self) -> Any:
        return SimpleNamespace(summary="fine", troubles=self.troubles)

    def run(self, seconds: float, step: float = 0.1) -> None:
        for _ in range(round(seconds / step)):
            self.clock.sleep(step)
            self.upkeep.look(self.clock.monotonic())

    def told(self) -> list[str]:
        return [json.loads(path.read_text())["what"] for path in sorted((Path(self.settings.store.folder) / "hooks").glob("*.json"))]


def test_the_watchdog_is_fed_well_within_its_time(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ClockSigns(kernel=True))
    desk.run(15.0)
    assert desk.done.count("alive") in range(14, 17) and desk.done.count("status") in (3, 4)


def test_what_is_old_goes_once_a_day_and_never_by_a_clock_that_is_not_believed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ClockSigns())
    desk.run(2 * TIDY, 600.0)
    assert "tidy" not in desk.done and "prune" not in desk.done
    desk = Desk(tmp_path, ClockSigns(kernel=True))
    desk.run(2 * TIDY, 600.0)
    assert desk.done.count("tidy") == 2 and desk.done.count("prune") == 2


def test_a_disk_that_refuses_is_asked_again_every_minute(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ClockSigns())
    desk.store_says = "the disk is full"
    desk.run(301, 1.0)
    assert desk.done.count("regain") in (5, 6) and "tidy" not in desk.done, "a clock that is not believed deletes nothing"


def test_a_clock_that_is_believed_is_kept_seldom_and_taken_up_by_the_next_run(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ClockSigns(kernel=True))
    desk.run(7300, 10.0)
    record = desk.kept["trusted-clock"]
    again = ClockKeeper(lambda: ClockSigns(), boot="b1")
    again.restore(record)
    assert again.trusted(desk.clock.monotonic(), desk.clock.wall()), "the same boot"
    other = ClockKeeper(lambda: ClockSigns(), boot="b2")
    other.restore(record)
    assert not other.trusted(5.0, desk.clock.wall()), "after a boot nobody knows the time"
    other.adopt(again.look(desk.clock.monotonic(), desk.clock.wall()))
    assert not other.believed


def test_signs_are_read_seldom() -> None:
    reads: list[int] = []

    def signs() -> ClockSigns:
        reads.append(1)
        return ClockSigns(kernel=True)

    keeper = ClockKeeper(signs, boot="b1")
    for tenth in range(int(SIGNS_EVERY * 10) + 1):
        keeper.look(100.0 + tenth / 10, NOW + tenth / 10)
    assert len(reads) == 2


def test_a_trouble_that_lasts_is_told_once_and_once_that_it_is_over(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ClockSigns(kernel=True))
    desk.troubles = ["the camera is gone"]
    desk.run(LASTS - 5)
    assert desk.told() == []
    desk.run(60)
    assert desk.told() == ["trouble"]
    desk.troubles = []
    desk.run(60)
    assert desk.told() == ["trouble", "trouble over"]


def test_lamps_say_what_is_true_now(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ClockSigns(kernel=True))
    desk.parts.lock.released = True
    desk.run(1)
    assert desk.patterns[-1] == {Pattern.RELEASED}
    desk.parts.lock.released = False
    desk.parts.policy.state = replace(PolicyState(), lockdown=True)
    desk.run(1)
    assert desk.patterns[-1] == {Pattern.LOCKDOWN}


@pytest.mark.parametrize("snapshot", [True, False])
def test_an_alarm_brings_the_hidden_picture_along_only_when_it_was_asked_for(tmp_path: Path, snapshot: bool) -> None:
    preview = tmp_path / "preview.jpg"
    preview.write_bytes(b"\xff\xd8 hidden")
    settings = Settings(store=StoreSettings(folder=str(tmp_path)), hooks=HookSettings(command=["/bin/true"], snapshot=snapshot),
                        service=ServiceSettings(preview_fps=1, preview_file=str(preview)))
    shown: list[Pattern | None] = []

    def post(job: Callable[[Any], None]) -> bool:
        job(None)
        return True

    telling = Telling(settings, shown.append, post)
    telling.tell(Decision(Kind.DENY, 1.0, NOW, ()))
    assert not list((tmp_path / "hooks").glob("*")), "nobody asked about refusals"
    telling.tell(Decision(Kind.ALARM, 1.0, NOW, (), alarm=Alarm.TAMPER))
    assert len(list((tmp_path / "hooks").glob("*.json"))) == 1 and len(list((tmp_path / "hooks").glob("*.jpg"))) == snapshot
    assert shown[0] is Pattern.DENIED


@pytest.mark.parametrize(("events", "told"), [(["alarm"], []), (["alarm", "duress"], ["duress"])])
def test_duress_is_told_to_whom_it_is_meant_for_and_shown_to_nobody(tmp_path: Path, events: list[str], told: list[str]) -> None:
    settings = Settings(store=StoreSettings(folder=str(tmp_path)), hooks=HookSettings(command=["/bin/true"], events=events))
    seen: list[object] = []

    def post(job: Callable[[Any], None]) -> bool:
        job(None)
        return True

    telling = Telling(settings, lambda pattern: seen.append(pattern) if pattern is not None else None, post, lambda: seen.append("ask"))
    telling.tell(Decision(Kind.DURESS, 1.0, NOW, (), person="0123456789abcdef"))
    assert seen == [], "lamps and buzzer are as they were"
    found = [json.loads(path.read_text()) for path in (tmp_path / "hooks").glob("*.json")]
    assert [event["kind"] for event in found] == told and "0123456789abcdef" not in json.dumps(found)
    telling.tell(Decision(Kind.PROMPT, 1.0, NOW, ()))
    assert seen == ["ask"] and len(list((tmp_path / "hooks").glob("*.json"))) == len(told)


def test_senses_before_and_after_there_are_inputs() -> None:
    feed: Any = SimpleNamespace(health=FeedHealth(True, "running"))
    keeper = ClockKeeper(lambda: ClockSigns(), boot="b1")
    def seen() -> tuple[object, ...]:
        return senses.contact, senses.fire, senses.tamper, senses.codes(), senses.seeing

    senses = DoorSenses(feed, keeper)
    senses.offer = lambda text, factor: senses.answered(CodeFact(factor, text))
    assert seen() == (None, False, False, (), True)
    inputs: Any = SimpleNamespace(contact=Contact.OPEN, fire=True, tamper=True, codes=lambda: [("pin", "481516")])
    senses.inputs = inputs
    assert seen() == (Contact.OPEN, True, True, (CodeFact("pin", "481516"),), True)
    senses.offer = None
    assert senses.codes() == (), "before anybody can look them up, codes are nobody's"
    assert not senses.trusted(1.0, NOW)
    assert DoorSenses(feed, keeper, film=True).trusted(1.0, 0.0)
