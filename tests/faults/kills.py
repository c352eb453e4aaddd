"""SIGKILL at random moments: while the daemon starts, while a door is being opened, while the store is written, at any time.

The edges are those that a file outside the process has; what the kill itself leaves is read from the board. After each kill ExecStopPost
runs as systemd would run it, then the store and the audit log are opened and compared with what was acknowledged.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_face.audit import AuditLog, Head, read_entries, verify_log
from edge_face.errors import EdgeFaceError
from edge_face.people import Store

from .edge_log import Allowance, Opening, openings, read_edges, unallowed
from .house import KINDS, LOCK, LONGEST, PULSE, House, nursery
from .verdict import UNNAMED, Row, Trial

LAG = 5.0
"""Seconds between somebody's word and the edge that it may still explain: the machine is busy."""
MEASURE = 0.15
"""Seconds by which a length measured from outside may be too long."""
MOMENTS = {"start": 0.2, "grant": 0.4, "write": 0.25, "any": 0.15}
AWAITED = {"owner": "owner", "card": "code"}
"""Whose record must be on the disk before the edge, and its kind."""


@dataclass
class Known:
    """What one house has acknowledged: names and states by id, visitors by id; `asked`: the request that is under way."""

    people: dict[str, tuple[str, str]] = field(default_factory=dict)
    visitors: set[str] = field(default_factory=set)
    asked: tuple[str, Any] | None = None
    head: Head | None = None
    records: dict[str, int] = field(default_factory=dict)


def kills(trial: Trial, *, wrong: str = "", safe: bool = True, moments: dict[str, float] | None = None, linger: float = 0.0,
          longest: float = LONGEST, kernels: tuple[str, ...] = ("keeps", "drops")) -> Row:
    """For tests of this harness: `wrong`, what the daemon does wrong on purpose; `safe=False`, nobody runs ExecStopPost; `linger`,
    seconds to wait before each kill of a running door; `longest`, the maximum on-time; `kernels`, what happens to the pins of the dead."""
    row = Row("SIGKILL", f"0 releases longer than the maximum on-time ({longest:g} s), 0 records lost after commit, 0 unnamed edges")
    context, guard = nursery(trial.folder), threading.Lock()
    share = [trial.rounds // len(KINDS) + (k < trial.rounds % len(KINDS)) for k in range(len(KINDS))]
    seeds = [trial.random.getrandbits(32) for _ in KINDS]

    def live(number: int) -> None:
        house = House(trial.folder / f"door-{number}", KINDS[number], context, wrong, longest)
        visitor = _Visitor(row, guard, house, random.Random(seeds[number]), safe, moments or MOMENTS, linger, kernels)
        try:
            for _ in range(share[number]):
                visitor.round()
                trial.say(f"SIGKILL {row.rounds} of {trial.rounds}, {row.broken} broken")
        finally:
            house.close()

    # While one door starts, another is looked at.
    with ThreadPoolExecutor(len(KINDS)) as pool:
        for done in [pool.submit(live, number) for number in range(len(KINDS)) if share[number]]:
            done.result()
    return row


class _Visitor:
    """Kills one door again and again and writes down what it finds."""

    def __init__(self, row: Row, guard: threading.Lock, house: House, luck: random.Random, safe: bool, moments: dict[str, float],
                 linger: float, kernels: tuple[str, ...]) -> None:
        self.row, self.guard, self.house, self.luck, self.safe = row, guard, house, luck, safe
        self.moments, self.linger, self.kernels = moments, linger, kernels
        self.known = Known({identity: (name, "active") for name, identity in house.people.items()})
        self.words: list[Allowance] = []
        self._opened: list[Opening] = []
        self._acting: threading.Thread | None = None
        self._takes = 0.3

    def round(self) -> None:
        moment = self.luck.choices([*self.moments], [*self.moments.values()])[0]
        kernel = self.luck.choice(self.kernels)
        where = f"{self.house.kind.name}, run {self.house.run + 1}, {moment}, kernel {kernel}"
        self.words, self.known.asked, self._acting = [], None, None
        self.house.start()
        begun = time.monotonic()
        if moment == "start":
            time.sleep(self.luck.uniform(0.0, 1.1 * self._takes))
        elif not self.house.wait_up():
            with self.guard:
                self.row.fails(f"{where}: the daemon did not start: {self.house.log.read_text()[-300:] if self.house.log.exists() else ''}")
        else:
            self._takes = time.monotonic() - begun
            self._act(moment)
        left = self.house.board.level(LOCK) == self.house.kind.released
        gone = self.house.kill(kernel)
        code, safe_at = self.house.make_safe() if self.safe else (0, time.monotonic())
        level = self.house.board.level(LOCK)
        with self.guard:
            self.row.rounds += 1
            self.row.count(f"killed in {moment}")
            if left:
                self.row.count("killed while released")
        for sentence in self._edges(gone, code, safe_at, level) + self._books():
            with self.guard:
                self.row.fails(f"{where}: {sentence}")

    def _act(self, moment: str) -> None:
        deeds: dict[str, list[Callable[[], None]]] = {
            "grant": [self._pulse, self._press, self._card], "write": [self._rename, self._suspend, self._visitor],
            "any": [self._pulse, self._press, self._card, self._rename, self._suspend, self._visitor]}
        count = 1 if moment == "grant" else self.luck.randint(1, 4)
        chosen = [self.luck.choice(deeds[moment]) for _ in range(count)]
        self._acting = threading.Thread(target=self._all, args=(chosen,), daemon=True)
        patience = self.luck.uniform(0.0, {"grant": 0.12, "write": 0.08, "any": 0.6}[moment]) + self.linger
        self._acting.start()
        time.sleep(patience)

    def _all(self, deeds: list[Callable[[], None]]) -> None:
        for deed in deeds:
            try:
                deed()
            except EdgeFaceError:
                return  # it was killed meanwhile; what was asked last stays open

    # What may release the door: each says so before it is done

    def _word(self, authority: str) -> None:
        now = time.monotonic()
        self.words.append(Allowance(authority, now, now + LAG))

    def _pulse(self) -> None:
        self._word("owner")
        self.house.call("door.pulse", seconds=self.luck.choice((0.2, PULSE, 2.0, 3600.0)))

    def _press(self) -> None:
        self._word("exit button")
        self.house.press()

    def _card(self) -> None:
        self._word("card")
        self.house.show_card()
        time.sleep(0.15)

    # What changes the store

    def _rename(self) -> None:
        who = self.luck.choice([*self.known.people])
        name = f"Person {self.luck.getrandbits(40):x}"
        self._change(("people", (who, (name, self.known.people[who][1]))), "people.rename", who=who, name=name)

    def _suspend(self) -> None:
        who = self.luck.choice([identity for name, identity in self.house.people.items() if name != "Ada"])
        name, state = self.known.people[who]
        command, then = ("people.activate", "active") if state == "suspended" else ("people.suspend", "suspended")
        self._change(("people", (who, (name, then))), command, who=who)

    def _visitor(self) -> None:
        if len(self.known.visitors) < 30:
            answer = self._change(("visitor", None), "schedule.visitor", label=f"v{self.luck.getrandbits(40):x}")
            self.known.visitors.add(answer["id"])
        else:
            gone = min(self.known.visitors)
            self._change(("no visitor", gone), "schedule.visitor_remove", who=gone)
            self.known.visitors.discard(gone)

    def _change(self, asked: tuple[str, Any], command: str, **arguments: Any) -> Any:
        """Nobody looks at what is known before this thread has ended."""
        self.known.asked = asked
        answer = self.house.call(command, **arguments)
        self.known.asked = None
        if asked[0] == "people":
            who, then = asked[1]
            self.known.people[who] = then
        return answer

    # What was found

    def _edges(self, gone: float, code: int, safe_at: float, level: int) -> list[str]:
        kind, found = self.house.kind, []
        if self._acting is not None:
            self._acting.join(30.0)
        edges = read_edges(self.house.edges)
        # A magnet is open until the daemon has begun, and after its end: rows of the safe-state table, not releases.
        was = openings(edges, LOCK, kind.released, kind.off)
        unnamed = unallowed(was, self.words)
        for opening in unnamed:
            found.append(f"released at {opening.since:.3f} without anybody's word (given: {[w.authority for w in self.words]})")
        for opening in was:
            end = opening.until if opening.until is not None else (safe_at if kind.off != kind.released else gone)
            self.row.most("longest release (s)", end - opening.since)
            if end - opening.since > self.house.longest + MEASURE:
                found.append(f"released for {end - opening.since:.2f} s")
        with self.guard:
            self.row.count("releases", len(was))
            self.row.count(UNNAMED, len(unnamed))
        if code != 0:
            found.append(f"ExecStopPost ended with {code}")
        if level != kind.off:
            found.append("the coil is on after ExecStopPost")
        self._opened = was
        return found

    def _books(self) -> list[str]:
        found: list[str] = []
        known = self.known
        try:
            with Store(self.house.store) as store:
                people = {person.id: (person.name, person.state.value) for person in store.iterate()}
                visitors = {name for _, name, _ in store.records("visitor")}
                key = store.audit_key()
            folder = self.house.store / "audit"
            if folder.exists():
                found += self._audit(folder, key)
        except EdgeFaceError as error:
            return [f"the store does not open: {error}"]
        allowed_people = [known.people]
        allowed_visitors = [known.visitors]
        if known.asked is not None:
            what, value = known.asked
            if what == "people":
                allowed_people.append({**known.people, value[0]: value[1]})
            elif what == "no visitor":
                allowed_visitors.append(known.visitors - {value})
            elif len(visitors - known.visitors) == 1:
                allowed_visitors.append(visitors | known.visitors)
        if people not in allowed_people:
            found.append("people: what was acknowledged is not what is there")
        if visitors not in allowed_visitors:
            found.append(f"visitors: {len(known.visitors - visitors)} acknowledged ones are lost, "
                         f"{len(visitors - known.visitors)} came from nowhere")
        known.people, known.visitors = people, visitors
        return found

    def _audit(self, folder: Path, key: bytes) -> list[str]:
        found: list[str] = []
        with AuditLog(folder, key, reserve=64) as log:
            if log.broken:
                found.append(f"the audit log was begun anew: {log.broken}")
        verdict = verify_log(folder, key, self.known.head)
        if verdict.problem:
            found.append(f"audit verify: {verdict.problem}")
        counts: dict[str, int] = {}
        for entry in read_entries(folder):
            counts[entry.record.kind] = counts.get(entry.record.kind, 0) + 1
        # An edge on the owner's or a card's word alone has its record on the disk before it.
        authorities = {word.authority for word in self.words}
        if self._opened and len(authorities) == 1 and (kind := AWAITED.get(*authorities)) is not None:
            fresh = counts.get(kind, 0) - self.known.records.get(kind, 0)
            if fresh < len(self._opened):
                found.append(f"audit: {len(self._opened)} openings by {kind}, {fresh} records")
        self.known.head, self.known.records = verdict.last, counts
        return found
