"""CNN + GRU: the embeddings of a track's frames, in the order of time, become one embedding of the same space.

The CNN is the door's own embedder, frozen; a gated recurrent unit (Cho et al. 2014) reads its outputs and corrects their
mean. The correction starts at nothing, so an untrained net is mean pooling.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


def build(frames: int = 16, dimension: int = 384, units: int = 128, dropout: float = 0.1) -> Any:
    """float32[N,frames,dimension+1] -> float32[N,dimension], not normalised.

    Each row is a frame's unit embedding and, last, its quality from 0 to 1. Shorter tracks are led by rows of zeros, which
    weigh nothing in the mean's direction. The loop is unrolled: static shapes, no control flow for TFLite to carry.
    """
    track = layers.Input((frames, dimension + 1), name="track")
    mean = layers.GlobalAveragePooling1D(name="mean")(track)
    mean = layers.Dense(dimension, use_bias=False, trainable=False, name="embedding_of_mean",
                        kernel_initializer=keras.initializers.Constant(0.0))(mean)
    x = layers.GRU(units, unroll=True, name="gru")(track)
    x = layers.Dropout(dropout, name="drop")(x) if dropout else x
    x = layers.Dense(dimension, use_bias=False, kernel_initializer="zeros", name="correction")(x)
    model = keras.Model(track, layers.Add(name="pooled")([mean, x]), name="sequence")
    # The mean without the quality that stands last in each row: a fixed projection, since slicing is no layer.
    projection = model.get_layer("embedding_of_mean")
    projection.kernel.assign(keras.ops.eye(dimension + 1, dimension))
    return model
