"""int8 acted out in float: rounding of kernels and activations with a gradient that passes straight through.

Kernels: symmetric, 8 bits, a scale for each output channel; activations: 256 steps between a tensor's least and greatest value, zero
among them (Jacob et al. 2018, Quantization and Training of Neural Networks; straight-through estimator: Bengio et al. 2013). A
normalisation that follows a kernel scales whole output channels, so rounding the kernel before or after it is folded in is the same.
"""

from __future__ import annotations

from typing import Any


def rounded_kernel(kernel: Any, channels: tuple[int, ...]) -> Any:
    """`kernel` at the values that int8 has for it; `channels` are the axes that have a scale for each of their places."""
    import tensorflow as tf

    others = [axis for axis in range(len(kernel.shape)) if axis not in channels]
    scale = tf.maximum(tf.reduce_max(tf.abs(kernel), axis=others, keepdims=True) / 127.0, 1e-12)
    near = tf.round(kernel / scale) * scale
    return kernel + tf.stop_gradient(near - kernel)


def rounded(values: Any, low: Any, high: Any) -> Any:
    """Activations at 256 steps from `low` to `high`; outside they are clipped, and no gradient passes there."""
    import tensorflow as tf

    low = tf.minimum(low, 0.0)
    high = tf.maximum(high, low + 1e-6)
    return tf.quantization.fake_quant_with_min_max_vars(values, low, tf.maximum(high, 0.0), num_bits=8)
