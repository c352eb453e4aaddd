"""Looks into bundles, .tflite files and Keras models: operators, tensors, work, delegate, speed; and compares two of them."""

from __future__ import annotations

from converter.inspection.contents import inspect_content, inspect_path
from converter.inspection.delegate import Partitions, partitions
from converter.inspection.flat import read_flat
from converter.inspection.old_runtime import beyond_old_runtime
from converter.inspection.speed import median_ms, medians_ms, slowdown

__all__ = ["Partitions", "beyond_old_runtime", "inspect_content", "inspect_path", "median_ms", "medians_ms", "partitions", "read_flat",
           "slowdown"]
