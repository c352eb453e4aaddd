"""How often people of one group match each other, at the thresholds that everybody has (demographic differentials of the
false match rate, ISO/IEC 19795-10; NISTIR 8280 shows why people of one group are compared with each other).

Each person has one picture, so every pair of pictures of a group is a pair of different people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.faces import FaceSet
from edge_face.errors import ModelError, UsageError
from edge_face.evaluation.fairness import FEWEST, Members, match_rates
from edge_face.evaluation.fairness_material import aligned_of, read_packed, require_two
from edge_face.media import read_picture
from edge_face.vision.bundle import load_bundle
from edge_face.vision.embedder import Embedder

Floats = npt.NDArray[np.float32]
RATES = (1e-2, 1e-3)
DRAWS = 400


def read_groups(path: Path) -> dict[str, list[npt.NDArray[np.uint8]]]:
    """Aligned faces (112x112 BGR) by group: an .npz of packed crops with `race` and `sex`, or a folder with a folder for
    each group, one aligned picture (112x112 or 128x128) of each person inside. Raises MediaError."""
    found = _folder(path) if path.is_dir() else dict(read_packed(path))
    require_two(found, path)
    return found


def _folder(path: Path) -> dict[str, list[npt.NDArray[np.uint8]]]:
    homes = sorted(home for home in path.iterdir() if home.is_dir() and not home.name.startswith("."))
    return {home.name: [aligned_of(read_picture(file), str(file)) for file in sorted(home.iterdir()) if file.is_file()] for home in homes}


def measure(bundle_folder: Path, groups: Mapping[str, Sequence[npt.NDArray[np.uint8]]], everybody: FaceSet, precision: str,
            step: Callable[[int], None] = lambda count: None) -> dict[str, Any]:
    """False match rates of each group at the thresholds where RATES of the pairs of `everybody` (role "thresholds") match.
    JSON-able. `step` is called for each face. Raises EdgeFaceError."""
    embedder = Embedder(load_bundle(bundle_folder, "embedder"), precision)
    crops = ((i, everybody.read(i)) for i in range(len(everybody)))
    kept = [(int(everybody.identity[i]), _embed(embedder, crop, step)) for i, crop in crops if crop is not None]
    limits = thresholds(np.stack([e for _, e in kept]), np.array([who for who, _ in kept]))
    if not limits:
        raise ModelError(f"the faces for the thresholds have too few people: {FEWEST} false matches at a rate of {RATES[0]:g} are needed")
    own = {name: np.stack([_embed(embedder, face, step) for face in members]) for name, members in groups.items()}
    table = {name: group_rates(vectors, limits) for name, vectors in own.items()}
    return {"precision": embedder.precision, "thresholds": {f"{rate:g}": round(limit, 4) for rate, limit in limits.items()},
            "threshold_people": len({who for who, _ in kept}), "groups": table,
            "differentials": differentials(own, limits)}


def differentials(own: Mapping[str, Floats], limits: Mapping[float, float]) -> dict[str, Any]:
    """At each threshold: the worst group, its rate over the geometric mean of all groups' with its interval, the groups whose difference
    to that mean may be noise, and the worst two different groups (`edge-face eval fairness` shows all). None where groups are too small."""
    group = np.repeat(np.arange(len(own)), [len(vectors) for vectors in own.values()])
    members = Members(tuple(own), np.concatenate(list(own.values())), np.arange(len(group)), group)
    found: dict[str, Any] = {}
    for rate, limit in limits.items():
        matching = match_rates(members, limit)
        if matching.worst is None or matching.worst_to_mean is None or matching.worst_to_mean_interval is None:
            found[f"{rate:g}"] = None
            continue
        mixed = max((pair for pair in matching.pairs if pair.groups[0] != pair.groups[1]), key=lambda pair: pair.rate or 0.0)
        found[f"{rate:g}"] = {
            "worst": matching.worst, "worst_to_mean": round(matching.worst_to_mean, 2),
            "interval_95": [round(bound, 2) for bound in matching.worst_to_mean_interval],
            "noise": [ratio.group for ratio in matching.ratios if ratio.noise],
            "worst_two": list(mixed.groups), "worst_two_fmr": None if mixed.rate is None else round(mixed.rate, 6)}
    return found


def check_precision(bundle_folder: Path, precision: str) -> None:
    """Raises UsageError where the bundle has no such file."""
    bundle = load_bundle(bundle_folder, "embedder")
    if precision not in {file.precision for file in bundle.files}:
        raise UsageError(f"{bundle_folder} has no {precision} file: it has {bundle.offers}")


def _embed(embedder: Embedder, face: npt.NDArray[np.uint8], step: Callable[[int], None]) -> Floats:
    step(1)
    return embedder.embed(face)


def thresholds(embeddings: Floats, identity: npt.NDArray[Any]) -> dict[float, float]:
    """The similarity that each of RATES of all pairs of different people reaches, where `FEWEST` pairs or more do."""
    rows, columns = np.triu_indices(len(embeddings), 1)
    other = identity[rows] != identity[columns]
    scores = np.sort((embeddings @ embeddings.T)[rows[other], columns[other]])[::-1]
    return {rate: float(scores[int(rate * len(scores)) - 1]) for rate in RATES if rate * len(scores) >= FEWEST}


def group_rates(embeddings: Floats, limits: Mapping[float, float]) -> dict[str, Any]:
    """People, pairs and false match rates of one group with 95 % intervals by bootstrap over people; a rate that would
    rest on fewer than `FEWEST` pairs were the group like everybody is None."""
    count = len(embeddings)
    similar = embeddings @ embeddings.T
    pairs = count * (count - 1) // 2
    found: dict[str, Any] = {"people": count, "pairs": pairs, "fmr": {}, "interval_95": {}}
    rng = np.random.default_rng(0)
    weights = rng.multinomial(count, np.full(count, 1 / count), DRAWS).astype(np.float64)
    # Pairs of a person with himself, drawn twice, are no pairs.
    drawn = (weights.sum(1) ** 2 - (weights**2).sum(1)) / 2
    for rate, limit in limits.items():
        hits = np.triu(similar >= np.float32(limit), 1).astype(np.float64)
        stated = rate * pairs >= FEWEST
        found["fmr"][f"{rate:g}"] = round(float(hits.sum() / pairs), 6) if stated else None
        shares = np.einsum("di,ij,dj->d", weights, hits, weights, optimize=True) / drawn
        bounds = np.quantile(shares, (0.025, 0.975))
        found["interval_95"][f"{rate:g}"] = [round(float(b), 6) for b in bounds] if stated else None
    return found
