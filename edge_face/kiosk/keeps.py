"""What the process of the pages keeps (`edge_face.keeping`)."""

from __future__ import annotations

from edge_face.keeping import HOUSE, Kept, Whose

KEEPS = (
    Kept("certificates", "the pages' own certificates and their keys; the door's names and addresses stand in them", Whose.NOBODY,
         "so that nobody in the house's network reads along", ("kiosk:*.pem", "kiosk:*.key", "kiosk:*.new"), "mode 0600", HOUSE,
         "stays: it names nobody"),
)
