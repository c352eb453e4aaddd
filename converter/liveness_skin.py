"""Trains the small network of micro-texture with numpy alone: some thousand numbers in, one hidden layer, one number out."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from converter.training.liveness_patterns import Patterns
from edge_face.types import Floats
from edge_face.vision.live_cues.texture import NUMBERS, Skin

UNITS = 16
STEPS = 300
BATCH = 128
RATE, DECAY = 1e-3, 1e-2
"""AdamW's (Loshchilov and Hutter, 2019), the rate falling along a cosine."""
HIDE_IN, HIDE = 0.15, 0.3
"""Shares of the numbers and of the units that are hidden at a step (dropout; Srivastava et al., 2014)."""
SMOOTH = 0.05
"""So much belief is taken from a label."""
_FIRST, _SECOND = 0.9, 0.999


def fitted(given: Patterns, seed: int) -> Skin:
    """The network of presentations, drawn as often alive as attacked."""
    rng = np.random.default_rng(seed)
    middle = given.numbers.mean(axis=0)
    spread = float(given.numbers.std(axis=0).mean()) or 1.0
    parts = [rng.uniform(-1, 1, (NUMBERS, UNITS)) / math.sqrt(NUMBERS), np.zeros(UNITS), rng.uniform(-1, 1, UNITS) / math.sqrt(UNITS),
             np.zeros(1)]
    weights = [np.asarray(part, np.float32) for part in parts]
    moments = [(np.zeros_like(part), np.zeros_like(part)) for part in weights]
    for step, (rows, wanted) in enumerate(_batches(given, rng), 1):
        gradients = _gradients(weights, (rows - middle) / spread, wanted, rng)
        rate = RATE * 0.5 * (1 + math.cos(math.pi * (step - 1) / STEPS))
        for part, (first, second), gradient in zip(weights, moments, gradients, strict=True):
            first += (1 - _FIRST) * (gradient - first)
            second += (1 - _SECOND) * (gradient * gradient - second)
            move = first / (1 - _FIRST**step) / (np.sqrt(second / (1 - _SECOND**step)) + 1e-8)
            part -= (rate * (move + DECAY * part)).astype(np.float32)
    first_layer = weights[0] / np.float32(spread)
    return Skin(first_layer, weights[1] - middle @ first_layer, weights[2], float(weights[3][0]))


def values(skin: Skin, numbers: Floats) -> npt.NDArray[np.float64]:
    """Those of (n, NUMBERS)."""
    return np.asarray(np.maximum(numbers @ skin.weights + skin.biases, 0.0) @ skin.out + skin.bias, np.float64)


def _batches(given: Patterns, rng: np.random.Generator) -> Iterator[tuple[Floats, Floats]]:
    chances = given.weights
    for _ in range(STEPS):
        drawn = rng.choice(len(chances), BATCH, p=chances)
        yield given.numbers[drawn], (given.live[drawn] * (1 - SMOOTH) + SMOOTH / 2).astype(np.float32)


def _gradients(weights: list[Floats], rows: Floats, wanted: Floats, rng: np.random.Generator) -> list[Floats]:
    """Of the mean binary cross-entropy, with numbers and units hidden at random."""
    first, biases, out, bias = weights
    seen = rows * (rng.random(rows.shape, np.float32) >= HIDE_IN) / np.float32(1 - HIDE_IN)
    inner = seen @ first + biases
    shown = (rng.random(inner.shape, np.float32) >= HIDE) / np.float32(1 - HIDE)
    active = np.maximum(inner, 0) * shown
    said = 1 / (1 + np.exp(-np.clip(active @ out + bias, -30, 30)))
    wrong = ((said - wanted) / len(rows)).astype(np.float32)
    back = np.outer(wrong, out) * shown * (inner > 0)
    return [np.asarray(part, np.float32) for part in (seen.T @ back, back.sum(axis=0), active.T @ wrong, wrong.sum(keepdims=True))]
