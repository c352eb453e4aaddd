"""Words that the daemon says as they are, marked here so that they stand in the catalogues; and alarms in words."""

from __future__ import annotations

from typing import Any

from edge_face.kiosk.words import _

ALARMS: dict[str, Any] = {
    "forced": _("opened without a release"), "held": _("open for too long"), "tamper": _("the housing is open"),
    "lingering": _("an unknown face stays near"), "attempts": _("many failed tries to get in"),
}
FACTORS: dict[str, Any] = {"pin": _("PIN"), "totp": _("authenticator app")}
SAID = (
    # On whose authority the door was released
    _("face"), _("code"), _("exit button"), _("fire"), _("hold open"), _("owner"), _("helper"), _("viewer"), _("nobody"),
    # What a door is made of
    _("runtime"), _("models"), _("liveness"), _("camera"), _("lock"), _("assurance"), _("clock"), _("people"), _("codes"), _("threshold"),
    _("recorder"),
    _("detector"), _("landmarker"), _("embedder"),
    # Poses of templates, light, the door contact
    _("straight"), _("left"), _("right"), _("up"), _("too dark"), _("too bright"), _("open"), _("closed"),
    # Why the clock is believed or not
    _("nobody has confirmed the time since the boot: no network, no real-time clock, not the owner"),
    _("the clock was put forward or back"), _("the clock shows a time that is over"), _("the clock gives no number"),
    _("the clock was never set: it shows a time before this version was made"), _("the owner set it"),
    # Why a level is asked for
    _("the owner chose it for this person"), _("visitors have a code alone"), _("under 16: a face alone is not enough"),
    _("the clock is not believed: the strictest of the door's and of all hours with another one"), _("it is asked for at these hours"),
    _("it is what the door asks for"),
    # How a consent was given
    _("the owner's pages"), _("a command"),
    # Units of the settings
    _("px"), _("degrees"), _("frames"), _("days"), _("min"), _("h"), _("s"), _("kB"), _("Hz"),
    _("the templates were made by another embedder and are not compared: enrol again"),
)


def alarm_word(alarm: str) -> Any:
    """An alarm of a later version keeps its own name."""
    return ALARMS.get(alarm, alarm)


def factor_word(what: str) -> Any:
    """What somebody has: "pin", "totp", "card:1"."""
    kind, _colon, number = what.partition(":")
    return _("card %(number)s", number=number) if kind == "card" and number else FACTORS.get(what, what)
