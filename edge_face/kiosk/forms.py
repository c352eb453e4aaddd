"""What a form of the owner's pages brought: texts, ticks and numbers, bounded, as the daemon wants them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.requests import Request

from edge_face.errors import UsageError
from edge_face.kiosk.words import _

MOST_FIELDS = 600
"""Of one form: the settings have the most."""
LONGEST = 20_000
"""Characters of one value; the daemon has bounds of its own."""


@dataclass(frozen=True, slots=True)
class Form:
    """Values by their names; a name may have several."""

    values: Mapping[str, Sequence[str]]

    def text(self, name: str, default: str = "") -> str:
        """Without white space at its ends."""
        return self.whole(name, default).strip()

    def whole(self, name: str, default: str = "") -> str:
        """As it was typed: a passphrase may begin with a blank."""
        found = self.values.get(name)
        return found[-1] if found else default

    def ticked(self, name: str) -> bool:
        return self.text(name) not in ("", "0", "no")

    def many(self, name: str) -> list[str]:
        return [text.strip() for text in self.values.get(name, ()) if text.strip()]

    def number(self, name: str, what: str) -> float | None:
        """None where nothing stands. Raises UsageError for what is no number; a decimal comma is one."""
        text = self.text(name).replace(",", ".")
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise UsageError(_("%(what)s: '%(text)s' is not a number", what=what, text=text[:40]))
        return number

    def integer(self, name: str, what: str) -> int | None:
        """None where nothing stands. Raises UsageError for what is no whole number."""
        number = self.number(name, what)
        if number is None:
            return None
        if number != int(number):
            raise UsageError(_("%(what)s: a whole number is needed, not '%(text)s'", what=what, text=self.text(name)[:40]))
        return int(number)

    def choice(self, name: str, allowed: Sequence[str]) -> str:
        """One of these. Raises UsageError: a browser with the page before it cannot send another."""
        text = self.text(name)
        if text not in allowed:
            raise UsageError(f"'{name}' is one of {', '.join(allowed)}")
        return text


async def form_of(request: Request) -> Form:
    """The form of a POST. Raises UsageError for one that no page of ours can have sent."""
    found: dict[str, list[str]] = {}
    for name, value in (await request.form(max_files=0, max_fields=MOST_FIELDS)).multi_items():
        if isinstance(value, UploadFile):
            raise UsageError(_("this form takes no files"))
        if len(value) > LONGEST:
            raise UsageError(_("'%(name)s' is longer than %(count)s characters", name=name[:40], count=LONGEST))
        found.setdefault(name, []).append(value)
    return Form(found)


def query_of(request: Request) -> Form:
    """What stands behind the question mark, read in the same way."""
    found: dict[str, list[str]] = {}
    for name, value in request.query_params.multi_items()[:MOST_FIELDS]:
        found.setdefault(name, []).append(value[:LONGEST])
    return Form(found)
