"""Sentences without the user's folders: a report is passed on to others, and whose home it was made in is nobody's business."""

from __future__ import annotations

import re
from dataclasses import replace

from converter.contract import Verdict
from converter.report.content import Attempt, Examples, Report

_NAME = r"[^\s/'\"<>:,;()]+"
_PATH = re.compile(rf"(?<![\w.~:/\\<])~?/(?:{_NAME}/)*({_NAME})/?")


def without_folders(text: str) -> str:
    """Every absolute or home path in a sentence cut to its last name."""
    return _PATH.sub(r"\1", text)


def tidy(report: Report) -> Report:
    """The same report, its sentences without folders. Names, labels and figures stay as they are."""
    return replace(
        report, said=_each(report.said), plan=replace(report.plan, guessed=_each(report.plan.guessed)),
        model=replace(report.model, said=_each(report.model.said)), attempts=tuple(_attempt(attempt) for attempt in report.attempts),
        calibration=_examples(report.calibration), gate=_examples(report.gate))


def _attempt(attempt: Attempt) -> Attempt:
    verdict = None if attempt.verdict is None else _verdict(attempt.verdict)
    return replace(attempt, verdict=verdict, how=without_folders(attempt.how), why=without_folders(attempt.why),
                   delegate=without_folders(attempt.delegate), said=_each(attempt.said))


def _verdict(verdict: Verdict) -> Verdict:
    checks = tuple(replace(check, text=without_folders(check.text)) for check in verdict.checks)
    return replace(verdict, checks=checks, hint=without_folders(verdict.hint), said=_each(verdict.said))


def _examples(used: Examples | None) -> Examples | None:
    return None if used is None else replace(used, said=_each(used.said))


def _each(sentences: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(without_folders(sentence) for sentence in sentences)
