"""Fine-tuning with quantization in mind: a net learns to give the float net's outputs while it is rounded as int8 rounds it.

Own fake-quantization on Keras 3 and TensorFlow: kernels and activations as in `fake_quant`, ranges of activations as moving averages
(Jacob et al. 2018), the float model as the teacher (distillation: Hinton et al. 2015), so that no labels are needed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np

from converter.contract import Array, Material, SourceModel
from converter.conversion.fake_quant import rounded, rounded_kernel
from converter.conversion.feeding import Feed, feed
from converter.conversion.groups import Group, groups, packed, unpacked, walk
from converter.conversion.quiet import quiet, tensorflow
from converter.conversion.refusals import refusing
from edge_face.errors import ModelError

Loss = Literal["auto", "cosine", "kl", "mse"]
BATCH = 16
KEPT = 0.95
"""Share of the old range in the moving average."""
CHECKED = 32
"""Examples that before and after are compared on."""


def finetune(model: SourceModel, calibration: Material, *, steps: int = 300, rate: float = 3e-5, seed: int = 0, loss: Loss = "auto",
             step: Callable[[], None] = lambda: None, say: Callable[[str], None] = lambda line: None) -> SourceModel:
    """`model` with kernels and biases tuned for int8; normalisations stay as they are. `step` is called after each of `steps` steps.

    `loss`: how far the outputs are from the float model's: "cosine" for embeddings, "kl" for probabilities (of softmax, or of
    sigmoid each), "mse" over the output's variance for anything else; "auto" tells by the outputs' values. If the rounded net is no
    nearer to the float net afterwards, the model comes back as it was. On one thread the same seed gives the same weights. Raises
    ModelError for a SavedModel, which has no layers to tune.
    """
    if model.keras is None:
        raise ModelError(f"{model.path.name} is a SavedModel, which cannot be fine-tuned: bring the .keras file it was exported from")
    tensorflow()
    examples = feed(model, calibration)
    with quiet() as hush, refusing(model.path.name):
        student = Student(model, examples, rate, steps, loss)
        before = student.distance()
        rng = np.random.default_rng(seed)
        order = np.concatenate([rng.permutation(len(examples)) for _ in range(-(-steps * BATCH // len(examples)))])
        for number in range(steps):
            student.learn(varied(examples, order[number * BATCH:(number + 1) * BATCH], rng))
            with hush.lifted():
                step()
        after = student.distance()
    if not after < before:
        say(f"fine-tuning brought nothing (distance {before:.4g} before, {after:.4g} after): the model stays as it was")
        return model
    say(f"fine-tuned in {steps} steps: the rounded net's distance from the float net fell from {before:.4g} to {after:.4g}")
    return _wrapped(model, student.model, f"its weights were fine-tuned for int8 in {steps} steps")


class Student:
    """The net that learns: a copy whose kernels and activations are rounded in every pass. `model` is the copy."""

    def __init__(self, model: SourceModel, examples: Feed, rate: float, steps: int, loss: Loss) -> None:
        import keras
        import tensorflow as tf

        self._source = model
        self.model = keras.models.clone_model(model.keras)
        self.model.set_weights(model.keras.get_weights())
        self._sample = examples.first(CHECKED)
        self.groups: list[Group] = groups(self.model, packed(model, _taken(examples, np.arange(1))))
        self._ends = {group.end: number for number, group in enumerate(self.groups)}
        self._lows = tf.Variable(tf.zeros(len(self.groups)), trainable=False)
        self._highs = tf.Variable(tf.zeros(len(self.groups)), trainable=False)
        normalising = {id(weight) for layer in self.model._flatten_layers() if type(layer).__name__ == "BatchNormalization"
                       for weight in layer.weights}
        self._learnt = [weight for weight in self.model.trainable_weights if id(weight) not in normalising]
        self._optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, max(steps, 1)), clipnorm=1.0)
        self._optimizer.build(self._learnt)
        targets = self._teach(_taken(self._sample, np.arange(len(self._sample))))
        self._losses = {name: _kind(np.asarray(value)) if loss == "auto" else loss for name, value in targets.items()}
        self._variance = {name: max(float(np.var(np.asarray(value))), 1e-12) for name, value in targets.items()}
        self._learn = tf.function(self._step, reduce_retracing=True)
        self._compare = tf.function(self._distance, reduce_retracing=True)
        self._see(examples)

    def learn(self, values: Mapping[str, Array]) -> None:
        """One step on a batch of inputs."""
        self._learn(dict(values))

    def distance(self) -> float:
        """How far the rounded net is from the float net, on examples as they are."""
        return float(self._compare(_taken(self._sample, np.arange(len(self._sample)))))

    def _see(self, examples: Feed) -> None:
        """The ranges to begin with: the mean of the batches' least and greatest values."""
        import tensorflow as tf

        lows, highs = [], []
        for start in range(0, min(len(examples), 4 * BATCH), BATCH):
            low, high = self._ranges(_taken(examples, np.arange(start, min(start + BATCH, len(examples)))))
            lows.append(low)
            highs.append(high)
        self._lows.assign(tf.reduce_mean(tf.stack(lows), 0))
        self._highs.assign(tf.reduce_mean(tf.stack(highs), 0))

    def _ranges(self, values: Mapping[str, Any]) -> tuple[Any, Any]:
        import tensorflow as tf

        lows: list[Any] = [0.0] * len(self.groups)
        highs: list[Any] = [0.0] * len(self.groups)

        def change(number: int, value: Any) -> Any:
            lows[number], highs[number] = tf.reduce_min(value), tf.reduce_max(value)
            return value

        self._through(self.model, values, change)
        return tf.stack(lows), tf.stack(highs)

    def _teach(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return unpacked(self._source, self._source.keras(packed(self._source, values), training=False))

    def _through(self, model: Any, values: Mapping[str, Any], change: Callable[[int, Any], Any]) -> dict[str, Any]:
        count = -1

        def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            value = layer(*args, **kwargs)
            return change(self._ends[count], value) if count in self._ends and hasattr(value, "shape") else value

        return unpacked(self._source, walk(model, packed(self._source, values), call))

    def _rounded(self, values: Mapping[str, Any], moving: bool) -> dict[str, Any]:
        """Outputs of the rounded net; `moving`: the ranges follow what is seen."""
        import keras
        import tensorflow as tf

        mapping = [(kernel, rounded_kernel(tf.convert_to_tensor(kernel.value), channels))
                   for group in self.groups for kernel, channels in group.kernels]
        lows, highs = tf.unstack(self._lows), tf.unstack(self._highs)

        def change(number: int, value: Any) -> Any:
            if moving:
                lows[number] = KEPT * lows[number] + (1 - KEPT) * tf.stop_gradient(tf.reduce_min(value))
                highs[number] = KEPT * highs[number] + (1 - KEPT) * tf.stop_gradient(tf.reduce_max(value))
            return rounded(value, lows[number], highs[number])

        with keras.StatelessScope(state_mapping=mapping):
            outputs = self._through(self.model, values, change)
        if moving:
            self._lows.assign(tf.stack(lows))
            self._highs.assign(tf.stack(highs))
        return outputs

    def _loss(self, values: Mapping[str, Any], moving: bool) -> Any:
        import tensorflow as tf

        targets = self._teach(values)
        outputs = self._rounded(values, moving)
        return tf.add_n([_far(self._losses[name], tf.stop_gradient(targets[name]), outputs[name], self._variance[name])
                         for name in targets]) / len(targets)

    def _distance(self, values: Mapping[str, Any]) -> Any:
        return self._loss(values, False)

    def _step(self, values: Mapping[str, Any]) -> None:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            far = self._loss(values, True)
        gradients = tape.gradient(far, [weight.value for weight in self._learnt])
        self._optimizer.apply([tf.zeros(weight.shape) if gradient is None else gradient
                               for gradient, weight in zip(gradients, self._learnt, strict=True)], self._learnt)


def _kind(values: Array) -> Loss:
    """Which loss suits an output, by what the float net gives."""
    if values.ndim == 2 and values.min() >= 0 and values.max() <= 1 + 1e-5:
        return "kl"
    return "cosine" if values.ndim == 2 and values.shape[1] >= 16 else "mse"


def _far(kind: Loss, target: Any, output: Any, variance: float) -> Any:
    import tensorflow as tf

    if kind in ("cosine", "mse"):
        squared = tf.reduce_mean((target - output) ** 2) / variance
        if kind == "mse":
            return squared
        # A little of the squares too: direction alone would let the lengths drift.
        cosine = tf.reduce_sum(tf.math.l2_normalize(target, -1) * tf.math.l2_normalize(output, -1), -1)
        return 1.0 - tf.reduce_mean(cosine) + 0.1 * squared
    # Probabilities of softmax add up to one: both divergences in one formula, that of the rest being nothing to them.
    target, output = tf.clip_by_value(target, 1e-6, 1 - 1e-6), tf.clip_by_value(output, 1e-6, 1 - 1e-6)
    whole = tf.reduce_all(tf.abs(tf.reduce_sum(target, -1) - 1.0) < 1e-3) if target.shape[-1] > 1 else tf.constant(False)
    rest = (1 - target) * tf.math.log((1 - target) / (1 - output))
    each = target * tf.math.log(target / output) + tf.where(whole, tf.zeros_like(rest), rest)
    return tf.reduce_mean(tf.reduce_sum(each, -1))


def varied(examples: Feed, chosen: Array, rng: np.random.Generator) -> dict[str, Array]:
    """A batch of inputs in float32; pictures at random mirrored, a little lighter or darker and of other contrast."""
    batch = _taken(examples, chosen)
    for name in sorted(examples.pictures):
        pictures = batch[name]
        if pictures.ndim != 4:
            continue
        mirrored = rng.random(len(pictures)) < 0.5
        pictures[mirrored] = pictures[mirrored, :, ::-1]
        contrast, light = rng.uniform(0.85, 1.15, (len(pictures), 1, 1, 1)), rng.uniform(-15, 15, (len(pictures), 1, 1, 1))
        batch[name] = np.clip((pictures - 128) * contrast + 128 + light, 0, 255).astype(np.float32)
    return batch


def _taken(examples: Feed, chosen: Array) -> dict[str, Array]:
    return {spec.name: np.asarray(examples.values[spec.name][chosen]).astype(spec.dtype) for spec in examples.inputs}


def _wrapped(model: SourceModel, tuned: Any, sentence: str) -> SourceModel:
    """The source with the tuned model in place of its own."""
    from converter.manifest import weights_digest

    source: Any = model  # a dataclass, as all of converter.sources are
    changed: SourceModel = dataclasses.replace(source, keras=tuned, weights_sha256=weights_digest(tuned.get_weights()),
                                               said=(*model.said, sentence))
    return changed
