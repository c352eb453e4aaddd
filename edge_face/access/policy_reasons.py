"""The reasons of the policy besides faces: exit, fire, owner, codes, times, leaf, alarms (`edge_face.access.reasons`)."""

from __future__ import annotations

from edge_face.access.reasons import Reason


def exit_goes_on(left: float) -> Reason:
    return Reason("exit-goes-on", f"the exit button was pressed before, {left:.1f} s of its time are left", {"left": left})


def exit_closed() -> Reason:
    return Reason("exit-closed", "lockdown, and the settings say that the exit button does not work in it", {})


def fire() -> Reason:
    return Reason("fire", "the fire input is on", {})


def fire_over() -> Reason:
    return Reason("fire-over", "the fire input is off again", {})


def owner() -> Reason:
    return Reason("owner", "the owner ordered it", {})


def bad_order(seconds: float) -> Reason:
    return Reason("bad-order", f"a door cannot be released for {seconds} s", {"seconds": repr(seconds)})


def lockdown() -> Reason:
    return Reason("lockdown", "lockdown: nobody is let in until the owner lifts it", {})


def hold_open() -> Reason:
    return Reason("hold-open", "a hold-open window has begun", {})


def hold_over() -> Reason:
    return Reason("hold-over", "the hold-open window is over", {})


def hold_coil(max_on: float) -> Reason:
    return Reason("hold-coil", f"no hold-open window: it would energise a coil that may be on for {max_on:g} s at most (door.max_on)",
                  {"max_on": max_on})


def blind() -> Reason:
    return Reason("blind", "the camera or vision does not work: what a face opened is locked", {})


def clock_untrusted() -> Reason:
    return Reason("clock-untrusted", "the date and time cannot be believed: whoever has limited times stays out until the clock is set", {})


def clock_trusted() -> Reason:
    return Reason("clock-trusted", "the date and time can be believed again", {})


def right_code(factor: str) -> Reason:
    return Reason("code", {"card": "a known card was shown", "visitor": "a visitor's code was given"}.get(factor, "a known code was given"),
                  {"factor": factor})


def wrong_code(factor: str) -> Reason:
    return Reason("wrong-code", "an unknown card was shown" if factor == "card" else "an unknown code was given", {"factor": factor})


def code_failures(count: int, limit: int) -> Reason:
    return Reason("code-failures", f"{count} wrong codes or cards in a row, rest after {limit}", {"count": count, "limit": limit})


def code_fault() -> Reason:
    return Reason("code-fault", "a code or card was given and could not be verified: the log says why", {})


def totp_clock() -> Reason:
    return Reason("totp-clock", "codes of an authenticator app do not count while the date and time cannot be believed", {})


def totp_used() -> Reason:
    return Reason("totp-used", "this code of an authenticator app was used before", {})


def codes_rest(left: float) -> Reason:
    return Reason("codes-rest", f"codes and cards rest after wrong ones, {left:.0f} s to go; button and faces work", {"left": left})


def codes_rest_over() -> Reason:
    return Reason("codes-rest-over", "the rest is over, codes and cards count again", {})


def not_now() -> Reason:
    return Reason("not-now", "not allowed at this time", {})


def visitor_gone() -> Reason:
    return Reason("visitor-gone", "this visitor is not expected any more", {})


def opened(by: str) -> Reason:
    return Reason("opened", f"the door was opened, released by: {by}", {"by": by})


def opened_late(seconds: float) -> Reason:
    return Reason("opened", f"the door was opened {seconds:.1f} s after a release", {"late": seconds})


def closed(seconds: float) -> Reason:
    return Reason("closed", f"the door was closed after {seconds:.1f} s", {"seconds": seconds})


def relock_on_open() -> Reason:
    return Reason("relock-on-open", "the door was opened: locked again at once", {})


def bolt_waited(seconds: float) -> Reason:
    return Reason("bolt-waited", f"the bolt waited {seconds:.1f} s for the door to be closed", {"seconds": seconds})


def forced() -> Reason:
    return Reason("forced", "the door was opened without a release", {})


def held(seconds: float, limit: float) -> Reason:
    return Reason("held", f"the door has been open for {seconds:.0f} s, {limit:g} s are allowed", {"seconds": seconds, "limit": limit})


def bolt_waits(seconds: float) -> Reason:
    return Reason("bolt-waits", f"the door should be locked and stands open: the bolt has been waiting for {seconds:.0f} s",
                  {"seconds": seconds})


def tamper() -> Reason:
    return Reason("tamper", "the housing was opened (tamper switch)", {})


def lingering(seconds: float, limit: float) -> Reason:
    return Reason("lingering", f"an unknown face has been near the door for {seconds:.0f} s, {limit:g} s are allowed",
                  {"seconds": seconds, "limit": limit})


def attempts(count: int, window: float) -> Reason:
    return Reason("attempts", f"{count} failed approaches, codes or cards within {window / 60:.0f} minutes",
                  {"count": count, "window": window})


def cause_over() -> Reason:
    return Reason("cause-over", "what caused the alarm is over", {})


def acknowledged() -> Reason:
    return Reason("acknowledged", "the owner acknowledged the alarm", {})
