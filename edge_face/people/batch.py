"""Many people from a list: a CSV file with a row for each, and a folder of pictures for each. Whose consent is not recorded waits for it.

The list may be run again and again: who is there is left as they are, and a consent that has been filled in meanwhile is recorded.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from edge_face.errors import EnrolmentError, MediaError, PeopleError, UsageError
from edge_face.media import read_picture
from edge_face.people.enrolment import Enrolment, LeftOut
from edge_face.people.person import clean_name, name_key
from edge_face.people.records import template_record
from edge_face.people.tree import pictures_in

COLUMNS = ("name", "folder", "consent", "how")
MOST_ROWS = 10_000
LARGEST = 4 << 20
"""Bytes of a list."""
LONGEST_HOW = 160
Call = Callable[..., Any]
"""`call(command, **arguments)` of the store's commands or the daemon's client."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list. `consent`: what the person agreed to, () for not asked yet; `how`: how and when, in words."""

    line: int
    name: str
    folder: str
    consent: tuple[str, ...]
    how: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row. `what`: "active", "waits", "agreed" (the consent was recorded now), "there" or "left out", then `why`."""

    name: str
    what: str
    why: str = ""
    templates: int = 0
    alike: float | None = None
    left_out: tuple[LeftOut, ...] = ()
    resembles: tuple[str, ...] = ()


@dataclass(slots=True)
class BatchReport:
    """All of them, in the order of the list."""

    outcomes: list[Outcome] = field(default_factory=list)

    def count(self, what: str) -> int:
        return sum(outcome.what == what for outcome in self.outcomes)


def read_list(path: Path) -> list[Row]:
    """Raises UsageError naming the line, for a list that cannot be meant: nothing is done then."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the list '{path}' cannot be read: {error.strerror}") from error
    if len(raw) > LARGEST:
        raise UsageError(f"the list '{path}' is larger than {LARGEST >> 20} MB: split it")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"the list '{path}' is no UTF-8 text: save it as 'CSV UTF-8'") from error
    first = text.split("\n", 1)[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",", strict=True)
    try:
        header = [cell.strip().casefold() for cell in next(rows, [])]
        if unknown := [name for name in header if name not in COLUMNS] or ([] if "name" in header else ["name"]):
            raise UsageError(f"the first line of '{path}' names the columns, of {', '.join(COLUMNS)} (name is needed): "
                             f"'{unknown[0][:40]}' is {'missing' if unknown == ['name'] else 'none of them'}")
        found = [_row(rows.line_num, dict(zip(header, cells, strict=False)), len(cells), len(header))
                 for cells in rows if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise UsageError(f"line {rows.line_num} of '{path}' is no CSV: {error}") from error
    if len(found) > MOST_ROWS:
        raise UsageError(f"the list '{path}' has more than {MOST_ROWS} people: split it")
    if not found:
        raise UsageError(f"the list '{path}' names nobody")
    seen: dict[str, int] = {}
    for row in found:
        if (line := seen.setdefault(name_key(row.name), row.line)) != row.line:
            raise UsageError(f"lines {line} and {row.line} of '{path}' name the same person '{row.name}': names must differ")
    return found


def run_batch(rows: Sequence[Row], root: Path, enrolment: Enrolment, call: Call, *, wall: Callable[[], float],
              progress: Callable[[int, int, str], None] = lambda done, total, name: None) -> BatchReport:
    """Each person wholly or not at all; whoever cannot be enrolled is left out, and the rest goes on. Raises StoreError and
    ServiceError: what was done by then is done."""
    report = BatchReport()
    for done, row in enumerate(rows):
        progress(done, len(rows), row.name)
        try:
            report.outcomes.append(_one(row, root, enrolment, call, wall()))
        except (PeopleError, MediaError) as error:
            report.outcomes.append(Outcome(row.name, "left out", str(error)))
    progress(len(rows), len(rows), "")
    return report


def _one(row: Row, root: Path, enrolment: Enrolment, call: Call, wall: float) -> Outcome:
    if call("people.known", name=row.name)["known"]:
        return _again(row, call)
    pictures = pictures_in(root / row.folder)
    if not pictures:
        raise EnrolmentError(f"there is no picture in the folder '{row.folder}'")
    enrolled = enrolment.from_pictures([(path.name, partial(read_picture, path)) for path in pictures], wall=wall)
    records = [template_record(template) for template in enrolled.templates]
    alike = call("people.alike", templates=records)["alike"]
    if same := next((other for other in alike if other["same"]), None):
        raise PeopleError(f"looks like '{same['name']}', who is enrolled already (score {same['score']:.2f}, {same['needed']:.2f} is the "
                          "door's threshold)")
    if row.consent:
        call("people.enroll", name=row.name, templates=records, consent=[*row.consent], how=row.how, refuse_same=True)
    else:
        call("people.propose", name=row.name, templates=records)
    return Outcome(row.name, "active" if row.consent else "waits", templates=len(records), alike=enrolled.concord.mean,
                   left_out=enrolled.left_out, resembles=tuple(other["name"] for other in alike))


def _again(row: Row, call: Call) -> Outcome:
    """Somebody who is there: a consent that the list has and the store has not is recorded."""
    person = call("people.show", who=row.name)
    missing = [question for question in row.consent if person["consent"][question] is None]
    if person["state"] != "pending" or "recognise" not in missing:
        return Outcome(row.name, "there", f"{person['state']}; left as it is", person["templates"])
    after = call("people.consent", who=person["id"], give=missing, how=row.how)
    if after["state"] != "active":
        return Outcome(row.name, "there", "the consent is recorded; enrol again: no face is kept", after["templates"])
    return Outcome(row.name, "agreed", templates=after["templates"])


def _row(line: int, cells: dict[str, str], count: int, wanted: int) -> Row:
    if count > wanted:
        raise UsageError(f"line {line} has {count} columns, the first line {wanted}: put what holds a separator into quotes")
    given = {name: " ".join((text or "").split()) for name, text in cells.items()}
    try:
        name = clean_name(given.get("name", ""))
    except PeopleError as error:
        raise UsageError(f"line {line}: {error}") from error
    folder = given.get("folder") or name
    if Path(folder).is_absolute() or ".." in Path(folder).parts:
        raise UsageError(f"line {line}: the folder '{folder}' must lie in the folder of --images")
    consent = tuple(part.strip() for part in given.get("consent", "").replace("+", ",").replace(";", ",").split(",") if part.strip())
    if not set(consent) <= {"recognise", "show"} or len(set(consent)) != len(consent) or (consent and "recognise" not in consent):
        raise UsageError(f"line {line}: a consent is empty (not asked yet), 'recognise' or 'recognise+show', not '{given['consent'][:40]}'")
    how = given.get("how", "")
    if len(how) > LONGEST_HOW:
        raise UsageError(f"line {line}: how the consent was given has at most {LONGEST_HOW} characters")
    if consent and not how:
        raise UsageError(f"line {line}: 'how' says how and when '{name}' agreed, as: on paper, 2026-11-20")
    return Row(line, name, folder, consent, how)
