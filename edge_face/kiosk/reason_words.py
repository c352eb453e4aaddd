"""Why something was decided, in the reader's language: the daemon's reasons by their codes and numbers. A code that is not here, or one
whose numbers are missing, keeps the daemon's own sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_face.kiosk.words import Words, _

WORDS: dict[str, Words] = {
    # Faces
    "votes": _("%(agreeing)d of the last %(good)d good frames agree; %(needed)d of %(of)d within %(window)g s are needed"),
    "matched": _("score %(score).3f, %(threshold).3f needed"),
    "unknown": _("nobody is similar enough: best score %(score).3f, %(threshold).3f needed"),
    "stayed": _("%(seconds).2f s in the zone, %(dwell).2f s needed"),
    "company": _("other faces stood in the zone, not granted: %(others)d"),
    "named-twice": _("two faces in one picture are taken for the same person: neither is let in"),
    "failures": _("%(count)d failed approaches in a row, rest after %(limit)d"),
    "not-counted": _("not counted as a failed approach: nothing was compared"),
    "resting": _("the door rests after failed approaches, %(left).0f s to go; button and codes work"),
    "rest-over": _("the rest is over, faces are let in again"),
    # A living person
    "live": _("taken for a living person, score %(score).2f"),
    "liveness-open": _("not called an attack, though not surely alive (score %(score).2f): the other factor decides"),
    "liveness-attack": _("not taken for a living person (score %(score).2f)"),
    "liveness-unsure": _("not taken for a living person: it cannot be said for sure (score %(score).2f), another factor must decide"),
    "liveness-unknown": _("not taken for a living person: nothing could be said of it, another factor must decide"),
    "liveness-tries": _("not taken for a living person %(tries)d times in this approach: only another factor helps now"),
    "liveness-interrupted": _("not taken for a living person: the challenge ended before it was passed"),
    "liveness-identity": _("not taken for a living person: the face that passed the challenge was not there %(seconds)g s later"),
    "liveness-failed": _("not taken for a living person: the challenge was not passed"),
    "liveness-try": _("try %(try)d of %(tries)d in this approach"),
    "liveness-challenge": _("%(done)d of %(of)d actions in %(seconds).1f s"),
    "liveness-plane": _("the face moves like a flat picture"),
    "liveness-time": _("what was asked for did not come within %(seconds)g s"),
    "liveness-jump": _("the face jumped as no head moves"),
    "liveness-company": _("another face was near for %(seconds).1f s of the challenge"),
    "liveness-lost": _("the face was not seen for %(seconds).1f s"),
    "liveness-track": _("it may be another face from here on"),
    "liveness-slow": _("%(rate).1f pictures a second, %(needed)g are needed for a challenge"),
    "liveness-clock": _("the clock ran backwards or gave no number"),
    "liveness-unheld": _("no challenge can be held: there is no turn among the actions that may be asked for"),
    # Codes and cards
    "code": _("a known code or card was given"),
    "wrong-code": _("an unknown code or card was given"),
    "code-failures": _("%(count)d wrong codes or cards in a row, rest after %(limit)d"),
    "code-fault": _("a code or card was given and could not be verified: the log says why"),
    "totp-clock": _("codes of an authenticator app do not count while the date and time cannot be believed"),
    "totp-used": _("this code of an authenticator app was used before"),
    "codes-rest": _("codes and cards rest after wrong ones, %(left).0f s to go; button and faces work"),
    "codes-rest-over": _("the rest is over, codes and cards count again"),
    "factor-missing": _("a face alone opens nothing here: something else is asked for as well (%(level)s)"),
    "factor-useless": _("what was given opens nothing here (%(level)s)"),
    "no-camera": _("a right code or card, but the camera or vision does not work and the face cannot be verified (%(level)s)"),
    "second-alone": _("the camera or vision does not work: the settings let the second factor alone open (%(level)s)"),
    "claim": _("a right code or card was given: the face is asked for within %(seconds)g s"),
    "claim-over": _("the face of whoever gave the code or card was not verified within %(seconds)g s"),
    "claim-replaced": _("somebody else's code or card was given before the face was verified"),
    "claim-other": _("another face than that of whoever gave the code or card: score %(score).3f, %(threshold).3f needed"),
    "verified": _("verified against the one person whose code or card it is: score %(score).3f, %(threshold).3f needed"),
    # Times
    "in-hours": _("within the hours of '%(schedule)s'"),
    "outside-hours": _("outside the hours of this entry"),
    "no-schedule": _("limited to hours that are not defined"),
    "too-early": _("not valid yet"),
    "expired": _("not valid any more"),
    "used-up": _("all entries are used: %(uses)d"),
    "clock-untrusted": _("the date and time cannot be believed: whoever has limited times stays out until the clock is set"),
    "clock-trusted": _("the date and time can be believed again"),
    "clock-odd": _("the clock shows no time that can be, and entry is limited to certain times"),
    "no-zone": _("the time zone '%(zone)s' is not known here: set [access] timezone, and install tzdata"),
    "odd-rights": _("the limits of this entry cannot be understood: set them anew"),
    "not-now": _("not allowed at this time"),
    "visitor-gone": _("this visitor is not expected any more"),
    # The door
    "exit-button": _("the exit button was pressed"),
    "exit-goes-on": _("the exit button was pressed before, %(left).1f s of its time are left"),
    "exit-closed": _("lockdown, and the settings say that the exit button does not work in it"),
    "fire": _("the fire input is on"),
    "fire-over": _("the fire input is off again"),
    "owner": _("the owner ordered it"),
    "lockdown": _("lockdown: nobody is let in until the owner lifts it"),
    "hold-open": _("the hours have begun in which the door stands open"),
    "hold-over": _("the hours are over in which the door stands open"),
    "blind": _("the camera or vision does not work: what a face opened is locked"),
    "time-over": _("released for %(seconds).1f s"),
    "closed": _("the door was closed after %(seconds).1f s"),
    "relock-on-open": _("the door was opened: locked again at once"),
    "bolt-waited": _("the bolt waited %(seconds).1f s for the door to be closed"),
    "bolt-waits": _("the door should be locked and stands open: the bolt has been waiting for %(seconds).0f s"),
    "forced": _("the door was opened without a release"),
    "held": _("the door has been open for %(seconds).0f s, %(limit)g s are allowed"),
    "tamper": _("the housing was opened (tamper switch)"),
    "lingering": _("an unknown face has been near the door for %(seconds).0f s, %(limit)g s are allowed"),
    "attempts": _("%(count)d failed approaches, codes or cards in a short time"),
    "cause-over": _("what caused the alarm is over"),
    "acknowledged": _("the owner acknowledged the alarm"),
    "clock": _("the clock ran backwards or gave no number: everything starts anew, locked"),
}


def reason_word(reason: Mapping[str, Any]) -> str:
    """A reason of an event as something to show with `_`."""
    text = str(reason.get("text") or reason.get("code") or "")
    known, values = WORDS.get(str(reason.get("code"))), reason.get("values") or {}
    if known is None or not isinstance(values, Mapping):
        return text
    try:
        known.source % dict(values)
    except (KeyError, ValueError, TypeError):
        return text
    return Words(known.source, dict(values))
