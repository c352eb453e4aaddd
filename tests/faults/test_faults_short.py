"""Every fault a few times, and each judge shown something broken: a harness that cannot fail proves nothing."""

from __future__ import annotations

import os
import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .cameras import cameras
from .clocks import clocks, gullible
from .hostile import Granted, Target, hostile
from .kills import kills
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
    assert row.rounds >= 0.9 * fault.short


@pytest.mark.parametrize(("wrong", "words"), [("synchronous", "lost|does not open"), ("stones", "was erased"), ("folders", ""),
                                              ("audit", "audit")])
def test_the_power_cut_notices_what_was_not_synced_or_not_marked(wrong: str, words: str, place: Path) -> None:
    row = power(trial(60, 3, "power", place), wrong=wrong)
    if row.skipped:
        pytest.skip(row.skipped)
    assert not row.good
    assert any(re.search(words, example) for example in row.examples), row.examples


@pytest.mark.parametrize(("wrong", "words", "moment"), [("endless", "released for", "grant"), ("glitch", "without anybody's word", "any"),
                                                       ("ghost", "without anybody's word", "any"), ("store", "lost", "write")])
def test_the_kills_notice_a_door_that_is_wrong(wrong: str, words: str, moment: str, place: Path) -> None:
    row = kills(trial(3, 3, "kills", place), wrong=wrong, moments={moment: 1.0}, linger=1.5, longest=1.0)
    assert any(words in example for example in row.examples), row.examples


def test_the_kills_notice_that_nobody_made_the_door_safe(place: Path) -> None:
    row = kills(trial(3, 3, "kills", place), safe=False, moments={"grant": 1.0}, kernels=("keeps",))
    assert any("the coil is on" in example for example in row.examples), row.examples


def test_an_outlet_that_hides_nothing_is_noticed(place: Path) -> None:
    row = cameras(trial(2, 1, "cameras", place), careless=True, names=("camera gone", "frozen"))
    assert any("the picture is not hidden" in example for example in row.examples), row.examples


def test_a_judge_that_believes_every_clock_is_noticed(place: Path) -> None:
    assert any("outside the window" in example for example in clocks(trial(6, 1, "clocks", place), judge=gullible).examples)


def test_what_crashes_at_hostile_input_is_noticed_and_so_is_what_believes_it(place: Path) -> None:
    def crashes(luck: random.Random) -> None:
        if luck.random() < 0.5:
            raise KeyError("x")

    def believes(luck: random.Random) -> None:
        raise Granted("somebody")

    row = hostile(trial(40, 1, "hostile", place), (
        Target("crashing", 1, lambda folder: crashes), Target("gullible", 1, lambda folder: believes)))
    assert 20 < row.broken <= 40 and row.rounds == 40
    assert any("KeyError" in example for example in row.examples)
    assert "believed: somebody" in hostile(trial(1, 1, "again", place), (Target("gullible", 1, lambda folder: believes),)).examples[0]


def test_a_seed_repeats_a_row(place: Path) -> None:
    first, second = (hostile(trial(150, 7, "hostile", place / str(k))) for k in range(2))
    assert first.figures == second.figures
