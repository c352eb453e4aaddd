"""Similarity -> false match rate, measured on the very scores that decide at the door.

A door compares a probe (the pooled embedding of a track, or one frame) with the best of a person's templates. So people
take part with real probes and real sets of templates, drawn at random from their pictures several times over; those
with too few pictures for that would make the rates look better than they are and are left out. Draws of one pair of
people are not independent: a row needs `FEWEST` different pairs of people that matched falsely, and its upper bound
comes from a bootstrap over people (ISO/IEC 19795-1). Nothing is extrapolated: the table ends where its data end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_face.errors import ModelError

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

FEWEST = 30
"""Different pairs of people that must match falsely at a row (the rule of 30, ISO/IEC 19795-1)."""
TEMPLATES = (3, 4)
"""Fewest and most templates of a person."""
POOLED = 3
"""Pictures that are pooled into a probe."""
STEPS = 10
"""Rows in each decade of the false match rate."""
NOBODY = -2.0


@dataclass(frozen=True, slots=True)
class Row:
    """One row: at `similarity` or more, `false_matches` of `comparisons` match, among `false_pairs` different ordered
    pairs of people; `fmr_upper` is the 95 % upper bound; `tar` the share of genuine comparisons that match."""

    fmr: float
    similarity: float
    comparisons: int
    false_matches: int
    false_pairs: int
    fmr_upper: float
    tar: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """All comparisons: `impostor` (draws, probe people, template people), NOBODY where a person meets themselves;
    `same` (probe people, template people) says where; `genuine` (draws, people with enough pictures)."""

    impostor: Floats
    same: npt.NDArray[np.bool_]
    genuine: Floats


def _unit(vectors: Floats) -> Floats:
    unit: Floats = (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)
    return unit


def score(embeddings: Floats, people: Mapping[int, Indices], pooled: int, draws: int, seed: int = 0) -> Scores:
    """Compares probes of `pooled` pictures with the best of everybody's templates, `draws` times.

    `embeddings` (n, dimension) of length 1, `people` the indices of each person's pictures. A genuine comparison uses
    different pictures on its two sides. Raises ModelError when nobody has enough pictures.
    """
    random = np.random.default_rng(seed)
    names = sorted(people)
    probes = [name for name in names if len(people[name]) >= pooled]
    owners = [name for name in names if len(people[name]) >= TEMPLATES[0]]
    both = [name for name in names if len(people[name]) >= pooled + TEMPLATES[0]]
    if len(probes) < 2 or len(owners) < 2:
        raise ModelError(f"only {len(owners)} people have {TEMPLATES[0]} or more pictures: no false match rate can be measured")
    same = np.asarray(probes)[:, None] == np.asarray(owners)[None]
    impostor = np.empty((draws, len(probes), len(owners)), np.float32)
    genuine = np.empty((draws, len(both)), np.float32)
    for draw in range(draws):
        order = {name: random.permutation(people[name]) for name in names}
        first = _unit(np.stack([embeddings[order[name][:pooled]].mean(0) for name in probes]))
        best = np.full((len(probes), len(owners)), NOBODY, np.float32)
        for turn in range(TEMPLATES[1]):
            # Templates from the end, probes from the start of one order; a person without a further template waits.
            have = np.array([len(order[name]) > turn for name in owners])
            template = np.stack([embeddings[order[name][-1 - min(turn, len(order[name]) - 1)]] for name in owners])
            best = np.maximum(best, np.where(have[None], first @ template.T, NOBODY))
        best[same] = NOBODY
        impostor[draw] = best
        at = {name: number for number, name in enumerate(probes)}
        for number, name in enumerate(both):
            templates = embeddings[order[name][pooled:][-TEMPLATES[1]:]]
            genuine[draw, number] = (templates @ first[at[name]]).max()
    return Scores(impostor, same, genuine)


class Curve:
    """Rates of one set of comparisons at any similarity."""

    def __init__(self, scores: Scores) -> None:
        self.scores = scores
        self.rivals = ~scores.same
        self.ordered: Floats = np.sort(scores.impostor[:, self.rivals].ravel())[::-1]
        self.best: Floats = np.sort(scores.impostor.max(0)[self.rivals])[::-1]
        if len(self.best) < FEWEST:
            raise ModelError(f"{len(self.best)} pairs of people cannot show {FEWEST} false matches: more people with "
                             f"{TEMPLATES[0]} or more pictures are needed")

    def last(self) -> float:
        """The highest similarity at which FEWEST pairs of people match falsely."""
        limit = _up(float(self.best[FEWEST - 1]))
        return limit if _count(self.best, limit) >= FEWEST else round(limit - 1e-6, 6)

    def rate(self, limit: float) -> float:
        """False match rate at a similarity."""
        return _count(self.ordered, limit) / len(self.ordered)

    def limit(self, rate: float) -> float:
        """The lowest similarity at which the false match rate is at most `rate`, ties left aside."""
        return _up(float(self.ordered[max(math.floor(rate * len(self.ordered)), 1) - 1]))

    def row(self, limit: float, bound: float) -> Row:
        genuine = self.scores.genuine
        return Row(fmr=self.rate(limit), similarity=limit, comparisons=len(self.ordered),
                   false_matches=_count(self.ordered, limit), false_pairs=_count(self.best, limit),
                   fmr_upper=max(bound, self.rate(limit)), tar=float((genuine >= limit).mean()) if genuine.size else None)


def table(measured: Sequence[Scores], resamples: int = 1000) -> list[Row]:
    """Rows from FMR 0.1 down to where FEWEST falsely matching pairs of people remain. `measured` holds the comparisons
    by each precision; each row tells of the worst of them. Raises ModelError when even 0.1 cannot be measured."""
    curves = [Curve(scores) for scores in measured]
    last = min(curve.last() for curve in curves)
    end = max(curve.rate(last) for curve in curves)
    if end > 0.1:
        raise ModelError(f"with {measured[0].impostor.shape[2]} people not even a false match rate of 0.1 can be measured "
                         f"({FEWEST} pairs of people must match falsely): about 20 people with {TEMPLATES[0]} or "
                         "more pictures are the least")
    targets = (10 ** (-1 - step / STEPS) for step in range(10 * STEPS))
    marks = {max(curve.limit(rate) for curve in curves) for rate in targets if rate > 1.03 * end}
    limits = sorted({limit for limit in marks if limit < last} | {last})
    bounds = [_upper_bounds(curve.scores, limits, resamples) for curve in curves]
    rows: list[Row] = []
    for number, limit in enumerate(limits):
        found = [curve.row(limit, bound[number]) for curve, bound in zip(curves, bounds, strict=True)]
        worst = replace(max(found, key=lambda row: row.fmr), fmr_upper=max(row.fmr_upper for row in found),
                        tar=min((row.tar for row in found if row.tar is not None), default=None))
        if not rows or worst.fmr < rows[-1].fmr:
            rows.append(worst)
    return rows


def _up(value: float) -> float:
    """Rounded up to six digits: never laxer than measured."""
    return math.ceil(value * 1e6) / 1e6


def _count(descending: Floats, limit: float) -> int:
    """How many are `limit` or more."""
    return int(np.searchsorted(-descending, -np.float32(limit), side="right"))


def _upper_bounds(scores: Scores, limits: Sequence[float], resamples: int) -> list[float]:
    """One-sided 95 % bounds: people are drawn with replacement, and with them all comparisons they take part in."""
    random = np.random.default_rng(0)
    probes = len(scores.same)
    # Whoever has templates has pictures for a probe as well (POOLED <= TEMPLATES[0]): one weight for both their roles.
    home: Indices = np.argmax(scores.same, axis=0)
    weights = random.multinomial(probes, np.full(probes, 1 / probes), size=resamples).astype(np.float64)
    owner_weights = weights[:, home]
    rivals = (~scores.same).astype(np.float64)
    total = ((weights @ rivals) * owner_weights).sum(1) * len(scores.impostor)
    bounds = []
    for limit in limits:
        hits = (scores.impostor >= np.float32(limit)).sum(0).astype(np.float64)
        false = ((weights @ hits) * owner_weights).sum(1)
        bounds.append(float(np.percentile(false / np.maximum(total, 1.0), 95)))
    return bounds


def tables(embeddings: Mapping[str, Floats], people: Mapping[int, Indices], draws: int = 16,
           say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """The manifest's `thresholds`: "pooled" decides, "single" is one frame. `embeddings` (n, dimension) by precision.
    Raises ModelError."""
    result: dict[str, Any] = {}
    for name, pooled, words in (
        ("pooled", POOLED, f"mean embedding of {POOLED} pictures, brought to length 1, against the best of a person's templates"),
        ("single", 1, "embedding of one picture against the best of a person's templates"),
    ):
        measured = [score(vectors, people, pooled, draws) for vectors in embeddings.values()]
        rows = table(measured)
        probes, owners = measured[0].same.shape
        result[name] = {
            "score": words, "probe_pictures": pooled, "templates": TEMPLATES[1], "templates_least": TEMPLATES[0],
            "precision": ", ".join(embeddings), "people": max(probes, owners), "probe_people": probes, "template_people": owners,
            "pairs": int((~measured[0].same).sum()), "draws": draws, "genuine_people": measured[0].genuine.shape[1],
            "fewest_false_matches": FEWEST, "rows": [_rounded(row) for row in rows],
        }
        say(f"{name}: {probes} probe people, {owners} with templates, rows down to FMR {rows[-1].fmr:.2g} at {rows[-1].similarity:.4f}")
    return result


def _rounded(row: Row) -> dict[str, Any]:
    content = asdict(row)
    content["fmr"] = float(f"{row.fmr:.4g}")
    content["fmr_upper"] = max(float(f"{row.fmr_upper:.3g}"), content["fmr"])
    content["tar"] = None if row.tar is None else round(row.tar, 4)
    return content
