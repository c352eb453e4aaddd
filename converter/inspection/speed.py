"""How long one run of a .tflite file takes on this machine, on one thread, and what a slow int8 file is slow for.

Time is what the thread spent on a core: with one thread that is the time of a run on an idle machine, and what else runs beside it
lengthens it little, where the clock on the wall may say ten times as much.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from edge_face.errors import UsageError
from edge_face.vision.runtime import Interpreter

WARM_UP = 3
# Below this ratio two medians are the same.
NOISE = 1.1
ADVICE = {"PRELU": "use LeakyReLU or ReLU6, or --engine quantizer", "HARD_SWISH": "use ReLU6, or --engine quantizer",
          "TILE": "use tf.image.resize (nearest) in place of UpSampling2D"}


def median_ms(content: bytes, runs: int = 30) -> float:
    """Median milliseconds of `runs` runs on one thread of this machine after a warm-up.

    Raises ModelError, UsageError when `runs` is no positive number.
    """
    return medians_ms((content,), runs)[0]


def medians_ms(contents: Sequence[bytes], runs: int = 30) -> list[float]:
    """The same of several files, their runs taken in turns, so that a core that heats up or clocks down slows all of them alike."""
    if runs < 1:
        raise UsageError("speed is measured by 1 run or more")
    calls = [runner(Interpreter(content, threads=1)) for content in contents]
    for call in calls:
        for _ in range(WARM_UP):
            call()
    taken: list[list[float]] = [[] for _ in calls]
    for _ in range(runs):
        for call, times in zip(calls, taken, strict=True):
            begun = time.thread_time()
            call()
            times.append(time.thread_time() - begun)
    return [float(np.median(times)) * 1000 for times in taken]


def runner(interpreter: Interpreter) -> Callable[[], object]:
    """A call that runs the model once, on the same random pixels each time."""
    random = np.random.default_rng(0)
    values = {tensor.name: random.uniform(0, 255, tensor.shape).astype(np.float32) for tensor in interpreter.inputs}
    return lambda: interpreter.run(values)


def slowdown(float_content: bytes, int8_content: bytes, runs: int = 20) -> str:
    """One sentence: how the speed of a model's int8 file compares with its float32 file, both measured here and now, and where int8 is
    the slower one, which operators the delegate leaves out and what to use in their place. Raises ModelError."""
    from converter.inspection.delegate import partitions

    plain, quantized = medians_ms((float_content, int8_content), runs)
    figures = f"{quantized:.2f} ms against {plain:.2f} ms, one thread of this machine"
    if quantized * NOISE < plain:
        return f"int8 runs {plain / quantized:.1f} times faster than float32 ({figures})"
    if quantized <= plain * NOISE:
        return f"int8 runs about as fast as float32 ({figures})"
    ratio = f"times slower in int8 than in float32 ({figures})"
    # What only the int8 file leaves out; an operator that both leave out slows both.
    before, after = partitions(float_content).breaking, partitions(int8_content)
    guilty = [name for name in _names(after.breaking) if name not in _names(before) and name not in ("QUANTIZE", "DEQUANTIZE")]
    if not guilty:
        return f"this net runs {quantized / plain:.1f} {ratio}; {after.sentence()}"
    advice = next((ADVICE[name] for name in guilty if name in ADVICE), "try --engine quantizer, or float16")
    return f"this {guilty[0]} net runs {quantized / plain:.1f} {ratio}: {after.sentence()}: {advice}"


def _names(breaking: Sequence[str]) -> list[str]:
    return [text.partition(" ")[2] for text in breaking]
