"""Similarity -> false match rate, counted on the very scores that decide at the door (`converter.encounters`).

Comparisons of one pair of people are not independent, and A before B's door resembles B before A's. So a row needs as
many pairs of people as would err independently `FEWEST` times: the effective number of pairs that matched falsely
(L. Kish, "Survey Sampling", 1965: the square of the sum of their matches over the sum of the squares). More rounds
make rates smoother, but never lengthen the table. The upper bound comes from a bootstrap over people (ISO/IEC
19795-1). Nothing is extrapolated: the table ends where its data end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.approaches import NOBODY, Votes
from converter.encounters import LOOKS, TEMPLATES, Encounters, Scores
from converter.face_material import TRACK_STILLS, VIEWS, Material
from edge_face.access import Rules
from edge_face.errors import ModelError
from edge_face.people.thresholds import MOST_LAX_VOTE, threshold_for

Floats = npt.NDArray[np.float32]

FEWEST = 30
"""Pairs of people that must match falsely at a row (the rule of 30, ISO/IEC 19795-1)."""
SHOWN = ("still", "stills")
"""How strangers are shown in approaches: by looks of one still, of several."""
STEPS = 10
"""Rows in each decade of the false match rate."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: at `similarity` or more, `false_matches` of `comparisons` match, among `false_pairs` different pairs of
    people, which tell as much as `effective_pairs` independent ones; `fmr_upper` is the 95 % upper bound; `tar` the
    share of genuine comparisons that match; `shown` the way of showing strangers that gave the rate."""

    fmr: float
    similarity: float
    comparisons: int
    false_matches: int
    false_pairs: int
    effective_pairs: float
    fmr_upper: float
    tar: float | None
    shown: str


class Curve:
    """Rates of one set of comparisons at any similarity. `shown` names it. Raises ModelError for too few people."""

    def __init__(self, scores: Scores, shown: str = "") -> None:
        self.scores, self.shown = scores, shown
        rivals = ~scores.same
        stranger, owner = np.nonzero(rivals)
        a, b = scores.strangers[stranger], scores.owners[owner]
        keys = np.stack([np.minimum(a, b), np.maximum(a, b)], 1)
        _, pair = np.unique(keys, axis=0, return_inverse=True)
        self._pair = np.asarray(pair).reshape(-1)
        self._impostor = scores.impostor[:, rivals]
        self.pairs = int(self._pair.max(initial=-1)) + 1
        """Different pairs of people."""
        self.ordered: Floats = np.sort(self._impostor.ravel())[::-1]
        if self.pairs < FEWEST:
            raise ModelError(f"{self.pairs} pairs of people cannot show {FEWEST} false matches: more people with "
                             f"{TEMPLATES[0]} or more pictures are needed")

    def false_pairs(self, limit: float) -> tuple[int, float]:
        """Different pairs that match falsely at a similarity, and their effective number."""
        hits = (self._impostor >= np.float32(limit)).sum(0)
        found = np.bincount(self._pair[hits > 0], weights=hits[hits > 0].astype(np.float64))
        found = found[found > 0]
        return len(found), float(found.sum() ** 2 / (found**2).sum()) if len(found) else 0.0

    def last(self) -> float:
        """The highest similarity at which pairs enough match falsely."""
        rounds = len(self._impostor)
        order = np.argsort(-self._impostor, axis=None, kind="stable")
        matches = np.zeros(self.pairs, np.int64)
        first = square = 0
        for place in order:
            pair = self._pair[place % (self._impostor.size // rounds)]
            first, square = first + 1, square + 2 * int(matches[pair]) + 1
            matches[pair] += 1
            if first * first >= FEWEST * square:
                limit = _up(float(self._impostor.flat[place]))
                for tried in (limit, round(limit - 1e-6, 6)):
                    if self.false_pairs(tried)[1] >= FEWEST:
                        return tried
        raise ModelError(f"{self.pairs} pairs of people cannot show {FEWEST} false matches: more people are needed")

    def rate(self, limit: float) -> float:
        """False match rate at a similarity."""
        return _count(self.ordered, limit) / len(self.ordered)

    def limit(self, rate: float) -> float:
        """The lowest similarity at which the false match rate is at most `rate`, ties left aside."""
        return _up(float(self.ordered[max(math.floor(rate * len(self.ordered)), 1) - 1]))

    def accepted(self, limit: float) -> float | None:
        """Share of genuine comparisons that match."""
        genuine = self.scores.genuine
        return float((genuine >= np.float32(limit)).mean()) if genuine.size else None

    def row(self, limit: float, bound: float, tar: float | None) -> Row:
        """The row at a similarity, with an upper bound and a share of genuine matches found elsewhere."""
        pairs, effective = self.false_pairs(limit)
        return Row(self.rate(limit), limit, len(self.ordered), _count(self.ordered, limit), pairs, effective,
                   max(bound, self.rate(limit)), tar, self.shown)


def table(curves: Sequence[Curve], resamples: int = 1000) -> list[Row]:
    """Rows from FMR 0.1 down to where the worst curve has pairs enough. Each row tells of the worst curve at its
    similarity (several precisions, several ways of showing strangers). Raises ModelError when even 0.1 cannot be measured."""
    ends = sorted({curve.last() for curve in curves}, reverse=True)
    last = next((limit for limit in ends if _worst(curves, limit).false_pairs(limit)[1] >= FEWEST), ends[-1])
    end = _worst(curves, last).rate(last)
    if end > 0.1:
        raise ModelError(f"with {len(curves[0].scores.owners)} people not even a false match rate of 0.1 can be measured "
                         f"({FEWEST} pairs of people must match falsely): some 80 people with {TEMPLATES[0]} or "
                         "more pictures are the least")
    targets = (10 ** (-1 - step / STEPS) for step in range(10 * STEPS))
    marks = {max(curve.limit(rate) for curve in curves) for rate in targets if rate > 1.03 * end}
    # Where the votes refuse most approaches at any similarity, the laxest rates do not exist.
    limits = sorted({limit for limit in marks if NOBODY < limit < last} | {last})
    bounds = {curve: _upper_bounds(curve.scores, limits, resamples) for curve in curves}
    rows: list[Row] = []
    for number, limit in enumerate(limits):
        worst = _worst(curves, limit)
        shares = [share for share in (curve.accepted(limit) for curve in curves) if share is not None]
        row = worst.row(limit, max(found[number] for found in bounds.values()), min(shares, default=None))
        if row.effective_pairs >= FEWEST and (not rows or row.fmr < rows[-1].fmr):
            rows.append(row)
    return rows


def _worst(curves: Sequence[Curve], limit: float) -> Curve:
    return max(curves, key=lambda curve: curve.rate(limit))


def _up(value: float) -> float:
    """Rounded up to six digits: never laxer than measured."""
    return math.ceil(value * 1e6) / 1e6


def _count(descending: Floats, limit: float) -> int:
    """How many are `limit` or more."""
    return int(np.searchsorted(-descending, -np.float32(limit), side="right"))


def _upper_bounds(scores: Scores, limits: Sequence[float], resamples: int) -> list[float]:
    """One-sided 95 % bounds: people are drawn with replacement, and with them all comparisons they take part in."""
    everybody = np.union1d(scores.strangers, scores.owners)
    weights = np.random.default_rng(0).multinomial(len(everybody), np.full(len(everybody), 1 / len(everybody)), size=resamples)
    strangers = weights[:, np.searchsorted(everybody, scores.strangers)].astype(np.float32)
    owners = weights[:, np.searchsorted(everybody, scores.owners)].astype(np.float32)
    total = ((strangers @ (~scores.same).astype(np.float32)) * owners).sum(1, dtype=np.float64) * len(scores.impostor)
    bounds = []
    for limit in limits:
        hits = (scores.impostor >= np.float32(limit)).sum(0).astype(np.float32)
        false = ((strangers @ hits) * owners).sum(1, dtype=np.float64)
        bounds.append(float(np.percentile(false / np.maximum(total, 1.0), 95)))
    return bounds


def tables(material: Material, rounds: int = 4, shown: Sequence[str] = SHOWN, rules: Rules | None = None,
           step: Callable[[int], None] = lambda count: None, say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """The manifest's `thresholds`: "pooled" decides, by whole approaches, in which strangers are `shown` by one still each,
    by several, or in both ways, the stricter counting; "single" is one picture. Raises ModelError."""
    rules = rules or Rules()
    doors = {precision: Encounters(material, precision, rounds) for precision in material.stills}
    content = {"templates": TEMPLATES[1], "templates_least": TEMPLATES[0], "precision": ", ".join(doors),
               "template_people": len(next(iter(doors.values())).owners), "rounds": rounds, "fewest_false_pairs": FEWEST}
    single = [Curve(door.single(made_up, step), name) for door in doors.values() for made_up, name in ((False, "still"), (True, "look"))]
    result = {"single": {
        "score": "one picture (a still as it is, or as a camera may show it) against the best of a person's templates",
        **content, "probe_pictures": 1, **_finished(single, "single", say)}}
    # A door's votes are never held to less than this, so that the rates hold for every gallery and rate.
    vote = threshold_for(result, 1, MOST_LAX_VOTE, "single").similarity
    votes = Votes(rules.votes, rules.of, vote)
    pooled = [Curve(door.approaches(name == "stills", votes, step), name) for door in doors.values() for name in shown]
    result["pooled"] = {
        "score": f"an approach of {LOOKS} looks: the highest score of the track's pool against the best of a person's templates "
                 f"while {votes.votes} of the last {votes.of} looks agree",
        **content, "probe_pictures": LOOKS, "stills": TRACK_STILLS, "views": VIEWS, "votes": votes.votes, "of": votes.of,
        "vote_similarity": vote, **_finished(pooled, "pooled", say)}
    return {"pooled": result["pooled"], "single": result["single"]}


def _finished(curves: Sequence[Curve], name: str, say: Callable[[str], None]) -> dict[str, Any]:
    rows = table(curves)
    strangers = {curve.shown: len(curve.scores.strangers) for curve in curves}
    say(f"{name}: {', '.join(f'{count} strangers ({shown})' for shown, count in strangers.items())}, rows down to FMR "
        f"{rows[-1].fmr:.2g} at {rows[-1].similarity:.4f}")
    return {"people": len(np.union1d(curves[0].scores.strangers, curves[0].scores.owners)), "probe_people": strangers,
            "pairs": {curve.shown: curve.pairs for curve in curves},
            "genuine": {curve.shown: int(curve.scores.genuine.size) for curve in curves}, "rows": [_rounded(row) for row in rows]}


def _rounded(row: Row) -> dict[str, Any]:
    content = asdict(row)
    content["fmr"] = float(f"{row.fmr:.4g}")
    content["fmr_upper"] = max(float(f"{row.fmr_upper:.3g}"), content["fmr"])
    content["effective_pairs"] = math.floor(row.effective_pairs)
    content["tar"] = None if row.tar is None else round(row.tar, 4)
    return content
