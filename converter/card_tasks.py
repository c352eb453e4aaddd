"""The model card of a bundle that is no embedder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from converter.card_parts import file_table, gate_section, section

MOST_LABELS = 40
ALIGNMENTS = {"arcface-112": "a face that was found and aligned to 112x112", "none": "a whole picture of any size"}
SUMMARIES = {
    "classifier": "A classifier: one picture in, a probability for each class out.",
    "liveness": "A liveness model: an aligned face in, how likely a living person is there out.",
    "anonymizer": "An anonymizer: a face in, one that nobody knows out.",
    "detector": "A face detector: picture in, boxes and five landmarks out.",
    "landmarker": "A landmarker: rough landmarks in, better ones out.",
}
LIMITS = {
    "classifier": "It knows its classes and nothing else: whatever it is shown, it names one of them. A classifier of people gives a "
                  "stranger somebody's name, so no door opens by one.",
    "liveness": "It was measured on the attacks that its makers had: new ones may pass. It opens no door alone.",
    "anonymizer": "Who knows the person well may still tell by clothes, place or gait. The plain methods of `edge-face blur` hide by rule.",
    "detector": "It finds faces, not people: some are missed, above all small, dark and covered ones. Where a missed face does harm, "
                "measure it on pictures from that place.",
    "landmarker": "It is made for faces that a detector found; elsewhere its points mean nothing.",
}


def render_task(manifest: Mapping[str, Any]) -> str:
    """MODEL_CARD.md of a manifest of any task (schema 2)."""
    task = manifest["task"]
    lines = [f"# {manifest['name']} {manifest['version']}", "",
             manifest.get("summary", "").strip() or SUMMARIES.get(task, f"A model for the task {task}."), "",
             f"- Task: {task}", *(f"- Input: {line}" for line in _inputs(manifest["input"])), *_outputs(manifest["outputs"]), ""]
    lines += file_table(manifest["files"])
    lines += gate_section(manifest.get("gate"))
    if task == "detector":
        lines += section("Scores", manifest.get("thresholds", {}))
    lines += section("How it was made", manifest.get("training", {}))
    lines += section("Figures reported with the model", manifest.get("reported", {}))
    lines += section("Terms", manifest.get("terms", {}))
    lines += section("Made by", manifest.get("made_by", {}))
    if task in LIMITS:
        lines += ["## What it must not be used for", "", LIMITS[task], ""]
    return "\n".join(lines)


def _inputs(entry: Mapping[str, Any]) -> list[str]:
    if entry["kind"] == "arrays":
        return [f"`{name}`, {'x'.join(map(str, tensor['shape']))} {tensor['dtype']}" for name, tensor in entry["tensors"].items()]
    size = f"{entry['width']}x{entry['height']}" if "width" in entry else "of the size that each file's name says"
    crop = f", the middle {100 * entry['crop']:g} % of its sides" if entry.get("crop", 1) != 1 else ""
    alignment = entry.get("alignment", "none")
    return [f"{ALIGNMENTS.get(alignment, alignment)}{crop}, brought to {size}, {entry['colour']}, pixels 0 to 255 as they are."]


def _outputs(outputs: Mapping[str, Any]) -> list[str]:
    lines = []
    for name, output in outputs.items():
        if not isinstance(output, Mapping) or "shape" not in output:
            continue
        activation = f", {output['activation']}" if "activation" in output else ""
        lines.append(f"- Output: `{name}`, {'x'.join(map(str, output['shape']))}{activation}")
        if "labels" in output:
            shown = output["labels"][:MOST_LABELS]
            rest = len(output["labels"]) - len(shown)
            single = " (the number is the probability of the second)" if output["shape"][-1] == 1 else ""
            lines.append(f"- Classes{single}: {', '.join(shown)}" + (f" and {rest} more, all in the manifest" if rest else ""))
    return lines
