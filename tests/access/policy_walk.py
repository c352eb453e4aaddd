"""Long random walks through the policy: `python tests/access/policy_walk.py --steps 1000000 --seed 7`.

Ends with how often each decision was made and each state visited; exits 1 with the seed and the step at a broken promise.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import traceback
from collections import Counter
from dataclasses import replace

from policy_books import Books
from policy_head import FLAT, SOLID, Turner

from edge_face.access import (
    Calendar,
    CodeFact,
    Command,
    Contact,
    FaceFact,
    Facts,
    Inputs,
    Kind,
    LockTraits,
    Mode,
    Order,
    PolicyRules,
    Rights,
    Rules,
    Window,
)
from edge_face.access.challenge import Action, ChallengeRules
from edge_face.settings import AccessSettings
from edge_face.types import Light, LiveVerdict, TrackState

MONDAY = 1767571200.0
"""2026-01-05, midnight UTC."""
ODD = (math.nan, math.inf, -math.inf, -1.0, 0.0, 5e-324, 1e300, -1e300, 2.0**53, 1e12)
EVERY_DAY = frozenset(range(7))
CALENDAR = Calendar("UTC", {"day": (Window(EVERY_DAY, 480, 1080),)}, hold_open=(Window(EVERY_DAY, 600, 605), Window(EVERY_DAY, 1410, 30)))
STRICTER = replace(CALENDAR, assurance={"face+code": (Window(EVERY_DAY, 0, 360),), "face": (Window(EVERY_DAY, 720, 780),)})
CHALLENGE = ChallengeRules((Action.LEFT, Action.RIGHT), 2, 3.0, 8.0)
RIGHTS = {"bob": Rights(("day",)), "v1": Rights(uses=2), "v2": Rights(since=MONDAY, until=MONDAY + 9 * 3600, uses=1000),
          "ugo": Rights(uses=1),
          "kid": Rights(minor=True), "eve": Rights(assurance="face", release=1.5), "dan": Rights(assurance="face+card")}
PEOPLE = ("ann", "bob", "ugo", "ghost", "kid", "eve", "dan")
FACE = Rules(votes=2, of=4, dwell=0.2, rest_after=3, rest=6.0, fail_after=0.9, fail_again=2.0, approach_gap=1.0, pulse=1.0, max_release=2.5)
ACCESS = AccessSettings(held_open=4.0, code_fails=3, code_rest=7.0, code_rest_most=14.0, linger=3.0, many_failures=4)
DOORS = (
    PolicyRules(FACE, RIGHTS, CALENDAR, LockTraits(max_on=2.0), ACCESS, True, "face"),
    PolicyRules(FACE, RIGHTS, STRICTER, LockTraits(max_on=0.0), ACCESS, True, "face+challenge", CHALLENGE),
    PolicyRules(FACE, RIGHTS, CALENDAR, LockTraits("maglock", "safe"), replace(ACCESS, exit_in_lockdown=False), True, "face+code",
                CHALLENGE, claim=4.0),
    PolicyRules(FACE, RIGHTS, CALENDAR, LockTraits("motor", "secure", "pulse"), replace(ACCESS, held_open=0.0), True, "face+card",
                CHALLENGE, claim=4.0, without_camera="second"),
    PolicyRules(FACE, RIGHTS, CALENDAR, LockTraits("motor", "secure", "pulse"), ACCESS, True, "code"),
    PolicyRules(FACE, RIGHTS, Calendar(), LockTraits("strike", "safe", relock_on_open=False), replace(ACCESS, linger=0, many_failures=0),
                level="card"),
)
"""One of each kind of lock and of each level, with and without what is watched."""


class Walker:
    """A door to which things happen: mostly what happens at doors, now and then what never should."""

    def __init__(self, rules: PolicyRules, seed: int) -> None:
        self.random = random.Random(seed)
        self.books = Books(rules)
        self.now, self.ahead = 1000.0, MONDAY + 9.9 * 3600
        self.faces: tuple[FaceFact, ...] = ()
        self.contact: Contact | None = Contact.CLOSED
        self.fire = self.tamper = False
        self.seeing = self.trusted = True
        self.actor: Turner | None = None
        self.acts_until = 0.0

    def walk(self, steps: int) -> None:
        for _ in range(steps):
            self.go()

    def go(self) -> None:
        chance, some = self.random.random, self.random
        if self.actor is not None and self.now < self.acts_until:
            self._act(self.actor)
            return
        self.actor = None
        self.now += some.choice((0.0, 0.05, 0.1, 0.1, 0.1, 0.25, 0.25, 1.0, 3.0) if chance() < 0.995 else (20.0, 200.0, 700.0))
        if chance() < 0.002:
            self.ahead = some.choice((0.0, MONDAY, MONDAY + some.uniform(0, 14 * 86400), MONDAY + 10 * 3600 - self.now, 4e12))
        self._change()
        if chance() < 0.004:
            self.now -= some.uniform(0.001, 500.0)
        sight = Facts(self.now - some.choice((0.0, 0.0, 0.08, 0.4)), self.now, self._compared(self.faces)) if chance() < 0.7 else None
        orders = tuple(Order(some.choice(list(Command)), some.choice((0.0, 1.5, 60.0))) for _ in range(chance() < 0.01))
        if self.books.lockdown and chance() < 0.01:
            orders = (Order(Command.LIFT),)
        codes = tuple(self._code() for _ in range(some.choice((1, 1, 2)) if chance() < 0.05 else 0))
        inputs = Inputs(self.now, self.ahead + self.now, self.trusted, sight, chance() < 0.02, self.contact, self.fire, self.tamper,
                        self.seeing, codes, orders, some.getrandbits(64))
        self.books.tell(self._spoilt(inputs) if chance() < 0.02 else inputs)
        if chance() < 0.02:
            # Somebody comes who does what they are asked for: a head, or a print of one.
            self.actor, self.acts_until = Turner(some.choice((SOLID, SOLID, FLAT))), self.now + some.choice((2.0, 6.0, 9.0))
            face = self._face(some.randrange(40, 60))
            self.faces = (replace(face, live=LiveVerdict.LIVE) if chance() < 0.7 else face,)

    def _act(self, actor: Turner) -> None:
        """A few seconds in which somebody tries to get in, with little that comes between."""
        chance, some = self.random.random, self.random
        self.now += some.choice((0.08, 0.1, 0.1))
        face = actor.face(self.faces[0], self.books.state, self.now)
        if chance() < 0.005:
            face = replace(face, live=some.choice(list(LiveVerdict)))
        codes = (self._code(),) if chance() < 0.01 else ()
        if chance() < 0.02 and face.person is not None:
            codes = (CodeFact(some.choice(("pin", "card")), face.person, duress=chance() < 0.3),)
        sight = Facts(self.now, self.now, self._compared((face,))) if chance() < 0.99 else None
        self.books.tell(Inputs(self.now, self.ahead + self.now, self.trusted, sight, False, self.contact, False, False, True, codes, (),
                               some.getrandbits(64)))

    def _code(self) -> CodeFact:
        pick = self.random.choice
        whose = pick((None, None, "ann", "bob", "v1", "v2", "gone", "kid", "dan"))
        return CodeFact(pick(("pin", "card", "visitor")), whose, duress=whose is not None and self.random.random() < 0.2)

    def _compared(self, faces: tuple[FaceFact, ...]) -> tuple[FaceFact, ...]:
        """As vision compares them with whoever is claimed."""
        claimed = self.books.state.claimed
        if claimed is None:
            return faces
        return tuple(replace(f, claimed=claimed, claim_score=0.8 if f.person == claimed else 0.2, claim_threshold=0.5,
                             claim_agrees=f.judged and f.person == claimed) for f in faces)

    def _change(self) -> None:
        chance = self.random.random
        if chance() < 0.06:
            self.faces = tuple(self._face(track) for track in range(self.random.choice((0, 0, 1, 1, 1, 2, 3))))
        if chance() < 0.08:
            released = self.books.state.release is not None
            self.contact = self.random.choice((Contact.OPEN, Contact.CLOSED, Contact.CLOSED) if released or chance() < 0.3
                                              else (Contact.CLOSED, self.contact))
        if chance() < 0.003:
            self.contact = None
        self.fire = chance() < 0.2 if self.fire else chance() < 0.002
        self.tamper = chance() < 0.8 if self.tamper else chance() < 0.002
        self.seeing = chance() < 0.995 if self.seeing else chance() < 0.1
        self.trusted = chance() < 0.997 if self.trusted else chance() < 0.05

    def _face(self, track: int) -> FaceFact:
        person = self.random.choice((*PEOPLE, None, None))
        pick = self.random.choice
        face = FaceFact(track + pick((0, 0, 10, 20)), TrackState.CONFIRMED, pick((0.09, 0.09, 0.06, 0.058, 0.02)), pick((0.0, 24.0, 27.0)),
                        person, 0.8 if person else 0.2, 0.6, "ann", True, person, live_score=0.7,
                        live=pick((*[LiveVerdict.LIVE] * 7, *LiveVerdict)))
        return self._wild_face(face) if self.random.random() < 0.15 else face

    def _wild_face(self, face: FaceFact) -> FaceFact:
        pick = self.random.choice
        return replace(face, **pick((  # type: ignore[arg-type]
            {"state": pick(list(TrackState))}, {"eye_share": pick(ODD)}, {"yaw": pick(ODD)}, {"score": pick(ODD)},
            {"threshold": pick(ODD)}, {"vote": pick((*PEOPLE, None))}, {"judged": False, "failing": ("light",)}, {"ambiguous": True},
            {"track": pick((-1, 0, 2**70))},
            {"live": pick(list(LiveVerdict))}, {"live_score": pick(ODD)}, {"points": (pick(ODD),) * 10}, {"eyes_open": pick(ODD)},
            {"claimed": pick(PEOPLE), "claim_score": pick(ODD), "claim_threshold": pick(ODD), "claim_agrees": True})))

    def _spoilt(self, inputs: Inputs) -> Inputs:
        """One moment in which something is absurd."""
        pick = self.random.choice
        sight = Facts(pick(ODD), pick(ODD), tuple(self._wild_face(self._face(t)) for t in range(pick((0, 1, 3)))), pick((True, False)),
                      pick(list(Light)), pick((True, False)))
        given = (None, "", "ann", "\ud800", "v1")
        changed = replace(inputs, **pick((  # type: ignore[arg-type]
            {"monotonic": pick(ODD)}, {"wall": pick(ODD)}, {"sight": sight}, {"sight": replace(sight, monotonic=self.now)},
            {"orders": tuple(Order(pick(list(Command)), pick(ODD)) for _ in range(pick((1, 5, 40))))},
            {"codes": tuple(CodeFact(pick(("", "pin", "x" * 99)), pick(given), pick(given), pick((True, False)))
                            for _ in range(pick((1, 9, 60))))},
            {"dice": pick((-1, 2**80))}, {"contact": pick((None, Contact.OPEN))})))
        if math.isfinite(changed.monotonic) and abs(changed.monotonic) < 1e12:
            self.now = changed.monotonic
        return changed


def main() -> int:
    parser = argparse.ArgumentParser(description="long random walks through the policy of the door")
    parser.add_argument("--steps", type=int, default=200_000, help="steps in all, over all kinds of doors")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="repeats a walk")
    args = parser.parse_args()
    print(f"seed {args.seed}", flush=True)
    kinds: Counter[Kind] = Counter()
    modes: Counter[Mode] = Counter()
    episode, each = 5_000, max(args.steps // len(DOORS), 1)
    for number, rules in enumerate(DOORS):
        for part in range(-(-each // episode)):
            seed = args.seed * 1_000_003 + number * 10_007 + part
            walker, steps = Walker(rules, seed), min(episode, each - part * episode)
            for done in range(steps):
                try:
                    walker.go()
                except Exception:
                    traceback.print_exc()
                    print(f"broken: door {number}, walk {part} (seed {seed}), step {done}", file=sys.stderr)
                    return 1
            kinds.update(walker.books.kinds)
            modes.update(walker.books.modes)
        print(f"door {number}: {each} steps", flush=True)
    print("\n".join(f"{count:10d}  {name.value}" for counter in (kinds, modes) for name, count in counter.most_common()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
