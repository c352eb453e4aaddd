"""What the audit log's records are called on a page: the policy's kinds, the log's own, and what was done from the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_face.kiosk.event_words import WORDS
from edge_face.kiosk.words import _

OWN: dict[str, Any] = {
    "begun": _("the log began"), "recovered": _("a power cut left a torn end"), "pruned": _("old records were cut off"),
    "lost": _("records found no place"), "broken": _("THE LOG WAS CHANGED"), "assurance": _("what a grant rests on"),
    "duress": _("somebody is forced"), "unsealed": _("sealed faces opened"),
}
LOGINS: dict[str, Any] = {
    "claimed": _("the first owner was made"), "login": _("login"), "wrong": _("a wrong passphrase or code"),
    "rest": _("logins rest after wrong tries"), "reset": _("all logins removed at the device"), "account-added": _("login added"),
    "account-removed": _("login removed"), "account-role": _("role of a login changed"), "account-passphrase": _("passphrase changed"),
}
PAGES: dict[str, Any] = {
    **LOGINS, "logout": _("logout"), "again": _("passphrase given again"), "sessions-ended": _("other browsers logged out"),
    "people-rename": _("person renamed"), "people-suspend": _("person set aside"), "people-activate": _("person taken in again"),
    "people-forget": _("person forgotten"), "people-consent": _("consent changed"), "people-assure": _("what is asked of a person changed"),
    "people-greet": _("greeting changed"), "codes-add": _("code or card given"), "codes-remove": _("code or card taken away"),
    "codes-totp": _("app code prepared"), "codes-confirm": _("app code confirmed"), "codes-duress": _("code for being forced changed"),
    "codes-present": _("card added at the reader"), "schedule-set": _("hours changed"), "schedule-remove": _("hours removed"),
    "schedule-group": _("group changed"), "schedule-holiday": _("holiday added"), "schedule-workday": _("holiday removed"),
    "schedule-person": _("a person's limits changed"), "schedule-hold-open": _("when the door stands open changed"),
    "schedule-assurance": _("what is asked for at some hours changed"), "schedule-reset": _("damaged hours dropped"),
    "schedule-visitor": _("visitor added"), "schedule-visitor-remove": _("visitor removed"),
    "schedule-visitor-clear": _("visitors that are over removed"), "clock-set": _("clock confirmed"),
    "door-secure": _("locked from a page"), "door-lockdown": _("lockdown from a page"), "door-quiet": _("alarm acknowledged"),
    "door-lift": _("lockdown lifted from a page"), "door-test": _("lock tested from a page"), "door-unlock": _("opened from a page"),
    "daemon-restart": _("door started again from a page"), "settings-save": _("settings saved"), "backup-make": _("backup made"),
    "backup-restore": _("backup restored"), "events-export": _("events exported"),
    "events-original": _("sealed faces of an event fetched"), "attendance-export": _("attendance exported"),
    "attendance-consent": _("consent to be listed changed"), "audit-verify": _("audit log verified"), "enrol": _("person enrolled"),
    "enrol-again": _("enrolled again"), "enrol-elsewhere": _("enrolled by pictures"), "invitation-new": _("invitation made"),
    "invitation-used": _("invitation used"), "invitation-withdraw": _("invitation withdrawn"),
    "invitation-consent": _("consent given by an invitation"), "lasting-link-new": _("lasting link given"),
    "own-consent-withdraw": _("consent taken back by the person"), "own-forget": _("forgotten at the person's own wish"),
    "first-pass": _("first pass at the door"), "first-pass-begin": _("first pass begun"), "pending-approve": _("person approved"),
    "pending-refuse": _("person refused"),
}


def record_word(record: Mapping[str, Any]) -> Any:
    """In words; what a later version writes keeps its own word."""
    kind = str(record["kind"])
    if kind in ("pages", "login"):
        what = str(record.get("details", {}).get("what", kind))
        return PAGES.get(what, what)
    return OWN.get(kind) or WORDS.get(kind, kind)
