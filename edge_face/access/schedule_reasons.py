"""Why somebody may enter at some time, or may not: codes, sentences and values, in the way of `edge_face.access.reasons`."""

from __future__ import annotations

from edge_face.access.reasons import Reason


def in_hours(schedule: str, holiday: bool) -> Reason:
    return Reason("in-hours", f"within the hours of '{schedule}'" + (" for holidays" if holiday else ""), {"schedule": schedule})


def outside_hours(schedules: tuple[str, ...], holiday: bool) -> Reason:
    """`holiday`: it is one, so that only the hours for holidays count."""
    named = ", ".join(f"'{name}'" for name in schedules)
    return Reason("outside-hours", f"outside the hours of {named}" + (" (today is a holiday)" if holiday else ""), {"schedules": schedules})


def no_schedule(missing: tuple[str, ...]) -> Reason:
    """Limited to schedules or groups that are not defined."""
    what = ", ".join(f"'{name}'" for name in missing) or "the groups given"
    return Reason("no-schedule", f"limited to hours that are not defined ({what}): edge-face schedule set", {"missing": missing})


def too_early(since: float) -> Reason:
    return Reason("too-early", "not valid yet", {"since": since})


def expired(until: float) -> Reason:
    return Reason("expired", "not valid any more", {"until": until})


def used_up(uses: int) -> Reason:
    return Reason("used-up", f"valid for {uses} {'entry' if uses == 1 else 'entries'}, all used", {"uses": uses})


def clock_untrusted() -> Reason:
    return Reason("clock-untrusted", "the clock is not to be believed, and entry is limited to certain times: edge-face clock set", {})


def no_time() -> Reason:
    return Reason("clock-odd", "the clock shows no time that can be, and entry is limited to certain times: edge-face clock set", {})


def no_zone(zone: str) -> Reason:
    return Reason("no-zone", f"the time zone '{zone}' is not known here: set [access] timezone, and install tzdata", {"zone": zone})


def odd_rights() -> Reason:
    return Reason("odd-rights", "the limits of this entry cannot be understood: set them anew with edge-face schedule person", {})
