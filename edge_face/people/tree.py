"""Importing a folder for each person: `DIR/<name>/*.jpg`. Who came in, and what was left out and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from edge_face.errors import EnrolmentError, PeopleError
from edge_face.media import Kind, kind_of, read_picture
from edge_face.people.enrolment import Enrolment, LeftOut
from edge_face.people.person import clean_name
from edge_face.people.records import template_record


@dataclass(frozen=True, slots=True)
class Member:
    """A folder and the pictures in it."""

    folder: Path
    pictures: tuple[Path, ...]


@dataclass(slots=True)
class TreeReport:
    """`imported`: summaries with how well the templates agree and whom they look like. `left_out`: folders and pictures
    (as `folder/file`), and why."""

    imported: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


Call = Callable[..., Any]
"""`call(command, **arguments)` of `PeopleCommands.run` or the daemon's client."""
Progress = Callable[[int, int, str], None]


def members(root: Path) -> list[Member]:
    """The folders right under `root`, by name, hidden ones left out. Raises PeopleError for a root that is none or empty."""
    try:
        folders = sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))
    except OSError as error:
        raise PeopleError(f"'{root}' is no folder that can be read ({error.strerror}): give one that holds a folder for each "
                          "person") from error
    if not folders:
        raise PeopleError(f"'{root}' holds no folders: it needs one for each person, named after the person")
    return [Member(folder, pictures_in(folder)) for folder in folders]


def pictures_in(folder: Path) -> tuple[Path, ...]:
    """The pictures right in a folder, by name, hidden ones left out. Raises PeopleError."""
    try:
        files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    except OSError as error:
        raise PeopleError(f"'{folder}' is no folder that can be read ({error.strerror}): give a folder of pictures") from error
    return tuple(p for p in files if kind_of(p) is Kind.PICTURE)


def import_tree(root: Path, enrolment: Enrolment, call: Call, consent: Sequence[str], *, wall: Callable[[], float],
                progress: Progress = lambda done, total, name: None) -> TreeReport:
    """Enrols everybody in the tree, each as soon as their pictures are looked at, so that what was cut off can be begun
    again. Somebody who looks like a person enrolled already is left out. Raises PeopleError for a tree that is none."""
    found = members(root)
    report = TreeReport()
    for done, member in enumerate(found):
        progress(done, len(found), member.folder.name)
        try:
            _one(member, enrolment, call, consent, wall(), report)
        except PeopleError as error:
            report.left_out.append(LeftOut(member.folder.name, str(error)))
    progress(len(found), len(found), "")
    return report


def _one(member: Member, enrolment: Enrolment, call: Call, consent: Sequence[str], wall: float, report: TreeReport) -> None:
    name = clean_name(member.folder.name)
    if not member.pictures:
        raise EnrolmentError("there is no picture in the folder")
    if len(member.pictures) == 1:
        raise EnrolmentError("one picture is not enough: nobody could say whether it shows the right person")
    if call("people.known", name=name)["known"]:
        raise PeopleError("somebody of that name is enrolled already")
    enrolled = enrolment.from_pictures([(path.name, partial(read_picture, path)) for path in member.pictures], wall=wall)
    answer = call("people.enroll", name=name, templates=[template_record(t) for t in enrolled.templates], consent=list(consent),
                  how="import of a folder of pictures", refuse_same=True)
    report.imported.append({**answer["person"], "alike": answer["alike"], "agreement": enrolled.concord.mean,
                            "lowest": enrolled.concord.lowest, "pictures": enrolled.looked_at})
    report.left_out += [LeftOut(f"{member.folder.name}/{entry.what}", entry.why) for entry in enrolled.left_out]
