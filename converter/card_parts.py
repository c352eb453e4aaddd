"""Sections that the cards of all bundles have: what is said freely, the files, the gate's verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_LAYERS = 12
"""Layers of a file that are named; of more their number is said."""

UNLABELLED = ("Nothing told right from wrong there: agreement with the float model and the error of the outputs is all that could be "
              "shown.")


def section(title: str, content: Mapping[str, Any]) -> list[str]:
    """A heading and one item for each key; nothing where there is no content."""
    if not content:
        return []
    return [f"## {title}", "", *(f"- {key.replace('_', ' ')}: {words(value)}" for key, value in content.items()), ""]


def words(value: Any) -> str:
    """Plain data in words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {words(entry)}" for key, entry in value.items())
    if isinstance(value, list):
        return "; ".join(words(entry) for entry in value)
    return str(value)


def cell(value: object) -> str:
    """Text that stays in its cell of a table."""
    return " ".join(str(value).replace("|", "\\|").split())


def file_table(files: Mapping[str, Any]) -> list[str]:
    """The files with their sizes, and how each was made where the manifest says so."""
    told = any("how" in file for file in files.values())
    lines = ["## Files", "", "| file | bytes |" + (" how |" if told else ""), "|---|---|" + ("---|" if told else "")]
    for name, file in files.items():
        size = f"{file['bytes']:,}" if "bytes" in file else ""
        lines.append(f"| {name} | {size} |" + (f" {cell(_how(file))} |" if told else ""))
    return [*lines, ""]


def _how(file: Mapping[str, Any]) -> str:
    kept = file.get("kept_float", [])
    if not kept:
        return str(file.get("how", ""))
    named = ", ".join(kept) if len(kept) <= MOST_LAYERS else f"{len(kept)} layers"
    return f"{file.get('how', '')}; in float stay {named}"


def gate_section(gate: Mapping[str, Any] | None) -> list[str]:
    """What the parity gate found; nothing where nobody asked it."""
    if not gate:
        return []
    lines = ["## Against the float model", ""]
    if not gate["passed"]:
        forced = " and was written by force" if gate["forced"] else ""
        lines += [f"**This bundle did not pass the parity gate{forced}.** No door uses it unless its settings say "
                  "`allow_failed_gate = true`.", ""]
    lines += ["Each file ran as on the device, beside the float model, on examples that calibration never saw.", "",
              "| file | metric | figure | limit | |", "|---|---|---|---|---|"]
    for name, file in gate["files"].items():
        for check in file["checks"]:
            figure = "not measured" if check["figure"] is None else f"{check['figure']:g}"
            limit = f"{'at least' if check['at_least'] else 'at most'} {check['limit']:g}"
            lines.append(f"| {name} | {cell(check['metric'])} | {figure} | {limit} | {'passed' if check['passed'] else '**failed**'} |")
    lines.append("")
    for name, file in gate["files"].items():
        labels = "" if file["labelled"] else f" {UNLABELLED}"
        lines.append(f"- {name}: {file['examples']:,} examples.{labels}")
    return [*lines, ""]
