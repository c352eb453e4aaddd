"""Codes and cards: whose they are. Nothing of them is ever shown again, and none is in a message or a log.

    book = CodeBook.build(store)
    book.look_up("457481516", "pin")        # CodeFact("pin", "0123456789abcdef"), or CodeFact("pin", None, tried="0123456789abcdef")

What is keyed is the person's number and then the PIN, or the six digits that an authenticator app shows. One Argon2id hash is computed
for each try, also for a number that nobody has: the time it takes tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from edge_face.access.inputs import CodeFact
from edge_face.errors import AccessError, EdgeFaceError, PeopleError, StoreError
from edge_face.people.code_commands import CodeCommands
from edge_face.people.code_hash import KIND as PIN
from edge_face.people.code_hash import PinHash, blank, hashed, matches, pin_hash_of
from edge_face.people.code_tags import VISITOR, Damaged, every_card, former_pins, tag_of
from edge_face.people.person import State
from edge_face.people.person_numbers import Holder, numbers, split
from edge_face.people.store import Store
from edge_face.people.totp import matching
from edge_face.people.totp_records import ACTIVE, USED, Enrolled, enrolled_of
from edge_face.people.totp_records import KIND as TOTP

__all__ = ["CodeBook", "CodeCommands"]

LONGEST = 32
"""Digits of anything that is keyed or read."""
_ABSENT = "0" * 16


@dataclass(frozen=True, slots=True)
class _Entry:
    holder: Holder
    pin: PinHash | None
    app: Enrolled | None


@dataclass(frozen=True, slots=True)
class CodeBook:
    """All codes and cards of one moment, for looking up at the door. Those of suspended people are nobody's. `stale`: how many people
    and visitors have a code of an earlier version, and none of this one."""

    _key: bytes = field(repr=False)
    _entries: Mapping[str, _Entry] = field(repr=False)
    _cards: Mapping[str, str] = field(repr=False)
    stale: int = 0
    _blank: PinHash = field(default_factory=blank, repr=False)
    _used: dict[str, int] = field(default_factory=dict, repr=False)

    @classmethod
    def build(cls, store: Store, damaged: Damaged | None = None) -> CodeBook:
        """A person whose records were tampered with is handed to `damaged` and left out: that person's codes open nothing. Raises
        StoreError."""
        ignore: Damaged = damaged or (lambda who, error: None)
        barred: dict[str, bool] = {}

        def may_use(who: str) -> bool:
            if who not in barred:
                barred[who] = not _may_use(store, who, ignore)
            return not barred[who]

        visitors = {name for _, name, _ in store.records(VISITOR, ignore)}
        pins = _pins(store, ignore)
        apps = _apps(store, ignore)
        entries = {}
        for number, holder in numbers(store, ignore).items():
            if (holder.id in visitors) if holder.visitor else may_use(holder.id):
                entries[number] = _Entry(holder, pins.get(holder.id), None if holder.visitor else apps.get(holder.id))
        cards = {tag: who for who, _, tag in every_card(store, ignore) if may_use(who)}
        stale = len(former_pins(store) - pins.keys() - apps.keys())
        return cls(store.code_key(), entries, cards, stale)

    def look_up(self, text: str, factor: str, *, wall: float = 0.0, trusted: bool = False,
                spent: Callable[[str, int], None] = lambda who, step: None) -> CodeFact:
        """Whose it is; the person is None when it is nobody's or no code at all. `factor`: "pin" for what was keyed, or "card".
        `wall`, `trusted`: the time, and whether it may be believed, for codes that change. `spent` keeps the step whose code was used
        before the code counts; where it raises, the code does not count. Takes tens to hundreds of milliseconds. Never raises."""
        if not is_digits(text):
            return CodeFact(factor, None)
        if factor == "card":
            # Leading zeros mean nothing in a card's number.
            return CodeFact(factor, self._cards.get(tag_of(self._key, text.lstrip("0"))))
        return self._keyed(text, wall, trusted, spent) if factor == PIN else CodeFact(factor, None)

    def whose(self, text: str, factor: str) -> str | None:
        """Whose number begins what was keyed; for a card whose it is. Cheap, and proves nothing."""
        if not is_digits(text):
            return None
        if factor == "card":
            return self._cards.get(tag_of(self._key, text.lstrip("0")))
        entry = self._entries.get((split(text) or ("", ""))[0]) if factor == PIN else None
        return None if entry is None else entry.holder.id

    def holders(self) -> frozenset[str]:
        """Everybody with a number or a card."""
        return frozenset(entry.holder.id for entry in self._entries.values()) | frozenset(self._cards.values())

    def __len__(self) -> int:
        return sum((entry.pin is not None) + (entry.app is not None) for entry in self._entries.values()) + len(self._cards)

    def _keyed(self, text: str, wall: float, trusted: bool, spent: Callable[[str, int], None]) -> CodeFact:
        number, rest = split(text) or ("", text)
        entry = self._entries.get(number)
        kept = entry.pin if entry is not None and entry.pin is not None else self._blank
        try:
            given = hashed(self._key, entry.holder.id if entry is not None else _ABSENT, rest, kept)
        except AccessError:
            return CodeFact(PIN, None, None if entry is None else entry.holder.id, note="fault")
        right, forced = matches(given, kept)
        if entry is None:
            return CodeFact(PIN, None)
        who = entry.holder.id
        if right or forced:
            return CodeFact(VISITOR if entry.holder.visitor else PIN, who, duress=forced)
        return CodeFact(PIN, None, who) if entry.app is None else self._app(entry.app, who, rest, wall, trusted, spent)

    def _app(self, app: Enrolled, who: str, code: str, wall: float, trusted: bool, spent: Callable[[str, int], None]) -> CodeFact:
        if not trusted:
            return CodeFact(TOTP, None, who, note="clock")
        step = matching(app.secret, code, wall)
        if step is None:
            return CodeFact(PIN, None, who)
        if step <= max(app.used, self._used.get(who, -1)):
            return CodeFact(TOTP, None, who, note="used")
        self._used[who] = step
        try:
            spent(who, step)
        except EdgeFaceError:
            # Who is watched could else be followed in after a restart.
            return CodeFact(TOTP, None, who, note="fault")
        return CodeFact(TOTP, who)


def is_digits(text: object) -> bool:
    """Some of the ten digits of ASCII, not too many."""
    return isinstance(text, str) and 0 < len(text) <= LONGEST and text.isascii() and text.isdigit()


def _pins(store: Store, damaged: Damaged) -> dict[str, PinHash]:
    """By person or visitor."""
    found = {}
    for owner, name, value in store.records(PIN, damaged):
        try:
            found[owner or name] = pin_hash_of(value)
        except AccessError as error:
            damaged(owner, StoreError(str(error)))
    return found


def _apps(store: Store, damaged: Damaged) -> dict[str, Enrolled]:
    spoilt: set[str | None] = set()

    def lost(who: str | None, error: StoreError) -> None:
        spoilt.add(who)
        damaged(who, error)

    used = {owner: value for owner, _, value in store.records(USED, lost)}
    found = {}
    for owner, name, value in store.records(TOTP, damaged):
        if owner is None or name != ACTIVE or owner in spoilt:
            continue
        try:
            found[owner] = enrolled_of(value, used.get(owner))
        except AccessError as error:
            damaged(owner, StoreError(str(error)))
    return found


def _may_use(store: Store, who: str, damaged: Damaged) -> bool:
    try:
        return store.person(who).state is not State.SUSPENDED
    except (PeopleError, StoreError) as error:
        damaged(who, error if isinstance(error, StoreError) else StoreError(str(error)))
        return False
