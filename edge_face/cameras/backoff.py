"""When a capture process is started, ended and started again: a pure state machine over monotonic times.

    OPENING -> RUNNING -> STALLED -> BACKING_OFF (or GONE) -> OPENING -> ...
                  \\-> ENDED (a video file at its end)

`tick` is asked at least at `Status.deadline`; it answers with what is to be done. Nothing here reads a clock.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

BACK_OFF_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Waits after the first, second, ... failure in a row; the last one stays."""
STEADY_SECONDS = 60.0
"""After so long without a fault the failures before are forgotten."""


class CaptureState(enum.Enum):
    """How a capture process is doing."""

    OPENING = "opening"
    """A process has been started; it has not brought a frame yet."""
    RUNNING = "running"
    STALLED = "stalled"
    """It failed, or brings nothing new: it is being ended."""
    BACKING_OFF = "backing off"
    """Nothing runs; the camera is tried again soon."""
    GONE = "gone"
    """It failed so often in a row that it is tried every 30 seconds only: somebody has to look at it."""
    ENDED = "ended"
    """A video or a folder of pictures was played to its end. No fault."""
    CLOSED = "closed"
    """Not started, or closed."""


class Action(enum.Enum):
    """What the owner of the process has to do now."""

    NONE = "none"
    START = "start"
    TERMINATE = "terminate"
    KILL = "kill"
    ABANDON = "abandon"
    """Even SIGKILL does not end it (it hangs in the kernel): leave it and go on."""


@dataclass(frozen=True, slots=True)
class CaptureRules:
    """Seconds. `stall`: without a new frame; `open`: from the start of the process to its first frame; `grace`: from the
    request to end until SIGKILL; `death`: from SIGKILL until a process is given up."""

    stall: float = 2.0
    open: float = 15.0
    grace: float = 0.5
    death: float = 2.0


@dataclass(frozen=True, slots=True)
class Status:
    """`since`: when the state began; `deadline`: when `tick` has to be asked at the latest (None: never).

    `failures` in a row; `reopens` since the beginning; `steady_since`: first frame of this process; `killed`: SIGKILL is sent.
    """

    state: CaptureState
    reason: str
    since: float
    deadline: float | None
    failures: int = 0
    reopens: int = 0
    steady_since: float | None = None
    killed: bool = False


def begin(now: float) -> Status:
    """Before the first process: the next tick starts it."""
    return Status(CaptureState.BACKING_OFF, "", now, now, reopens=-1)


def on_frame(status: Status, now: float, rules: CaptureRules) -> Status:
    """A new frame came. Frames of a process that is being ended change nothing."""
    if status.state is CaptureState.OPENING:
        return replace(status, state=CaptureState.RUNNING, reason="", since=now, deadline=now + rules.stall, steady_since=now)
    if status.state is not CaptureState.RUNNING:
        return status
    steady = status.steady_since is not None and now - status.steady_since >= STEADY_SECONDS
    return replace(status, deadline=now + rules.stall, failures=0 if steady else status.failures)


def on_failure(status: Status, reason: str, now: float, rules: CaptureRules) -> Status:
    """The process says that it cannot go on; it has `grace` to end by itself."""
    if status.state not in (CaptureState.OPENING, CaptureState.RUNNING):
        return status
    return replace(status, state=CaptureState.STALLED, reason=reason, since=now, deadline=now + rules.grace, killed=False)


def on_end(status: Status, now: float) -> Status:
    """The process says that the file is at its end."""
    if status.state not in (CaptureState.OPENING, CaptureState.RUNNING):
        return status
    return replace(status, state=CaptureState.ENDED, reason="the file is at its end", since=now, deadline=None)


def on_exit(status: Status, reason: str, now: float) -> Status:
    """The process is gone. `reason` counts unless one was known before."""
    if status.state not in (CaptureState.OPENING, CaptureState.RUNNING, CaptureState.STALLED):
        return status
    failures = status.failures + 1
    wait = BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS)) - 1]
    state = CaptureState.GONE if failures >= len(BACK_OFF_SECONDS) else CaptureState.BACKING_OFF
    known = status.reason if status.state is CaptureState.STALLED else reason
    return replace(status, state=state, reason=known, since=now, deadline=now + wait, failures=failures, steady_since=None,
                   killed=False)


def tick(status: Status, now: float, rules: CaptureRules) -> tuple[Status, Action]:
    """What the time alone asks for."""
    if status.deadline is None or now < status.deadline:
        return status, Action.NONE
    match status.state:
        case CaptureState.BACKING_OFF | CaptureState.GONE:
            return replace(status, state=CaptureState.OPENING, since=now, deadline=now + rules.open,
                           reopens=status.reopens + 1), Action.START
        case CaptureState.OPENING:
            reason = f"the camera brought no picture within {rules.open:g} s of being opened"
            return on_failure(status, reason, now, rules), Action.TERMINATE
        case CaptureState.RUNNING:
            reason = f"the camera has brought no new picture for {rules.stall:g} s"
            return on_failure(status, reason, now, rules), Action.TERMINATE
        case CaptureState.STALLED if not status.killed:
            return replace(status, killed=True, deadline=now + rules.death), Action.KILL
        case CaptureState.STALLED:
            return on_exit(status, status.reason, now), Action.ABANDON
        case _:
            return replace(status, deadline=None), Action.NONE
