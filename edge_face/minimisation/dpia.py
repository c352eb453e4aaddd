"""A draft of a data protection impact assessment (GDPR, article 35), filled from the settings.

It says what this door does; whether that is needed and fair in this house only its owner can say: those places are marked.
"""

from __future__ import annotations

from pathlib import Path

from edge_face.minimisation.table import markdown
from edge_face.settings import Settings

YOURS = "**[yours to write]**"
TEXT = Path(__file__).parent / "texts" / "dpia.md"


def draft(settings: Settings, date: str) -> str:
    """The draft in Markdown. `date` as it is to stand in the title."""
    hooks, recorder, privacy = settings.hooks, settings.recorder, settings.privacy
    filmed = settings.camera.source.strip().lower() != "none"
    camera = f"{settings.camera.width}x{settings.camera.height}, {settings.camera.fps:g} pictures a second" if filmed else "none"
    told = " and ".join(filter(None, ("a webhook" if hooks.webhook else "", "a program of the owner's" if hooks.command else "")))
    recorded = f"kept of {', '.join(recorder.events)}{' with films' if recorder.clips else ''}, hidden, {recorder.keep} days and " \
               f"{recorder.quota} MB at most" + ("; hidden faces sealed for the owner's key" if recorder.originals else "") \
        if recorder.events else "none are kept"
    return TEXT.read_text(encoding="utf-8").format(
        date=date, yours=YOURS, responsible=settings.kiosk.responsible or YOURS,
        camera=camera,
        masks=str(len(settings.camera.privacy_masks)) if settings.camera.privacy_masks else "none", assurance=settings.decision.assurance,
        grants=f"{1 / settings.decision.false_grants:,.0f}", more=", being listed by days" if settings.kiosk.attendance else "",
        table=markdown(settings),
        hooks=f"Of events {told} is told, without names{', with a hidden picture' if hooks.snapshot else ''}: {', '.join(hooks.events)}."
              if told else "Nobody is told of events.",
        method=privacy.method, strength=f"{privacy.strength:g}",
        strict=", and whatever differs from the empty scene is hidden too" if privacy.strict else "", recorded=recorded,
        attendance="of those who agree to that" if settings.kiosk.attendance else "off",
        key="the key elsewhere" if settings.store.key_file else "the key on the same card unless systemd holds it (docs/threats.md)",
        templates="kept as codes made with a key of this device" if settings.store.cancelable else "sealed under each person's own key",
        events=settings.store.keep_events, audit=settings.audit.keep)
