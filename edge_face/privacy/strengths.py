"""What a strength means: the share of identity that a method takes away, as measured, and how hard it must work for that.

The table `strengths.json` is made by `benchmarks/anonymizer_strengths.py`: for each method how much identity is gone at each of its own
amounts. Identity removed = 1 - (A - 0.5) / (A of clear pictures - 0.5), A being the larger area under the ROC curve of two attackers
with our embedder: one compares hidden faces with clear ones, the other hides his pictures the same way.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

WEAK = 0.8
"""A hidden face that keeps more than a fifth of its identity (an area above 0.6 where 0.5 is chance) is weakly hidden."""
VEILS = ("mask", "noise", "spectrum")
"""Methods that lay something over the face, or over a fine mosaic of it: unless nothing else is left, it is there for whoever filters well,
and for every eye."""
EMPTY, EMPTY_AT_MOST = ("crop", "replace", "solid"), ("mask", "noise")
"""Methods of which nothing in the hidden shape comes from the face: always, or when they do their most. Every other one keeps at least its
colours, from which an attacker who trains on hidden faces learns (docs/privacy-attacks.md)."""
HOLD_AT_MOST = ("gaussian", "mean", "median", "spectrum")
"""Methods that keep colours and of which our attackers get nothing all the same when they do their most, where one colour is about all
that is left. `pixelate` and `neural` they see through even then."""
Row = tuple[float, float]
"""Amount, identity removed."""


@dataclass(frozen=True, slots=True)
class Power:
    """What is used for a strength: `amount` of the method (0 to 1) and the share of identity `removed` with it, as measured;
    `most`: what the method removes when it does its most."""

    amount: float
    removed: float
    most: float


def variant(method: str, option: str = "") -> str:
    """The row of the table for a method with an option: options that hide differently are measured apart."""
    if method == "mask" and option in ("shapes", "eyes"):
        return f"mask {option}"
    if method == "replace" and option not in ("", "face"):
        return "replace flat"
    return method


def power_for(method: str, strength: float, option: str = "") -> Power:
    """The least amount that removes the share `strength` of identity, or the method's most where it cannot or all is asked for.
    A method that was never measured does its most, and is trusted with nothing."""
    rows = rising(_table().get(variant(method, option), ()))
    if not rows:
        return Power(1.0, 0.0, 0.0)
    most = rows[-1][1]
    if strength >= 1:
        return Power(1.0, most, most)
    if rows[0][1] >= strength:
        return Power(rows[0][0], rows[0][1], most)
    for (amount, removed), (further, more) in pairwise(rows):
        if more >= strength:
            share = (strength - removed) / (more - removed)
            return Power(amount + share * (further - amount), strength, most)
    return Power(1.0, most, most)


def weakness(method: str, strength: float, option: str = "") -> str | None:
    """Why a method at a strength hides too little for a door, and what would do; None when it hides well."""
    power = power_for(method, strength, option)
    name = method if not option else f"{method} ({option})"
    if method in VEILS and power.amount < 1:
        return f"{name} at {strength:g} lets the face through what is laid over it: strength 1 does not"
    if power.most < WEAK:
        return f"{name} removes {power.most:.0%} of identity at most, and {WEAK:.0%} is the least: choose another method, as solid"
    if power.removed < WEAK:
        return f"{name} at {strength:g} removes {power.removed:.0%} of identity, and {WEAK:.0%} is the least: strength {WEAK:g} does"
    return None


def leaves_nothing(method: str, strength: float, option: str = "") -> bool:
    """Does nothing in the hidden shape come from the face, so that there is nothing to learn from either?"""
    return method in EMPTY or (method in EMPTY_AT_MOST and power_for(method, strength, option).amount >= 1)


def seen_through(method: str, strength: float, option: str = "") -> str | None:
    """Why whoever trains on hidden faces of others still tells people apart, and what would stop it; None where that was not found."""
    if leaves_nothing(method, strength, option):
        return None
    holds = method in HOLD_AT_MOST
    if holds and power_for(method, strength, option).amount >= 1:
        return None
    name = method if not option else f"{method} ({option})"
    return (f"{name} at {strength:g} keeps colours of a face, and an attacker who trained on faces hidden so tells people apart by them: "
            f"{'strength 1 stops that, and so do' if holds else 'choose'} {', '.join(EMPTY[:-1])} or {EMPTY[-1]}")


def rising(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows by amount, each removing no more than any stronger one does: a lucky measurement promises nothing."""
    found: list[Row] = []
    least = 1.0
    for amount, removed in sorted(rows, reverse=True):
        least = min(least, removed)
        found.append((amount, least))
    return tuple(reversed(found))


@functools.lru_cache(maxsize=1)
def _table() -> dict[str, tuple[Row, ...]]:
    text = importlib.resources.files("edge_face.privacy").joinpath("strengths.json").read_text(encoding="utf-8")
    return {name: tuple((float(a), float(r)) for a, r in row["removed"]) for name, row in json.loads(text).items()}
