"""The page of `edge-face eval templates`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edge_face.evaluation.inversion import CASES, Back
from edge_face.evaluation.page import Cell, facts, page, percent, plots, section, table
from edge_face.evaluation.plots import Axis, Curve, chart
from edge_face.evaluation.report_verification import models_line, span
from edge_face.evaluation.templates import Templates
from edge_face.types import Floats

BINS = 80
_HEAD = ("stolen", "AUC against other pictures", "identity that comes back [95 %, bootstrap over people]", "taken for the person",
         "taken for the template itself", "cosine to it")


def templates_page(result: Templates) -> str:
    """Accuracy, thresholds, linkage, inversion, speed; no picture of anybody."""
    accuracy, links, inversion = result.accuracy, result.unlinkability, result.inversion
    main = accuracy.costs[accuracy.codings_rate]
    shown = inversion.faces or inversion.vectors
    head = [(f"{main.loss * 100:.2f} points", f"of true accepts lost at FMR {accuracy.codings_rate}" + span(main.span)),
            (f"{links.keys.d_sys:.3f}", f"D_sys: codes of one person under two keys (strangers: {links.keys.null:.3f})"),
            (percent(shown["no key"].identity), "of the identity comes back of a stolen code" + span(shown["no key"].span)),
            (percent(shown["key too"].identity), "comes back with the key too" + span(shown["key too"].span))]
    said = (f"{models_line(result.about)}. {accuracy.pictures:,} pictures of {accuracy.people:,} people; codes of {result.bits:,} signs; "
            f"{result.without_face:,} pictures without a face.")
    costs: list[tuple[Cell, ...]] = [
        (f"FMR {name}", percent(cost.plain), percent(cost.coded), f"{cost.loss * 100:.2f} points{span(cost.span)}")
        for name, cost in accuracy.costs.items()]
    rows: list[tuple[Cell, ...]] = [(f"{row.similarity:.3f}", f"{row.plain_fmr:.2e}", f"{row.coded_fmr:.2e}", percent(row.plain_tar),
                                     percent(row.coded_tar)) for row in accuracy.thresholds]
    linked: list[tuple[Cell, ...]] = [
        (text, f"{one.d_sys:.3f}", f"{one.null:.3f}", one.mated) for text, one in
        (("two pictures of a person, two keys", links.keys), ("the same picture, two keys", links.picture),
         ("two pictures of a person, one key: as the door compares", links.within))]
    sections = [facts(head),
                section("Accuracy", table(("at", "embeddings", "codes", "lost [95 %, bootstrap over people]"), costs)
                        + plots([_worn(result)]), f"{accuracy.genuine:,} genuine and {accuracy.impostor:,} impostor pairs."),
                section("The table of thresholds as it stands", table(("similarity", "FMR, embeddings", "FMR, codes", "TAR, embeddings",
                                                                       "TAR, codes"), rows)),
                section("Linkage", plots([_links(result)]) + table(("compared", "D_sys", "of strangers' pairs alone", "pairs"), linked),
                        "0: codes of one person under two keys look like those of two people. 1: they tell.")]
    if inversion.faces:
        sections.append(section("Inversion: a face is painted from what was stolen", table(_HEAD, _backs(inversion.faces)),
                                f"{inversion.tried:,} templates. Taken for: similarity {inversion.similarity:.3f} or more."))
    sections.append(section("What comes back without painting", table(_HEAD, _backs(inversion.vectors)),
                            "The vector itself, for whoever can put numbers in the place of a camera."))
    speed = result.speed
    sections.append(section("Speed", table(("people", "embeddings", "codes", "memory, embeddings", "memory, codes"), [
        (speed.people, f"{speed.plain_ms:.2f} ms", f"{speed.coded_ms:.2f} ms", f"{speed.plain_bytes / 1e6:.1f} MB",
         f"{speed.coded_bytes / 1e6:.1f} MB")])))
    return page("Templates: what a stolen one is worth", said, sections)


def _backs(found: Mapping[str, Back]) -> list[tuple[Cell, ...]]:
    return [(text, f"{found[name].auc:.3f}", percent(found[name].identity) + span(found[name].span), percent(found[name].again),
             percent(found[name].itself), f"{found[name].cosine:.3f}") for name, text in CASES.items() if name in found]


def _links(result: Templates) -> str:
    links = result.unlinkability
    low, high = float(min(links.mated.min(), links.non_mated.min())), float(links.same_key.max())
    edges = np.linspace(low, high, BINS + 1)
    middles = [float(x) for x in (edges[1:] + edges[:-1]) / 2]

    def density(scores: Floats) -> list[float]:
        return [float(x) for x in np.histogram(scores, edges)[0] / len(scores)]

    curves = [Curve("one person, two keys", middles, density(links.mated)), Curve("strangers, two keys", middles, density(links.non_mated)),
              Curve("one person, one key", middles, density(links.same_key))]
    most = max(max(curve.y) for curve in curves)
    return chart("Shares of equal signs", Axis("equal signs", low, high, percent=True), Axis("share of pairs", 0.0, most), curves)


def _worn(result: Templates) -> str:
    shares = result.accuracy.codings
    plain = result.accuracy.costs[result.accuracy.codings_rate].plain
    times = [float(n) for n in range(len(shares) + 1)]
    low = max(min(*shares, plain) - 0.05, 0.0)
    return chart(f"True accepts at FMR {result.accuracy.codings_rate}, by the keys that a template has been under",
                 Axis("keys, one after the other (0: an embedding)", 0.0, max(times)),
                 Axis("TAR", low, min(max(*shares, plain) + 0.05, 1.0), percent=True),
                 [Curve("codes", times, [plain, *shares])])
