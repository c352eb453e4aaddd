"""Does this machine know the time, and will it after a power cut? Whoever has limited hours depends on it."""

from __future__ import annotations

import time
from collections.abc import Iterator

from edge_face.access.clock_trust import RTC_APART, ClockTrust, judge
from edge_face.build_date import BUILD_DATE
from edge_face.clock_sources import ClockPaths, read_signs, real_time_clocks
from edge_face.doctor.check import Finding, Host, Status
from edge_face.errors import EdgeFaceError
from edge_face.settings import Settings

_SET = "sudo edge-face clock set 'YYYY-MM-DD HH:MM', or connect to a network once"


def clock(host: Host, settings: Settings) -> Iterator[Finding]:
    """Set, synchronised, confirmed; a real-time clock that works; a time zone that is known."""
    now = host.wall()
    yield from _time(host, settings, now)
    yield from _rtc(host, now)
    yield from _zone(settings)


def _time(host: Host, settings: Settings, now: float) -> Iterator[Finding]:
    if now < BUILD_DATE:
        yield Finding("clock", Status.FAIL, f"the clock shows {_day(now)}, before this program was built: whoever has limited hours is not "
                      "let in", _SET)
        return
    said = host.run(["timedatectl", "show", "-p", "NTPSynchronized", "--value"]).strip()
    signs = read_signs(ClockPaths().under(host.root), lambda: {"yes": True, "no": False}.get(said))
    _, trusted, why = judge(ClockTrust(), 0.0, now, signs)
    said_by_door = _door_believes(settings)
    if trusted and (said_by_door is None or said_by_door[0]):
        yield Finding("clock", Status.OK, f"the clock is set: {why}")
        return
    if said_by_door is not None:
        believed, why = said_by_door
        yield Finding("clock", Status.OK if believed else Status.WARN,
                      f"the door {'believes' if believed else 'does not believe'} the clock: {why}",
                      "" if believed else "when it is right: sudo edge-face clock set")
        return
    yield Finding("clock", Status.NOTE, "the clock is set, but neither a network nor a real-time clock has confirmed it: whoever has "
                  "limited hours is let in only after the owner said that it is right", "edge-face clock show tells whether that was "
                  "done; sudo edge-face clock set does it, sudo timedatectl set-ntp true where there is a network")


def _door_believes(settings: Settings) -> tuple[bool, str] | None:
    """What the running door says, None when it cannot be asked: that is another check's."""
    from edge_face.service.client import daemon_for

    try:
        client = daemon_for(settings)
        answer = client.call("clock.show") if client is not None else None
    except EdgeFaceError:
        return None
    return (bool(answer["trusted"]), str(answer["why"])) if isinstance(answer, dict) and {"trusted", "why"} <= set(answer) else None


def _rtc(host: Host, now: float) -> Iterator[Finding]:
    clocks = real_time_clocks(ClockPaths().under(host.root))
    pi5 = host.pi_model.startswith(("Raspberry Pi 5", "Raspberry Pi 500", "Raspberry Pi Compute Module 5"))
    if not clocks:
        yield Finding("rtc", Status.NOTE, "no real-time clock: after a power cut without network the time is not known",
                      "fit a battery to the board's J5 and look for dtparam=rtc=off in /boot/firmware/config.txt" if pi5 else
                      "add a DS3231 and, in /boot/firmware/config.txt, dtoverlay=i2c-rtc,ds3231")
        return
    first = clocks[0]
    named = f"{first.device} ({first.name})" if first.name else first.device
    battery = "fit its battery (J5, and dtparam=rtc_bbat_vchg=3000000 for the rechargeable one)" if pi5 else "look after its battery"
    if first.seconds is None:
        yield Finding("rtc", Status.WARN, f"the real-time clock {named} does not tell the time: it was without power, or never set",
                      f"{battery}, then sudo hwclock --systohc")
    elif first.seconds < BUILD_DATE:
        yield Finding("rtc", Status.WARN, f"the real-time clock {named} shows {_day(first.seconds)}: it was "
                      "without power, or never set", f"{battery}, then sudo hwclock --systohc")
    elif abs(first.seconds - now) > RTC_APART:
        yield Finding("rtc", Status.WARN, f"the real-time clock {named} and the clock are {abs(first.seconds - now):.0f} s apart",
                      "when the clock is right: sudo hwclock --systohc")
    else:
        yield Finding("rtc", Status.OK, f"the real-time clock {named} keeps the time without power, as long as its battery lasts")
    if pi5 and host.read(f"/sys/class/rtc/{first.device}/charging_voltage") == "0":
        yield Finding("rtc battery", Status.NOTE, "the board does not charge a battery of its real-time clock",
                      "with the rechargeable battery only: dtparam=rtc_bbat_vchg=3000000 in /boot/firmware/config.txt")


def _zone(settings: Settings) -> Iterator[Finding]:
    from edge_face.access.local_time import UnknownZoneError, zone_of

    try:
        zone_of(settings.access.timezone)
    except UnknownZoneError as error:
        yield Finding("time zone", Status.FAIL, f"{error}: whoever has limited hours is not let in",
                      "set [access] timezone to a name as Europe/Zurich, or sudo apt install tzdata")


def _day(wall: float) -> str:
    try:
        return time.strftime("%Y-%m-%d", time.gmtime(wall))
    except (OverflowError, ValueError, OSError):
        return "no day"
