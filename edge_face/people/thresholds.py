"""From a rate of false grants over the whole gallery to the similarity that decides. Measured, never extrapolated.

A gallery of n people gives a stranger about n chances, so a rate r of false grants for each approach needs the rate r / n
for one approach to one person; the similarity for it stands in the table of the embedder's manifest (docs/bundles.md),
which was counted on the very score that decides: whole approaches, pooled and voted on as at the door.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from edge_face.errors import ModelError

MOST_LAX_VOTE = 1e-2
VOTE_FACTOR = 100.0
SAME_PERSON_FMR = 1e-2
"""Two pictures that are said to show one person must be more alike than all but one in a hundred pairs of strangers."""
USUAL_TEMPLATES = 4


@dataclass(frozen=True, slots=True)
class Threshold:
    """`similarity` decides (score >= similarity). `fmr` was measured there, for one approach to one person; `measured`: it
    is small enough for the wanted rate. `largest_gallery`: people up to whom that is so (0: not even one)."""

    similarity: float
    fmr: float
    measured: bool
    largest_gallery: int
    sentence: str


def threshold_for(thresholds: Mapping[str, Any], people: int, rate: float, table: str = "pooled") -> Threshold:
    """The threshold for a gallery of `people` at `rate` false grants for each approach of a stranger.

    `thresholds`: what the embedder's manifest says. Where its table ends before rate / people, the strictest measured row
    is taken and the sentence says so. Raises ModelError for a bundle without such a table, ValueError for no rate.
    """
    if not 0.0 < rate < 1.0:
        raise ValueError("a rate lies between 0 and 1")
    rows = _rows(thresholds, table)
    people = max(people, 1)
    strictest = rows[-1]
    largest = _whole(rate / float(strictest["fmr"]))
    fitting = [row for row in rows if people <= _whole(rate / float(row["fmr"]))]
    row = fitting[0] if fitting else strictest
    fmr, similarity = float(row["fmr"]), float(row["similarity"])
    return Threshold(similarity, fmr, bool(fitting), largest, _sentence(people, rate, similarity, fmr, bool(fitting), largest))


def verify_threshold(thresholds: Mapping[str, Any], rate: float) -> Threshold:
    """The threshold for one claimed person (1:1) at `rate` false matches for each approach: who names somebody by a code or a card
    has one chance, whatever the gallery's size. Raises as `threshold_for`."""
    found = threshold_for(thresholds, 1, rate)
    wanted = f"1 false match in {1 / rate:,.0f} approaches"
    if found.measured:
        sentence = f"{wanted} of somebody with another person's code or card is measured: similarity {found.similarity:.3f}"
    else:
        sentence = (f"{wanted} of somebody with another person's code or card is not measured: the strictest measured similarity "
                    f"{found.similarity:.3f} is taken, which is 1 in {1 / found.fmr:,.0f}")
    return replace(found, sentence=sentence)


def vote_rate(rate: float) -> float:
    """The rate over the gallery that one frame's own verdict is held to: never laxer than `MOST_LAX_VOTE`.

    A grant needs the pooled score as well, which alone keeps the wanted rate; the votes of single frames only have to
    point the same way, and one held to the same rate would leave most people outside. The table of the pooled score is
    made with votes at `MOST_LAX_VOTE`, so that no gallery and no rate has laxer votes than were measured.
    """
    return min(rate * VOTE_FACTOR, MOST_LAX_VOTE)


def same_person_similarity(thresholds: Mapping[str, Any]) -> float:
    """From which similarity on two pictures may be taken for one person while enrolling."""
    return threshold_for(thresholds, 1, SAME_PERSON_FMR, "single").similarity


def templates_measured(thresholds: Mapping[str, Any]) -> int:
    """How many templates a person had when the table was made. More of them would mean more false matches than it says."""
    table = thresholds.get("pooled")
    count = table.get("templates") if isinstance(table, Mapping) else None
    return count if isinstance(count, int) and count > 0 else USUAL_TEMPLATES


def _rows(thresholds: Mapping[str, Any], table: str) -> list[Mapping[str, Any]]:
    found = thresholds.get(table)
    rows = found.get("rows") if isinstance(found, Mapping) else None
    try:
        kept = sorted((r for r in rows or () if float(r["fmr"]) > 0.0 and math.isfinite(float(r["similarity"]))),
                      key=lambda r: -float(r["fmr"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"the embedder's table of thresholds '{table}' is damaged: install the bundle again") from error
    if not kept:
        raise ModelError(f"the embedder has no measured thresholds '{table}', so that nobody can be told from anybody: "
                         "edge-face-convert calibrate-thresholds makes them")
    return kept


def _whole(number: float) -> int:
    """Rounded down, but 0.1 / 0.001 is 100."""
    return math.floor(number * (1 + 1e-9))


def _sentence(people: int, rate: float, similarity: float, fmr: float, measured: bool, largest: int) -> str:
    who, most = _count(people), _count(largest)
    wanted = f"1 false grant in {1 / rate:,.0f} approaches"
    if measured:
        return f"{wanted} is measured for {who}: similarity {similarity:.3f} (the table reaches to {most})"
    reach = f"measured only for {most}, not for {who}" if largest else "measured for no gallery, however small"
    return (f"{wanted} is {reach}: the strictest measured similarity {similarity:.3f} is taken, which is "
            f"1 in {1 / min(fmr * people, 1.0):,.0f} for {who}")


def _count(people: int) -> str:
    return "one person" if people == 1 else f"{people} people"
