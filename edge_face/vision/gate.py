"""What the parity gate found when a bundle was made: are its files as good as the float model they come from?

The verdict is in the manifest (docs/bundles.md). A bundle that did not pass runs in tools, with a warning; a door takes it
only where the settings allow it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge_face.vision.manifest_values import line, listed, mapping, prose, real, shown, truth, whole, wrong

MOST_CHECKS = 200
LARGEST = 1e300


@dataclass(frozen=True, slots=True)
class GateCheck:
    """One figure against its limit. `figure` None: it could not be measured, `text` says why."""

    metric: str
    figure: float | None
    limit: float
    at_least: bool
    passed: bool
    text: str

    def sentence(self) -> str:
        """Metric, figure and limit in words."""
        limit = f"{'at least' if self.at_least else 'at most'} {self.limit:g} is asked for"
        found = "could not be measured" if self.figure is None else f"is {self.figure:g}"
        return f"{self.metric} {found}, {limit}"


@dataclass(frozen=True, slots=True)
class GateFile:
    """The verdict on one file. `labelled` False: only agreement with the float model and output error were checked."""

    name: str
    passed: bool
    checks: tuple[GateCheck, ...]
    labelled: bool
    examples: int


@dataclass(frozen=True, slots=True)
class Gate:
    """The verdict on a bundle. `forced`: it was written although it had failed."""

    passed: bool
    forced: bool
    files: tuple[GateFile, ...]

    def failure(self) -> str:
        """What was lost, in words: the files that failed, each with its failed checks; empty when the bundle passed."""
        failed = [file for file in self.files if not file.passed]
        return "; ".join(f"{file.name}: " + (", ".join(c.sentence() for c in file.checks if not c.passed) or "not measured")
                         for file in failed)


def parse_gate(given: Any, files: dict[str, Any], where: str) -> Gate:
    """The manifest's `gate`; `files` are the manifest's own. Raises ModelError."""
    gate = mapping(given, where, "gate")
    passed, forced = (truth(gate.get(key), where, f"gate.{key}") for key in ("passed", "forced"))
    mapping(gate.get("limits", {}), where, "gate.limits")
    found = []
    for name, value in mapping(gate.get("files"), where, "gate.files").items():
        if name not in files:
            raise wrong(where, f"gate.files.{name}", "one of the bundle's files")
        found.append(_file(name, value, where))
    if len(found) != len(files):
        missing = next(name for name in files if name not in gate["files"])
        raise wrong(where, "gate.files", f"a verdict on every file; {shown(missing)} has none")
    if passed != all(file.passed for file in found):
        raise wrong(where, "gate.passed", "true exactly when every file passed")
    return Gate(passed, forced, tuple(found))


def _file(name: str, value: Any, where: str) -> GateFile:
    key = f"gate.files.{name}"
    entry = mapping(value, where, key)
    passed = truth(entry.get("passed"), where, f"{key}.passed")
    checks = tuple(_check(check, where, f"{key}.checks[{number}]")
                   for number, check in enumerate(listed(entry.get("checks"), 0, MOST_CHECKS, "checks", where, f"{key}.checks")))
    if passed and not all(check.passed for check in checks):
        raise wrong(where, f"{key}.passed", "false where a check failed")
    return GateFile(name, passed, checks, truth(entry.get("labelled"), where, f"{key}.labelled"),
                    whole(entry.get("examples"), 0, 10**12, where, f"{key}.examples"))


def _check(value: Any, where: str, key: str) -> GateCheck:
    entry = mapping(value, where, key)
    figure = entry.get("figure")
    return GateCheck(
        line(entry.get("metric"), where, f"{key}.metric"),
        None if figure is None else real(figure, -LARGEST, LARGEST, where, f"{key}.figure"),
        real(entry.get("limit"), -LARGEST, LARGEST, where, f"{key}.limit"),
        truth(entry.get("at_least"), where, f"{key}.at_least"), truth(entry.get("passed"), where, f"{key}.passed"),
        prose(entry.get("text", ""), where, f"{key}.text"))
