"""Languages of the pages: one catalogue each (gettext), English being what stands in the source."""

from __future__ import annotations

import gettext as stock
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from edge_face.kiosk.error_words import TRANSLATED, recognised
from edge_face.kiosk.words import Words, filled

LANGUAGES = {"en": "English", "zh": "中文"}
"""What each calls itself."""
HTML_NAMES = {"en": "en", "zh": "zh-Hans"}
"""For `<html lang>`: screen readers and fonts go by it."""
FOLDER = Path(__file__).parent / "locale"
DOMAIN = "edge_face"

Say = Callable[..., str]


@cache
def catalogue(language: str) -> stock.NullTranslations:
    """The catalogue of a language; English and a missing one say what stands in the source."""
    if language == "en" or language not in LANGUAGES:
        return stock.NullTranslations()
    return stock.translation(DOMAIN, FOLDER, [language], fallback=True)


def say(language: str, text: str, **values: Any) -> str:
    """A sentence in a language: `text` is a msgid, or `Words` with their values. What no catalogue knows comes back as it is."""
    if isinstance(text, Words):
        found = catalogue(language)
        values = {**text.values, **values}
        source = text.source
        translated = found.gettext(source) if text.plural is None else found.ngettext(source, text.plural, text.number)
        return filled(translated, {name: say(language, value) if isinstance(value, Words) else value for name, value in values.items()})
    if not text:
        return ""  # the empty msgid is the catalogue's own head
    translated = catalogue(language).gettext(text)
    if translated == text and not values and language != "en" and (shape := recognised(text)) is not None:
        sentence, said = shape
        values = {name: say(language, value) if name in TRANSLATED else value for name, value in said.items()}
        translated = catalogue(language).gettext(sentence)
    return filled(translated, values)


def say_number(language: str, one: str, many: str, number: int, **values: Any) -> str:
    """A sentence with a number in a language."""
    return filled(catalogue(language).ngettext(one, many, number), {"num": number, **values})


def chosen(wanted: str | None, header: str, otherwise: str) -> str:
    """The language of a request: what was `wanted` by hand, else the first of Accept-Language that there is, else `otherwise`."""
    if wanted in LANGUAGES:
        return wanted
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(header[:200].split(",")):
        name, _, weight = part.strip().partition(";q=")
        try:
            ranked.append((-float(weight or 1), position, name.split("-")[0].strip().lower()))
        except ValueError:
            continue
    return next((name for _, _, name in sorted(ranked) if name in LANGUAGES), otherwise)
