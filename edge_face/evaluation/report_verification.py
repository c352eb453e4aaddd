"""The page of `edge-face eval verification`: headline, ROC and DET, thresholds, hardest pairs, failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import numpy.typing as npt

from edge_face.evaluation.intervals import Interval
from edge_face.evaluation.page import Cell, facts, page, percent, plots, section, table, thumbnail
from edge_face.evaluation.plots import Axis, Curve, chart
from edge_face.evaluation.tally import Tally
from edge_face.evaluation.verification_result import HardPair, Verification

LEAST_RATE = 1e-6
MOST_FAILURES = 200
THRESHOLD_POINTS = 400


def verification_page(result: Verification, *, show: bool = False) -> str:
    """The page as one string. `show`: with small pictures of the hardest pairs."""
    tally = result.compared.tally
    head: list[tuple[str, str]] = []
    if result.accuracy and result.listed:
        head.append((percent(result.accuracy.mean), f"accuracy over {len(result.accuracy.folds)} folds of {len(result.listed.pairs):,} "
                     f"listed pairs, standard deviation {result.accuracy.deviation * 100:.2f}"))
    head += [(percent(point.tar), f"of genuine pairs match at FMR {name}" + span(result.intervals.get(name)))
             for name, point in result.points.items() if point]
    head += [(percent(tally.eer()), "equal error rate"),
             (f"{len(result.embedded.failures):,}", f"of {len(result.pictures):,} pictures without a face")]
    about = (f"{models_line(result.about)}, {result.metric.name}. {tally.genuine_pairs:,} genuine and {tally.impostor_pairs:,} "
             f"impostor pairs{' (only the listed ones)' if result.only_listed else ' (all pairs of all pictures)'}. "
             "A genuine pair with a picture without a face matches at no threshold; such an impostor pair is not counted.")
    roc, det = verification_plots([(result.about["model"], tally)])
    rows: list[tuple[Cell, ...]] = [
        (f"FMR {name}", result.metric.shown(point.threshold), percent(point.tar) + span(result.intervals.get(name)), f"{point.fmr:.3g}")
        if point else (f"FMR {name}", None, "too few impostor pairs: 30 must decide", None) for name, point in result.points.items()]
    sections = [facts(head), section("Trade-off", plots([roc, det])),
                section("Thresholds", table(("wanted", "threshold", "TAR [95 %, bootstrap over people]", "counted FMR"), rows)),
                section("Genuine pairs that are least alike", _pairs(result, result.hard_genuine, show)),
                section("Impostor pairs that are most alike", _pairs(result, result.hard_impostor, show),
                        "A pair high on this list is often one person under two names: look before you blame the model.")]
    sections += failures_section(result.embedded.failures, result.pictures.files)
    if result.listed and result.listed.missing:
        sections.append(section("Listed and not there", ", ".join(map(escape, result.listed.missing[:MOST_FAILURES])),
                                f"{len(result.listed.missing)} pictures; {result.listed.left_out} pairs are left out."))
    return page("Verification: are two pictures one person?", about, sections)


def models_line(about: Mapping[str, str]) -> str:
    """The models and files that ran, in words."""
    return f"{about['model']} ({about['file']}), detector {about['detector']} ({about['detector_file']}), landmarker {about['landmarker']}"


def failures_section(failures: dict[int, str], files: Sequence[str]) -> list[str]:
    """The pictures without an embedding, or nothing."""
    if not failures:
        return []
    rows = [(files[index], why) for index, why in sorted(failures.items())[:MOST_FAILURES]]
    return [section("Pictures without an embedding", table(("file", "why"), rows), f"{len(failures)} of {len(files)}.")]


def verification_plots(tallies: Sequence[tuple[str, Tally]]) -> tuple[str, str]:
    """ROC (TAR over FMR) and DET (FNMR over FMR, both logarithmic) of one or several tallies."""
    least = min(max(1.0 / max(tally.impostor_pairs, 1), LEAST_RATE) for _, tally in tallies)
    lowest = min(10.0 ** np.floor(np.log10(least) + 1e-9), 0.1)
    curves = []
    for name, tally in tallies:
        fmr, tar = tally.roc()
        chosen = _steps(fmr)
        curves.append((name, fmr[chosen].tolist(), tar[chosen].tolist()))
    fnmr = [1 - t for _, _, tars in curves for t in tars if t < 1]
    least_fnmr = min(10.0 ** np.floor(np.log10(max(min(fnmr, default=0.1), 1e-5))), 0.1)
    rate = Axis("false match rate (FMR)", float(lowest), 1.0, log=True)
    roc = chart("ROC", rate, Axis("true accept rate (TAR)", 0.0, 1.0, percent=True), [Curve(name, x, y) for name, x, y in curves])
    det = chart("DET", rate, Axis("false non-match rate (FNMR)", float(least_fnmr), 1.0, log=True),
                [Curve(name, x, [1 - v for v in y]) for name, x, y in curves])
    return roc, det


def _steps(rates: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Indices of the points of a falling curve that are worth drawing, evenly along the logarithm of the rate."""
    changes = np.flatnonzero(np.diff(rates)) + 1  # the first, most lenient threshold of every rate
    changes = np.concatenate([[0], changes])
    if len(changes) <= THRESHOLD_POINTS:
        return changes.astype(np.int64)
    logs = np.log10(np.maximum(rates[changes], LEAST_RATE / 10))
    wanted = np.linspace(logs[-1], logs[0], THRESHOLD_POINTS)
    found = np.clip(np.searchsorted(logs[::-1], wanted), 0, len(logs) - 1)
    return np.unique(changes[len(changes) - 1 - found]).astype(np.int64)


def span(limits: Interval | None) -> str:
    """An interval of rates as percentages in brackets, or nothing."""
    return f" [{limits[0] * 100:.2f}, {limits[1] * 100:.2f}]" if limits else ""


def _pairs(result: Verification, pairs: Sequence[HardPair], show: bool) -> str:
    if not pairs:
        return "none"
    if not show:
        score = "score" if result.metric.name == "cosine" else "distance"
        return table(("one", "other", score), [(p.left, p.right, p.score) for p in pairs])
    folder = result.pictures.folder
    return '<div class="faces">' + "".join(
        f"<figure>{thumbnail(folder / p.left)}{thumbnail(folder / p.right)}<figcaption>{p.score:.4f}: {escape(p.left)}, {escape(p.right)}"
        "</figcaption></figure>" for p in pairs) + "</div>"
