"""Clocks that jump, stand before their time, or change to summer time, against the real policy, clock judge and lock.

Everything runs in virtual time. There is a true time that the harness knows and a wall clock that is off from it by what somebody
or something did. Signs of the machine (kernel, RTC) are truthful. The oracle judges by true time, and computes windows in its
own, slow way. A release on limited rights must lie in its window by true time, but for what the judge lets pass: a minute
of a real-time clock and ten seconds of a jump.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from edge_face.access import Calendar, CodeFact, Inputs, PolicyRules, PolicyState, Rights, Window, step
from edge_face.access.clock_trust import ClockSigns
from edge_face.build_date import BUILD_DATE
from edge_face.clock import ManualClock
from edge_face.door import Lock, open_lock
from edge_face.door.mock import EdgeRecorder
from edge_face.errors import EdgeFaceError
from edge_face.service.consequences import LEASE, order_of
from edge_face.service.senses import ClockKeeper
from edge_face.settings import CameraSettings, DecisionSettings, DoorSettings, Settings

from .verdict import UNNAMED, Row, Trial

TICK = 0.5
LENGTH = 900.0
"""Seconds of each round."""
LENIENT = 75.0
"""Seconds by which a clock may be off and still be believed (RTC_APART, JUMP, and a tick)."""
LONGEST = 8.0
PIN = "GPIO17"
ZONES = ("Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca")
Judge = Callable[[ClockKeeper, float, float], bool]


@dataclass
class _World:
    """True time runs on with the monotonic clock; the wall clock is off by `off` seconds; `synced`: the network holds it right."""

    clock: ManualClock
    true: float
    off: float = 0.0
    synced: bool = False
    rtc: bool = False

    @property
    def wall(self) -> float:
        return self.true + self.off

    def signs(self) -> ClockSigns:
        return ClockSigns(kernel=self.synced and self.off == 0.0, stamp=None, rtc=self.true if self.rtc else None)


def clocks(trial: Trial, *, judge: Judge | None = None) -> Row:
    """`judge`: in place of the real one, to see this row fail."""
    row = Row("clock jumps, DST", "no release outside its window, none that does not end")
    row.count(UNNAMED, 0)
    for number in range(trial.rounds):
        _round(row, random.Random(trial.random.getrandbits(32)), number % 3 == 0, judge)
        row.rounds += 1
        trial.say(f"clocks {row.rounds} of {trial.rounds}, {row.broken} broken")
    return row


def _round(row: Row, luck: random.Random, dst: bool, judge: Judge | None) -> None:
    zone = ZoneInfo(luck.choice(ZONES))
    begin = _change_of(zone, luck) if dst else BUILD_DATE + luck.uniform(86_400, 5e7)
    begin -= LENGTH * luck.random()
    clock = ManualClock(1000.0)
    world = _World(clock, begin, synced=luck.random() < 0.7, rtc=luck.random() < 0.5)
    calendar = _calendar(zone, begin, luck)
    rights = {"timed": Rights(("shift",)), "until": Rights(since=begin, until=begin + LENGTH / 2), "once": Rights(uses=1), "free": Rights()}
    settings = Settings(camera=CameraSettings(source="none"), decision=DecisionSettings(assurance="code"), door=DoorSettings(
        kind="maglock", fail="safe", pulse=3.0, max_release=LONGEST, lock_pin=PIN, relock_on_open=False))
    rules = PolicyRules.from_settings(settings, rights, calendar)
    pins = EdgeRecorder(clock.monotonic)
    keeper = ClockKeeper(world.signs, "boot")
    with open_lock(settings.door, pins, clock.monotonic) as lock:
        scene = _Scene(row, luck, world, rules, calendar, zone, lock, keeper, judge or ClockKeeper.trusted)
        try:
            scene.play(dst)
        except Exception as error:
            if isinstance(error, EdgeFaceError):
                raise
            row.fails(f"{zone.key}: {type(error).__name__}: {error}")
    pins.close()


class _Scene:
    def __init__(self, row: Row, luck: random.Random, world: _World, rules: PolicyRules, calendar: Calendar, zone: ZoneInfo, lock: Lock,
                 keeper: ClockKeeper, judge: Judge) -> None:
        self.row, self.luck, self.world, self.rules, self.calendar, self.zone = row, luck, world, rules, calendar, zone
        self.lock, self.keeper, self.judge = lock, keeper, judge
        self.state = PolicyState()
        self.allowed_until = float("-inf")
        self.once = 0
        self.leased = float("-inf")

    def play(self, dst: bool) -> None:
        clock, world = self.world.clock, self.world
        end = clock.monotonic() + LENGTH
        while clock.monotonic() < end:
            if not dst and self.luck.random() < 0.002:
                self._jump()
            if self.luck.random() < 0.001:
                world.synced, world.off = True, 0.0  # the network is back and sets the clock
            who = self.luck.choice((*self.rules.rights, None)) if self.luck.random() < 0.04 else ""
            self._moment((CodeFact("pin", who),) if who != "" else (), self.luck.random() < 0.005)
        # Nobody does anything any more, and the clock is not to be believed: whatever is released must end.
        world.synced, world.rtc, world.off = False, False, -1e9
        quiet = clock.monotonic() + LONGEST + LEASE + 1.0
        while clock.monotonic() < quiet:
            self._moment((), False)
        if self.lock.released:
            self.row.fails(f"{self._when()}: a release does not end")

    def _jump(self) -> None:
        world = self.world
        kind = self.luck.randrange(5)
        if kind < 2:
            # Whoever wants to get in puts the clock into a window.
            window = self.luck.choice((*self.calendar.schedules["shift"], *self.calendar.hold_open))
            shown = datetime.datetime.fromtimestamp(world.true, self.zone)
            world.off = (window.start - shown.hour * 60 - shown.minute + self.luck.uniform(0, 3)) * 60 + 86_400 * self.luck.randint(-3, 3)
        elif kind < 4:
            world.off = self.luck.choice((3.0, 30.0, 3600.0, 86_400.0, 3e7)) * self.luck.uniform(-1.5, 1.5)
        else:
            world.off = BUILD_DATE - 1e8 - world.true
        world.synced = False
        self.row.count("jumps")

    def _moment(self, codes: tuple[CodeFact, ...], pressed: bool) -> None:
        world, clock = self.world, self.world.clock
        clock.sleep(TICK)
        world.true += TICK
        now = clock.monotonic()
        self.keeper.look(now, world.wall)
        trusted = self.judge(self.keeper, now, world.wall)
        self.state, decisions = step(self.state, Inputs(now, world.wall, trusted, exit_pressed=pressed, codes=codes), self.rules)
        for decision in decisions:
            order = order_of(decision, now, now)
            if order is None:
                continue
            if order.seconds is None:
                self.lock.secure()
                continue
            self.lock.release(order.seconds, order.authority)
            self.allowed_until = now + LONGEST
            self.row.count(f"released by {order.authority}")
            if decision.person is not None:
                self._judge_entry(decision.person)
        standing = self.state.standing
        if standing is not None:
            self.row.count("seconds held open", TICK)
        if standing is not None and now - self.leased >= 1.0:
            self.leased = now
            self.lock.release(LEASE, standing.value, lease=True)
        self.lock.tick()
        if self.lock.released and now > self.allowed_until and not self._holds():
            self.row.count(UNNAMED)
            late = now - self.allowed_until + LONGEST
            self.row.fails(f"{self._when()}: still released {late:.1f} s after the last word, in no hold-open window")
            self.allowed_until = float("inf")  # told once

    def _judge_entry(self, person: str) -> None:
        true, rights = self.world.true, self.rules.rights[person]
        if rights.schedules and not any(_within(w, self.zone, at) for at in _about(true) for w in self.calendar.schedules["shift"]):
            self.row.fails(f"{self._when()}: '{person}' entered outside the window")
        if rights.until is not None and not true < rights.until + LENIENT:
            self.row.fails(f"{self._when()}: '{person}' entered after the end")
        if rights.uses is not None:
            self.once += 1
            if self.once > rights.uses:
                self.row.fails(f"{self._when()}: '{person}' entered {self.once} times of {rights.uses}")

    def _holds(self) -> bool:
        moments = (*_about(self.world.true), self.world.true - LEASE - TICK)
        return any(_within(window, self.zone, at) for at in moments for window in self.calendar.hold_open)

    def _when(self) -> str:
        return f"{self.zone.key} {datetime.datetime.fromtimestamp(self.world.true, self.zone)}, clock off by {self.world.off:.0f} s"


def _about(true: float) -> tuple[float, ...]:
    return (true - LENIENT, true, true + LENIENT)


def _within(window: Window, zone: ZoneInfo, at: float) -> bool:
    """Is the window open? A time of day is the first moment at which the clock shows it or a later one: so in the hour that is
    shown twice, the latest that was shown so far counts."""
    shown = max(datetime.datetime.fromtimestamp(at - 60 * back, zone).replace(tzinfo=None, fold=0) for back in range(150))
    for days_back in (0, 1):
        day = (shown - datetime.timedelta(days=days_back)).replace(hour=0, minute=0, second=0, microsecond=0)
        if day.weekday() not in window.days:
            continue
        length = window.end - window.start if window.end > window.start else window.end - window.start + 1440
        if day + datetime.timedelta(minutes=window.start) <= shown < day + datetime.timedelta(minutes=window.start + length):
            return True
    return False


def _calendar(zone: ZoneInfo, begin: float, luck: random.Random) -> Calendar:
    """Windows whose edges lie in the round, so that being wrong shows."""
    def window() -> Window:
        local = datetime.datetime.fromtimestamp(begin + luck.uniform(-0.5, 1.2) * LENGTH, zone)
        start = local.hour * 60 + local.minute
        return Window(frozenset(range(7)), start % 1440, (start + luck.randint(2, 6)) % 1440)

    return Calendar(zone.key, {"shift": (window(), window())}, hold_open=(window(),) if luck.random() < 0.6 else ())


def _change_of(zone: ZoneInfo, luck: random.Random) -> float:
    """A moment at which the zone's clock is put forward or back; any moment where it never is."""
    at = BUILD_DATE + luck.uniform(0, 3e7)
    for hour in range(24 * 366):
        before, after = (datetime.datetime.fromtimestamp(at + 3600 * (hour + k), zone).utcoffset() for k in (0, 1))
        if before != after:
            return at + 3600 * (hour + 0.5)
    return at


def gullible(keeper: ClockKeeper, monotonic: float, wall: float) -> bool:
    """A judge that believes every clock."""
    return True


__all__ = ["clocks", "gullible"]
