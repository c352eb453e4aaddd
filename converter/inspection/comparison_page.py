"""A comparison as lines for a terminal and as one HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from converter.contract import Check
from converter.inspection.comparison import Comparison
from converter.inspection.terminal import count
from converter.report.charts import det, histogram, scatter, short
from converter.report.matrix import Confusion, heat_map
from converter.report.record import printable
from converter.report.style import HEAD
from edge_face.evaluation.page import facts, page, plots, section, table

HISTOGRAMS = (("cosine", "Cosine between the two", "cosine of one example, 1 is the same"),
              ("error", "How far outputs differ", "largest difference of an output of one example"),
              ("iou", "Boxes: overlap of the two", "intersection over union of one face"),
              ("landmarks", "Landmarks: how far apart", "distance, as a share of the eyes' distance"),
              ("psnr", "Pictures: one against the other", "PSNR of one picture, dB"))
FLOAT_KEY, FILE_KEY = "float", "quantized"
"""What the gate's plots call the two."""


def rows(found: Comparison) -> list[tuple[str, str, str]]:
    """What, of A, of B."""
    def both(what: str, shown: Any) -> tuple[str, str, str]:
        return what, shown(found.a), shown(found.b)

    return [both("precision", lambda cost: cost.precision + (" (converted here)" if cost.converted else "")),
            both("size", lambda cost: f"{cost.bytes:,} bytes"), both("a run, one thread", lambda cost: f"{cost.ms:.2f} ms"),
            both("memory", lambda cost: f"{cost.memory_mb:.1f} MB"), both("multiply-accumulates", lambda cost: count(cost.macs)),
            both("parameters", lambda cost: count(cost.parameters)), both("delegate", lambda cost: cost.delegate),
            *((words(key), _shown(mine), _shown(other)) for key, (mine, other) in found.metrics.items())]


def words(key: str) -> str:
    """A metric's key for people."""
    return key.replace("_", " ")


def _shown(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def lines(found: Comparison) -> list[str]:
    """For the terminal."""
    told = rows(found)
    first = max(len(what) for what, _, _ in told) + 2
    names = found.a.name, found.b.name
    middle = max(len(names[0]), *(len(mine) for what, mine, _ in told if what != "delegate")) + 3
    out = [f"{found.task}, {found.verdict.examples:,} examples, {'labelled' if found.verdict.labelled else 'not labelled'}", "",
           f"{'':<{first}}{names[0]:<{middle}}{names[1]}"]
    out += [f"{what:<{first}}{mine:<{middle}}{other}" for what, mine, other in told if what != "delegate"]
    out += ["", *(f"{cost.name}: {cost.delegate}" for cost in (found.a, found.b)), "", f"{names[1]} against {names[0]}:"]
    out += [f"  {words(key)}: {_shown(value)}" for key, value in found.agreement.items()]
    failed = [check for check in found.verdict.checks if not check.passed]
    out.append("within all limits of the parity gate" if not failed else "beyond the limits of the parity gate:")
    out += [f"  {check.text}" for check in failed]
    out += found.said
    return ["".join(letter if letter.isprintable() else "?" for letter in line) for line in out]


def render(found: Comparison) -> str:
    """The page, offline and without a script; everything that files say of themselves is escaped."""
    a, b = found.a, found.b
    sections = [
        facts([(f"{'within' if found.verdict.passed else 'beyond'} the gate's limits", f"{b.name}, as if {a.name} were the float model"),
               (_ratio(a.bytes, b.bytes, "smaller", "larger"), f"size: {a.bytes:,} to {b.bytes:,} bytes"),
               (_ratio(a.ms, b.ms, "faster", "slower"), f"a run: {a.ms:.2f} to {b.ms:.2f} ms, one thread of this machine"),
               (_ratio(a.memory_mb, b.memory_mb, "less", "more"), f"memory: {a.memory_mb:.1f} to {b.memory_mb:.1f} MB resident")]),
        section("Side by side", table(("", f"A: {a.name}", f"B: {b.name}"), rows(found)),
                "Speed is the median of runs taken in turns on one thread of this machine, memory what a process holds after one run.")]
    agreement = [(words(key), value) for key, value in found.agreement.items()]
    if agreement:
        sections.append(section("Between the two", table(("measure", "figure"), agreement)))
    checks = [(check.text, _outcome(check)) for check in found.verdict.checks]
    sections.append(section("The parity gate's checks", table(("check", "outcome"), checks),
                            "A takes the float model's part, B that of the converted file. Preprocessing is written twice, so that "
                            "even a model differs from itself by a rounded pixel."))
    sections += _charts(found)
    worst = found.verdict.plots.get("worst")
    if isinstance(worst, list) and worst:
        named = [(short(str(each["name"]), 120), each["figure"]) for each in worst]
        sections.append(section("Examples that differ the most", table(("example", "figure"), named)))
    if found.said:
        sections.append(section("Said on the way", table(("",), [(sentence,) for sentence in found.said])))
    title = f"{a.name} and {b.name}"
    return printable(page(title, f"{found.task}, {found.verdict.examples:,} examples", sections, HEAD))


def _outcome(check: Check) -> str:
    if not check.passed:
        return "FAILED"
    return "passed" if check.figure is not None else "not measured"


def _ratio(before: float, after: float, less: str, more: str) -> str:
    if before <= 0 or after <= 0:
        return "-"
    factor = before / after
    return "the same" if 0.98 < factor < 1.02 else f"{factor:.1f}x {less}" if factor > 1 else f"{1 / factor:.1f}x {more}"


def _charts(found: Comparison) -> list[str]:
    data: Mapping[str, Any] = found.verdict.plots
    a, b = short(found.a.name, 30), short(found.b.name, 30)
    out = []
    drawn = [histogram(title, label, data[key]) for key, title, label in HISTOGRAMS if data.get(key) is not None]
    if drawn:
        out.append(section("How far the outputs differ", plots(drawn)))
    alike = []
    pairs = data.get("scatter")
    if isinstance(pairs, Mapping):
        alike.append(scatter("Similarities of pairs", f"similarity, {a}", f"similarity, {b}", pairs.get("float"), pairs.get("quantized"),
                             pairs.get("same")))
    curves = data.get("det")
    if isinstance(curves, Mapping):
        alike.append(f'<div class="det">{det("DET", {a: curves.get(FLOAT_KEY, {}), b: curves.get(FILE_KEY, {})})}</div>')
    if alike:
        out.append(section("Similarities and error rates", plots(alike), "On the dashed diagonal both say the same."))
    labels = found.labels or (("attack", "live") if found.task == "liveness" else ())
    confusion = Confusion.of(data["confusion"], labels) if data.get("confusion") is not None else None
    if confusion is not None:
        shown = confusion.capped()
        out.append(section("Confusion", plots([heat_map(f"Confusion: {a}", shown.labels, shown.before),
                                               heat_map(f"Confusion: {b}", shown.labels, shown.after, shown.before)])))
    return out
