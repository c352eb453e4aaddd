"""How long codes and cards rest after wrong ones: counted by person and by door, kept over restarts. Pure and of bounded size.

After `access.code_fails` wrong ones at least `access.code_rest` seconds, twice as long after each further one, up to
`access.code_rest_most`. A right code takes that person's own failures away, from the person and from the door; a day without a wrong one
takes all. The policy decides by this, and so does the thread that verifies codes, which keeps the record of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from edge_face.settings import AccessSettings

MOST_PEOPLE = 64
"""Whose failures are counted by person. Whoever is dropped stays in the door's count."""
QUIET = 86_400.0
"""Seconds without a wrong code after which all are forgotten. Whoever waits for that has fewer guesses than whoever does not."""
MOST_FAILS = 1_000_000
RECORD = "code-rest"
"""The kind of the store's record."""
_DOUBLINGS = 30


@dataclass(frozen=True, slots=True)
class Tally:
    """Wrong codes, the time of the latest, and until when codes rest for it (None: they do not)."""

    fails: int = 0
    last: float = 0.0
    until: float | None = None


@dataclass(frozen=True, slots=True)
class CodeState:
    """Of the door, and of people by their ids, the latest last. `told`: somebody was told of the rest."""

    door: Tally = field(default_factory=Tally)
    people: tuple[tuple[str, Tally], ...] = ()
    told: bool = False

    @property
    def fails(self) -> int:
        return self.door.fails

    @property
    def rest_until(self) -> float | None:
        """Until when no code and no card opens the door."""
        return self.door.until


def rest_of(fails: int, access: AccessSettings) -> float:
    """Seconds of rest after so many wrong codes; 0.0 for none."""
    if fails < access.code_fails:
        return 0.0
    doubled = access.code_rest * 2.0 ** min(fails - access.code_fails, _DOUBLINGS)
    return max(access.code_rest, min(doubled, access.code_rest_most))


def left(state: CodeState, person: str | None, now: float) -> float:
    """Seconds for which the codes of the door, or of this person, still rest."""
    tallies = [state.door, *(tally for who, tally in state.people if who == person)]
    return max(0.0, *(tally.until - now if tally.until is not None else 0.0 for tally in tallies))


def failed(state: CodeState, person: str | None, now: float, access: AccessSettings) -> CodeState:
    """After one more wrong code. `person`: whose number was given, None when nobody's."""
    people = dict(state.people)
    if person is not None:
        people[person] = _one_more(people.pop(person, Tally()), now, access)
        if len(people) > MOST_PEOPLE:
            # The least failed, the oldest of these: nobody becomes easier to guess at because others were guessed at.
            others = [who for who in people if who != person]
            del people[min(others, key=lambda who: people[who].fails)]
    return CodeState(_one_more(state.door, now, access), tuple(people.items()))


def cleared(state: CodeState, person: str) -> CodeState:
    """After a right code: this person's own failures are gone, those of others and of nobody stay. A rest that lasts goes on."""
    own = dict(state.people).get(person)
    if own is None:
        return state
    door = replace(state.door, fails=max(0, state.door.fails - own.fails))
    return replace(state, door=door, people=tuple((who, tally) for who, tally in state.people if who != person))


def passed(state: CodeState, now: float) -> CodeState:
    """Rests that are over are none, and what nobody added to for a day is forgotten."""
    door = _passed(state.door, now)
    people = tuple((who, tally) for who, old in state.people if (tally := _passed(old, now)).fails)
    return CodeState(door, people, state.told and door.until is not None)


def due(state: CodeState) -> float | None:
    """When the next rest is over, None when none lasts."""
    ends = [tally.until for tally in (state.door, *(tally for _, tally in state.people)) if tally.until is not None]
    return min(ends, default=None)


def only(state: CodeState, known: frozenset[str]) -> CodeState:
    """Without people who are gone: nothing of them is kept."""
    return replace(state, people=tuple((who, tally) for who, tally in state.people if who in known))


def begun_anew(state: CodeState, now: float, access: AccessSettings) -> CodeState:
    """Under another clock: whatever rests does so in full from now on."""
    def anew(tally: Tally) -> Tally:
        return Tally(tally.fails, now, None if tally.until is None else now + rest_of(max(tally.fails, access.code_fails), access))

    return CodeState(anew(state.door), tuple((who, anew(tally)) for who, tally in state.people), state.told)


def rest_record(state: CodeState) -> dict[str, Any]:
    """For the store: counts, and what rests. No times, which the next start's clock does not know."""
    return {"door": _row(state.door), "people": {who: _row(tally) for who, tally in state.people}}


def restored(record: object, now: float, access: AccessSettings) -> CodeState:
    """From the store: what rested then rests in full from now on. A record that cannot be read rests as long as may be: it may have
    been spoilt to guess on. None: nothing was kept."""
    if record is None:
        return CodeState()
    try:
        if not isinstance(record, Mapping) or set(record) != {"door", "people"}:
            raise ValueError("no record")
        door, people = _tally(record["door"], now, access), record["people"]
        if not isinstance(people, Mapping) or len(people) > MOST_PEOPLE or not all(isinstance(who, str) for who in people):
            raise ValueError("people")
        return CodeState(door, tuple((who, _tally(row, now, access)) for who, row in people.items()))
    except (ValueError, TypeError):
        fails = access.code_fails + math.ceil(math.log2(max(1.0, access.code_rest_most / access.code_rest)))
        return CodeState(Tally(fails, now, now + rest_of(fails, access)))


def _one_more(tally: Tally, now: float, access: AccessSettings) -> Tally:
    fails = min(tally.fails + 1, MOST_FAILS)
    rest = rest_of(fails, access)
    return Tally(fails, now, now + rest if rest else None)


def _passed(tally: Tally, now: float) -> Tally:
    if tally.until is not None:
        return tally if now < tally.until else replace(tally, until=None)
    return Tally() if now - tally.last >= QUIET else tally


def _row(tally: Tally) -> list[Any]:
    return [tally.fails, tally.until is not None]


def _tally(row: object, now: float, access: AccessSettings) -> Tally:
    if not isinstance(row, list) or len(row) != 2 or type(row[0]) is not int or not 0 <= row[0] <= MOST_FAILS or type(row[1]) is not bool:
        raise ValueError("a count is [fails, rests]")
    fails, rests = row
    return Tally(fails, now, now + rest_of(max(fails, access.code_fails), access) if rests else None)
