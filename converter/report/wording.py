"""The verdict in words, and figures as people read them; the page and the terminal say the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

from converter.contract import Check
from converter.report.content import Attempt, Report

UNLABELLED = ("No example had a label, so that only agreement with the float model and output error could be measured: "
              "how often either of them is right is not known.")
FORCED = "It was written all the same, because --force was given; the bundle's manifest says that it failed."


@dataclass(frozen=True, slots=True)
class Headline:
    """`text`: one line; `more`: sentences below it; `next`: what to try, empty when passed."""

    passed: bool
    text: str
    more: tuple[str, ...] = ()
    next: str = ""


def headline(report: Report) -> Headline:
    """What the whole conversion came to."""
    attempt = report.main
    if attempt is None:
        return Headline(False, "Not passed. Nothing was converted", report.said)
    if report.passed:
        unlabelled = any(a.verdict is not None and not a.verdict.labelled for a in report.chosen)
        lost = "as far as unlabelled examples can show, nothing was lost" if unlabelled else "nothing lost that matters"
        names = [a.title for a in report.chosen]
        more = [f"{a.title} did not pass. {_because(a)}." for a in report.attempts
                if not a.chosen and not a.passed and _because(a)]
        told = _told(attempt)
        unsaid = unlabelled and not any("label" in sentence for sentence in told)
        return Headline(True, f"{_listed(names)} passed: {lost}", (*([UNLABELLED] if unsaid else []), *told, *more))
    failed = next((a for a in report.chosen if not a.passed), attempt)
    if failed.passed:
        return Headline(False, f"Not written: {failed.title} passed the gate", (failed.why,) if failed.why else ())
    more = [f"{failed.title} is the file that came closest of {len(report.attempts)} that were tried."] if len(report.attempts) > 1 \
        and not report.chosen else []
    if failed.verdict is not None and not failed.verdict.labelled:
        more.append(UNLABELLED)
    more += _told(failed)
    if report.forced and report.chosen:
        more.insert(0, FORCED)
    return Headline(False, f"Not passed. {_because(failed) or failed.title + ' failed the gate'}", tuple(more),
                    failed.verdict.hint if failed.verdict else "")


def _because(attempt: Attempt) -> str:
    """The check that failed the most, in its own words, as a sentence without the full stop."""
    if attempt.verdict is None:
        return _sentence(attempt.why)
    failed = [check for check in attempt.verdict.checks if not check.passed]
    return _sentence(max(failed, key=lambda check: math.inf if (used := allowance(check)) is None else used).text) if failed else ""


def _told(attempt: Attempt) -> list[str]:
    """What the gate says besides its figures."""
    return [f"{_sentence(sentence)}." for sentence in attempt.verdict.said] if attempt.verdict else []


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(". ")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def allowance(check: Check) -> float | None:
    """The share of what a check allows that is used up: 0 nothing lost, 1 at the limit, above 1 failed. None: not measured.

    The best is 0 for figures with an upper limit, 1 for shares and cosines with a lower one; of other lower limits (dB) the ratio.
    """
    if check.figure is None or not math.isfinite(check.figure) or not math.isfinite(check.limit):
        return None
    if check.at_least and 0 <= check.limit < 1:
        used = (1 - check.figure) / (1 - check.limit)
    elif check.at_least and check.limit > 0:
        used = check.limit / check.figure if check.figure > 0 else math.inf
    elif check.limit != 0 and (check.limit > 0) != check.at_least:
        used = check.figure / check.limit
    else:
        used = 0.0 if check.passed else math.inf
    return max(used, 0.0)


def size(count: int | None) -> str:
    """`1.36 MB`, in powers of ten as disks are sold; a dash for None."""
    if count is None:
        return "-"
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}" if count < 999.5 * factor else f"{count / factor:,.0f} {unit}"
    return f"{count} bytes"


def many(count: int | None) -> str:
    """`1.02 million`, `71,204`; a dash for None."""
    if count is None:
        return "-"
    for word, factor in (("billion", 1e9), ("million", 1e6)):
        if count >= factor:
            return f"{count / factor:,.3g} {word}" if count < 999.5 * factor else f"{count / factor:,.0f} {word}"
    return f"{count:,}"


def milliseconds(value: float | None) -> str:
    """`1.27 ms`; a dash where it was not measured."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.3g} ms" if value < 1000 else f"{value:,.0f} ms"


def figure(value: float | None) -> str:
    """Four significant digits; a dash where there is no number."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:.4g}" if abs(value) < 1e5 else f"{value:,.0f}" if abs(value) < 1e12 else f"{value:.3e}"


def change(before: float | None, after: float | None, less: str, more: str) -> str:
    """`3.7 times smaller`; empty where one is unknown or they are alike."""
    if not before or not after or not math.isfinite(before) or not math.isfinite(after) or before < 0 or after < 0:
        return ""
    ratio = max(before, after) / min(before, after)
    if ratio < 1.05:
        return "about the same"
    times = f"{ratio:.2g}" if ratio < 99.5 else f"{ratio:,.0f}"
    return f"{times} times {less if before > after else more}" if ratio < 1e6 else ""
