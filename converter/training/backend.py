"""Which of Keras' backends trains, and in which precision: chosen before Keras is imported."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

from edge_face.errors import MissingExtraError, UsageError

BACKENDS = ("torch", "tensorflow", "jax")


def choose() -> str:
    """The backend that KERAS_BACKEND names, else the first installed of torch, tensorflow and jax; sets KERAS_BACKEND.

    Raises MissingExtraError where Keras or every backend is missing, UsageError where the one named is not there.
    """
    if importlib.util.find_spec("keras") is None:
        raise MissingExtraError("keras", "train")
    named = os.environ.get("KERAS_BACKEND", "")
    installed = [name for name in BACKENDS if importlib.util.find_spec(name)]
    if named and named not in BACKENDS:
        raise UsageError(f"KERAS_BACKEND is {named}: training runs on {', '.join(BACKENDS)}")
    if named and named not in installed:
        raise UsageError(f"KERAS_BACKEND is {named}, which is not installed: unset it or install {named}")
    if not installed:
        raise MissingExtraError("torch", "train")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["KERAS_BACKEND"] = named or installed[0]
    return named or installed[0]


def has_accelerator() -> bool:
    """Whether the chosen backend sees a GPU."""
    backend = os.environ["KERAS_BACKEND"]
    if backend == "torch":
        import torch

        return bool(torch.cuda.is_available())
    if backend == "tensorflow":
        import tensorflow

        return bool(tensorflow.config.list_physical_devices("GPU"))
    import jax

    return bool(jax.default_backend() != "cpu")


def precision(wanted: str, cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """"float32" or "bfloat16" for a recipe's `precision`.

    "auto" takes bfloat16 on a GPU and on a CPU with bfloat16 units; TensorFlow on a CPU gains by it with AMX only.
    """
    if wanted != "auto":
        return wanted
    if has_accelerator():
        return "bfloat16"
    try:
        flags = set(re.findall(r"\b(?:amx_bf16|avx512_bf16)\b", cpuinfo.read_text(encoding="utf-8")))
    except OSError:
        flags = set()
    useful = {"torch": {"amx_bf16", "avx512_bf16"}, "tensorflow": {"amx_bf16"}, "jax": set()}
    return "bfloat16" if flags & useful[os.environ["KERAS_BACKEND"]] else "float32"
