"""What happened at the door, for the pages: the diary, attendance where it is on, and the audit log."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from edge_face.access.local_time import zone_of
from edge_face.audit import Entry, audit_folder, expected_head, latest_entries, verify_log
from edge_face.errors import EdgeFaceError, ForbiddenError, PeopleError, UsageError
from edge_face.people import Store
from edge_face.people.events import KIND as EVENT_KIND
from edge_face.service import attendance, diary, recorded
from edge_face.service.diary import Wanted
from edge_face.service.recorded_commands import shown
from edge_face.service.web.arguments import Arguments, flag, number, text, whole
from edge_face.service.web.data_commands import HOW, alias_of, names_of
from edge_face.service.web.roles import Caller, Role, WebCommand
from edge_face.service.web.saying import say

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

MOST_SHOWN, MOST_EXPORTED = 200, 1000
"""Events in one answer."""
MOST_KINDS = 60
MOST_DAYS = 93
DAY = 86_400.0
_FILTERS = ("kind", "kinds", "who", "since", "until", "before")


def commands(daemon: Daemon) -> tuple[WebCommand, ...]:
    """`events.*`, `attendance.*`, `audit.*`."""
    desk = EventDesk(daemon)
    return (WebCommand("events.list", Role.VIEWER, desk.listed, (*_FILTERS, "limit")),
            WebCommand("events.show", Role.VIEWER, desk.show, ("event",)),
            WebCommand("events.export", Role.OWNER, desk.export, _FILTERS),
            WebCommand("attendance.list", Role.OWNER, desk.attendance, ("who", "since", "until")),
            WebCommand("attendance.export", Role.OWNER, desk.attendance_export, ("who", "since", "until")),
            WebCommand("attendance.consent", Role.HELPER, desk.attendance_consent, ("who", "given", "how")),
            WebCommand("audit.tail", Role.OWNER, desk.audit_tail, ("last", "before")),
            WebCommand("audit.verify", Role.OWNER, desk.audit_verify))


class EventDesk:
    """Each method is a command: who asks, the arguments, the answer."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def listed(self, caller: Caller, given: Arguments) -> Any:
        """The newest first; `before` of the answer is where the next page begins, null at the end."""
        limit = whole(given, "limit", 50, 1, MOST_SHOWN)

        def job(store: Store) -> dict[str, Any]:
            return recorded.listed(store, _wanted(store, given), _before(given), limit)

        return self._daemon.books(lambda books: books.ask(job))

    def show(self, caller: Caller, given: Arguments) -> Any:
        return self._daemon.books(partial(shown, whole(given, "event", low=0)))

    def export(self, caller: Caller, given: Arguments) -> Any:
        """The same as a table, some at a time; the first has the headings."""
        first = given.get("before") is None

        def job(store: Store) -> dict[str, Any]:
            rows, before = self._page(store, given, MOST_EXPORTED)
            return {"csv": diary.csv_of(rows, heading=first), "before": before}

        answer = self._daemon.books(lambda books: books.ask(job))
        if first:
            say(self._daemon, caller, "events-export")
        return answer

    def attendance(self, caller: Caller, given: Arguments) -> Any:
        """Days of the people who agreed to that."""
        return {"days": self._days(given)}

    def attendance_export(self, caller: Caller, given: Arguments) -> Any:
        rows = self._days(given)
        say(self._daemon, caller, "attendance-export")
        return {"csv": attendance.csv_of(rows)}

    def attendance_consent(self, caller: Caller, given: Arguments) -> Any:
        """Somebody agrees to being listed, or no longer does, which is possible also where it is off."""
        who, yes, how = text(given, "who"), flag(given, "given"), text(given, "how", HOW, 200)
        if yes:
            self._insist_on_attendance()
        wall = self._daemon.clock.wall()

        def job(store: Store) -> dict[str, Any]:
            person = store.find(who)
            if yes:
                store.put_record(attendance.KIND, {"wall": wall, "how": how}, person.id)
            else:
                store.drop_record(attendance.KIND, person.id)
            store.events.append("person.attendance", wall, person.id, {"given": yes})
            return {"id": person.id, "name": person.name, "attendance": {"wall": wall, "how": how} if yes else None}

        answer = self._daemon.books(lambda books: books.ask(job))
        say(self._daemon, caller, "attendance-consent", given=yes, whom=alias_of(self._daemon, answer["id"]))
        return answer

    def audit_tail(self, caller: Caller, given: Arguments) -> Any:
        """The latest records, the newest first, with names of people and logins who are still there."""
        last, before = whole(given, "last", 50, 1, MOST_SHOWN), given.get("before")
        below = whole(given, "before", low=1) if before is not None else None
        if self._daemon.parts.audit is not None:
            with suppress(EdgeFaceError):  # what was done just now is shown; a disk that takes nothing is said elsewhere
                self._daemon.parts.audit.call(lambda log: log.commit())
        found = latest_entries(audit_folder(self._daemon.settings), last, below=below)
        names = self._names(found)
        rows = [_row(entry, names) for entry in reversed(found)]
        return {"records": rows, "before": found[0].number if len(found) == last and found[0].number > 1 else None}

    def audit_verify(self, caller: Caller, given: Arguments) -> Any:
        """Walks over the whole log; in this thread, the door goes on."""
        folder = audit_folder(self._daemon.settings)
        key, record = self._daemon.books(lambda books: (books.audit_key(), books.record("audit-head")))
        verdict = verify_log(folder, key, expected_head(lambda kind: record, folder, key))
        say(self._daemon, caller, "audit-verify", good=verdict.problem is None)
        return {"ok": verdict.problem is None, "problem": verdict.problem, "records": verdict.records, "first": verdict.first,
                "began": verdict.began, "head": None if verdict.last is None else str(verdict.last)}

    def _page(self, store: Store, given: Arguments, limit: int) -> tuple[list[dict[str, Any]], int | None]:
        return diary.events_page(store, _wanted(store, given), _before(given), limit)

    def _days(self, given: Arguments) -> list[dict[str, Any]]:
        self._insist_on_attendance()
        until = number(given, "until", self._daemon.clock.wall(), -1e12)
        since = number(given, "since", until - 31 * DAY, -1e12)
        if not 0 <= until - since <= MOST_DAYS * DAY:
            raise UsageError(f"attendance is listed for up to {MOST_DAYS} days, the first before the last")
        who, zone = text(given, "who", ""), zone_of(self._daemon.settings.access.timezone)

        def job(store: Store) -> list[dict[str, Any]]:
            given_by = attendance.agreed(store)
            people = sorted(given_by) if not who else [store.find(who).id]
            if who and people[0] not in given_by:
                raise PeopleError(f"'{store.person(people[0]).name}' has not agreed to being listed")
            return attendance.days(store, people, since, until, zone)

        rows: list[dict[str, Any]] = self._daemon.books(lambda books: books.ask(job))
        return rows

    def _insist_on_attendance(self) -> None:
        if not self._daemon.settings.kiosk.attendance:
            raise ForbiddenError("who came when is not listed at this door: [kiosk] attendance = true turns it on for those who agree")

    def _names(self, entries: list[Entry]) -> dict[str, str]:
        """Names by what the log calls people, visitors and logins."""
        roster = self._daemon.roster
        ids = {alias: who for who, alias in roster.aliases.items()} if roster is not None else {}
        asked = {alias for entry in entries for alias in (entry.record.subject, _whom(entry)) if alias is not None}
        people = {ids[alias] for alias in asked & set(ids)}
        names = names_of(self._daemon, people)
        guests = self._daemon.books(lambda books: books.ask(
            lambda store: {name: str(value.get("label")) for _, name, value in store.records("visitor", lambda who, error: None)}))
        found = {alias: name for alias in asked & set(ids) if (name := names.get(ids[alias]) or guests.get(ids[alias])) is not None}
        return found | self._daemon.accounts.aliases()


def _before(given: Arguments) -> int | None:
    return whole(given, "before", low=1) if given.get("before") is not None else None


def _wanted(store: Store, given: Arguments) -> Wanted:
    kinds = given.get("kinds") or []
    fine = isinstance(kinds, list) and len(kinds) <= MOST_KINDS
    if not fine or not all(isinstance(kind, str) and EVENT_KIND.fullmatch(kind) for kind in kinds):
        raise UsageError(f"'kinds' is a list of at most {MOST_KINDS} kinds of events, as \"grant\"")
    kind = text(given, "kind", "", 32)
    who = text(given, "who", "").strip()
    person, visitor = diary.whose(store, who) if who else (None, None)
    since, until = (number(given, name, low=-1e12) if given.get(name) is not None else None for name in ("since", "until"))
    return Wanted((*kinds, *((kind,) if kind else ())), person, visitor, since, until)


def _row(entry: Entry, names: dict[str, str]) -> dict[str, Any]:
    record = entry.record
    whom = _whom(entry)
    return {"n": entry.number, "wall": record.wall, "kind": record.kind, "authority": record.authority, "alias": record.subject,
            "name": names.get(record.subject or ""), "whom": names.get(whom or ""),
            "reasons": list(why) if isinstance(why := record.details.get("why"), tuple) else [], "details": dict(record.details)}


def _whom(entry: Entry) -> str | None:
    """Of a record of the pages: the alias of the person whom it is about."""
    whom = entry.record.details.get("whom")
    return whom[1:] if isinstance(whom, str) and whom.startswith("p") else None
