"""The step on JAX: one pure compiled function over the values of Keras' variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np

from converter.training.recipe_parts import Optimizer
from converter.training.stepper import Batch, Loss, Stepper


class JaxStepper(Stepper):
    """See `Stepper`. Values go back into the Keras variables after each step, so that saving sees them."""

    def __init__(self, model: Any, extras: Sequence[Any], loss: Loss, settings: Optimizer, precision: str) -> None:
        super().__init__(model, extras, loss, settings, precision)
        own = len(self.model.trainable_variables)
        at = {id(v): i for i, v in enumerate([*self.trained, *self.model.non_trainable_variables])}
        order = [at[id(value)] for _, value in self.followed]

        def step(trained: Any, still: Any, moments: Any, means: Any, inputs: Any, targets: Mapping[str, Any], decay: Any) -> Any:
            def compute(values: Any) -> Any:
                outputs, moved = self.model.stateless_call(values[:own], still, _float(inputs), training=True)
                losses = self.objective(outputs, targets, values)
                return losses["loss"], (losses, moved)

            (_, (losses, moved)), gradients = jax.value_and_grad(compute, has_aux=True)(trained)
            trained, moments = self.optimizer.stateless_apply(moments, gradients, trained)
            every = [*trained, *moved]
            means = [mean * decay + every[i].astype(mean.dtype) * (1.0 - decay) for mean, i in zip(means, order, strict=True)]
            return losses, trained, moved, moments, means

        self._step = jax.jit(step)
        self._predict = jax.jit(
            lambda trained, still, inputs: self.average.stateless_call(trained, still, _float(inputs), training=False)[0])

    def step(self, batch: Batch, rate: float, decay: float) -> dict[str, float]:
        self.optimizer.learning_rate.assign(rate)
        groups = (self.trained, self.model.non_trainable_variables, self.optimizer.variables, [mean for mean, _ in self.followed])
        before = [[variable.value for variable in group] for group in groups]
        losses, *after = self._step(*before, batch.inputs, batch.targets, np.float32(decay))
        for group, values in zip(groups, after, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)
        return {name: float(value) for name, value in losses.items()}

    def predict(self, inputs: Any) -> Any:
        trained = [variable.value for variable in self.average.trainable_variables]
        still = [variable.value for variable in self.average.non_trainable_variables]
        return keras.tree.map_structure(lambda x: np.asarray(x, np.float32), self._predict(trained, still, inputs))


def _float(inputs: Any) -> Any:
    return keras.tree.map_structure(lambda x: jnp.asarray(x, jnp.float32), inputs)
