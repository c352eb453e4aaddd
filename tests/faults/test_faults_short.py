"""Every fault a few times, and each judge shown something broken: a harness that cannot fail proves nothing."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .power import power
from .rows import FAULTS, Fault
from .verdict import trial


@pytest.fixture
def place() -> Iterator[Path]:
    """In memory where there is some: thousands of syncs of a real disk would take minutes and say nothing."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="faults-", dir=memory, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_few_rounds(fault: Fault, place: Path) -> None:
    row = fault.run(trial(fault.short, 1, fault.name, place))
    if row.skipped:
        pytest.skip(row.skipped)
    assert row.good, "\n".join(row.examples)
    assert row.rounds >= fault.short


@pytest.mark.parametrize(("wrong", "words"), [("synchronous", "lost"), ("stones", "was erased"), ("folders", "device key"),
                                              ("audit", "audit")])
def test_the_power_cut_notices_what_was_not_synced_or_not_marked(wrong: str, words: str, place: Path) -> None:
    row = power(trial(80, 3, "power", place), wrong=wrong)
    if row.skipped:
        pytest.skip(row.skipped)
    assert not row.good
    assert any(words in example for example in row.examples), row.examples
