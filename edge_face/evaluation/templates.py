"""`edge-face eval templates`: what protected templates cost, whether codes of two doors can be linked, what comes back of a stolen one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from edge_face.evaluation.inversion import Back, Embedder, Inversion, Inverter, Progress, measure_inversion
from edge_face.evaluation.protection import Accuracy, measure_accuracy
from edge_face.evaluation.template_speed import Speed, measure_speed
from edge_face.evaluation.unlinkability import Indices, Unlinkability, measure_unlinkability
from edge_face.people.cancelable import Protection
from edge_face.people.thresholds import threshold_for
from edge_face.types import Floats

DOOR_RATE = 1e-3
"""False matches of one picture at which a painted face counts as taken for the person."""


@dataclass(frozen=True, slots=True, eq=False)
class Templates:
    """All figures of one run. `bits`: signs of a code."""

    about: Mapping[str, str]
    without_face: int
    bits: int
    accuracy: Accuracy
    unlinkability: Unlinkability
    inversion: Inversion
    speed: Speed
    seconds: float


def measure_templates(embeddings: Floats, person: Indices, thresholds: Mapping[str, Any], about: Mapping[str, str], *,
                      without_face: int = 0, keys: int = 3, embedder: Embedder | None = None, inverter: Inverter | None = None,
                      seed: int = 0, progress: Progress = lambda done, total: None) -> Templates:
    """(n, d) unit embeddings of pictures with a face, and whose each is. `thresholds`: the bundle's tables. Raises MediaError,
    ModelError."""
    begun = time.monotonic()
    similarity = threshold_for(thresholds, 1, DOOR_RATE, "single").similarity
    accuracy = measure_accuracy(embeddings, person, thresholds, keys=keys, seed=seed)
    links = measure_unlinkability(embeddings, person, seed=seed)
    back = measure_inversion(embeddings, person, similarity, embedder, inverter, seed=seed, progress=progress)
    dimension = int(embeddings.shape[1])
    return Templates(about, without_face, Protection.new().projection(dimension).bits, accuracy, links, back, measure_speed(dimension),
                     time.monotonic() - begun)


def templates_json(result: Templates) -> dict[str, Any]:
    """Plain values for a file."""
    links, inversion = result.unlinkability, result.inversion

    def back(found: Mapping[str, Back] | None) -> dict[str, Any] | None:
        return None if found is None else {name: asdict(one) for name, one in found.items()}

    return {"evaluation": "templates", **result.about, "without_face": result.without_face, "bits": result.bits,
            "accuracy": asdict(result.accuracy),
            "unlinkability": {name: asdict(getattr(links, name)) for name in ("keys", "picture", "within")},
            "inversion": {"faces_tried": inversion.tried, "similarity": inversion.similarity, "painted": back(inversion.faces),
                          "vectors": back(inversion.vectors)},
            "speed": asdict(result.speed), "seconds": round(result.seconds, 1)}
