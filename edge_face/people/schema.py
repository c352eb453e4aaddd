"""The tables of the people store: those of version 1, and what later versions add (`edge_face.people.migrations`)."""

from __future__ import annotations

VERSION = 3
"""`PRAGMA user_version` of a store that this edge-face writes."""
APPLICATION = 0x45464143
"""`PRAGMA application_id`: "EFAC"."""

TABLES_1 = (
    # A value or two about the store itself: the fingerprint of its key, work that was cut short.
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT",
    # record: name, state, consents, created; sealed under the person's data key, which is sealed under the device key.
    # name_tag: keyed hash of the name, so that two people cannot have the same one.
    """CREATE TABLE person (
        id TEXT PRIMARY KEY,
        wrapped_key BLOB NOT NULL,
        name_tag BLOB NOT NULL UNIQUE,
        record BLOB NOT NULL) STRICT""",
    # sealed: quality, pose, time and the embedding, under the person's data key.
    """CREATE TABLE template (
        id TEXT PRIMARY KEY,
        person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
        model TEXT NOT NULL,
        sealed BLOB NOT NULL) STRICT""",
    "CREATE INDEX template_person ON template (person)",
    # details: JSON, sealed under the person's data key, or under the device's key for events where the person is NULL.
    """CREATE TABLE event (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        wall REAL NOT NULL,
        kind TEXT NOT NULL,
        person TEXT REFERENCES person (id),
        details BLOB NOT NULL) STRICT""",
    "CREATE INDEX event_wall ON event (wall)",
    "CREATE INDEX event_person ON event (person, wall) WHERE person IS NOT NULL",
    # tag: keyed hash of the id of somebody who was forgotten.
    "CREATE TABLE tombstone (tag BLOB PRIMARY KEY, wall REAL NOT NULL) STRICT",
)

TABLES_2 = (
    # sealed: an aligned crop as PNG, with pose, quality and time, under the person's data key; only of who agreed to it.
    """CREATE TABLE picture (
        id TEXT PRIMARY KEY,
        person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
        sealed BLOB NOT NULL) STRICT""",
    "CREATE INDEX picture_person ON picture (person)",
)

TABLES_3 = (
    # sealed: name and value (JSON), under the person's data key, or under the store's own where the person is NULL.
    # name_tag: keyed hash of the name under the same key. The kind is open: "rights", "code", "visitor", "calendar", ...
    """CREATE TABLE sealed_record (
        kind TEXT NOT NULL,
        person TEXT REFERENCES person (id) ON DELETE CASCADE,
        name_tag BLOB NOT NULL,
        sealed BLOB NOT NULL) STRICT""",
    "CREATE UNIQUE INDEX sealed_record_place ON sealed_record (kind, ifnull(person, ''), name_tag)",
    "CREATE INDEX sealed_record_person ON sealed_record (person) WHERE person IS NOT NULL",
)

EVENTS_3 = (
    # Without an index by time and without AUTOINCREMENT: an event then writes two pages to the card instead of four. A number
    # is not given twice all the same: meta 'last event' keeps the highest that was pruned.
    """CREATE TABLE event_3 (
        id INTEGER PRIMARY KEY,
        wall REAL NOT NULL,
        kind TEXT NOT NULL,
        person TEXT REFERENCES person (id),
        details BLOB NOT NULL) STRICT""",
    "INSERT INTO event_3 SELECT id, wall, kind, person, details FROM event ORDER BY id",
    """INSERT OR REPLACE INTO meta (key, value)
        SELECT 'last event', CAST(CAST(seq AS TEXT) AS BLOB) FROM sqlite_sequence WHERE name = 'event'""",
    "DROP TABLE event",
    "ALTER TABLE event_3 RENAME TO event",
    "CREATE INDEX event_person ON event (person, wall) WHERE person IS NOT NULL",
)
