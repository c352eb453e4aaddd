"""From cues to a score and a verdict: a logistic regression whose weights and thresholds were measured and stand in the manifest.

z = bias + sum of weight x (cue - centre) / scale, each term's cue clipped at 4 scales, and at 1 scale on the side of life for all
cues but the two that learned what life looks like: that a sign of attack is missing proves no life. No term is more than 4: one cue
must not outweigh all others. A cue that could not be measured adds nothing. The score is
1 / (1 + exp(-z)). Rows of the table give, for a score, the share of living people below it (BPCER) and the share of attacks of the
worst species at or above it (APCER; ISO/IEC 30107-3).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_face.errors import ModelError
from edge_face.vision.live_cues import NETWORK, TEXTURE, TOWARDS_LIFE

CLIP = 4.0
"""Scales beyond which a cue says no more: one mad measure must not decide alone."""
LEARNED = frozenset({NETWORK, TEXTURE})
"""Cues that learned what life looks like as well."""
LIFE = 1.0
"""Scales that any other cue may say for life: a replay of a moving head lacks what gives a sheet away."""
WORST_APCER = 0.07
"""A verdict of LIVE is given from the score at which no species passes more often than this."""
NEVER = 2.0
"""A threshold that no score reaches."""
MOST_TERM = 4.0
"""Of z, either way: odds of 1 : 55, about what the people that the weights were fitted to can show."""
SPEAKS = 0.4
"""A term so far below 0 is named among those that speak against life."""


@dataclass(frozen=True, slots=True)
class Cue:
    """How one cue is weighed."""

    weight: float
    centre: float
    scale: float
    low: float = -CLIP
    high: float = CLIP

    def term(self, value: float) -> float:
        """Its share of z: above 0 speaks for life."""
        share = self.weight * min(max((value - self.centre) / self.scale, self.low), self.high)
        return min(max(share, -MOST_TERM), MOST_TERM)


@dataclass(frozen=True, slots=True)
class Row:
    """At `score`: `bpcer` of the living score less, `apcer` of the worst species' attacks score as much or more."""

    score: float
    bpcer: float
    apcer: float


@dataclass(frozen=True, slots=True)
class Fusion:
    """The fusion of a bundle: `attack` (below: an attack) and `live` (from here on: alive) are its thresholds."""

    bias: float
    cues: Mapping[str, Cue]
    attack: float
    live: float

    @classmethod
    def of(cls, thresholds: Mapping[str, Any], bpcer: float, what: str = "fusion") -> Fusion:
        """What a manifest (already checked) says at that BPCER: of a track ("fusion") or of one picture ("picture"). Raises
        ModelError for a bundle without measured fusion."""
        given = thresholds.get(what)
        if not isinstance(given, Mapping):
            raise ModelError("the liveness bundle has no measured fusion, so nothing can be told from an attack: "
                             "edge-face-convert calibrate-liveness makes it")
        cues = {name: Cue(float(c["weight"]), float(c["centre"]), float(c["scale"]), *bounds(name)) for name, c in given["cues"].items()}
        attack, live = limits(rows_of(given), bpcer)
        return cls(float(given["bias"]), cues, attack, live)

    def score(self, values: Mapping[str, float | None]) -> float:
        """0 (an attack) to 1 (alive); not a number for cues that are none."""
        terms = self.terms(values)
        z = self.bias + sum(terms.values())
        return 1.0 / (1.0 + math.exp(-min(max(z, -60.0), 60.0))) if math.isfinite(z) else math.nan

    def terms(self, values: Mapping[str, float | None]) -> dict[str, float]:
        """Each measured cue's share."""
        return {name: cue.term(value) for name, cue in self.cues.items() if (value := values.get(name)) is not None}

    def against(self, values: Mapping[str, float | None]) -> tuple[str, ...]:
        """The cues that speak against life, the strongest first."""
        found = sorted((term, name) for name, term in self.terms(values).items() if term < -SPEAKS)
        return tuple(name for _, name in found)


def bounds(name: str) -> tuple[float, float]:
    """The least and the most scales from its centre that a cue is taken for."""
    if name in LEARNED:
        return -CLIP, CLIP
    return (-CLIP, LIFE) if TOWARDS_LIFE[name] > 0 else (-LIFE, CLIP)


def rows_of(table: Mapping[str, Any]) -> tuple[Row, ...]:
    """The rows of a table that was checked, lowest score first."""
    return tuple(Row(float(r["score"]), float(r["bpcer"]), float(r["apcer"])) for r in table["rows"])


def limits(rows: tuple[Row, ...], bpcer: float) -> tuple[float, float]:
    """The score below which a track is an attack: the highest that at most `bpcer` of the living fall below. And the score from
    which it is alive: that one, or the lowest at which the worst species' APCER is small enough; NEVER where there is none."""
    attack = max((row.score for row in rows if row.bpcer <= bpcer), default=rows[0].score)
    safe = min((row.score for row in rows if row.apcer <= WORST_APCER), default=NEVER)
    return attack, max(attack, safe)
