"""What the door keeps (`edge_face.keeping`)."""

from __future__ import annotations

from edge_face.keeping import HOUSE, Kept, Whose

KEEPS = (
    Kept("wiring", "the settings of the lock's pin on which the door last ran", Whose.NOBODY, "to switch the coil off after a crash",
         ("store:door-last.json", "store:.door-last.json.*.part"), "open: it tells nothing of anybody", HOUSE, "stays: it names nobody"),
)
