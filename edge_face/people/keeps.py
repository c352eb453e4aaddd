"""What the people store keeps (`edge_face.keeping`)."""

from __future__ import annotations

from edge_face.keeping import HOUSE, PERSON_GONE, Kept, Whose

OWN_KEY = "sealed under the person's own key"
HOUSE_KEY = "sealed under the store's own key"
WITH_PERSON = "gone"
NO_PERSON = "stays: it names nobody"

KEEPS = (
    Kept("person", "name, state, when and how each consent was given, date of enrolment; a random id", Whose.PEOPLE,
         "to know who may be recognised, and to prove the consent", ("table:person", "store:people.db", "store:people.db-wal",
                                                                  "store:people.db-shm", "store:people.db-journal"),
         f"{OWN_KEY}; the id, and a keyed hash of the name, are open", PERSON_GONE, WITH_PERSON),
    Kept("templates", "some hundred numbers for each of a few looks of the face, in a protected store signs of them under its own key; "
         "quality, pose, date", Whose.PEOPLE,
         "to recognise the face", ("table:template",), OWN_KEY, f"{PERSON_GONE} or takes back the consent", WITH_PERSON),
    Kept("crops", "the small pictures (112x112) that the templates were made of, of who agreed to that", Whose.PEOPLE,
         "to make new templates when the recogniser changes", ("table:picture",), OWN_KEY, f"{PERSON_GONE} or takes back that consent",
         WITH_PERSON),
    Kept("diary", "when the door opened or did not, for whom, why, with scores; changes of people and codes", Whose.ANYBODY,
         "to explain a decision, and to see misuse", ("table:event", "meta:last event"),
         "details sealed under the person's own key, or the store's; time, kind and id are open", "{store.keep_events} days",
         "made nameless: that something happened stays, who and why go, also out of other people's entries"),
    Kept("codes", "a hash of each PIN and card, a number to key before the PIN, the secret of an app's codes", Whose.PEOPLE,
         "to let people in by code or card", ("record:pin", "record:code", "record:code-number", "record:totp", "record:totp-used"),
         f"{OWN_KEY}; PINs by Argon2id", f"{PERSON_GONE} or the code removed", WITH_PERSON),
    Kept("rights", "at which hours somebody may enter, what is asked of them, a guardian's consent", Whose.PEOPLE,
         "to decide who may enter when", ("record:rights",), OWN_KEY, PERSON_GONE, WITH_PERSON),
    Kept("visitors", "label, hours, number and hashed code of a visitor", Whose.VISITORS, "to let a visitor in for a while",
         ("record:visitor",), HOUSE_KEY, "until the visitor is removed",
         "stays: it is another person's; a label that names the person is told"),
    Kept("greeting", "how somebody wishes to be greeted", Whose.PEOPLE, "the page beside the door", ("record:greeting",), OWN_KEY,
         f"{PERSON_GONE} or takes it back", WITH_PERSON),
    Kept("attendance", "that somebody agreed to be listed by days, and since when", Whose.PEOPLE, "lists of who came when",
         ("record:attendance",), OWN_KEY, f"{PERSON_GONE} or takes it back", WITH_PERSON, lambda settings: settings.kiosk.attendance),
    Kept("admission", "that somebody enrolled from home waits to be approved and to pass at the door", Whose.PEOPLE,
         "a forwarded link must not let anybody in", ("record:admission",), OWN_KEY, PERSON_GONE, WITH_PERSON),
    Kept("invitations", "name, who invited, when, what was answered; a hash of the link's secret", Whose.PEOPLE,
         "to enrol from home", ("record:invitation",), HOUSE_KEY, "7 days after its end, and as long as the person is enrolled at most",
         WITH_PERSON),
    Kept("lasting-link", "a hash of the secret of the link by which somebody sees and takes back what they agreed to", Whose.PEOPLE,
         "people's own rights", ("record:lasting-link",), OWN_KEY, PERSON_GONE, WITH_PERSON),
    Kept("alias", "what the audit log calls somebody, after keys were renewed", Whose.PEOPLE, "the audit log names nobody",
         ("record:alias",), OWN_KEY, PERSON_GONE, WITH_PERSON),
    Kept("logins", "name, role and hashed passphrase of each login of the pages; wrong tries", Whose.OWNERS, "to guard the owner's pages",
         ("record:accounts", "record:login-rest"), f"{HOUSE_KEY}; passphrases by Argon2id", "until the login is removed",
         "stays: a login is removed on its own page; one of the same name is told"),
    Kept("recordings", "pictures and short films of events, with everybody hidden but who agreed to be seen; the hidden faces too, sealed "
         "for the owner's own key, if that is asked for", Whose.ANYBODY, "to see afterwards what happened", ("record:recording",
                                                                                                "store:recordings/*.rec",
                                                                                                "store:recordings/.*.part"),
         "each under a key of its own, which is sealed with the event", "{recorder.keep} days, and {recorder.quota} MB at most",
         "gone, also those of other people's events in which the person stands sharp, or is sealed in",
         lambda settings: bool(settings.recorder.events)),
    Kept("calendar", "schedules, holidays, hours of the door, the time zone, what is asked at which hours", Whose.NOBODY,
         "to decide who may enter when", ("record:calendar",), HOUSE_KEY, HOUSE, NO_PERSON),
    Kept("state", "lockdown, resting codes by id, the last hour that was believed, the audit log's end, first steps, date of the last "
         "backup", Whose.NOBODY, "a restart or a power cut changes nothing", ("record:lockdown", "record:code-rest", "record:trusted-clock",
                                                                   "record:audit-head", "record:first-run", "record:last-backup",
                                                                   "record:disk"),
         HOUSE_KEY, HOUSE, NO_PERSON),
    Kept("forgotten", "a keyed hash of the id of each person who was erased, and when", Whose.PEOPLE,
         "so that a restored backup does not bring them back", ("table:tombstone", "store:forgotten", "store:.forgotten.*"),
         "says nothing without the store's key", HOUSE, "made: it is all that remains"),
    Kept("keys", "the device key, the keys of the store that it seals, and the key of protected templates", Whose.NOBODY,
         "to open the seals, to compare templates",
         ("store:device.key", "store:device.key.next", "store:.device.key.*", "key:*", "meta:key", "meta:ring", "record:template-key"),
         "mode 0400; on the same card unless it is set elsewhere", "until it is rotated or the device wiped", NO_PERSON),
    Kept("housekeeping", "kinds of records, work that was cut short, who writes", Whose.NOBODY, "a store that is never half written",
         ("table:meta", "table:sealed_record", "table:sqlite_*", "meta:unscrubbed", "meta:stale copies", "store:people.lock"),
         "holds nothing of anybody", HOUSE, NO_PERSON),
    Kept("copies", "the whole store as it was before an update, a restore or a rollback", Whose.PEOPLE, "to go back",
         ("store:people.db.v*", "store:.people.db.*.new*"), "sealed as the store", "until the next update or new device key",
         "cleaned of the person at once, or dropped"),
)
