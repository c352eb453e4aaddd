"""One training step on any of Keras' backends: the seam between the loop, which knows no backend, and the three modules
that know one each.

A task gives a model, perhaps extra trainable variables (class centres), and a loss written once in `keras.ops`:
`loss(outputs, targets, extras) -> {"loss": what is minimised, other names: parts to be shown}`, all scalars.
`outputs` come as float32; `targets` and `extras` as the backend's tensors.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from converter.training.recipe_parts import Optimizer

Loss = Callable[[Any, Mapping[str, Any], Sequence[Any]], dict[str, Any]]
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Batch:
    """`inputs`: one array [N,...] (uint8 or float32) or a tuple of them, as the model takes; targets: by name, first
    dimension free; each of the same shape in every batch, so that graphs are compiled once."""

    inputs: Any
    targets: Arrays


class Stepper(abc.ABC):
    """Model, averaged model, optimizer and extras, moved on by `step`. The averaged model is always float32 and is what
    `predict` runs and what is saved."""

    def __init__(self, model: Any, extras: Sequence[Any], loss: Loss, settings: Optimizer, precision: str) -> None:
        import keras

        from converter.training.model_tools import twin

        self.average = model
        self.model = twin(model, "mixed_bfloat16" if precision == "bfloat16" and self.mixed_by_policy else "float32")
        self.extras, self.loss, self.settings, self.precision = list(extras), loss, settings, precision
        self.trained = [*self.model.trainable_variables, *self.extras]
        self.kernels = [i for i, v in enumerate(self.trained) if "kernel" in v.name and "bias" not in v.name]
        shared = {"weight_decay": settings.weight_decay or None, "global_clipnorm": settings.clip or None}
        if settings.kind == "sgd":
            self.optimizer = keras.optimizers.SGD(settings.rate, momentum=settings.momentum, nesterov=settings.momentum > 0, **shared)
        else:
            kinds = {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}
            shared["weight_decay"] = settings.weight_decay if settings.kind == "adamw" else shared["weight_decay"]
            self.optimizer = kinds[settings.kind](settings.rate, **shared)
        if settings.weight_decay:
            self.optimizer.exclude_from_weight_decay(var_names=["bias", "beta", "gamma", "centres"])
        self.optimizer.build(self.trained)
        pairs = zip(self.average.variables, self.model.variables, strict=True)
        layers = self.model._flatten_layers(include_self=False)
        still = {id(variable) for layer in layers if not layer.trainable for variable in layer.variables}
        self.followed = [(mean, value) for mean, value in pairs if "seed" not in mean.path and id(value) not in still]

    mixed_by_policy = True
    """Whether bfloat16 comes by Keras' dtype policy (else by the backend's own autocast)."""

    @abc.abstractmethod
    def step(self, batch: Batch, rate: float, decay: float) -> dict[str, float]:
        """One step at a learning rate; `decay` is the averaged weights' (0: they follow at once). Gives the losses."""

    @abc.abstractmethod
    def predict(self, inputs: Any) -> Any:
        """The averaged model's outputs as float32 arrays, in inference mode."""

    def objective(self, outputs: Any, targets: Mapping[str, Any], values: Sequence[Any]) -> dict[str, Any]:
        """The task's losses, with the L2 penalty over kernels; `values` are those of `trained`, in order."""
        from keras import ops, tree

        outputs = tree.map_structure(lambda x: ops.cast(x, "float32"), outputs)
        losses = dict(self.loss(outputs, targets, values[len(values) - len(self.extras):] if self.extras else ()))
        if self.settings.l2:
            penalty: Any = 0.0
            for i in self.kernels:
                penalty = penalty + ops.sum(ops.square(ops.cast(values[i], "float32")))
            losses["l2"] = self.settings.l2 * penalty
            losses["loss"] = losses["loss"] + losses["l2"]
        return losses

    def _variables(self) -> dict[str, Any]:
        groups = {"model": self.model.variables, "average": self.average.variables,
                  "optimizer": self.optimizer.variables, "extra": self.extras}
        return {f"{group}_{i:03d}": v for group, values in groups.items() for i, v in enumerate(values)}

    def state(self) -> Arrays:
        """Everything that a resumed run needs, as arrays."""
        import keras

        return {name: np.asarray(keras.ops.convert_to_numpy(v)) for name, v in self._variables().items()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Sets what `state` gave. Raises KeyError or ValueError where it is of another model."""
        variables = self._variables()
        unknown = [name for name in state if name.partition("_")[0] in ("model", "optimizer", "extra") and name not in variables]
        if unknown:
            raise ValueError(f"{unknown[0]} is of another model")
        for name, variable in variables.items():
            if tuple(state[name].shape) != tuple(variable.shape):
                raise ValueError(f"{name} has the shape {state[name].shape}, not {tuple(variable.shape)}")
            variable.assign(state[name])


def make_stepper(backend: str, model: Any, extras: Sequence[Any], loss: Loss, settings: Optimizer, precision: str) -> Stepper:
    """The stepper of the backend that Keras runs on ("torch", "tensorflow", "jax")."""
    if backend == "torch":
        from converter.training.stepper_torch import TorchStepper

        return TorchStepper(model, extras, loss, settings, precision)
    if backend == "tensorflow":
        from converter.training.stepper_tensorflow import TensorFlowStepper

        return TensorFlowStepper(model, extras, loss, settings, precision)
    from converter.training.stepper_jax import JaxStepper

    return JaxStepper(model, extras, loss, settings, precision)
