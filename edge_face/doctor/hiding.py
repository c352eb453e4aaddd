"""How faces are hidden here: does it work, and what does it stop?"""

from __future__ import annotations

from collections.abc import Iterator

from edge_face.doctor.check import Finding, Host, Status
from edge_face.settings import Settings


def hiding(host: Host, settings: Settings) -> Iterator[Finding]:
    """The method of the settings hides a made-up face, and how much of whom that takes away."""
    import numpy as np

    from edge_face.errors import EdgeFaceError
    from edge_face.privacy import Region, anonymize_as
    from edge_face.privacy.strengths import EMPTY, leaves_nothing, power_for, weakness
    from edge_face.types import Box

    chosen = settings.privacy
    try:
        anonymize_as(chosen, np.zeros((120, 160, 3), np.uint8), [Region(Box(40, 30, 60, 70), "unknown", 1)])
    except EdgeFaceError as error:
        yield Finding("hiding", Status.FAIL, f"faces cannot be hidden, so no picture leaves this door: {error}",
                      "choose another [privacy] method or option")
        return
    name = f"{chosen.method} ({chosen.option[-40:]})" if chosen.option else chosen.method
    removed = power_for(chosen.method, chosen.strength, chosen.option).removed
    weak = weakness(chosen.method, chosen.strength, chosen.option)
    if weak is not None:
        yield Finding("hiding", Status.WARN, f"faces are weakly hidden: {weak}", "remove [privacy] allow_weak, choose what hides better")
    elif leaves_nothing(chosen.method, chosen.strength, chosen.option):
        yield Finding("hiding", Status.OK, f"{name}: nothing of a face is left")
    else:
        yield Finding("hiding", Status.NOTE, f"{name} removes {removed:.0%} of identity: that stops who compares, not who trains on such "
                      "pictures", f"{', '.join(EMPTY)} stop both")
