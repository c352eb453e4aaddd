"""The model card of a bundle, written from its manifest so that the two cannot disagree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from converter.card_parts import file_table, gate_section, section
from converter.card_tasks import render_task
from edge_face.vision.manifest_migration import migrate

SHOWN_RATES = (1e-2, 1e-3, 1e-4)


def render(manifest: Mapping[str, Any]) -> str:
    """MODEL_CARD.md of a manifest of any task and schema."""
    newest = migrate(manifest)
    return _embedder(newest) if newest["task"] == "embedder" else render_task(newest)


def _embedder(manifest: Mapping[str, Any]) -> str:
    output, entry = manifest["outputs"]["embedding"], manifest["input"]
    mirrored = " The device embeds the face and its mirror image and takes the direction of their sum: two runs for each face." \
        if output.get("mirrored") else ""
    lines = [
        f"# {manifest['name']} {manifest['version']}",
        "",
        manifest.get("summary", "").strip() or "An embedder: aligned face in, unit vector out.",
        "",
        f"- Input: aligned face, {entry['width']}x{entry['height']}, {entry['colour']}, pixels 0 to 255 as they are.",
        f"- Output: {output['dimension']} numbers in parts of {' + '.join(map(str, output['parts']))}; each part is brought "
        f"to length 1, then they are joined and divided by the root of their number. Similarity is the cosine.{mirrored}",
        f"- Weights: {manifest['weights_sha256'][:12]} (templates know this; those of other weights are never compared).",
        "",
    ]
    lines += file_table(manifest["files"])
    lines += section("How it was made", manifest.get("training", {}))
    lines += gate_section(manifest.get("gate"))
    lines += _parity(manifest.get("metrics", {}).get("parity"))
    lines += _tables(manifest.get("thresholds", {}))
    lines += _groups(manifest.get("metrics", {}).get("groups"))
    lines += section("Figures reported with the model", manifest.get("reported", {}))
    lines += section("Terms", manifest.get("terms", {}))
    lines += [
        "## What it must not be used for",
        "",
        "Finding out who a stranger is, or a door where a false grant costs more than the rates above allow. Alone it does not",
        "notice a photo or a screen. Rates differ between groups of people and were measured on mostly frontal pictures of",
        "public figures, not at a door: measure on your own people with `edge-face-convert calibrate-thresholds`.",
        "",
    ]
    return "\n".join(lines)


def _parity(parity: Mapping[str, Any] | None) -> list[str]:
    if not parity:
        return []
    rows = [
        f"| {name} | {p['mean']:.4f} | {p['percentile_1']:.4f} | {p['minimum']:.4f} |"
        for name, p in parity["cosine"].items()
    ]
    return [
        "## Quantized against float32",
        "",
        f"Cosine of the embeddings of {parity['pictures']} pictures that calibration never saw.",
        "",
        "| file | mean | 1st percentile | minimum |",
        "|---|---|---|---|",
        *rows,
        "",
    ]


def _tables(thresholds: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for name, table in thresholds.items():
        lines += [
            f"## False match rates, {name}",
            "",
            f"Score: {table['score']}. {table['people']} people who were never trained on, {_counts(table['pairs'])} "
            f"impostor pairs, each row the worst of {table['precision']}. {_ending(table)} (FMR "
            f"{table['rows'][-1]['fmr']:.2g}); nothing is extrapolated.",
            "",
            "| FMR | similarity | false matches | upper 95 % bound | true accept rate |",
            "|---|---|---|---|---|",
        ]
        shown = {_nearest(table["rows"], rate) for rate in SHOWN_RATES} | {len(table["rows"]) - 1}
        for row in (table["rows"][number] for number in sorted(shown)):
            tar = "" if row.get("tar") is None else f"{100 * row['tar']:.1f} %"
            lines.append(
                f"| {row['fmr']:.2g} | {row['similarity']:.4f} | {row['false_matches']:,} | {row['fmr_upper']:.2g} | {tar} |"
            )
        lines.append("")
    return lines


def _groups(measured: Mapping[str, Any] | None) -> list[str]:
    if not measured:
        return []
    limits = measured["thresholds"]
    rows = [f"| {name} | {group['people']} | " + " | ".join(_group_rate(group, rate) for rate in limits) + " |"
            for name, group in measured["groups"].items()]
    heads = " | ".join(f"where {100 * float(rate):g} % of all match ({limit:.3f})" for rate, limit in limits.items())
    return [
        "## False match rates within groups of people",
        "",
        f"Single pictures, {measured['precision']}. At the similarities that the named share of pairs of {measured['threshold_people']}",
        "people reaches (mostly of different groups): the share of pairs of different people **of one group** that match,",
        "with 95 % intervals by bootstrap over people.",
        "",
        f"| group | people | {heads} |",
        "|---|---|" + "---|" * len(limits),
        *rows,
        "",
        *_differentials(measured.get("differentials") or {}, limits),
    ]


def _differentials(found: Mapping[str, Any], limits: Mapping[str, float]) -> list[str]:
    """What of the differences between groups is more than chance."""
    lines = []
    for rate, own in found.items():
        if own is None:
            continue
        low, high = own["interval_95"]
        noise = f"; {', '.join(own['noise'])} may be as all are" if own["noise"] else ""
        mixed = "" if own["worst_two_fmr"] is None else (f" Of two groups {' and '.join(own['worst_two'])} match most "
                                                         f"({100 * own['worst_two_fmr']:.2f} %).")
        lines.append(f"- At {limits[rate]:.3f} the worst group ({own['worst']}) matches {own['worst_to_mean']:g} times as often as the "
                     f"geometric mean of all groups [{low:g}, {high:g}]{noise}.{mixed}")
    return [*lines, ""] if lines else []


def _group_rate(group: Mapping[str, Any], rate: str) -> str:
    if group["fmr"][rate] is None:
        return "too few people"
    low, high = group["interval_95"][rate]
    return f"{100 * group['fmr'][rate]:.2f} % [{100 * low:.2f}, {100 * high:.2f}]"


def _counts(value: Any) -> str:
    """A count, or counts by name."""
    return " and ".join(f"{count:,} ({name})" for name, count in value.items()) if isinstance(value, Mapping) else f"{value:,}"


def _ending(table: Mapping[str, Any]) -> str:
    """Where the table ends; tables of earlier versions counted pairs in another way."""
    if "fewest_false_pairs" in table:
        return f"The table ends where falsely matching pairs of people tell as much as {table['fewest_false_pairs']} independent ones"
    return f"The table ends where {table['fewest_false_matches']} falsely matching pairs of people remain"


def _nearest(rows: Sequence[Mapping[str, Any]], rate: float) -> int:
    """Number of the row whose rate is nearest in ratio."""
    ratios = [max(row["fmr"] / rate, rate / row["fmr"]) for row in rows]
    return ratios.index(min(ratios))
