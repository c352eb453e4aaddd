"""The one table of everything that is kept: every room's own declaration, and what lies where the door does not reach."""

from __future__ import annotations

from edge_face.audit.keeps import KEEPS as AUDIT
from edge_face.door.keeps import KEEPS as DOOR
from edge_face.keeping import Kept
from edge_face.kiosk.keeps import KEEPS as KIOSK
from edge_face.people.keeps import KEEPS as PEOPLE
from edge_face.service.keeps import KEEPS as SERVICE
from edge_face.settings import Settings

BEGIN, END = "<!-- the table, from the code -->", "<!-- until here -->"
"""Around the table in docs/privacy.md."""
ELSEWHERE = (
    ("the log (journald, or wherever standard output goes)",
     "what the door did, with aliases in place of people; no names, no pictures, no id but that of a damaged record",
     "journald's own limits"),
    ("backups and exports that an owner made",
     "what was enrolled then, sealed under a passphrase", "until somebody destroys them: the door does not know where they are"),
    ("whoever is told by a hook", "kinds and times of events; with [hooks] snapshot a hidden picture", "the receiver's own rules"),
    ("memory of the running door", "the picture that is looked at, templates, keys", "until the next picture; until the door stops"),
    ("spare blocks of a flash card, swap on a card",
     "older versions of any file above, as they were then (nearly all sealed)", "until the controller writes over them"),
)
"""What no file of ours holds: where, what, how long."""


def table() -> tuple[Kept, ...]:
    """Everything that is kept in files and tables of the door's."""
    return (*PEOPLE, *AUDIT, *DOOR, *SERVICE, *KIOSK)


def markdown(settings: Settings) -> str:
    """The table as docs/privacy.md shows it, with the numbers of these settings."""
    rows = ["| what | of whom | why | where | who can read it | how long | when a person is erased |", "|---|---|---|---|---|---|---|"]
    for kept in table():
        where = ", ".join(f"`{address}`" for address in kept.where)
        rows.append(f"| **{kept.name}**: {kept.what} | {kept.whose} | {kept.why} | {where} | {kept.shut} | {kept.lasts(settings)} | "
                    f"{kept.erased} |")
    rows += ["", "| elsewhere | what | how long |", "|---|---|---|"]
    rows += [f"| {where} | {what} | {until} |" for where, what, until in ELSEWHERE]
    return "\n".join(rows)


def with_table(page: str, settings: Settings) -> str:
    """A page of the documentation with the table between its two marks. Raises ValueError for a page without them."""
    head, tail = page.index(BEGIN) + len(BEGIN), page.index(END)
    return f"{page[:head]}\n\n{markdown(settings)}\n\n{page[tail:]}"
