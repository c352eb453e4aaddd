"""The pages of `edge-face eval identification`, `detection` and `robustness`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from statistics import median

from edge_face.evaluation.detection import HEIGHTS, DetectionResult
from edge_face.evaluation.embedding_run import Embedded
from edge_face.evaluation.identification import OpenSet, curve
from edge_face.evaluation.page import Cell, facts, page, percent, plots, section, table
from edge_face.evaluation.plots import Axis, Curve, chart
from edge_face.evaluation.report_verification import failures_section, models_line, span, verification_plots
from edge_face.evaluation.robustness import ConditionResult
from edge_face.evaluation.tally import OperatingPoint, metric

MOST_FRAMES = 40


def identification_page(result: OpenSet, about: Mapping[str, str], embedded: Embedded, files: Sequence[str]) -> str:
    """FNIR over FPIR, by gallery size, failures."""
    head = [(percent(result.rank1), "rank 1: the best person is the right one" + span(result.rank1_interval))]
    head += [(percent(point.fnir), f"FNIR at FPIR {name}" + span(point.interval)) for name, point in result.points.items() if point]
    said = (f"{models_line(about)}. {result.gallery_people:,} people enrolled with {result.templates:,} templates; "
            f"{result.probes:,} probes of them, {result.strangers:,} pictures of strangers. "
            "A person's score is the best over their templates.")
    x, y = curve(result)
    least = max(1 / max(result.strangers, 2), 1e-6)
    trade = chart("FNIR over FPIR", Axis("false positive identification rate (FPIR)", least, 1.0, log=True),
                  Axis("false negative identification rate (FNIR)", 0.0, 1.0, percent=True), [Curve("all", x, y)])
    sizes = [size for size in result.sizes if size.fnir.get("1e-2") is not None]
    people = Axis("people enrolled", 1.0, max(10.0, float(result.gallery_people)), log=True)
    counts = [s.people for s in sizes]
    growth = chart("By gallery size", people, Axis("", 0.0, 1.0, percent=True),
                   [Curve("rank 1", counts, [s.rank1 for s in sizes]),
                    Curve("FNIR at FPIR 1 %", counts, [s.fnir["1e-2"] or 0.0 for s in sizes])], legend=0.42)
    rows: list[tuple[Cell, ...]] = [
        (f"FPIR {name}", metric(about["metric"]).shown(point.threshold), percent(point.fnir) + span(point.interval),
         f"{point.deciding:.1f}" + (" (few: read it with its interval)" if point.thin else ""))
        if point else (f"FPIR {name}", None, "too few strangers", None) for name, point in result.points.items()]
    size_rows: list[tuple[Cell, ...]] = [
        (s.people, s.galleries, percent(s.rank1), *(percent(s.fnir[name]) for name in result.points))
        for s in result.sizes]
    sections = [facts(head), section("Trade-off", plots([trade, growth])),
                section("Thresholds", table(("wanted", "threshold", "FNIR [95 %, bootstrap over people]", "strangers that decide"), rows)),
                section("By gallery size",
                        table(("people", "galleries drawn", "rank 1", *(f"FNIR at FPIR {n}" for n in result.points)), size_rows),
                        "The mean over random galleries of that many people, against the same strangers.")]
    if result.without_template:
        sections.append(section("Enrolled without a template", escape(", ".join(result.without_template)),
                                "No face in any gallery picture of theirs."))
    return page("Identification: who stands before the door?", said, sections + failures_section(embedded.failures, files))


def detection_page(result: DetectionResult, about: Mapping[str, str], least_height: float) -> str:
    """Recall by height at both thresholds, false alarms, landmarks, the worst frames."""
    thresholds = (("recognising", result.recognise), ("hiding", result.hide))
    head = [(percent(found.recall), f"found at the {name} threshold {found.threshold:g}") for name, found in thresholds]
    head += [(f"{found.false_alarms:,}", f"false alarms at the {name} threshold") for name, found in thresholds]
    if result.recognise.errors:
        head.append((f"{median(result.recognise.errors):.4f}", "median landmark error over the distance between the eyes"))
    rows = [(name, found.threshold, found.labelled, percent(found.recall), percent(found.precision), found.false_alarms,
             found.on_background, f"{found.false_alarms / max(result.frames, 1):.3f}",
             f"{median(found.errors):.4f}" if found.errors else None)
            for name, found in thresholds]
    heights: list[tuple[Cell, ...]] = [
        (height_name(edge), labelled, *(percent(found.by_height[edge][0] / labelled) for _, found in thresholds))
        for edge in HEIGHTS if (labelled := result.hide.by_height[edge][1])]
    worst = sorted(result.recognise.worst, key=lambda row: -(row[1] + row[2]))[:MOST_FRAMES]
    said = (f"{about['detector']} ({about['detector_file']}), landmarker {about['landmarker']}, {result.frames:,} frames. "
            f"A face is found when a box overlaps its label by an IoU above 0.5; asked for are faces of {least_height:g} px and more "
            "that are more than half visible.")
    sections = [facts(head),
                section("At both thresholds",
                        table(("", "threshold", "faces", "recall", "precision", "false alarms", "on background", "a frame",
                               "landmark error"), rows)),
                section("Recall by face height", table(("height", "faces", "recognising", "hiding"), heights),
                        "Every face that is more than half visible, also below the least height."),
                section("Frames with most misses and false alarms, recognising",
                        table(("frame", "missed", "false alarms"), [(str(key), missed, alarms) for key, missed, alarms in worst])
                        if worst else "none")]
    if result.missing:
        sections.append(section("Labelled and not there", table(("frame",), [(name,) for name in result.missing[:MOST_FRAMES]]),
                                f"{len(result.missing)} frames are left out."))
    return page("Detection: which faces are seen?", said, sections)


def height_name(edge: float) -> str:
    """`24 to 30 px`."""
    later = [other for other in HEIGHTS if other > edge]
    return f"{edge:g} to {later[0]:g} px" if later else f"{edge:g} px and more"


def robustness_page(rows: Sequence[ConditionResult], about: Mapping[str, str], embedded: Embedded, files: Sequence[str]) -> str:
    """The verification table under every condition, and their ROC and DET curves together."""
    rates = [rate for rate, point in rows[0].at_fmr.items() if point]
    said = (f"{models_line(about)}, {len(files):,} pictures. "
            "Good pictures against changed ones, as an enrolment against a picture at the door. The conditions are simulated.")
    own: list[tuple[Cell, ...]] = [
        (row.name, row.failures, *(percent(_tar(row.at_fmr[rate])) + span(row.intervals.get(rate)) for rate in rates), percent(row.eer))
        for row in rows]
    fixed: list[tuple[Cell, ...]] = [(row.name, *(cell for rate in rates for cell in _fixed(row, rate))) for row in rows]
    sections = [section("With a threshold for each condition",
                        table(("condition", "no face", *(f"TAR at FMR {rate}" for rate in rates), "EER"), own)),
                section("At the threshold of the good pictures",
                        table(("condition", *(text for rate in rates for text in (f"TAR, FMR {rate}", f"counted FMR, {rate}"))), fixed),
                        "A door has one threshold: this is what it does when the light changes."),
                section("Trade-off", plots(verification_plots([(row.name, row.pairs.tally) for row in rows]))),
                section("What was done to the pictures", table(("condition", "what"), [(row.name, row.about) for row in rows]))]
    return page("Robustness: when the picture at the door is poor", said, sections + failures_section(embedded.failures, files))


def _tar(point: OperatingPoint | None) -> float | None:
    return point.tar if point else None


def _fixed(row: ConditionResult, rate: str) -> tuple[str, str | None]:
    point = row.at_clean[rate]
    return percent(_tar(point)), f"{point.fmr:.2g}" if point else None
