"""Micro-texture: what the numbers are, what does not change them, which faces have none, and what a manifest may hold of a line."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_fakes import THRESHOLDS, bundle, face, room, track
from manifest_samples import SAMPLES, changed

from edge_face.errors import ModelError
from edge_face.types import Box, Image, LiveVerdict
from edge_face.vision.bundle import load_bundle
from edge_face.vision.live import LivenessJudge
from edge_face.vision.live_cues.texture import (
    CELLS,
    KIND,
    MOST,
    NUMBERS,
    PATTERNS,
    SIDE,
    Skin,
    face_patterns,
    face_region,
    pattern_shares,
    texture,
)
from edge_face.vision.live_track import LiveTrack, picture_cues
from edge_face.vision.manifest import parse_manifest
from edge_face.vision.manifest_texture import packed, read_skin


def surface(seed: int = 1, side: int = SIDE) -> Image:
    return np.random.default_rng(seed).integers(60, 180, (side, side, 3), dtype=np.uint8)


def counted(plane: np.ndarray, radius: int) -> np.ndarray:
    """The numbers of one plane, pixel by pixel as the paper has it."""
    around = ((-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1))
    uniform = [code for code in range(256) if sum((code >> i & 1) != (code >> (i + 1) % 8 & 1) for i in range(8)) <= 2]
    inner = SIDE - 2 * radius
    found = np.zeros((CELLS, CELLS, PATTERNS))
    edges = [len(part) for part in np.array_split(np.arange(inner), CELLS)]
    for y in range(inner):
        for x in range(inner):
            middle = plane[y + radius, x + radius]
            code = sum(int(plane[y + radius + dy * radius, x + radius + dx * radius] >= middle) << bit
                       for bit, (dy, dx) in enumerate(around))
            place = uniform.index(code) if code in uniform else PATTERNS - 1
            found[np.searchsorted(np.cumsum(edges), y, "right"), np.searchsorted(np.cumsum(edges), x, "right"), place] += 1
    sizes = np.outer(edges, edges)[:, :, None]
    return np.sqrt(found / sizes).reshape(-1)


def test_the_numbers_are_those_of_the_paper() -> None:
    picture = surface()
    planes = cv2.split(cv2.cvtColor(picture, cv2.COLOR_BGR2YCrCb))
    wanted = np.concatenate([counted(planes[0], 1), counted(planes[0], 2), counted(planes[1], 1), counted(planes[2], 1)])
    found = pattern_shares(picture)
    assert found.shape == (NUMBERS,) and found.dtype == np.float32
    assert found == pytest.approx(wanted, abs=1e-6)


@given(st.floats(0.4, 1.0), st.integers(0, 40))
@settings(max_examples=20, deadline=None)
def test_light_changes_little_and_another_surface_much(gain: float, more: int) -> None:
    picture = np.repeat(surface()[:, :, :1], 3, axis=2)
    lit = np.clip(picture * gain + more, 0, 255).astype(np.uint8)
    near, far = (np.linalg.norm(pattern_shares(other) - pattern_shares(picture)) for other in (lit, cv2.GaussianBlur(picture, (0, 0), 1.2)))
    assert near < 0.6 * far


def test_small_faces_and_those_outside_have_no_texture() -> None:
    image = room()
    assert face_patterns(image, face(320, 240, 110)[0]) is not None
    assert face_patterns(image, face(320, 240, 50)[0]) is None, "nothing is stretched"
    assert face_patterns(image, face(-10, 240, 150)[0]) is None, "half of it is not there"
    assert face_region(image, Box(math.nan, 0, 100, 100)) is None and face_region(image, Box(0, 0, math.inf, 100)) is None
    skin = one_unit(np.zeros(NUMBERS), 0.5)
    assert texture(image, face(320, 240, 110)[0], skin) == 0.5 and texture(image, face(320, 240, 30)[0], skin) is None
    assert texture(image, face(320, 240, 110)[0], one_unit(np.full(NUMBERS, 9.0), 0.0)) == MOST


def one_unit(weights: np.ndarray, bias: float) -> Skin:
    """Which knows every picture."""
    none = np.zeros(1, np.float32)
    return Skin(weights.astype(np.float32).reshape(-1, 1), none, np.ones(1, np.float32), bias, none, 60.0)


def test_a_network_keeps_its_meaning_in_eight_bits() -> None:
    rng = np.random.default_rng(2)
    first = rng.normal(0, 0.05, (NUMBERS, 5)).astype(np.float32)
    skin = Skin(first, rng.normal(0, 0.3, 5).astype(np.float32), rng.normal(0, 1, 5).astype(np.float32), -0.125,
                rng.normal(0, 1, 5).astype(np.float32), 0.25)
    numbers = pattern_shares(surface(4))
    again = read_skin(json.loads(json.dumps(packed(skin))), "manifest.json")
    hidden = np.maximum(numbers @ first + skin.biases, 0)
    known = 1 / (1 + math.exp(-float(hidden @ skin.known) - 0.25))
    assert skin.value(numbers) == pytest.approx((float(hidden @ skin.out) - 0.125) * known, abs=1e-5)
    assert again.value(numbers) == pytest.approx(skin.value(numbers), abs=0.03) and (again.bias, again.known_bias) == (-0.125, 0.25)


def test_of_pictures_that_it_does_not_know_it_says_nothing() -> None:
    numbers = pattern_shares(surface())
    sure = one_unit(np.full(NUMBERS, 9.0), 0.0)
    assert sure.value(numbers) == MOST and replace(sure, known_bias=-30.0).value(numbers) == pytest.approx(0.0, abs=1e-9)
    assert replace(sure, known_bias=0.0).value(numbers) == pytest.approx(MOST / 2)


@pytest.mark.parametrize(("key", "value", "words"), [
    ("kind", "lbp of another day", "train-texture learns it anew"), ("weights", "AAAA", f"base64 of {2 * NUMBERS} bytes"),
    ("weights", "!" * (2 * NUMBERS // 3 * 4), "base64"), ("weights", None, "base64"), ("scales", [0, 1], r"scales\[0\] must be"),
    ("scales", [1e-3], "as many as scales"), ("scales", [], "1 to 64 numbers"), ("out", [1, 2, 3], "2 numbers, as many as scales"),
    ("biases", ["1", 2], r"biases\[0\]"), ("known", [1], "as many as scales"), ("bias", 1e9, "bias must be"),
    ("known_bias", ..., "known_bias must be")])
def test_a_damaged_network_is_one_sentence(key: str, value: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        parse_manifest(changed(SAMPLES["textured"], f"thresholds/texture/{key}", value), "liveness", "manifest.json")
    assert "\n" not in str(caught.value) and "thresholds.texture" in str(caught.value)


@pytest.mark.parametrize("table", ["picture", "fusion"])
def test_who_weighs_texture_must_know_it(table: str) -> None:
    bare = changed(SAMPLES["textured"], "thresholds/texture", ...)
    other = "fusion" if table == "picture" else "picture"
    bare["thresholds"][other]["cues"] = {"network": {"weight": 1, "centre": 0, "scale": 1}}
    with pytest.raises(ModelError, match=rf"thresholds\.{table}\.cues must be without texture"):
        parse_manifest(bare, "liveness", "manifest.json")


def test_one_picture_is_not_weighed_by_what_takes_time() -> None:
    moved = changed(SAMPLES["textured"], "thresholds/picture/cues", {"surroundings": {"weight": 1, "centre": 0, "scale": 1}})
    with pytest.raises(ModelError, match=r"picture\.cues: surroundings must be one of network, texture"):
        parse_manifest(moved, "liveness", "manifest.json")


def rough_is_alive() -> Skin:
    """For which a rough surface is skin: one of few patterns that are uniform."""
    rough = np.zeros((NUMBERS // PATTERNS, PATTERNS))
    rough[:9, -1] = 1.0
    return one_unit(rough, -3.5)


def textured(folder: Path) -> LivenessJudge:
    cue = {"weight": 6.0, "centre": 0.0, "scale": 1.0}
    rows = THRESHOLDS["fusion"]["rows"]
    fused = {"bias": 0.0, "cues": {"texture": cue}, "rows": rows}
    return LivenessJudge(load_bundle(bundle(folder, THRESHOLDS | {"texture": packed(rough_is_alive()), "picture": fused, "fusion": {
        **fused, "cues": {"network": {"weight": 0.1, "centre": 0.0, "scale": 2.0}, "texture": cue}}}), "liveness"))


def test_texture_speaks_in_tracks_and_in_single_pictures(tmp_path: Path) -> None:
    judging = textured(tmp_path)
    box, points = face(320, 240, 130)
    rough = surface(7, 640)[:480]
    smooth = cv2.GaussianBlur(rough, (0, 0), 4)
    for picture, attack in ((rough, False), (smooth, True)):
        said = [judging.look(3 if attack else 2, picture, track(box, points), n / 15) for n in range(8)][-1]
        assert (said.verdict is LiveVerdict.ATTACK) == attack and ("texture" in said.against) == attack
        assert (judging.still(picture, box) < judging.still_threshold) == attack
        alone = judging.texture(picture, box)
        assert alone is not None and (alone < 0.5) == attack
    assert judging.texture(rough, face(320, 240, 40)[0]) is None
    assert judging.network(rough, box) == judging.network(rough, box) != judging.still(rough, box)


def test_a_bundle_that_knows_nothing_of_texture_works_as_before(tmp_path: Path) -> None:
    judging = LivenessJudge(load_bundle(bundle(tmp_path), "liveness"))
    box, _ = face(320, 240)
    assert judging.still(room(), box) == judging.network(room(), box) and judging.still_threshold == judging.network_threshold
    with pytest.raises(ModelError, match="train-texture"):
        judging.texture(room(), box)


def test_looks_take_turns_and_one_picture_has_everything() -> None:
    skin = rough_is_alive()
    box, points = face(320, 240, 130)
    memory = LiveTrack(skin=skin)
    memory.look(room(), box, points, 0.5, 0.0)
    first = {name for name, value in memory.cues().items() if value is not None}
    memory.look(room(), box, points, 0.5, 0.1)
    both = {name for name, value in memory.cues().items() if value is not None}
    assert "border" in first and not first & {"texture", "moire"} and both >= {"border", "texture", "moire"}
    at_once = picture_cues(room(), box, 0.5, skin)
    assert {name for name, value in at_once.items() if value is not None} >= {"network", "texture", "moire", "border", "highlights"}
    assert at_once["surroundings"] is None and KIND.startswith("lbp")
    assert picture_cues(room(), box, 0.5)["texture"] is None
