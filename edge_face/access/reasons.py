"""Why something was decided: a code for programs, a sentence for people, the numbers for both. Never a name.

Persons appear by their random ids in `values` only; whoever shows a reason decides whether their names may be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = float | int | str | tuple[str, ...] | None


@dataclass(frozen=True)
class Reason:
    """`code` stays the same from version to version."""

    code: str
    text: str
    values: Mapping[str, Value] = field(default_factory=dict)


def votes(agreeing: int, good: int, needed: int, of: int, window: float) -> Reason:
    return Reason("votes", f"{agreeing} of the last {good} good frames agree; {needed} of {of} within {window:g} s are needed",
                  {"agreeing": agreeing, "good": good, "needed": needed, "of": of, "window": window})


def matched(score: float, threshold: float) -> Reason:
    return Reason("matched", f"score {score:.3f}, {threshold:.3f} needed", {"score": score, "threshold": threshold})


def unknown(score: float, threshold: float, nearest: str | None) -> Reason:
    return Reason("unknown", f"nobody is similar enough: best score {score:.3f}, {threshold:.3f} needed",
                  {"score": score, "threshold": threshold, "nearest": nearest})


def unjudged(failing: tuple[str, ...]) -> Reason:
    what = ", ".join(failing) if failing else "too few frames"
    return Reason("quality", f"no frame was good enough to be compared ({what})", {"failing": failing})


def poor(failing: tuple[str, ...]) -> Reason:
    return Reason("quality", f"the latest frames were not good enough to be compared ({', '.join(failing)})", {"failing": failing})


def near(share: float, zone: float) -> Reason:
    return Reason("near", f"eyes {share:.1%} of the picture's width apart, zone from {zone:.1%}", {"share": share, "zone": zone})


def facing(yaw: float, limit: float) -> Reason:
    return Reason("facing", f"head turned {abs(yaw):.0f} degrees, zone up to {limit:.0f}", {"yaw": yaw, "limit": limit})


def stayed(seconds: float, dwell: float) -> Reason:
    return Reason("stayed", f"{seconds:.2f} s in the zone, {dwell:.2f} s needed", {"seconds": seconds, "dwell": dwell})


def company(others: int) -> Reason:
    who = "another face" if others == 1 else f"{others} other faces"
    return Reason("company", f"{who} stood in the zone, not granted", {"others": others})


def named_twice() -> Reason:
    return Reason("named-twice", "two faces in one picture are taken for the same person: neither is let in", {})


def failures(count: int, limit: int) -> Reason:
    return Reason("failures", f"{count} failed approaches in a row, rest after {limit}", {"count": count, "limit": limit})


def not_counted() -> Reason:
    return Reason("not-counted", "not counted as a failed approach: nothing was compared", {})


def resting(left: float) -> Reason:
    return Reason("resting", f"the door rests after failed approaches, {left:.0f} s to go; button and codes work", {"left": left})


def rest_over() -> Reason:
    return Reason("rest-over", "the rest is over, faces are let in again", {})


def exit_button() -> Reason:
    return Reason("exit-button", "the exit button was pressed", {})


def time_over(seconds: float) -> Reason:
    return Reason("time-over", f"released for {seconds:.1f} s", {"seconds": seconds})


def clock_fault() -> Reason:
    return Reason("clock", "the clock ran backwards or gave no number: everything starts anew, locked", {})
