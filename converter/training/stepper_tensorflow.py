"""The step on TensorFlow: one compiled function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from converter.training.recipe_parts import Optimizer
from converter.training.stepper import Batch, Loss, Stepper


class TensorFlowStepper(Stepper):
    """See `Stepper`."""

    def __init__(self, model: Any, extras: Sequence[Any], loss: Loss, settings: Optimizer, precision: str) -> None:
        super().__init__(model, extras, loss, settings, precision)

        @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
        def step(inputs: Any, targets: Mapping[str, Any], decay: Any) -> dict[str, Any]:
            with tf.GradientTape() as tape:
                outputs = self.model(_float(inputs), training=True)
                losses = self.objective(outputs, targets, [variable.value for variable in self.trained])
            gradients = tape.gradient(losses["loss"], [variable.value for variable in self.trained])
            self.optimizer.apply(gradients, self.trained)
            for mean, value in self.followed:
                mean.assign(mean * decay + tf.cast(value, mean.dtype) * (1.0 - decay))
            return losses

        self._step = step
        self._predict = tf.function(lambda inputs: self.average(_float(inputs), training=False), reduce_retracing=True)

    def step(self, batch: Batch, rate: float, decay: float) -> dict[str, float]:
        self.optimizer.learning_rate.assign(rate)
        return {name: float(value) for name, value in self._step(batch.inputs, batch.targets, np.float32(decay)).items()}

    def predict(self, inputs: Any) -> Any:
        return keras.tree.map_structure(lambda x: np.asarray(x, np.float32), self._predict(inputs))


def _float(inputs: Any) -> Any:
    return keras.tree.map_structure(lambda x: tf.cast(x, tf.float32), inputs)
