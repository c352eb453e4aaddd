"""The report as JSON. `SCHEMA` rises when a key changes its meaning or goes; keys may be added without.

Keys: schema, title, passed, forced, headline, next, model, plan, before, attempts (each with cost, checks, metrics, plots), damage,
calibration, gate, limits, limits_from, environment, digests, recipe, seconds, command, said, pictures (their names). Numbers that are
not finite become null, so that the file is JSON (RFC 8259).
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from collections.abc import Set as AnySet
from pathlib import PurePath
from typing import Any

import numpy as np

from converter.contract import Verdict
from converter.report.content import Attempt, Report
from converter.report.tidying import tidy
from converter.report.wording import headline

SCHEMA = 1
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def to_json(report: Report) -> dict[str, Any]:
    """Everything in the report as plain JSON values; the same report gives the same record."""
    report = tidy(report)
    words = headline(report)
    record = {
        "schema": SCHEMA, "title": report.name, "passed": report.passed, "forced": report.forced, "headline": words.text,
        "next": words.next, "model": report.model, "plan": report.plan, "before": report.before,
        "attempts": [_attempt(attempt) for attempt in report.attempts],
        "damage": list(report.damage), "calibration": report.calibration, "gate": report.gate,
        "limits": report.limits, "limits_from": report.limits_from, "environment": report.environment, "digests": report.digests,
        "recipe": report.recipe, "seconds": report.seconds, "command": report.command, "said": report.said,
        "pictures": sorted(report.pictures),
    }
    plain: dict[str, Any] = simple(record)
    return plain


def _attempt(attempt: Attempt) -> dict[str, Any]:
    fields = {item.name: getattr(attempt, item.name) for item in dataclasses.fields(attempt)}
    return {**fields, "passed": attempt.passed, "verdict": None if attempt.verdict is None else _verdict(attempt.verdict)}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {item.name: getattr(verdict, item.name) for item in dataclasses.fields(verdict)}


def simple(value: Any) -> Any:
    """A value as dictionaries, lists, strings, numbers, booleans and None: numpy's too, paths by their name, bytes by their number."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, PurePath):
        return printable(value.name)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    if isinstance(value, Mapping):
        return {printable(str(key)): simple(item) for key, item in value.items()}
    if isinstance(value, AnySet):
        return sorted((simple(item) for item in value), key=str)
    if isinstance(value, list | tuple):
        return [simple(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: simple(getattr(value, item.name)) for item in dataclasses.fields(value)}
    return printable(str(value))


def printable(text: str) -> str:
    """Without control characters and halves of characters, which neither HTML nor UTF-8 can hold."""
    return _UNFIT.sub("\ufffd", text)
