"""Looks into bundles, .tflite files and Keras models: operators, tensors, work, delegate, speed; and compares two of them."""

from __future__ import annotations

from converter.inspection.contents import inspect_content, inspect_path

__all__ = ["inspect_content", "inspect_path"]
