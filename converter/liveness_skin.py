"""Trains the small network of micro-texture with numpy alone: some thousand numbers in, one hidden layer, two ends."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from converter.training.liveness_patterns import Patterns
from edge_face.types import Floats
from edge_face.vision.live_cues.texture import NUMBERS, Skin

UNITS, KNOWING = 16, 8
"""Of either end."""
ALL = 30.0
STEPS = 300
BATCH = 128
RATE, DECAY = 1e-3, 1e-2
"""AdamW's (Loshchilov and Hutter, 2019), the rate falling along a cosine."""
HIDE_IN, HIDE = 0.15, 0.3
"""Shares of the numbers and of the units that are hidden at a step (dropout; Srivastava et al., 2014)."""
SMOOTH = 0.05
"""So much belief is taken from a label."""
Reals = npt.NDArray[np.float64]
_FIRST, _SECOND = 0.9, 0.999


def fitted(given: Patterns, other: Patterns, seed: int) -> Skin:
    """The network of `given`, drawn as often alive as attacked; `other`: pictures that it must not believe to know (where there
    are none it believes to know all)."""
    first, biases, out, bias = trained(given.numbers, given.live, given.weights, UNITS, seed)
    if not len(other.live):
        return Skin(first, biases, out, bias, np.zeros_like(out), ALL)
    chances = np.concatenate([given.weights, other.weights]) / 2
    ours = np.arange(len(chances)) < len(given.live)
    second, more, known, known_bias = trained(np.concatenate([given.numbers, other.numbers]), ours, chances, KNOWING, seed)
    none = np.zeros(KNOWING, np.float32)
    return Skin(np.concatenate([first, second], axis=1), np.concatenate([biases, more]), np.concatenate([out, none]), bias,
                np.concatenate([np.zeros(UNITS, np.float32), known]), known_bias)


def trained(numbers: Floats, yes: npt.NDArray[np.bool_], chances: Reals, units: int,
            seed: int) -> tuple[Floats, Floats, Floats, float]:
    """Weights, biases, end and its bias of so many units that tell `yes` from no, drawn by their chances."""
    rng = np.random.default_rng(seed)
    middle, spread = numbers.mean(axis=0), float(numbers.std(axis=0).mean()) or 1.0
    parts = [rng.uniform(-1, 1, (NUMBERS, units)) / math.sqrt(NUMBERS), np.zeros(units), rng.uniform(-1, 1, units) / math.sqrt(units),
             np.zeros(1)]
    weights = [np.asarray(part, np.float32) for part in parts]
    moments = [(np.zeros_like(part), np.zeros_like(part)) for part in weights]
    for step in range(1, STEPS + 1):
        drawn = rng.choice(len(chances), BATCH, p=chances)
        wanted = (yes[drawn] * (1 - SMOOTH) + SMOOTH / 2).astype(np.float32)
        gradients = _gradients(weights, (numbers[drawn] - middle) / np.float32(spread), wanted, rng)
        rate = RATE * 0.5 * (1 + math.cos(math.pi * (step - 1) / STEPS))
        for part, (first, second), gradient in zip(weights, moments, gradients, strict=True):
            first += (1 - _FIRST) * (gradient - first)
            second += (1 - _SECOND) * (gradient * gradient - second)
            move = first / (1 - _FIRST**step) / (np.sqrt(second / (1 - _SECOND**step)) + 1e-8)
            part -= (rate * (move + DECAY * part)).astype(np.float32)
    layer = weights[0] / np.float32(spread)
    return layer, np.asarray(weights[1] - middle @ layer, np.float32), weights[2], float(weights[3][0])


def values(skin: Skin, numbers: Floats) -> tuple[Reals, Reals]:
    """Of (n, NUMBERS) the odds' logarithms for skin, not bounded, and the chances that such pictures are known."""
    inner = np.maximum(numbers @ skin.weights + skin.biases, 0.0)
    known = 1 / (1 + np.exp(-np.clip(inner @ skin.known + skin.known_bias, -60, 60)))
    return np.asarray(inner @ skin.out + skin.bias, np.float64), np.asarray(known, np.float64)


def scaled(skin: Skin, slope: float, offset: float) -> Skin:
    """The network whose odds are slope x its own + offset."""
    return replace(skin, out=np.asarray(skin.out * np.float32(slope), np.float32), bias=skin.bias * slope + offset)


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
