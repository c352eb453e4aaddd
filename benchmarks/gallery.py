"""How fast, how large and how right matching is: the door's gallery against other ways of searching.

    python benchmarks/gallery.py [--templates 300000] [--probes 2000] [--usearch] [--json FILE]

The vectors are made up, but as real embeddings are: variances fall off as exp(-k / 68) over the 384 dimensions and pictures of
one person scatter, which gives the measured similarities of strangers (0.00, standard deviation 0.086) and of pictures of
one person (0.53, deviation 0.16; both on 83,624 faces, docs/decisions/gallery.md). Recall is the share of probes whose best
exact score a method finds, among those whose best score reaches the door's threshold. One thread.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

import edge_face.people.search as search_module
from edge_face.people.gallery import Gallery
from edge_face.people.search import SearchIndex
from edge_face.people.thresholds import threshold_for, vote_rate
from edge_face.types import Floats
from edge_face.vision.bundle import load_bundle

DIMENSION, SCALE = 384, 68.0
NOISE, NOISE_SPREAD = 0.87, 0.48
"""Of a picture against its person: median, and deviation of its logarithm."""
TEMPLATES_EACH = 4
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
BANDS = ((0.35, 0.45), (0.45, 0.5), (0.5, 0.6), (0.6, 1.01))
"""Of the best exact score: recall is told for each."""
Search = Callable[[Floats], npt.NDArray[np.int64]]


@dataclass(frozen=True)
class Result:
    """A way of searching: milliseconds a probe (median, 95th percentile), megabytes of its own besides the vectors, recall at
    the door's threshold and by band."""

    name: str
    median_ms: float
    p95_ms: float
    megabytes: float
    recall: float
    bands: dict[str, float] = field(default_factory=dict)


def crowd(templates: int, probes: int, seed: int = 1) -> tuple[Floats, Floats]:
    """Unit vectors of many people, and probes of some of them, of all qualities."""
    source = np.random.default_rng(seed)
    spread = np.exp(-np.arange(DIMENSION) / (2 * SCALE)).astype(np.float32)
    spread = spread / np.linalg.norm(spread).astype(np.float32)
    # As an embedder gives them: no dimension is special.
    turn = np.linalg.qr(source.standard_normal((DIMENSION, DIMENSION)))[0].astype(np.float32)

    def draw(count: int) -> Floats:
        drawn: Floats = source.standard_normal((count, DIMENSION), dtype=np.float32) * spread
        return drawn

    def noise(count: int) -> Floats:
        level: Floats = NOISE * np.exp(NOISE_SPREAD * source.standard_normal((count, 1), dtype=np.float32))
        noisy: Floats = draw(count) * level
        return noisy

    people = -(-templates // TEMPLATES_EACH)
    faces = draw(people)
    rows = np.empty((templates, DIMENSION), np.float32)
    for start in range(0, templates, 20_000):
        owners = np.arange(start, min(start + 20_000, templates)) // TEMPLATES_EACH
        rows[start:start + len(owners)] = (faces[owners] + noise(len(owners))) @ turn
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    seen = faces[source.integers(0, people, probes)]
    looks = (seen + noise(probes)) @ turn
    unit = (looks / np.linalg.norm(looks, axis=1, keepdims=True)).astype(np.float32)
    return rows, unit


def measured(name: str, search: Search, rows: Floats, probes: Floats, best: Floats, threshold: float, own_bytes: int) -> Result:
    """Times a search with exact scoring of what it finds, and compares with the best exact scores."""
    found = np.empty(len(probes), np.float32)
    spent = []
    search(probes[0])
    for k, probe in enumerate(probes):
        begun = time.perf_counter()
        where = search(probe)
        found[k] = (rows[where] @ probe).max() if len(where) < len(rows) else (rows @ probe).max()
        spent.append(1000 * (time.perf_counter() - begun))
    right = best - found < 1e-5
    bands = {f"{low:g}-{min(high, 1):g}": float(right[chosen].mean()) for low, high in BANDS
             if (chosen := (best >= low) & (best < high)).any()}
    accepted = best >= threshold
    return Result(name, statistics.median(spent), float(np.quantile(spent, 0.95)), own_bytes / 1e6,
                  float(right[accepted].mean()) if accepted.any() else float("nan"), bands)


def projection(rows: Floats, dimensions: int, candidates: int) -> tuple[Search, int]:
    """The first principal components as float32, exact scores of the best."""
    sample = rows[:: max(1, len(rows) // 15_000)]
    axes = np.linalg.eigh(np.cov(sample.T))[1][:, ::-1][:, :dimensions].astype(np.float32)
    small = rows @ axes

    def search(probe: Floats) -> npt.NDArray[np.int64]:
        scores = small @ (probe @ axes)
        return np.argpartition(scores, -candidates)[-candidates:]

    return search, small.nbytes


def bytewise(rows: Floats, candidates: int) -> tuple[Search, int]:
    """Int8 vectors; numpy has no fast product for them."""
    scale = 127.0 / float(np.abs(rows).max())
    small = np.round(rows * scale).astype(np.int8)

    def search(probe: Floats) -> npt.NDArray[np.int64]:
        quantized = np.clip(np.round(probe * scale), -127, 127).astype(np.int8)
        scores = np.einsum("nd,d->n", small, quantized, dtype=np.int32, casting="unsafe")
        return np.argpartition(scores, -candidates)[-candidates:]

    return search, small.nbytes


def graph(rows: Floats, candidates: int) -> tuple[Search, int]:
    """usearch's HNSW graph over int8 vectors, with exact scores of what it finds."""
    from usearch.index import Index  # type: ignore[import-not-found]

    index = Index(ndim=DIMENSION, metric="cos", dtype="i8", connectivity=16, expansion_add=64, expansion_search=128)
    begun = time.perf_counter()
    index.add(np.arange(len(rows)), rows, threads=1)
    print(f"usearch built its graph in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    return lambda probe: np.asarray(index.search(probe, candidates, threads=1).keys, np.int64), int(index.memory_usage)


def gallery_ms(rows: Floats, probes: Floats) -> list[float]:
    """Milliseconds of `Gallery.match`, everything included."""
    owners = np.arange(len(rows)) // TEMPLATES_EACH
    people = tuple(f"{k:016x}" for k in range(int(owners[-1]) + 1))
    tables = load_bundle("", "embedder").thresholds
    gallery = Gallery(people, rows, owners, threshold_for(tables, len(people), 1e-4),
                      threshold_for(tables, len(people), vote_rate(1e-4), "single"))
    spent = []
    gallery.match(probes[0], 0.0)
    for probe in probes:
        begun = time.perf_counter()
        gallery.match(probe, 0.0)
        spent.append(1000 * (time.perf_counter() - begun))
    return spent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--templates", type=int, default=300_000)
    parser.add_argument("--probes", type=int, default=2000)
    parser.add_argument("--usearch", action="store_true", help="also usearch, if it is installed (its graph takes minutes to build)")
    parser.add_argument("--json", metavar="FILE", help="write the figures (-: standard output)")
    args = parser.parse_args()
    if any(os.environ.get(name) != "1" for name in THREADS):
        # numpy reads these when it is imported, so everything begins again with them.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **dict.fromkeys(THREADS, "1")})

    rows, probes = crowd(args.templates, args.probes)
    best = np.concatenate([(probes[k:k + 100] @ rows.T).max(axis=1) for k in range(0, len(probes), 100)])
    pairs = (rows[0::TEMPLATES_EACH][:50_000] * rows[1::TEMPLATES_EACH][:50_000]).sum(axis=1)
    strangers = (rows[0::TEMPLATES_EACH][:50_000] * np.roll(rows[0::TEMPLATES_EACH][:50_000], 1, axis=0)).sum(axis=1)
    print(f"{len(rows)} templates of {DIMENSION} numbers ({rows.nbytes / 1e6:.0f} MB); pictures of one person {pairs.mean():.2f} +- "
          f"{pairs.std():.2f} alike, of two {strangers.mean():.2f} +- {strangers.std():.3f}", file=sys.stderr)
    tables = load_bundle("", "embedder").thresholds
    threshold = threshold_for(tables, len(rows) // TEMPLATES_EACH, 1e-4).similarity
    everything = np.arange(len(rows))
    results: list[Result] = []

    def add(name: str, search: Search, size: int, first: int = len(probes)) -> None:
        results.append(measured(name, search, rows, probes[:first], best[:first], threshold, size))

    add("plain float32 product", lambda probe: everything, 0, 100)
    for candidates in (250, 1000, 4000):
        index = SearchIndex(rows, exact_up_to=0, candidates=candidates)
        add(f"sign bits, {candidates} exact", index._near, index.bytes - rows.nbytes)
    index = SearchIndex(rows, exact_up_to=0)
    usual, search_module.distances = search_module.distances, search_module._counted
    add("sign bits, 1000 exact, as with numpy 1", index._near, index.bytes - rows.nbytes)
    search_module.distances = usual
    for dimensions, candidates in ((64, 1000), (96, 250), (96, 1000)):
        add(f"{dimensions} principal components, {candidates} exact", *projection(rows, dimensions, candidates))
    add("int8 by numpy, 250 exact", *bytewise(rows, 250), 40)
    if args.usearch:
        add("usearch HNSW int8, 100 exact", *graph(rows, 100))

    print(f"{'':44} {'median':>8} {'95 %':>8} {'own MB':>8} {f'>= {threshold:.3f}':>9}  " + "  ".join(f"{b:>9}" for b in results[0].bands))
    for r in results:
        print(f"{r.name:44} {r.median_ms:6.2f} ms {r.p95_ms:6.2f} ms {r.megabytes:6.1f}   {100 * r.recall:7.2f} %  "
              + "  ".join(f"{100 * v:7.2f} %" for v in r.bands.values()))
    counts = [count for count in (1_000, 5_000, 20_000, 20_004, 100_000) if count < len(rows)] + [len(rows)]
    whole = {count: statistics.median(gallery_ms(rows[:count], probes[:100])) for count in counts}
    for count, spent in whole.items():
        print(f"Gallery.match of {count:7} templates: {spent:.3f} ms")
    if args.json:
        table = {"machine": f"{platform.machine()} {platform.processor()}", "numpy": np.__version__, "templates": len(rows),
                 "threshold": threshold, "results": [asdict(r) for r in results], "gallery_match_ms": whole}
        if args.json == "-":
            print(json.dumps(table, indent=2))
        else:
            Path(args.json).write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
