"""An embedder that only glances: it sees 16x16 mean colours of a face, and what a method leaves of a hidden face is hardly more.

One hidden layer and a linear map beside it, solved at once by ridge regression over thousands of hidden faces (random features: Rahimi and
Recht 2007) before the first step is taken. An attack, not a model for doors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

CELL = 7
"""Pixels of a face that one mean is taken of, each way."""
PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
"""Of the ridge, as shares of the features' mean power; the best on faces set aside is taken."""
ASIDE = 0.1
Floats = NDArray[np.float32]


def build(size: int = 112, dimension: int = 384, width: int = 2048) -> Any:
    """Keras model: RGB 0..255 float32[N,size,size,3] -> float32[N,dimension], not normalised. `size` is a multiple of 7."""
    if size % CELL:
        raise ValueError(f"size must be a multiple of {CELL}, not {size}")
    face = layers.Input((size, size, 3), name="face")
    x = layers.Rescaling(1 / 127.5, -1.0, name="scale")(face)
    seen = layers.Flatten(name="flat")(layers.AveragePooling2D(CELL, name="glance")(x))
    linear = layers.Dense(dimension, name="linear")(seen)
    wide = layers.ReLU(6.0, name="wide_relu")(layers.Dense(width, name="wide")(seen))
    deep = layers.Dense(dimension, use_bias=False, name="deep")(wide)
    return keras.Model(face, layers.Add(name="embedding")([linear, deep]), name="glance")


def solve(model: Any, faces: NDArray[np.uint8], wanted: Floats, hide: Callable[[NDArray[np.uint8]], NDArray[np.uint8]],
          rng: np.random.Generator) -> float:
    """Sets all weights: from faces (n, s, s, 3) BGR, each through `hide`, its middle cut out at the net's size, to what is wanted of them
    (n, D). Gives the mean cosine to it on the tenth of the faces that was set aside."""
    size = int(model.inputs[0].shape[1])
    seen = np.stack([glanced(hide(face), size) for face in faces])
    width = int(model.get_layer("wide").units)
    mean = seen.mean(0)
    spread, axes = np.linalg.eigh(np.cov((seen - mean).T.astype(np.float64)))
    # Directions in which hidden faces differ, all made as wide: random features of raw pixels would see the light and little else.
    scaled = axes[:, ::-1] / np.sqrt(np.maximum(spread[::-1], 0) + spread[::-1][min(60, len(spread) - 1)] + 1e-9)
    mixing = (scaled @ rng.standard_normal((len(mean), width)) / 6.0).astype(np.float32)
    offset = (rng.standard_normal(width) - mean @ mixing).astype(np.float32)
    features = np.concatenate([seen, np.clip(seen @ mixing + offset, 0, 6)], 1)
    aside = max(int(len(seen) * ASIDE), 1)
    centre, goal = features[aside:].mean(0), wanted[aside:].mean(0)
    x, y = features[aside:] - centre, wanted[aside:] - goal
    power, both = x.T @ x, x.T @ y
    unit = float(np.trace(power)) / len(power)
    best = -2.0
    for penalty in PENALTIES:
        kernel = np.linalg.solve(power + penalty * unit * np.eye(len(power), dtype=np.float32), both)
        found = (features[:aside] - centre) @ kernel
        cosine = float((found * (wanted[:aside] - goal)).sum(1).mean() / max(np.linalg.norm(found, axis=1).mean(), 1e-9))
        if cosine > best:
            best, chosen = cosine, kernel
    model.get_layer("wide").set_weights([mixing, offset])
    # The middle of all faces tells nobody from anybody: left out, as recognition by cosine does best without it.
    model.get_layer("linear").set_weights([chosen[:len(mean)].astype(np.float32), (-centre @ chosen).astype(np.float32)])
    model.get_layer("deep").set_weights([chosen[len(mean):].astype(np.float32)])
    return best


def glanced(crop: NDArray[np.uint8], size: int = 112) -> Floats:
    """What a net for faces of `size` sees of a crop, BGR, as a row."""
    edge = (crop.shape[0] - size) // 2
    middle = crop[edge:edge + size, edge:edge + size, ::-1].astype(np.float32) / 127.5 - 1
    side = size // CELL
    return np.asarray(middle.reshape(side, CELL, side, CELL, 3).mean((1, 3)).reshape(-1), np.float32)
