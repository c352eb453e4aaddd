"""The page of `edge-face eval liveness`: the worst species first, every species, the trade-off, groups, every wrong attempt."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from edge_face.evaluation.intervals import Interval
from edge_face.evaluation.liveness import Attempt, LivenessResult, Rate
from edge_face.evaluation.page import Cell, facts, page, percent, plots, section, table
from edge_face.evaluation.plots import Axis, Curve, chart

MOST_ATTEMPTS = 200
COLUMNS = ("attempts", "wrong", "called alive", "rate", "95 %", "no answer", "subjects", "what it is")


def liveness_page(result: LivenessResult, about: Mapping[str, str]) -> str:
    """The page as one string."""
    head: list[tuple[str, str]] = []
    if result.worst is not None:
        rate = result.species[result.worst]
        head.append((percent(rate.rate), f"APCER of the worst species, {result.worst}{_span(rate.interval)}"))
    if result.bona_fide is not None:
        head.append((percent(result.bona_fide.rate), f"BPCER{_span(result.bona_fide.interval)}"))
    for seconds, whose in ((result.seconds_live, "a living person"), (result.seconds_attack, "an attack")):
        if seconds:
            head.append((f"{median(seconds):.1f} s", f"to an answer on {whose} (median), {max(seconds):.1f} s at most"))
    rows: list[tuple[Cell, ...]] = [(name, *_cells(rate)) for name, rate in result.species.items()]
    if result.bona_fide is not None:
        rows.append(("bona fide (BPCER)", *_cells(result.bona_fide)))
    sections = [facts(head),
                section("By species", table(("species", *COLUMNS), rows),
                        f"At the door's own thresholds ({about['thresholds']}). Wrong: an attack not called one, or a living person called "
                        "one, in the last answer, of those that got one. Called alive: at any moment; whoever is neither called an "
                        "attack nor alive is asked for another factor. Intervals: Clopper and Pearson; attempts of one person are not "
                        "independent, so with few subjects the truth is wider.")]
    if result.det:
        sections.append(section("Trade-off", plots([det_chart(result)]), "APCER and BPCER at every threshold, on these attempts."))
        points: list[tuple[Cell, ...]] = [(f"{p.kind}s, BPCER at most {percent(p.bpcer, 0)}", f"{p.threshold:.4f}", percent(p.reached),
                                           p.worst, percent(p.apcer)) for p in result.points]
        sections.append(section("Working points", table(("wanted", "threshold", "BPCER", "worst species", "APCER"), points),
                                "With the threshold chosen on these very attempts, so better than any door's."))
    if result.groups:
        groups: list[tuple[Cell, ...]] = []
        for name, (attacks, live) in result.groups.items():
            groups += [(f"{name}: {what}", *_cells(rate)) for what, rate in (("attacks", attacks), ("bona fide", live)) if rate]
        sections.append(section("By group", table(("group", *COLUMNS), groups)))
    wrong = [a for a in result.attempts if a.score is not None and a.accepted != a.live]
    wrong += [a for a in result.attempts if a.score is None]
    if wrong:
        sections.append(section("Wrong, or without an answer",
                                table(("attempt", "shown", "subject", "score", "frames"), [_row(a) for a in wrong[:MOST_ATTEMPTS]]),
                                f"{len(wrong)} of {len(result.attempts)} attempts."))
    said = f"{about['model']} ({about['file']}); {len(result.attempts):,} attempts, {what_is_real(result)}. After ISO/IEC 30107-3."
    return page("Liveness: a living person, or a picture of one?", said, sections)


def det_chart(result: LivenessResult) -> str:
    """BPCER over APCER by species, both logarithmic."""
    rates = [value for det in result.det for value in (*det.apcer, *det.bpcer) if value > 0]
    least = max(10.0 ** -4, min(rates, default=0.1) * 0.8)
    apcer = Axis("attacks taken for bona fide (APCER)", least, 1.0, log=True)
    bpcer = Axis("living people not taken for such (BPCER)", least, 1.0, log=True)
    kinds = len({det.kind for det in result.det}) > 1
    curves = [Curve(f"{det.species}, {det.kind}s" if kinds else det.species,
                    [max(value, least) for value in det.apcer], [max(value, least) for value in det.bpcer]) for det in result.det]
    return chart("DET", apcer, bpcer, curves, legend=0.6)


def what_is_real(result: LivenessResult) -> str:
    """"12 attacks real, 30 simulated; 6 of 20 bona fide attempts simulated"."""
    attacks = [a for a in result.attempts if not a.live]
    live = [a for a in result.attempts if a.live]
    made = sum(a.simulated for a in attacks)
    said = f"{len(attacks) - made:,} attacks real, {made:,} simulated"
    return said + f"; {len(live):,} bona fide attempts, {sum(a.simulated for a in live):,} of them simulated"


def _cells(rate: Rate) -> tuple[Cell, ...]:
    kind = "simulated" if rate.simulated == rate.attempts else "real" if not rate.simulated else f"{rate.simulated} simulated"
    return (rate.attempts, rate.errors, rate.alive, percent(rate.rate), _span(rate.interval).strip() if rate.answered else None,
            percent(rate.no_response, 1), rate.subjects or None, kind)


def _row(attempt: Attempt) -> tuple[Cell, ...]:
    return (attempt.source, attempt.species or "bona fide", attempt.subject or None,
            "no answer" if attempt.score is None else f"{attempt.score:.3f}", attempt.frames)


def _span(found: Interval) -> str:
    return f" [{found[0] * 100:.1f}, {found[1] * 100:.1f}]"
