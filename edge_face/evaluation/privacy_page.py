"""The page of `edge-face eval privacy`: the headline, AUC over strength, all attacks, utility and cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from edge_face.evaluation.page import Cell, facts, page, percent, plots, section, table
from edge_face.evaluation.plots import Axis, Curve, chart
from edge_face.evaluation.privacy_attacks import Figures
from edge_face.evaluation.privacy_result import ABOVE_FLOOR, ATTACKS, GOAL, Privacy, WayResult
from edge_face.evaluation.report_verification import models_line
from edge_face.settings import PrivacySettings

MOST_CURVES = 7
STRENGTH, AREA = Axis("strength", 0.0, 1.0), Axis("AUC", 0.45, 1.0)


def privacy_page(result: Privacy, about: Mapping[str, str]) -> str:
    """The page as one string; it shows no picture."""
    own = PrivacySettings()
    head: list[tuple[str, str]] = [(f"{result.clear.auc:.3f}", f"AUC of clear pictures{_span(result.clear)}")]
    default = next((f for f in result.ways if f.way.method == own.method and abs(f.way.strength - own.strength) < 1e-9), None)
    if default:
        head.append((f"{default.worst[1].auc:.3f}", f"AUC of the best attack ({default.worst[0]}) on the default, {default.way.name}"
                     + _span(default.worst[1])))
    if result.floor is not None:
        head.append((f"{result.floor:.3f}", "the floor: what is found when nothing of the face is left"))
    said = (f"{models_line(about)}; {about['faces']}: {result.pictures:,} pictures of {result.people:,} people, {len(result.failures)} "
            "left out without a face. Probes are aligned by the landmarks of the clear picture. 0.5 is the AUC of a coin. "
            f"A way holds at {GOAL:g} or less, or within {ABOVE_FLOOR:g} of the floor.")
    names = [name for name in ATTACKS if any(name in found.attacks for found in result.ways)]
    rows = [(found.way.name, percent(found.way.removed, 0), *(_cell(found.attacks.get(name)) for name in names),
             "holds" if result.holds(found) else "seen through", "weak" if found.weak else "") for found in result.ways]
    sections = [facts(head), section("By strength", plots(_charts(result))),
                section("AUC by attack", table(("way", "removed, calibrated", *names, "", ""), rows), _attackers_said(result)),
                section("The best attack", table(("way", "attack", "gallery", "AUC [95 %]", "rank 1 [95 %]", "TAR at FMR 1e-2 [95 %]"),
                                                 [_best(found) for found in result.ways]),
                        f"Clear pictures: rank 1 {percent(result.clear.rank1)}, TAR {percent(result.clear.tar)}. Intervals by "
                        "bootstrap over people."),
                section("What hidden pictures are good for", table(
                    ("way", "faces found", "surely", "landmark error", "pictures changed outside", "enrolled still recognised",
                     "recognised, trained on such pictures", "CPU ms a picture"), [_use(found) for found in result.ways]),
                    "Found: at the threshold for hiding, and at that for recognising; landmark error over the distance between the eyes. "
                    + _learned_said(result)),
                section("The attacks", table(("attack", "what it is"), [(name, ATTACKS[name]) for name in names]))]
    return page("Privacy: do hidden faces stay hidden?", said, sections)


def _charts(result: Privacy) -> list[str]:
    methods = list(dict.fromkeys(found.way.method for found in result.ways))
    parts = [methods[first:first + MOST_CURVES] for first in range(0, len(methods), MOST_CURVES)]
    charts = [chart("The best attack", STRENGTH, AREA, [_curve(name, result, name, None) for name in part]) for part in parts]
    several = [method for method in methods if sum(found.way.method == method for found in result.ways) > 1]
    # The method that was attacked in most ways, of those that can be weaker and stronger.
    shown = max(several, key=lambda method: max(len(f.attacks) for f in result.ways if f.way.method == method), default=None)
    if shown is not None:
        names = [name for name in ATTACKS if any(name in f.attacks for f in result.ways if f.way.method == shown)]
        charts.append(chart(f"Every attack on {shown}", STRENGTH, AREA, [_curve(name, result, shown, name) for name in names]))
    return charts


def _curve(name: str, result: Privacy, method: str, of: str | None) -> Curve:
    """AUC over strength of one attack, or of the best (None)."""
    points = sorted((found.way.strength, (found.worst[1] if of is None else found.attacks[of]).auc) for found in result.ways
                    if found.way.method == method and (of is None or of in found.attacks))
    if len(points) == 1:  # one amount only: a level line
        points = [(0.0, points[0][1]), (1.0, points[0][1])]
    return Curve(name, [x for x, _ in points], [y for _, y in points])


def _attackers_said(result: Privacy) -> str:
    given = {kind: methods for kind, methods in result.trained.items() if methods}
    text = " ".join(f"{kind}: made for {', '.join(methods)}." for kind, methods in given.items()) or "No trained attackers were given."
    if result.track_pictures:
        text += f" Tracks: {result.track_pictures:,} pictures, {result.frames} frames of each."
    if result.clip_tracks:
        text += f" Clips: {result.clip_tracks} tracks of {result.clip_people} people."
    return text


def _learned_said(result: Privacy) -> str:
    enrolled = (f"Enrolled still recognised: genuine pairs above the threshold at which one in 1,000 clear impostor pairs matches "
                f"({percent(result.clear_enrolled, 1)} of clear pairs are). ")
    if result.clear_learned is None:
        return enrolled + "Too few pictures of anybody to train a classifier."
    return (f"{enrolled}A classifier trained and tried on clear pictures is right in {percent(result.clear_learned.accuracy)}, by chance "
            f"in {percent(result.clear_learned.chance)}. The door itself recognises on clear frames, before anything is hidden: there "
            f"protection costs the last column and no accuracy; embedding a face takes {result.embed_ms:.2f} ms here.")


def _best(found: WayResult) -> Sequence[Cell]:
    name, best = found.worst
    return (found.way.name, name, best.gallery, f"{best.auc:.3f}{_span(best)}", percent(best.rank1, 1) + _percents(best.rank1_interval),
            percent(best.tar, 1) + _percents(best.tar_interval))


def _use(found: WayResult) -> Sequence[Cell]:
    use, learned = found.utility, found.learned
    recognised = percent(learned.accuracy, 1) + _percents(learned.interval) if learned else None
    if use is None:
        return (found.way.name, None, None, None, None, percent(found.enrolled, 1), recognised, None)
    return (found.way.name, percent(use.found, 1), percent(use.recognised, 1), None if use.landmarks is None else f"{use.landmarks:.3f}",
            f"{use.changed_outside} of {use.pictures}", percent(found.enrolled, 1), recognised, f"{use.milliseconds:.2f}")


def _cell(figures: Figures | None) -> str | None:
    return None if figures is None else f"{figures.auc:.3f}"


def _span(figures: Figures) -> str:
    span = figures.auc_interval
    return f" [{span[0]:.3f}, {span[1]:.3f}]" if span else ""


def _percents(span: tuple[float, float] | None) -> str:
    return f" [{span[0] * 100:.1f}, {span[1] * 100:.1f}]" if span else ""
