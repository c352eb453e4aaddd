"""What a door is made of, for people: in the log at its start, and in `status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge_face.access.assurance import LEVELS, level_of, sees
from edge_face.door import describe_lock
from edge_face.service.assurance import describe_assurance, missing_factor, worrying
from edge_face.settings import RecorderSettings

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon


def described(daemon: Daemon) -> list[tuple[str, str, bool]]:
    """A word, a sentence, and whether its owner should worry."""
    from edge_face.vision.runtime import runtime_name

    settings, models, roster = daemon.settings, daemon.models, daemon.roster
    rows = []
    if models is not None:
        rows = [("runtime", runtime_name(), False), ("models", f"{models.describe()}, {settings.vision.precision}", False)]
        if models.live is None and LEVELS[level_of(settings)].faces:
            rows.append(("liveness", "nothing tells a face from a picture of one: no bundle for it is installed", True))
    source = settings.camera.source
    rows += [("camera", source if "://" not in source else "a network camera", False), ("lock", describe_lock(settings.door), False),
             ("assurance", describe_assurance(settings), worrying(settings)),
             ("clock", daemon.keeper.why, not daemon.keeper.believed)]
    if settings.recorder.events and sees(settings):
        rows.append(("recorder", describe_recorder(settings.recorder), False))
    if sees(settings) and (missing := missing_factor(level_of(settings), settings)):
        rows.append(("assurance", missing, True))
    if roster is not None:
        rows.append(("people", roster.described, False))
        if roster.codes is not None and roster.codes.stale:
            rows.append(("codes", f"{roster.codes.stale} people or visitors have a code of an earlier version, which opens nothing any "
                         "more: edge-face codes list", True))
        if roster.threshold:
            rows.append(("threshold", roster.threshold, not roster.measured))
    return rows


def describe_recorder(recorder: RecorderSettings) -> str:
    """Of what pictures are kept, in words."""
    film = f", films of {recorder.before + recorder.after:g} s" if recorder.clips else ""
    sealed = ", hidden faces sealed for the owner's key" if recorder.originals else ""
    return f"hidden pictures of {', '.join(recorder.events)}{film}{sealed}; {recorder.keep} days, {recorder.quota} MB at most"
