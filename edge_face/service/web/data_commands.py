"""People, codes, hours and the clock, for the pages: the commands of the command line, each for a role, each change said in the audit
log with the login's alias.

Templates and pictures of faces, exports and imports of people are not here: nothing of that leaves the daemon for a page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from edge_face.access.clock_trust import KIND as CLOCK_RECORD
from edge_face.errors import EdgeFaceError, UsageError
from edge_face.people.card_desk import add_presented
from edge_face.service.web.arguments import Arguments, text, whole
from edge_face.service.web.door_commands import first_run_is_over
from edge_face.service.web.roles import Caller, Role, WebCommand
from edge_face.service.web.saying import say
from edge_face.service.web.table import insist

if TYPE_CHECKING:
    from edge_face.service.daemon import Daemon

HOW = "the owner's pages"
"""How a consent was given, unless the page says it better."""
LONGEST_PAGE = 1000
"""People in one answer."""
MOST_PAIRS = 200
EASIER = WebCommand("people.assure", Role.OWNER, lambda caller, given: None, fresh=True)
"""What makes it easier for somebody to get in is the owner's, who proves it once more."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A command of the command line: for whom, with which arguments, does it change anything, is the passphrase asked for again."""

    name: str
    role: Role
    names: tuple[str, ...] = ()
    changes: bool = True
    fresh: bool = False


VIEWER, HELPER, OWNER = Role.VIEWER, Role.HELPER, Role.OWNER
RULES = (
    Rule("people.rename", HELPER, ("who", "name")),
    Rule("people.suspend", HELPER, ("who",)),
    Rule("people.activate", OWNER, ("who",)),
    Rule("people.forget", OWNER, ("who",), fresh=True),
    Rule("codes.list", VIEWER, changes=False),
    Rule("codes.add", HELPER, ("who", "pin", "card", "generate"), fresh=True),
    Rule("codes.remove", HELPER, ("who", "what"), fresh=True),
    Rule("codes.totp", HELPER, ("who",), fresh=True),
    Rule("codes.confirm", HELPER, ("who", "code"), fresh=True),
    Rule("codes.duress", HELPER, ("who", "pin"), fresh=True),
    Rule("schedule.show", VIEWER, changes=False),
    Rule("schedule.test", VIEWER, ("who", "at"), changes=False),
    Rule("schedule.set", OWNER, ("name", "hours", "on_holidays")),
    Rule("schedule.remove", OWNER, ("name",)),
    Rule("schedule.group", OWNER, ("name", "schedules")),
    Rule("schedule.holiday", OWNER, ("first", "last", "name")),
    Rule("schedule.workday", OWNER, ("first", "last")),
    Rule("schedule.person", OWNER, ("who", "changes")),
    Rule("schedule.hold_open", OWNER, ("hours",), fresh=True),
    Rule("schedule.assurance", OWNER, ("level", "hours"), fresh=True),
    Rule("schedule.reset", OWNER, fresh=True),
    Rule("schedule.visitor", HELPER, ("label", "uses", "changes", "digits"), fresh=True),
    Rule("schedule.visitor_remove", HELPER, ("who",)),
    Rule("schedule.visitor_clear", HELPER),
    Rule("clock.show", VIEWER, changes=False),
)


def commands(daemon: Daemon) -> tuple[WebCommand, ...]:
    """`people.*`, `codes.*`, `schedule.*`, `clock.*`."""
    desk = DataDesk(daemon)
    return (*(WebCommand(rule.name, rule.role, partial(desk.plain, rule), rule.names, rule.fresh) for rule in RULES),
            WebCommand("people.list", VIEWER, desk.everybody, ("match", "offset", "limit")),
            WebCommand("people.show", VIEWER, desk.show, ("who",)),
            WebCommand("people.pairs", VIEWER, desk.pairs),
            WebCommand("people.consent", HELPER, desk.consent, ("who", "give", "withdraw", "how")),
            WebCommand("people.assure", HELPER, desk.assure, ("who", "changes")),
            WebCommand("codes.present", HELPER, desk.present, ("who", "seconds"), fresh=True),
            WebCommand("clock.set", OWNER, desk.set_clock, ("wall",), fresh=True))


class DataDesk:
    """Each method is a command: who asks, the arguments, the answer."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def plain(self, rule: Rule, caller: Caller, given: Arguments) -> Any:
        """As the command line has it."""
        if not rule.changes:
            return self._daemon.command(rule.name, given)
        return self._changed(caller, rule.name, given)

    def everybody(self, caller: Caller, given: Arguments) -> Any:
        """Everybody by name, or a part: `match` is in the name; `total` is how many there are of them."""
        match, offset = text(given, "match", "", 200).casefold().strip(), whole(given, "offset", 0)
        limit = whole(given, "limit", LONGEST_PAGE, 1, LONGEST_PAGE)
        answer = self._daemon.command("people.list", {})
        found = [person for person in answer["people"] if match in person["name"].casefold()]
        return {**answer, "people": found[offset:offset + limit], "damaged": answer["damaged"][:LONGEST_PAGE], "total": len(found)}

    def show(self, caller: Caller, given: Arguments) -> Any:
        """One person, and what they may (`limits`), and what is asked of them in place of the door's (`own`)."""
        person = self._daemon.command("people.show", {"who": text(given, "who")})
        who = {"who": person["id"]}
        limits = self._daemon.command("schedule.person", who)
        assured = self._daemon.command("people.assure", who)
        answer = {**person, "limits": limits["limits"], "own": assured["own"], "limits_damaged": limits["damaged"] or assured["damaged"]}
        if self._daemon.settings.kiosk.attendance:
            answer["attendance"] = self._daemon.books(lambda books: books.ask(lambda store: store.record("attendance", person["id"])))
        return answer

    def pairs(self, caller: Caller, given: Arguments) -> Any:
        """Who could be taken for whom: pairs of people of whom two templates are more alike than the door's threshold."""
        gallery = self._daemon.roster.gallery if self._daemon.roster is not None else None
        if gallery is None:
            return {"pairs": [], "more": 0}
        needed = gallery.threshold.similarity
        found = list(gallery.confusable())  # in this thread: the store goes on
        names = self._names({person for a, b, _ in found[:MOST_PAIRS] for person in (a, b)})
        pairs = [{"a": {"id": a, "name": names.get(a)}, "b": {"id": b, "name": names.get(b)}, "score": round(score, 4), "needed": needed}
                 for a, b, score in found[:MOST_PAIRS]]
        return {"pairs": pairs, "more": max(0, len(found) - MOST_PAIRS)}

    def consent(self, caller: Caller, given: Arguments) -> Any:
        """Gives and takes back consents for somebody who says so."""
        asked = {"who": given.get("who"), "give": given.get("give") or [], "withdraw": given.get("withdraw") or []}
        return self._changed(caller, "people.consent", {**asked, "how": text(given, "how", HOW, 200)})

    def assure(self, caller: Caller, given: Arguments) -> Any:
        """Whoever enrols children may say that they are under 16; all else is the owner's."""
        changes = given.get("changes")
        if not isinstance(changes, dict) or not changes:
            raise UsageError("'changes' is a table of what is to be set")
        if not (set(changes) <= {"minor", "guardian"} and changes.get("minor") is True):
            insist(EASIER, caller)
        return self._changed(caller, "people.assure", given)

    def present(self, caller: Caller, given: Arguments) -> Any:
        """The next card at the reader becomes that person's; waits for it."""
        return self._changed(caller, "codes.present", given, lambda: add_presented(
            self._daemon.desk, self._daemon.command, given.get("who"), given.get("seconds") or 30.0))

    def set_clock(self, caller: Caller, given: Arguments) -> Any:
        """The owner says that the door's clock is right."""
        answer = self._changed(caller, "clock.set", given)
        self._daemon.keeper.adopt(self._daemon.books(lambda books: books.record(CLOCK_RECORD)))
        return answer

    def _changed(self, caller: Caller, name: str, given: Arguments, run: Callable[[], Any] | None = None) -> Any:
        """Runs it and says so. Somebody who is forgotten has no alias afterwards."""
        if name == "people.forget":
            first_run_is_over(self._daemon)
        whom = alias_of(self._daemon, given["who"]) if "who" in given else None
        answer = self._daemon.command(name, given) if run is None else run()
        if isinstance(answer, dict) and isinstance(answer.get("id"), str):
            whom = whom or alias_of(self._daemon, answer["id"])
        say(self._daemon, caller, name.replace(".", "-").replace("_", "-"), at_once=name == "people.forget", whom=whom)
        return answer

    def _names(self, people: set[str]) -> dict[str, str]:
        return names_of(self._daemon, people)


def alias_of(daemon: Daemon, who: Any) -> str | None:
    """What the audit log calls somebody, by name or id, as a detail of a record ("p" before the alias); None for nobody."""
    roster = daemon.roster
    if roster is None or not isinstance(who, str):
        return None
    alias = roster.aliases.get(who)
    if alias is None:
        try:
            alias = roster.aliases.get(daemon.command("codes.who", {"who": who})["id"])
        except EdgeFaceError:
            return None
    return None if alias is None else f"p{alias}"


def names_of(daemon: Daemon, people: set[str]) -> dict[str, str]:
    """Names by id of those who are there."""

    def job(books: Any) -> dict[str, str]:
        found = {}
        for identity in people:
            try:
                found[identity] = str(books.command("codes.who", {"who": identity})["name"])
            except EdgeFaceError:
                continue
        return found

    answer: dict[str, str] = daemon.books(job)
    return answer
