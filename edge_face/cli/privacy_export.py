"""All that is kept of one person, in one ZIP file: for that person to read and to take along (GDPR, articles 15 and 20)."""

from __future__ import annotations

import base64
import io
import json
import os
import secrets
import time
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge_face.errors import EdgeFaceError, PeopleError

if TYPE_CHECKING:
    from edge_face.minimisation.erasure import Call
    from edge_face.settings import Settings

READ_ME = """All that this door keeps of {name} ({when}).

person.json     everything as plain JSON: name, consents with their time and how they were given, templates (the numbers that describe the
                face, in base64: little-endian float32; "codes": as they are kept where they are protected), rights, since when there are
                PINs and cards, and every event of the diary
pictures/       the small pictures that the templates were made of, if {name} agreed that they are kept
recordings/     pictures of events that are about {name}: other people are hidden in them

Not in it: what would open the door (hashes of codes, secrets of an app, the link by which consents are taken back), and what was erased
before. The audit log calls {name} "{alias}"; what it says under that alias is in person.json ("audit").
"""


@dataclass(frozen=True, slots=True)
class Gathered:
    """`missing`: what could not be read, in sentences."""

    facts: dict[str, Any]
    pictures: tuple[bytes, ...] = ()
    recordings: dict[int, bytes] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def check_target(path: Path, *, force: bool) -> None:
    """Raises `PeopleError` before anything is gathered for a place where nothing can be written."""
    if path.exists() and not path.is_file():
        raise PeopleError(f"{path} is no file: choose another name")
    if path.exists() and not force:
        raise PeopleError(f"{path} exists already: choose another file, or --force")
    if not path.parent.is_dir():
        raise PeopleError(f"there is no folder {path.parent}: make it, or choose another file")


def collect(call: Call, settings: Settings, who: str, wall: float) -> Gathered:
    """Asks the door, or the store, for all of it. Raises `PeopleError`, `StoreError`."""
    from edge_face.minimisation.table import table

    first = call("privacy.export", who=who)
    events, following = list(first["events"]), first["next"]
    while following is not None:
        page = call("privacy.export", who=first["id"], after=following)
        events, following = [*events, *page["events"]], page["next"]
    pictures = tuple(base64.b64decode(picture["png"]) for picture in first["pictures"])
    recordings, missing = {}, []
    for one in first["recordings"]:
        try:
            recordings[int(one["number"])] = base64.b64decode(call("privacy.recording", who=first["id"], number=one["number"])["jpeg"])
        except EdgeFaceError as error:
            missing.append(f"the picture of event {one['number']} is not in it: {error}")
    audit: list[dict[str, Any]] = []
    try:
        audit = _audit(settings, str(first["alias"]))
    except (EdgeFaceError, OSError) as error:
        missing.append(f"the audit log is not in it: {error}")
    kept = [{"name": row.name, "what": row.what, "why": row.why, "until": row.lasts(settings)} for row in table()]
    facts = {"made": wall, "id": first["id"], "name": first["person"]["name"], "person": first["person"], "codes": first["codes"],
             "alias": first["alias"], "records": first["records"], "recordings": first["recordings"], "events": events, "audit": audit,
             "mentioned_in": first["mentioned_in"], "what_is_kept_and_why": kept}
    return Gathered(facts, pictures, recordings, tuple(missing))


def write_zip(path: Path, gathered: Gathered, *, force: bool) -> None:
    """A file of mode 0600, whole or not at all. Raises `PeopleError`."""
    facts = gathered.facts
    when = time.strftime("%Y-%m-%d", time.localtime(facts["made"]))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("READ ME.txt", READ_ME.format(name=facts["name"], alias=facts["alias"], when=when))
        out.writestr("person.json", json.dumps(facts, ensure_ascii=False, indent=1))
        for number, png in enumerate(gathered.pictures, 1):
            out.writestr(f"pictures/{number}.png", png)
        for number, jpeg in gathered.recordings.items():
            out.writestr(f"recordings/{number}.jpg", jpeg)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(packed.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        if force:
            draft.replace(path)
        else:
            os.link(draft, path)
    except FileExistsError as error:
        raise PeopleError(f"{path} exists already: choose another file, or --force") from error
    except OSError as error:
        raise PeopleError(f"{path} cannot be written ({error.strerror}): choose another file, or make room") from error
    finally:
        draft.unlink(missing_ok=True)


def _audit(settings: Settings, alias: str) -> list[dict[str, Any]]:
    """What the audit log says under the person's alias, as who came and as whom something was done to."""
    from edge_face.audit import read_entries
    from edge_face.audit.place import audit_folder

    folder = audit_folder(settings)
    if not folder.is_dir():
        return []
    found = []
    for entry in read_entries(folder):
        record = entry.record
        if record.subject == alias or record.details.get("whom") == f"p{alias}":
            found.append({"number": entry.number, "wall": record.wall, "kind": record.kind, "authority": record.authority,
                          "details": dict(record.details)})
    return found
