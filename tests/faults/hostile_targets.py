"""All ways in, and how much of the rounds each gets: the cheap ones more, all of them enough."""

from __future__ import annotations

from . import hostile_door as door
from . import hostile_files as files
from . import hostile_net as net
from . import hostile_pages
from . import hostile_words as words
from .hostile import Target

TARGETS = (
    Target("settings file", 6, words.settings_text),
    Target("settings keys", 30, words.settings_keys),
    Target("requests", 10, words.requests),
    Target("answers", 8, words.answers),
    Target("calendars and limits", 12, words.calendars),
    Target("people in an import", 8, words.people_records),
    Target("clock records", 5, words.clock_records),
    Target("commands of the daemon", 6, door.commands),
    Target("commands of the pages", 8, hostile_pages.pages),
    Target("connections", 0.5, door.connections),
    Target("card reader and keypad", 8, door.readers),
    Target("facts of the policy", 8, door.policy_facts),
    Target("webhook's answers", 0.7, net.Webhook),
    Target("signatures", 3, net.signatures),
    Target("store files", 3, files.store_files),
    Target("audit files", 3, files.audit_files),
    Target("manifests", 4, files.manifests),
    Target("exports", 4, files.exports),
    Target("backups", 2, files.backups),
    Target("spool", 3, files.spools),
    Target("mock board", 1, files.boards),
)
