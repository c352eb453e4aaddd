"""Which operators of a file tflite-runtime 2.14.0 does not know, the last runtime of that name, which older images of a Pi still carry."""

from __future__ import annotations

from converter.conversion.versions import KNOWN
from converter.inspection.flat import FlatModel


def beyond_old_runtime(model: FlatModel) -> tuple[str, ...]:
    """The operators for which a file does not load there, such as "FULLY_CONNECTED version 12 (10 is the newest it knows)"; empty where
    it loads. Custom operators are named without a version."""
    found = {(operator.name, operator.version, operator.custom) for _, operator in model.operators()}
    return tuple(_why(name, version, custom) for name, version, custom in sorted(found) if custom or version > KNOWN.get(name, 0))


def _why(name: str, version: int, custom: bool) -> str:
    if custom:
        return f"{name}, a custom operator"
    return f"{name} version {version} ({KNOWN[name]} is the newest it knows)" if name in KNOWN else f"{name}, which it does not know"
