"""What a grant rests on here: what that means, whether what it takes is fitted, and whether people have it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edge_face.access.assurance import LEVELS, Use, level_for, level_of, sees
from edge_face.doctor.check import Finding, Host, Status
from edge_face.service.assurance import describe_assurance, missing_factor, unmet, worrying
from edge_face.settings import Settings

if TYPE_CHECKING:
    from edge_face.people import Store

CODES = frozenset({"pin", "totp"})


def assurance(host: Host, settings: Settings) -> Iterator[Finding]:
    """What a grant rests on, and whether what that takes is fitted."""
    level, meaning, missing = level_of(settings), describe_assurance(settings), missing_factor(level_of(settings), settings)
    if not sees(settings) or not (missing or worrying(settings)):
        yield Finding("assurance", Status.OK, meaning)
    elif not missing:
        yield Finding("assurance", Status.WARN, meaning, 'write assurance = "face+code" below [decision], unless what is behind this door '
                      "may be had for a photo")
    if sees(settings) and missing:
        yield Finding("second factor", Status.FAIL, missing, "fit one (docs/wiring.md), or choose another [decision] assurance")
    inputs, camera, liveness = settings.inputs, settings.camera, settings.liveness
    if level != "face+challenge" or not sees(settings):
        return
    if not inputs.keypad_rows and not inputs.wiegand_d0 and not settings.kiosk.pad:
        yield Finding("second factor", Status.NOTE, "no keypad and no card reader: who cannot do what a challenge asks for is not let in",
                      "fit one (docs/wiring.md): sunglasses, masks and poor light then ask for a code or card")
    if camera.fps < liveness.min_fps:
        yield Finding("challenge", Status.WARN, f"camera.fps = {camera.fps:g} is below liveness.min_fps = {liveness.min_fps:g}: no "
                      "challenge is ever held, the second factor is always asked for", "set [camera] fps higher")


def liveness(host: Host, settings: Settings) -> Iterator[Finding]:
    """The bundle of passive attack detection is there, whole, measured, and runs."""
    import numpy as np

    from edge_face.errors import ModelError
    from edge_face.types import Box
    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.live import LivenessJudge

    if not sees(settings) or not LEVELS[level_of(settings)].faces:
        yield Finding("liveness", Status.NOTE, "no face opens this door: nothing to tell from a picture")
        return
    vision = settings.vision
    try:
        bundle = load_bundle(vision.liveness, "liveness", "accept")
        judge = LivenessJudge(bundle, vision.precision, vision.threads, settings.liveness.bpcer)
        judge.still(np.zeros((480, 640, 3), np.uint8), Box(200, 120, 200, 240))
    except ModelError as error:
        yield Finding("liveness", Status.FAIL, f"attack detection does not run: {error}", "install edge-face again, or name a bundle in "
                      "[vision] liveness")
        return
    if bundle.gate is not None and not bundle.gate.passed:
        yield Finding("liveness", Status.WARN if vision.allow_failed_gate else Status.FAIL,
                      f"{bundle.name} in {bundle.folder} did not pass the parity gate when it was made: {bundle.gate.failure()}",
                      "convert the model again, or set [vision] allow_failed_gate = true")
        return
    yield Finding("liveness", Status.OK, f"{bundle.name} {bundle.version}, {vision.precision}: digest, gate and a run are fine; up to "
                  f"{settings.liveness.bpcer:.0%} of living people are taken for an attack and asked for more")


def factors(host: Host, settings: Settings) -> Iterator[Finding]:
    """Has everybody what this door asks of them? Only how many have not."""
    from edge_face.people import Store

    folder = Path(settings.store.folder)
    if not folder.is_dir():
        return
    with Store(folder, settings.store.key_file or None, read_only=True) as store:
        yield from _factors(store, settings, host.wall())


def _factors(store: Store, settings: Settings, wall: float) -> Iterator[Finding]:
    from edge_face.people import State
    from edge_face.people.access_records import rights_from_store
    from edge_face.people.code_list import code_rows

    rights, calendar = rights_from_store(store, settings.access.timezone)
    people = [person.id for person in store.people(lambda who, error: None) if person.state is not State.SUSPENDED]
    had: dict[str, set[str]] = {who: set() for who in people}
    for row in code_rows(store)["codes"]:
        if row["id"] in had and not row["stale"] and not row["pending"]:
            had[row["id"]].add("code" if row["what"] in CODES else "card")
    # With a clock that nobody believes the strictest level counts that may ever be asked of somebody.
    levels = {who: level_for(rights.get(who), level_of(settings), calendar, wall, False) for who in people}
    for missing in unmet({*calendar.assurance, *(level.name for level in levels.values())} - {level_of(settings)}, settings):
        yield Finding("second factor", Status.WARN, f"some people or hours: {missing}", "edge-face schedule show, edge-face people assure")
    lacking = [who for who in people if levels[who].face is Use.NOTHING
               and not any(levels[who].use(factor) is not Use.NOTHING for factor in had[who])]
    if lacking:
        yield Finding("codes", Status.WARN, f"{len(lacking)} of {len(people)} people have no code or card that is asked of them: they are "
                      "not let in", "edge-face codes list, edge-face codes add WHO --generate 6")
    without = [who for who in people if levels[who].face is Use.CHALLENGE and not had[who]]
    if without:
        yield Finding("codes", Status.NOTE, f"{len(without)} of {len(people)} people have no code and no card: where a challenge cannot be "
                      "held, they are not let in", "edge-face codes add WHO --generate 6")
    if people and not lacking and not without:
        yield Finding("codes", Status.OK, "everybody has what this door may ask for")
