"""The step on PyTorch: fused kernels through `TorchGraph`, bfloat16 by autocast, a GPU where there is one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import keras
import torch

from converter.training.recipe_parts import Optimizer
from converter.training.stepper import Batch, Loss, Stepper
from converter.training.torch_graph import TorchGraph


def _runner(model: Any) -> Any:
    """The model's fast twin, or the model itself where the walker does not know its graph."""
    try:
        return TorchGraph(model)
    except ValueError:
        return model


class TorchStepper(Stepper):
    """See `Stepper`."""

    mixed_by_policy = False

    def __init__(self, model: Any, extras: Sequence[Any], loss: Loss, settings: Optimizer, precision: str) -> None:
        super().__init__(model, extras, loss, settings, precision)
        # Two programs whose threads wait for one another by spinning are ten times slower than with one thread each: on a
        # busy machine say OMP_NUM_THREADS=1.
        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0))))
        self._device = self.model.variables[0].value.device
        self._run, self._run_average = _runner(self.model), _runner(self.average)
        self._means = [mean.value for mean, _ in self.followed]
        self._values = [value.value for _, value in self.followed]

    def _tensor(self, array: Any) -> torch.Tensor:
        return torch.from_numpy(array).to(self._device, non_blocking=True)

    def _inputs(self, inputs: Any) -> Any:
        return keras.tree.map_structure(lambda x: self._tensor(x).float(), inputs)

    def step(self, batch: Batch, rate: float, decay: float) -> dict[str, float]:
        self.optimizer.learning_rate.assign(rate)
        targets = {name: self._tensor(array) for name, array in batch.targets.items()}
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            outputs = self._run(self._inputs(batch.inputs), training=True)
        values = [variable.value for variable in self.trained]
        losses = self.objective(outputs, targets, values)
        for value in values:
            value.grad = None
        losses["loss"].backward()
        with torch.no_grad():
            self.optimizer.apply([value.grad for value in values], self.trained)
            torch._foreach_lerp_(self._means, self._values, 1.0 - decay)
        return {name: float(value.detach()) for name, value in losses.items()}

    def predict(self, inputs: Any) -> Any:
        with torch.no_grad():
            outputs = self._run_average(self._inputs(inputs), training=False)
        return keras.tree.map_structure(lambda x: x.float().cpu().numpy(), outputs)
