"""The page of `edge-face eval fairness`: numbers and groups, no faces."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from edge_face.evaluation.fairness import Matching, Share
from edge_face.evaluation.fairness_run import Fairness
from edge_face.evaluation.page import facts, page, percent, section, table

TITLES = {"found": "Faces found", "refused": "Refused for quality, of the found", "missed": "Pairs of one person missed (FNMR)",
          "not alive": "Living people not called alive (BPCER)"}


def fairness_page(result: Fairness, about: Mapping[str, str]) -> str:
    """One HTML file."""
    sections = []
    if result.matching is not None:
        worst = result.matching.worst_to_mean
        who = result.matching.worst or "too few people"
        sections.append(facts([(percent(result.matching.overall, 3), "of all pairs of different people match"),
                               ("-" if worst is None else f"x {worst:.1f}", f"the worst group ({who}) to the geometric mean of all")]))
        sections += _matching(result.matching, f"Threshold {result.matching.threshold:.4f}: {result.chosen}")
    for row in result.door:
        sections += _matching(row.matching, f"The door's own threshold {row.threshold.similarity:.4f}: {row.threshold.sentence}")
    noise = "'noise': people exchanged between groups differ as much in more than 5 % of all draws, over all groups together."
    sections += [section(TITLES[name], _shares(own), noise) for name, own in result.shares.items()]
    people = sum(result.people.values())
    if result.copies:
        said_twice = f"{result.copies} pairs of people have one and the same picture: what matches at strict thresholds is an upper bound."
        sections.insert(0, f'<p class="sub">{escape(said_twice)}</p>')
    said = f"{about['model']} ({about['file']}), {result.pictures:,} pictures of {people:,} people; 95 % intervals over people"
    return page("Fairness", said, sections)


def _matching(matching: Matching, title: str) -> list[str]:
    ratios = {ratio.group: ratio for ratio in matching.ratios}
    own = []
    for rate in matching.pairs:
        if rate.groups[0] == rate.groups[1] and rate.rate is not None:
            ratio = ratios.get(rate.groups[0])
            against = ("-", "-", "") if ratio is None else (
                f"{ratio.ratio:.2f}", f"[{ratio.interval[0]:.2f}, {ratio.interval[1]:.2f}]", "noise" if ratio.noise else "")
            own.append((rate.groups[0], rate.matches, rate.pairs, percent(rate.rate, 3), _span(rate.interval), *against))
    head = ("group", "matches", "pairs", "FMR", "95 %", "times the mean", "95 %, all groups", "")
    note = f"Of all pairs of different people {percent(matching.overall, 3)} match. The mean is the geometric one of the groups' own rates."
    return [section(title, table(head, own) if own else "Too few people of each group.", note),
            section("Groups with each other", _square(matching))]


def _square(matching: Matching) -> str:
    """Rates of all group pairs; darker is worse, on a logarithmic scale."""
    names = list(dict.fromkeys(rate.groups[0] for rate in matching.pairs))
    by_pair = {rate.groups: rate for rate in matching.pairs}
    most = max((rate.rate or 0.0 for rate in matching.pairs), default=0.0)

    def cell(one: str, two: str) -> str:
        rate = by_pair.get((one, two)) or by_pair[(two, one)]
        if rate.rate is None:
            return '<td class="n">-</td>'
        shade = 0.0 if not rate.rate or not most else max(0.0, 1 - 0.3 * _decades(most / rate.rate))
        return f'<td class="n" style="background:rgba(194,87,26,{shade * 0.6:.2f})">{percent(rate.rate, 3)}</td>'

    head = "<tr><th></th>" + "".join(f'<th class="n">{escape(name)}</th>' for name in names) + "</tr>"
    rows = "".join(f"<tr><th>{escape(one)}</th>" + "".join(cell(one, two) for two in names) + "</tr>" for one in names)
    return f"<table>{head}{rows}</table>"


def _decades(times: float) -> float:
    import math

    return math.log10(max(times, 1.0)) * 2


def _shares(own: tuple[Share, ...]) -> str:
    rows = [(share.group, share.hits, share.trials, share.people, percent(share.rate), _span(share.interval),
             "-" if share.difference is None else f"{share.difference * 100:+.1f} points", "-" if share.p is None else f"{share.p:.4f}",
             "noise" if share.noise else "") for share in own]
    return table(("group", "so many", "of", "people", "share", "95 %", "to the others", "p", ""), rows)


def _span(span: tuple[float, float] | None) -> str:
    return "-" if span is None else f"[{span[0] * 100:.3f}, {span[1] * 100:.3f}]"
