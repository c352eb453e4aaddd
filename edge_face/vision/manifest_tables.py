"""Thresholds of a manifest: similarity -> false match rate of an embedder, scores of a detector, fusion of attack detection."""

from __future__ import annotations

import math
from typing import Any

from edge_face.vision.live_cues import CUES, PICTURE, TEXTURE
from edge_face.vision.manifest_texture import read_skin
from edge_face.vision.manifest_values import listed, mapping, real, shown, whole, wrong

MAX_ROWS = 4096


def check_thresholds(given: Any, task: str, where: str) -> None:
    """Checks the manifest's `thresholds`. Raises ModelError."""
    thresholds = mapping(given, where, "thresholds")
    if task == "embedder":
        for table, content in thresholds.items():
            check_table(content, where, f"thresholds.{table}")
    elif task == "detector":
        sizes = mapping(thresholds.get("sizes", {}), where, "thresholds.sizes")
        named = {f"sizes.{size}.": mapping(scores, where, f"thresholds.sizes.{size}") for size, scores in sizes.items()}
        for prefix, scores in {"": thresholds, **named}.items():
            for key in ("recognise", "hide"):
                real(scores.get(key), 0.0, 1.0, where, f"thresholds.{prefix}{key}")
    elif task == "liveness":
        _check_liveness(thresholds, where)


def check_table(table: Any, where: str, key: str) -> None:
    """Checks one similarity -> false-match-rate table: rows from lax to strict, and what each was counted on where it
    says so. Raises ModelError."""
    content = mapping(table, where, key)
    rows = listed(content.get("rows"), 1, MAX_ROWS, "rows", where, f"{key}.rows")
    rate, similarity = math.inf, -math.inf
    for number, row in enumerate(rows):
        at = f"{key}.rows[{number}]"
        entry = mapping(row, where, at)
        fmr = real(entry.get("fmr"), 1e-12, 1.0, where, f"{at}.fmr")
        score = real(entry.get("similarity"), -1.0, 1.0, where, f"{at}.similarity")
        if not (fmr < rate and score >= similarity):
            raise wrong(where, at, "stricter than the row before it (a lower fmr, no lower similarity)")
        rate, similarity = fmr, score
        _check_evidence(entry, fmr, where, at)
    for name in ("templates", "probe_pictures", "votes", "of"):
        if name in content:
            whole(content[name], 1, 1000, where, f"{key}.{name}")
    if "vote_similarity" in content:
        real(content["vote_similarity"], -1.0, 1.0, where, f"{key}.vote_similarity")


def _check_liveness(thresholds: dict[str, Any], where: str) -> None:
    """Micro-texture alone is a bundle that is still to be calibrated."""
    if "texture" in thresholds:
        read_skin(thresholds["texture"], where)
    if not set(thresholds) - {"texture"}:
        return
    _check_errors(thresholds.get("passive"), where, "thresholds.passive")
    for table, cues in (("fusion", CUES), ("picture", PICTURE)):
        if table == "fusion" or table in thresholds:
            _check_fusion(thresholds.get(table), cues, where, f"thresholds.{table}")
            if TEXTURE in thresholds[table]["cues"] and "texture" not in thresholds:
                raise wrong(where, f"thresholds.{table}.cues", "without texture where thresholds.texture is missing")


def _check_fusion(given: Any, known: tuple[str, ...], where: str, key: str) -> None:
    """The logistic fusion of cues (`edge_face.vision.live_fusion`) and the rates of its score."""
    fusion = mapping(given, where, key)
    real(fusion.get("bias"), -100.0, 100.0, where, f"{key}.bias")
    cues = mapping(fusion.get("cues"), where, f"{key}.cues")
    if not cues:
        raise wrong(where, f"{key}.cues", "an object of one cue or more")
    for name, value in cues.items():
        if name not in known:
            raise wrong(where, f"{key}.cues: {shown(name)}", f"one of {', '.join(known)}")
        cue = mapping(value, where, f"{key}.cues.{name}")
        real(cue.get("weight"), -100.0, 100.0, where, f"{key}.cues.{name}.weight")
        real(cue.get("centre"), -1e6, 1e6, where, f"{key}.cues.{name}.centre")
        real(cue.get("scale"), 1e-9, 1e6, where, f"{key}.cues.{name}.scale")
    _check_errors(fusion, where, key)


def _check_errors(table: Any, where: str, key: str) -> None:
    """Rows from lax to strict: the score rises, the BPCER never falls, the APCER never rises."""
    score, bpcer, apcer = -math.inf, 0.0, 1.0
    for number, row in enumerate(listed(mapping(table, where, key).get("rows"), 1, MAX_ROWS, "rows", where, f"{key}.rows")):
        at = f"{key}.rows[{number}]"
        entry = mapping(row, where, at)
        found = real(entry.get("score"), 0.0, 1.0, where, f"{at}.score")
        living = real(entry.get("bpcer"), 0.0, 1.0, where, f"{at}.bpcer")
        attacks = real(entry.get("apcer"), 0.0, 1.0, where, f"{at}.apcer")
        if not (found > score and living >= bpcer and attacks <= apcer):
            raise wrong(where, at, "stricter than the row before it (a higher score, no lower bpcer, no higher apcer)")
        score, bpcer, apcer = found, living, attacks


def _check_evidence(row: dict[str, Any], fmr: float, where: str, at: str) -> None:
    """What a row says of its own data: every key may be missing, none may be impossible."""
    most = 10**15
    if "comparisons" in row:
        most = whole(row["comparisons"], 1, most, where, f"{at}.comparisons")
    for name in ("false_matches", "false_pairs"):
        if name in row:
            most = whole(row[name], 1, most, where, f"{at}.{name}")
    if "effective_pairs" in row:
        whole(row["effective_pairs"], 1, most, where, f"{at}.effective_pairs")
    if "fmr_upper" in row:
        real(row["fmr_upper"], fmr, 1.0, where, f"{at}.fmr_upper")
    if row.get("tar") is not None:
        real(row["tar"], 0.0, 1.0, where, f"{at}.tar")
