"""Words that are shown: marked where they are written, put into a reader's language where they are shown.

    redirect(request, "/people", notice=_("%(name)s was forgotten", name=person))

`_` only marks: the msgid is the English sentence. `scripts/messages` finds every `_("...")` and `ngettext("...", "...", n)`.
"""

from __future__ import annotations

from typing import Any


class Words(str):
    """An English sentence and what belongs into it; as a `str` it is the whole sentence in English. `source`: the msgid. `plural` and
    `number`: of a sentence that has another form for many."""

    __slots__ = ("number", "plural", "source", "values")
    source: str
    values: dict[str, Any]
    plural: str | None
    number: int

    def __new__(cls, source: str, values: dict[str, Any] | None = None, plural: str | None = None, number: int = 1) -> Words:
        values = values or {}
        chosen = source if plural is None or number == 1 else plural
        made = super().__new__(cls, filled(chosen, values))
        made.source, made.values, made.plural, made.number = source, values, plural, number
        return made


def _(source: str, /, **values: Any) -> Words:
    """Marks a sentence; `%(name)s` in it is taken from the values."""
    return Words(source, values)


def ngettext(one: str, many: str, number: int, /, **values: Any) -> Words:
    """Marks a sentence with a number; `%(num)s` in it is that number."""
    return Words(one, {"num": number, **values}, many, number)


def filled(text: str, values: dict[str, Any]) -> str:
    """A sentence with its values; without any it is taken as it stands, so that a lone % is no fault."""
    if not values:
        return text
    try:
        return text % values
    except (KeyError, ValueError, TypeError):
        return text  # a translation that names what is not there: the reader sees it rather than an error page
