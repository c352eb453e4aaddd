"""How often people of one group match each other, at the thresholds that everybody has (demographic differentials of the
false match rate, ISO/IEC 19795-10; NISTIR 8280 shows why people of one group are compared with each other).

Each person has one picture, so every pair of pictures of a group is a pair of different people.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converter.faces import MARGIN, FaceSet
from edge_face.errors import MediaError, ModelError, UsageError
from edge_face.media import read_picture
from edge_face.opencv import cv2
from edge_face.vision.align import SIZE
from edge_face.vision.bundle import load_bundle
from edge_face.vision.embedder import Embedder

Floats = npt.NDArray[np.float32]
RATES = (1e-2, 1e-3)
FEWEST = 30
"""Expected false matches of a group below which no rate is stated (the rule of 30, ISO/IEC 19795-1)."""
ORIGINS = ("white", "black", "asian", "indian", "other")
SEXES = ("men", "women")
DRAWS = 400


def read_groups(path: Path) -> dict[str, list[npt.NDArray[np.uint8]]]:
    """Aligned faces (112x112 BGR) by group: an .npz of packed crops with `race` and `sex`, or a folder with a folder for
    each group, one aligned picture (112x112 or 128x128) of each person inside. Raises MediaError."""
    found = _folder(path) if path.is_dir() else _packed(path)
    if few := [f"{name} has {len(faces)}" for name, faces in found.items() if len(faces) < 2]:
        raise MediaError(f"{path}: {few[0]} face: two people or more of each group are needed")
    if len(found) < 2:
        raise MediaError(f"{path} has {len(found)} groups: two or more are compared")
    return found


def _packed(path: Path) -> dict[str, list[npt.NDArray[np.uint8]]]:
    found: dict[str, list[npt.NDArray[np.uint8]]] = {}
    try:
        with np.load(path, allow_pickle=False) as pack:
            data, offsets, race, sex = (pack[name] for name in ("data", "offsets", "race", "sex"))
            for number, (origin, kind) in enumerate(zip(race.tolist(), sex.tolist(), strict=True)):
                if not (0 <= origin < len(ORIGINS) and 0 <= kind < len(SEXES)):
                    continue
                picture = cv2.imdecode(data[offsets[number]:offsets[number + 1]], cv2.IMREAD_COLOR)
                found.setdefault(f"{ORIGINS[origin]} {SEXES[kind]}", []).append(_aligned(picture, f"face {number} of {path}"))
    except (OSError, ValueError, KeyError, IndexError, EOFError, zipfile.BadZipFile, zlib.error, cv2.error) as error:
        if isinstance(error, MediaError):
            raise
        raise MediaError(f"{path} is no file of packed faces with race and sex ({error}): name groups.npz or a folder of groups") from error
    return dict(sorted(found.items()))


def _folder(path: Path) -> dict[str, list[npt.NDArray[np.uint8]]]:
    homes = sorted(home for home in path.iterdir() if home.is_dir() and not home.name.startswith("."))
    return {home.name: [_aligned(read_picture(file), str(file)) for file in sorted(home.iterdir()) if file.is_file()] for home in homes}


def _aligned(picture: Any, name: str) -> npt.NDArray[np.uint8]:
    if picture is not None and picture.shape[:2] == (SIZE + 2 * MARGIN, SIZE + 2 * MARGIN):
        return np.ascontiguousarray(picture[MARGIN:-MARGIN, MARGIN:-MARGIN])
    if picture is not None and picture.shape[:2] == (SIZE, SIZE):
        return np.asarray(picture, np.uint8)
    raise MediaError(f"{name} is no aligned face of 112x112 or 128x128: edge-face-convert capture makes them")


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
    table = {name: group_rates(np.stack([_embed(embedder, face, step) for face in members]), limits) for name, members in groups.items()}
    return {"precision": embedder.precision, "thresholds": {f"{rate:g}": round(limit, 4) for rate, limit in limits.items()},
            "threshold_people": len({who for who, _ in kept}), "groups": table}


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
