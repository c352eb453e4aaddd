"""What is looked for after somebody was erased: name and id in many spellings, templates by their bits, pictures, sealed values."""

from __future__ import annotations

import base64
import contextlib
import json
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from edge_face.errors import PeopleError, StoreError
from edge_face.types import Floats

SHORTEST = 6
"""Bytes: what is shorter stands in any file by chance, and is looked for as a word of texts only."""
WINDOW = 16
"""Bytes of a piece of something long: one piece of it that is left is found."""
_LONG = 9
"""Letters of a name in one word that none of our own words is."""
_VARIED = 7
"""Different bytes that a piece has at least: runs of zeros are nobody's."""
_PNG_HEAD = 64
"""Bytes at the beginning of a PNG that all have in common, nearly."""
_SEALED = {"templates": "SELECT sealed FROM template WHERE person = ?", "pictures": "SELECT sealed FROM picture WHERE person = ?"}
_SEALED_TOO = ("SELECT wrapped_key, record, name_tag FROM person WHERE id = ?", "SELECT sealed FROM sealed_record WHERE person = ?",
               "SELECT details FROM event WHERE person = ?")


@dataclass(frozen=True, slots=True)
class Needle:
    """`what` it is, for people ("the name"); never shown itself."""

    what: str
    content: bytes


def of_person(record: Mapping[str, Any]) -> list[Needle]:
    """Of a record: `id`, `name`, `templates` and `pictures` as `people.export` gives them, `codes` (protected templates, in base64). A
    damaged one may be the id alone."""
    from edge_face.people.records import vector_of

    needles = [*_of_id(str(record["id"])), *_of_name(str(record.get("name") or ""))]
    for template in record.get("templates") or ():
        with contextlib.suppress(PeopleError, ValueError, KeyError, TypeError):
            needles += _of_template(vector_of(base64.b64decode(template["embedding"])))
    for code in record.get("codes") or ():
        needles += _pieces("a template", base64.b64decode(code))
        needles += _base64("a template", base64.b64decode(code))
    for picture in record.get("pictures") or ():
        png = base64.b64decode(picture["png"])
        needles += _pieces("a picture", png[_PNG_HEAD:])
        needles += _base64("a picture", png[_PNG_HEAD:_PNG_HEAD + 96])
    return list(dict.fromkeys(needles))


def words_of(record: Mapping[str, Any]) -> list[str]:
    """What is looked for as a word of texts: the name, however short."""
    return sorted(_spellings(str(record.get("name") or "")))


def _spellings(name: str) -> set[str]:
    """With other capitals, too. A short name is not looked for in small letters, unless it is written so: somebody may be called Grant or
    Camera, and our own files are full of such words."""
    found = {name, name.upper(), name.title()}
    if len(name) >= _LONG or not name.isascii() or not name.isalpha():
        found |= {name.casefold(), name.lower()}
    return found - {""}


def sealed_of(database: Path, person: str, what: str = "everything") -> list[Needle]:
    """The sealed values of a person, as they lie in the database; `what` may be "templates" or "pictures" alone. Raises `StoreError`."""
    chosen = [_SEALED[what]] if what in _SEALED else [*_SEALED.values(), *_SEALED_TOO]
    try:
        with contextlib.closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)) as connection:
            values = [value for statement in chosen for row in connection.execute(statement, [person]) for value in row]
    except sqlite3.Error as error:
        raise StoreError(f"{database} cannot be read ({error}): run this as the user who owns it, or with sudo") from error
    return list(dict.fromkeys(needle for value in values for needle in _pieces("a sealed value", bytes(value))))


def _of_id(identity: str) -> Iterator[Needle]:
    forms = {identity.encode(), identity.upper().encode(), identity.encode("utf-16-le"), identity.encode("utf-16-be")}
    with contextlib.suppress(ValueError):
        forms.add(bytes.fromhex(identity))
    return (Needle("the id", form) for form in sorted(forms))


def _of_name(name: str) -> Iterator[Needle]:
    composed, apart = unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)
    spellings = {composed, apart, unicodedata.normalize("NFKD", name), *_spellings(name)}
    forms: set[bytes] = set()
    for text in spellings:
        forms |= {text.encode("utf-8"), text.encode("utf-16-le"), text.encode("utf-16-be"), text.encode("utf-32-le"),
                  json.dumps(text).strip('"').encode(), quote(text).encode(), quote(text).replace("%20", "+").encode()}
        for encoding in ("latin-1", "gb18030", "cp1252"):
            with contextlib.suppress(UnicodeEncodeError):
                forms.add(text.encode(encoding))
        forms |= {needle.content for needle in _base64("", text.encode("utf-8"))}
    return (Needle("the name", form) for form in sorted(forms) if len(form) >= SHORTEST)


def _of_template(vector: Floats) -> Iterator[Needle]:
    largest = float(np.abs(vector).max(initial=0.0)) or 1.0
    forms = [vector.astype(kind).tobytes() for kind in ("<f4", ">f4", "<f8", ">f8", "<f2", ">f2")]
    forms += [np.round(vector * scale).astype(np.int8).tobytes() for scale in (127.0, 127.0 / largest)]
    forms += [np.packbits(vector > 0, bitorder="big").tobytes(), np.packbits(vector > 0, bitorder="little").tobytes()]
    for form in forms:
        yield from _pieces("a template", form)
    yield from _base64("a template", forms[0])
    for numbers in (vector[:2].tolist(), [round(float(number), 6) for number in vector[:2]]):
        for comma in (", ", ","):
            yield Needle("a template", json.dumps(numbers, separators=(comma, ":"))[1:-1].encode())


def _pieces(what: str, content: bytes) -> Iterator[Needle]:
    whole = (content[start:start + WINDOW] for start in range(0, max(len(content) - WINDOW + 1, 1), WINDOW))
    return (Needle(what, piece) for piece in whole if len(piece) >= SHORTEST and len(set(piece)) >= min(_VARIED, len(piece)))


def _base64(what: str, content: bytes) -> Iterable[Needle]:
    """Its middle in base64, at each of the three places where it may begin."""
    for skipped in range(3):
        part = content[skipped:][:(len(content) - skipped) // 3 * 3]
        if len(part) >= SHORTEST:
            yield from _pieces(what, base64.b64encode(part))
