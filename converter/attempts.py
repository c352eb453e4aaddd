"""Which files are tried, in which order, and which one is kept. Knows nothing of how a file is made or judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from converter.contract import Candidate, LayerDamage, Precision, Verdict

ALIKE = 1.1
"""Files whose sizes differ by less than this factor count as equally small, and speeds as equally fast."""
PLAIN: tuple[Precision, ...] = ("int8", "dynamic", "float16", "float32")


@dataclass(frozen=True, eq=False)
class Attempt:
    """A file that was made, what the gate said of it, and the median time of a run on one thread (ms). `tuned`: made from
    the fine-tuned model."""

    candidate: Candidate
    verdict: Verdict
    milliseconds: float | None = None
    tuned: bool = False

    @property
    def passed(self) -> bool:
        return self.verdict.passed

    @property
    def title(self) -> str:
        """`int8, 2 layers in float, fine-tuned`."""
        count = len(self.candidate.kept_float)
        return (self.candidate.precision + (f", {count} {'layer' if count == 1 else 'layers'} in float" if count else "")
                + (", fine-tuned" if self.tuned else ""))

    @property
    def bytes(self) -> int:
        return len(self.candidate.content)


Try = Callable[[Precision, tuple[str, ...], bool], Attempt]
"""Makes and judges a file of a precision, with these layers kept in float, from the tuned model or not."""


def search(attempt: Try, precisions: Sequence[Precision], rescue: bool, damages: Callable[[], Sequence[LayerDamage]],
           sets: Callable[[Sequence[LayerDamage]], Iterable[tuple[str, ...]]], tune: Callable[[], bool]) -> Iterator[Attempt]:
    """Every attempt as it is made. With `rescue`, an int8 file that fails is tried again: with the layers in float that
    the damage names (`sets`, from few to many), then, if `tune` says that fine-tuning brought something, fine-tuned, plainly
    and with the most layers in float."""
    for precision in precisions:
        found = attempt(precision, (), False)
        yield found
        if precision != "int8" or found.passed or not rescue:
            continue
        kept: tuple[str, ...] = ()
        saved = False
        for kept in sets(damages()):
            found = attempt("int8", kept, False)
            yield found
            if found.passed:
                saved = True
                break
        if saved or not tune():
            continue
        found = attempt("int8", (), True)
        yield found
        if kept and not found.passed:
            yield attempt("int8", kept, True)


def choose(attempts: Sequence[Attempt]) -> Attempt | None:
    """The smallest file that passed; among files of like size the fastest, among those as fast the first of `PLAIN`. "dynamic"
    competes only where no int8 passed: its operators are too new for tflite-runtime 2.14. None where none passed."""
    passed = [found for found in attempts if found.passed]
    if not passed:
        return None
    if any(found.candidate.precision == "int8" for found in passed):
        passed = [found for found in passed if found.candidate.precision != "dynamic"]
    smallest = min(found.bytes for found in passed)
    alike = [found for found in passed if found.bytes <= ALIKE * smallest]
    fastest = min(_speed(found) for found in alike)
    return min((found for found in alike if _speed(found) <= ALIKE * fastest), key=lambda found: PLAIN.index(found.candidate.precision))


def _speed(found: Attempt) -> float:
    return float("inf") if found.milliseconds is None else found.milliseconds


def best_failure(attempts: Sequence[Attempt]) -> Attempt:
    """Of attempts that all failed, the one with the fewest failed checks; the earlier of equals."""
    return min(attempts, key=lambda found: sum(not check.passed for check in found.verdict.checks))
