"""May the wall clock be believed? Pure: readings in, a state and a verdict out.

A Pi without a battery-backed clock does not know the time after a power cut. So after a boot the clock is believed only on a
ground: it was synchronised by network, a real-time clock kept it, or the owner said so. It is believed for as long as it runs
beside the monotonic clock; a clock that was put forward or back needs a new ground. A clock before the build date never has one.

    trust = restored(store.record("trusted-clock"), boot)          # at start
    trust, trusted, why = judge(trust, monotonic, wall, signs)     # at every look; signs now and then
    if save_due(trust, monotonic):                                 # seldom: the card has to last
        store.put_record("trusted-clock", trust_record(trust, monotonic, wall, boot))
        trust = saved(trust, monotonic)
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from edge_face.build_date import BUILD_DATE
from edge_face.errors import AccessError

KIND = "trusted-clock"
"""Of the store's record."""
JUMP = 10.0
"""Seconds by which the wall clock may leave the monotonic one before it was put forward or back."""
SLEW = 5e-4
"""And this share of the time that has passed: the most by which Linux lets a clock be slewed (500 ppm, adjtimex(2))."""
RTC_APART = 60.0
"""Seconds by which the real-time clock and the wall clock may differ: both count for themselves between two settings."""
SAVE_EVERY = 3600.0


class Ground(enum.Enum):
    """Why the clock is believed."""

    OWNER = "owner"
    NETWORK = "network"
    RTC = "rtc"


_GROUNDS = {Ground.OWNER: "set by the owner", Ground.NETWORK: "synchronised by network", Ground.RTC: "kept by the real-time clock"}


@dataclass(frozen=True, slots=True)
class ClockSigns:
    """What the machine says about its clock (`edge_face.clock_sources` reads it). `kernel`: the kernel holds it for synchronised,
    None when it may not be asked; `stamp`: when systemd-timesyncd last synchronised it, None: not since the boot; `rtc`: seconds
    since 1970 by the real-time clock, None without one or when it lost its power."""

    kernel: bool | None = None
    stamp: float | None = None
    rtc: float | None = None


@dataclass(frozen=True, slots=True)
class ClockTrust:
    """`floor`: a wall time that is over for certain. `anchor`: monotonic and wall time at one moment, from which both must
    have moved alike. `stamp`: the `ClockSigns.stamp` that was seen last; `saved`: monotonic time of the last record."""

    ground: Ground | None = None
    floor: float = BUILD_DATE
    anchor: tuple[float, float] | None = None
    jumped: bool = False
    stamp: float | None = None
    saved: float | None = None


def judge(state: ClockTrust, monotonic: float, wall: float, signs: ClockSigns | None = None, *,
          built: float = BUILD_DATE) -> tuple[ClockTrust, bool, str]:
    """The state after this look, whether the clock may be believed, and why (not), in words. `signs` may be left out at
    most looks, not at the first. Never raises."""
    if not math.isfinite(monotonic) or not math.isfinite(wall):
        return replace(state, ground=None, anchor=None, jumped=True), False, "the clock gives no number"
    if _jumped(state, monotonic, wall):
        state = replace(state, ground=None, anchor=(monotonic, wall), jumped=True)
    elif state.anchor is None:
        state = replace(state, anchor=(monotonic, wall))
    if wall < built:
        return replace(state, ground=None), False, "the clock was never set: it shows a time before this version was made"
    if signs is not None:
        state = _grounded(state, monotonic, wall, signs)
    if state.ground is None:
        return state, False, _trouble(state, wall)
    return state, True, _GROUNDS[state.ground]


def set_by_owner(state: ClockTrust, monotonic: float, wall: float, *, built: float = BUILD_DATE) -> ClockTrust:
    """The owner says that the clock is right now. Raises AccessError for a time before the build date."""
    if not math.isfinite(monotonic) or not math.isfinite(wall) or wall < built:
        raise AccessError("the clock shows a time before this version of edge-face was made: set it first, as in "
                          "sudo edge-face clock set '2027-01-31 12:00'")
    return replace(state, ground=Ground.OWNER, anchor=(monotonic, wall), floor=wall, jumped=False, saved=None)


def save_due(state: ClockTrust, monotonic: float) -> bool:
    """Is it time to keep the state? Soon after a ground was found, then every hour."""
    return state.ground is not None and (state.saved is None or monotonic - state.saved >= SAVE_EVERY)


def saved(state: ClockTrust, monotonic: float) -> ClockTrust:
    return replace(state, saved=monotonic)


def trust_record(state: ClockTrust, monotonic: float, wall: float, boot: str) -> dict[str, Any]:
    """What is kept of a trusted clock, as JSON values. `boot`: the id of this boot, within which the monotonic clock counts on."""
    anchor = state.anchor or (monotonic, wall)
    return {"wall": wall, "boot": boot, "ground": state.ground.value if state.ground else None, "anchor": [*anchor], "stamp": state.stamp}


def restored(record: Mapping[str, Any] | None, boot: str) -> ClockTrust:
    """The state at the start of a program: within the same boot the ground still holds, after a boot only the floor is left.
    A record that cannot be understood is none."""
    if not isinstance(record, Mapping) or not _number(record.get("wall")):
        return ClockTrust()
    floor = max(BUILD_DATE, float(record["wall"]))
    anchor, stamp = record.get("anchor"), record.get("stamp")
    if not boot or record.get("boot") != boot or not isinstance(anchor, list) or len(anchor) != 2 or not all(map(_number, anchor)):
        return ClockTrust(floor=floor)
    ground = next((g for g in Ground if g.value == record.get("ground")), None)
    return ClockTrust(ground, floor, (float(anchor[0]), float(anchor[1])), stamp=float(stamp) if _number(stamp) else None)


def adopted(state: ClockTrust, record: Mapping[str, Any] | None, boot: str) -> ClockTrust:
    """A running program's state after the owner's word was written into the record by somebody else (`clock.set`). Whether the
    clock has run on undisturbed since, the next `judge` sees."""
    other = restored(record, boot)
    if other.ground is not Ground.OWNER or other.anchor is None:
        return state
    if state.ground is not None and state.anchor is not None and state.anchor[0] >= other.anchor[0]:
        return state
    return replace(other, stamp=other.stamp if state.stamp is None else state.stamp, saved=state.saved)


def _jumped(state: ClockTrust, monotonic: float, wall: float) -> bool:
    if state.anchor is None:
        return False
    passed = monotonic - state.anchor[0]
    return passed < 0 or abs(wall - state.anchor[1] - passed) > JUMP + SLEW * passed


def _grounded(state: ClockTrust, monotonic: float, wall: float, signs: ClockSigns) -> ClockTrust:
    """A clock that was put forward or back is no more the one that was synchronised: a new stamp is needed then, or the
    kernel's word, which it takes back when the clock is set by hand. Where the kernel says no, the stamp says nothing."""
    fresh = signs.stamp is not None and (signs.stamp != state.stamp or (state.ground is None and not state.jumped))
    # Kept, so that after a later jump it is known for an old one.
    state = replace(state, stamp=signs.stamp)
    if signs.kernel or (fresh and signs.kernel is None):
        # The network's time counts also where it is earlier than what was believed before.
        return replace(state, ground=Ground.NETWORK, floor=wall, anchor=(monotonic, wall), jumped=False)
    if state.ground is None and _kept(signs.rtc, wall, state.floor):
        return replace(state, ground=Ground.RTC, floor=max(state.floor, wall), anchor=(monotonic, wall), jumped=False)
    return state


def _kept(rtc: float | None, wall: float, floor: float) -> bool:
    """Has a real-time clock kept this time? One that lost its power shows another time, or one that is over."""
    return rtc is not None and abs(rtc - wall) <= RTC_APART and min(rtc, wall) >= floor - RTC_APART


def _trouble(state: ClockTrust, wall: float) -> str:
    if state.jumped:
        return "the clock was put forward or back"
    if wall < state.floor - RTC_APART:
        return "the clock shows a time that is over"
    return "nobody has confirmed the time since the boot: no network, no real-time clock, not the owner"


def _number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18  # not NaN either
