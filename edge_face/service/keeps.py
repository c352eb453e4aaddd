"""What the daemon and its helpers keep (`edge_face.keeping`)."""

from __future__ import annotations

from edge_face.keeping import HOUSE, Kept, Whose

NO_PERSON = "stays: it names nobody"

KEEPS = (
    Kept("hooks", "events that wait to be told: what happened and when, never who; with [hooks] snapshot one picture, hidden",
         Whose.ANYBODY, "to tell the owner", ("store:hooks/*.json", "store:hooks/*.jpg", "store:hooks/.*"),
         "mode 0660 for the sender's group", "until told, some 16 hours at most, 200 events at most",
         "pictures that wait are removed; events name nobody"),
    Kept("preview", "the latest picture, with everybody hidden but who agreed to be seen", Whose.ANYBODY, "for a viewer of the owner's",
         ("preview:*",), "as the folder that it is written to", "until the next picture", "removed; the next one hides the person",
         lambda settings: settings.service.preview_fps > 0),
    Kept("pages-files", "a backup on its way between the pages and the store", Whose.PEOPLE, "backups by the pages",
         ("store:pages-files/*",), "sealed under the owner's passphrase; mode 0600", "15 minutes, and until the next start", "removed"),
    Kept("owner-settings", "settings that were changed on the owner's pages", Whose.NOBODY, "settings", ("store:owner-settings.toml",
                                                                                             "store:.owner-settings.toml.*"),
         "mode 0640", HOUSE, "stays: of people it holds what the owner wrote into [kiosk] responsible"),
    Kept("sockets", "the sockets of the daemon and the number of its process", Whose.NOBODY, "commands and pages",
         ("store:control.sock", "store:control.sock.lock", "store:web/web.sock", "store:web/web.sock.lock"), "no content", HOUSE,
         NO_PERSON),
    Kept("settings", "the settings, what was installed, the key of the hooks' signature", Whose.OWNERS, "settings",
         ("etc:*",), "mode 0640, the key 0400", HOUSE, "stays: of people it holds what the owner wrote into it"),
)
