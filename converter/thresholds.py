"""Similarity -> false match rate, measured on the very scores that decide at the door.

A door compares a probe (the pooled embedding of a track, or one frame) with the best of a person's templates. So people
take part with real probes and real sets of templates, drawn at random from their pictures several times over; those
with too few pictures for that would make the rates look better than they are and are left out. Draws of one pair of
people are not independent: a row needs `FEWEST` different pairs of people that matched falsely, and its upper bound
comes from a bootstrap over people (ISO/IEC 19795-1). Nothing is extrapolated: the table ends where its data end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
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


def table(scores: Scores, resamples: int = 1000, seed: int = 0) -> list[Row]:
    """Rows from FMR 0.1 down to where FEWEST falsely matching pairs of people remain. Raises ModelError when that is
    already so at 0.1."""
    rivals = ~scores.same
    draws = len(scores.impostor)
    ordered = np.sort(scores.impostor[:, rivals].ravel())[::-1]
    best = np.sort(scores.impostor.max(0)[rivals])[::-1]
    if len(best) < FEWEST:
        raise ModelError(f"{len(best)} pairs of people cannot show {FEWEST} false matches: more people with "
                         f"{TEMPLATES[0]} or more pictures are needed")
    last = _up(float(best[FEWEST - 1]))
    if _pairs(best, last) < FEWEST:
        last = round(last - 1e-6, 6)
    end = _count(ordered, last) / len(ordered)
    if end > 0.1:
        raise ModelError(f"with {scores.impostor.shape[2]} people not even a false match rate of 0.1 can be measured "
                         f"({FEWEST} pairs of people must match falsely): about 20 people with {TEMPLATES[0]} or "
                         "more pictures are the least")
    targets = [10 ** (-1 - step / STEPS) for step in range(10 * STEPS)]
    ranks = [math.floor(rate * len(ordered)) for rate in targets if rate > 1.03 * end]
    marks = [_up(float(ordered[rank - 1])) for rank in ranks if rank > 0]
    limits = sorted({*marks, last})
    bounds = _upper_bounds(scores, limits, resamples, seed)
    rows: list[Row] = []
    for limit, bound in zip(limits, bounds, strict=True):
        false = _count(ordered, limit)
        fmr = false / len(ordered)
        if limit > last or (rows and fmr >= rows[-1].fmr):
            continue
        rows.append(Row(fmr=fmr, similarity=limit, comparisons=draws * int(rivals.sum()), false_matches=false,
                        false_pairs=_pairs(best, limit), fmr_upper=max(bound, fmr),
                        tar=float((scores.genuine >= limit).mean()) if scores.genuine.size else None))
    return rows


def _up(value: float) -> float:
    """Rounded up to six digits: never laxer than measured."""
    return math.ceil(value * 1e6) / 1e6


def _count(descending: Floats, limit: float) -> int:
    """How many are `limit` or more."""
    return int(np.searchsorted(-descending, -np.float32(limit), side="right"))


_pairs = _count


def _upper_bounds(scores: Scores, limits: list[float], resamples: int, seed: int) -> list[float]:
    """One-sided 95 % bounds: people are drawn with replacement, and with them all comparisons they take part in."""
    random = np.random.default_rng(seed)
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


def tables(embeddings: Floats, people: Mapping[int, Indices], precision: str, draws: int = 16,
           say: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """The manifest's `thresholds`: "pooled" decides, "single" is one frame. Raises ModelError."""
    result: dict[str, Any] = {}
    for name, pooled, words in (
        ("pooled", POOLED, f"mean embedding of {POOLED} pictures, brought to length 1, against the best of a person's templates"),
        ("single", 1, "embedding of one picture against the best of a person's templates"),
    ):
        scores = score(embeddings, people, pooled, draws)
        rows = table(scores)
        probes, owners = scores.same.shape
        result[name] = {
            "score": words, "probe_pictures": pooled, "templates": TEMPLATES[1], "templates_least": TEMPLATES[0],
            "precision": precision, "people": max(probes, owners), "probe_people": probes, "template_people": owners,
            "pairs": int((~scores.same).sum()), "draws": draws, "genuine_people": scores.genuine.shape[1],
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
