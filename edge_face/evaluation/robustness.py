"""The verification table under hard conditions: an enrolled picture is good, the one at the door is not.

Every good picture is compared with every changed picture of the others, both ways round. Two figures a condition: TAR at
the rate as it would be with a threshold for this condition, and what remains at the threshold of the good pictures, which
is the one a door has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge_face.errors import MediaError
from edge_face.evaluation.conditions import CONDITIONS
from edge_face.evaluation.embedding_run import Embedded, Progress, Reading, Recogniser, over_pictures
from edge_face.evaluation.intervals import Interval, tar_intervals
from edge_face.evaluation.tally import RATES, Metric, OperatingPoint
from edge_face.evaluation.verification import AllPairs, compare_all
from edge_face.media import read_picture

CLEAN = "as they are"


@dataclass(frozen=True, slots=True, eq=False)
class ConditionResult:
    """One row: `at_fmr` with a threshold of its own, `at_clean` at the good pictures' thresholds; `failures`: changed
    pictures in which no face was found."""

    name: str
    about: str
    failures: int
    at_fmr: Mapping[str, OperatingPoint | None]
    at_clean: Mapping[str, OperatingPoint | None]
    intervals: Mapping[str, Interval | None]
    eer: float
    pairs: AllPairs


def read_conditions(recogniser: Recogniser, path: Path, names: Sequence[str], seed: int) -> dict[str, Reading]:
    """One picture as it is and under each condition. Without a face in the good picture no condition can be made, and all fail."""
    try:
        image = read_picture(path)
    except MediaError as error:
        return dict.fromkeys((CLEAN, *names), Reading(failure=str(error), unreadable=True))
    good = recogniser.read(image)
    readings = {CLEAN: good}
    for number, name in enumerate(names):
        if good.detection is None:
            readings[name] = good
            continue
        # Seeded by the file, so that neither the order nor the number of threads changes the result.
        random = np.random.default_rng([seed, number, *path.name.encode()])
        readings[name] = recogniser.read(CONDITIONS[name].change(image, good.detection, random))
    return readings


def measure_robustness(paths: Sequence[Path], person: npt.NDArray[np.int64], recogniser: Callable[[], Recogniser], metric: Metric,
                       names: Sequence[str], *, jobs: int = 0, seed: int = 0,
                       progress: Progress = lambda done, total: None) -> tuple[Embedded, list[ConditionResult]]:
    """The good pictures' embeddings, and a row for them and for each of `names` (keys of CONDITIONS). Raises MediaError,
    ModelError."""

    def worker() -> Callable[[Path], dict[str, Reading]]:
        own = recogniser()
        return lambda path: read_conditions(own, path, names, seed)

    columns: dict[str, list[Reading]] = {name: [] for name in (CLEAN, *names)}
    for readings in over_pictures(paths, worker, jobs=jobs, progress=progress):
        for name, reading in readings.items():
            columns[name].append(Reading(embedding=reading.embedding, failure=reading.failure, unreadable=reading.unreadable))
    clean = Embedded.of(columns[CLEAN])
    rows: list[ConditionResult] = []
    for name in columns:
        changed = clean if name == CLEAN else _embedded(columns[name], clean)
        pairs = compare_all(clean, person, metric, None if name == CLEAN else changed)
        at_fmr = {rate: pairs.tally.at_fmr(value) for rate, value in RATES.items()}
        first = rows[0].at_fmr if rows else at_fmr
        at_clean = {rate: pairs.tally.at_threshold(point.threshold) if point else None for rate, point in first.items()}
        measured = [rate for rate, point in at_fmr.items() if point]
        rows.append(ConditionResult(name, "the pictures as they are" if name == CLEAN else CONDITIONS[name].about,
                                    int(np.count_nonzero(~changed.found)), at_fmr, at_clean,
                                    tar_intervals(pairs, person, clean.found, measured, seed=seed,
                                                  other=None if name == CLEAN else changed.found),
                                    pairs.tally.eer(), pairs))
    return clean, rows


def _embedded(readings: Sequence[Reading], clean: Embedded) -> Embedded:
    """As `Embedded.of`, where a condition may also hide every face."""
    if any(reading.embedding is not None for reading in readings):
        return Embedded.of(readings)
    return Embedded(np.zeros_like(clean.embeddings), np.zeros(len(readings), bool), {i: r.failure for i, r in enumerate(readings)})
