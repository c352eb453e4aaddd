"""The store's desk for templates as a whole: put under a key of this store, under another one, or back. `Store` is one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from edge_face.errors import StoreError
from edge_face.people.cancelable import Protection
from edge_face.people.copies import drop_copies
from edge_face.people.person import Person, Template
from edge_face.people.record_desk import RecordDesk
from edge_face.people.sealed_templates import SealedTemplates
from edge_face.people.sealing import SealBrokenError

Made = Callable[[Person], Sequence[Template] | None]
"""New templates of somebody's kept pictures, or None where there are none that would do."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of the templates: how many people they belong to, of how many of these they were made anew of kept pictures, and
    how often the others' have been brought from key to key since they were faces, at most. `damaged`: ids of whom nothing could be
    read before, and whose templates are as they were."""

    people: int
    pictured: int
    codings: int
    damaged: tuple[str, ...]


class TemplateDesk(RecordDesk):
    """Used through `Store`."""

    edition: int
    _faces: SealedTemplates

    @property
    def protected(self) -> bool:
        """Are templates kept as codes under a key of this store? Raises SealBrokenError."""
        return self._faces.protection() is not None

    def protect_if_empty(self) -> bool:
        """From the first template on, in a store that has none and can be written; is the store protected now? Templates that are
        there change by a command of the owner's only: there is no way back without loss."""
        if self.protected:
            return True
        if self._database.read_only or self._database.row("SELECT 1 FROM template") is not None:
            return False
        with self._database.transaction():
            self._faces.protect(Protection.new())
        return True

    def protect(self, *, renew: bool = False, made: Made = lambda person: None) -> Brought:
        """All templates as codes under a fresh key, in one transaction; copies of earlier versions go, as they hold faces or codes of
        the key from before. A store that is protected already is left as it is unless `renew`; then, and for whoever has kept
        pictures, `made` gives templates without the loss of another coding. Raises StoreError; nothing has changed then."""
        if self.protected and not renew:
            return Brought(0, 0, 0, ())
        return self._bring(Protection.new(), made if self.protected else lambda person: None)

    def unprotect(self, *, made: Made = lambda person: None) -> Brought:
        """All templates as embeddings again: what comes back of the codes with the key, or new ones of kept pictures. Raises StoreError;
        nothing has changed then."""
        return self._bring(None, made) if self.protected else Brought(0, 0, 0, ())

    def drop_stale_copies(self) -> None:
        """Copies from before templates were brought under another key: also when a cut came between. Raises StoreError."""
        if self._database.row("SELECT 1 FROM meta WHERE key = 'stale copies'"):
            drop_copies(self._database.path)

    def _bring(self, protection: Protection | None, made: Made) -> Brought:
        people = pictured = codings = 0
        damaged: list[str] = []

        def left_out(identity: str, error: StoreError) -> None:
            damaged.append(identity)

        with self._database.transaction():
            everybody = self.iterate(left_out)
            first = next(everybody, None)  # opened under the key from before, which stays known
            self._faces.protect(protection)
            for person in () if first is None else (first, *everybody):
                fresh = tuple(made(person) or ()) if person.templates else ()
                kept = replace(person, templates=fresh or person.templates)
                self._faces.clear(person.id)
                self._faces.insert(self._sealing_key(person.id), kept)
                people, pictured = people + bool(person.templates), pictured + bool(fresh)
                codings = max([codings, *(0 if fresh else _codings(t, protection) for t in person.templates)])
            self._mark_unscrubbed()
            self._database.run("INSERT OR REPLACE INTO meta (key, value) VALUES ('stale copies', x'01')")
        self.edition += 1
        self._scrub()
        return Brought(people, pictured, codings, tuple(damaged))

    def _sealing_key(self, identity: str) -> bytes:
        key = self._data_key(identity)
        if key is None:
            raise SealBrokenError(f"person {identity} is not in the store any more")
        return key

    @abstractmethod
    def iterate(self, damaged: Callable[[str, StoreError], None] | None = None, *, after: str = "") -> Iterator[Person]:
        """Everybody, with templates."""

    @abstractmethod
    def _data_key(self, identity: str) -> bytes | None: ...

    @abstractmethod
    def _mark_unscrubbed(self) -> None: ...

    @abstractmethod
    def _scrub(self) -> None: ...


def _codings(template: Template, protection: Protection | None) -> int:
    """How often it will have been coded."""
    before = 0 if template.code is None else template.code.codings
    return before + (protection is not None)


