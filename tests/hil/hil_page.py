#!/usr/bin/env python3
"""Makes the page of a hardware run from pytest's JUnit XML.

    hil_page.py hil-out/hil.xml hil-out/hil.html
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from xml.etree import ElementTree

from edge_face.evaluation.page import facts, page, section

PARTS = {"test_hil_pins": "Pins over the four wires", "test_hil_camera": "Camera and latency", "test_hil_soak": "The long run",
         "test_hil_screen": "A screen before the camera", "test_hil_page": "This page"}
COLOURS = {"passed": "#1a7f37", "failed": "#c62828", "skipped": "#6b7280"}
WORDS = {"passed": "✓ passed", "failed": "✗ FAILED", "skipped": "- skipped"}
"""Never by colour alone."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test. `said`: the failure's or the skip's own words; `figures`: what it recorded."""

    part: str
    name: str
    outcome: str
    seconds: float
    said: str
    figures: tuple[tuple[str, str], ...]

    @property
    def simulated(self) -> bool:
        """Ran here without hardware: proof of the harness, not of a board."""
        return self.outcome != "skipped" and "[real" not in self.name and not self.figures


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run, as pytest wrote it down."""

    when: str
    host: str
    cases: tuple[Case, ...]

    def count(self, outcome: str) -> int:
        return sum(case.outcome == outcome for case in self.cases)


def read_run(path: Path) -> Run:
    """Raises ValueError for a file that is missing or no JUnit XML."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise ValueError(f"{path} is no JUnit XML ({error}): pytest --junitxml={path} writes it") from error
    suite = root if root.tag == "testsuite" else root.find("testsuite")
    if suite is None:
        raise ValueError(f"{path} has no test suite in it")
    return Run(suite.get("timestamp", "")[:19].replace("T", " "), suite.get("hostname", platform.node()),
               tuple(map(_case, suite.iter("testcase"))))


def _case(element: ElementTree.Element) -> Case:
    outcome, said = "passed", ""
    for tag, word in (("skipped", "skipped"), ("failure", "failed"), ("error", "failed")):
        found = element.find(tag)
        if found is not None:
            outcome, said = word, found.get("message") or (found.text or "").strip()
    figures = tuple((p.get("name", ""), p.get("value", "")) for p in element.iter("property"))
    return Case((element.get("classname") or "").rpartition(".")[2], element.get("name") or "?", outcome,
                float(element.get("time") or 0), said, figures)


def render(run: Run) -> str:
    """The page: what was counted, then each part with its tests."""
    failed, real = run.count("failed"), sum(not case.simulated and case.outcome == "passed" for case in run.cases)
    about = f"{run.when} on {run.host}. " + ("All that ran on hardware passed." if real and not failed else
                                              "Nothing ran on hardware: this shows the harness only." if not failed else
                                              f"{failed} failed.")
    head = facts([(str(run.count("passed")), "passed"), (str(failed), "failed"), (str(run.count("skipped")), "skipped"),
                  (str(real), "of the passed ones on hardware")])
    names = [*PARTS, *sorted({case.part for case in run.cases} - set(PARTS))]
    parts = [section(PARTS.get(part, part), _table([case for case in run.cases if case.part == part]))
             for part in names if any(case.part == part for case in run.cases)]
    return page("edge-face: hardware in the loop", about, [head, *parts])


def _table(cases: Sequence[Case]) -> str:
    rows = []
    for case in cases:
        more = "".join(f"<br><b>{escape(value)}</b> {escape(name)}" for name, value in case.figures)
        said = f'<br><span style="color:#5b6472">{escape(case.said[:600])}</span>' if case.said else ""
        rows.append(f'<tr><td style="color:{COLOURS[case.outcome]};white-space:nowrap">{WORDS[case.outcome]}</td>'
                    f'<td class="file">{escape(case.name.removeprefix("test_").replace("_", " ").replace("[", " [", 1))}{more}{said}</td>'
                    f'<td class="n">{case.seconds:.2f} s</td></tr>')
    return "<table>" + "".join(rows) + "</table>"


def main(words: Sequence[str]) -> int:
    if len(words) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        run = read_run(Path(words[0]))
    except ValueError as error:
        print(f"hil_page: {error}", file=sys.stderr)
        return 1
    Path(words[1]).write_text(render(run), encoding="utf-8")
    print(f"{run.count('passed')} passed, {run.count('failed')} failed, {run.count('skipped')} skipped: {words[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
