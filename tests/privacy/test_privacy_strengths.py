"""What a strength stands for: the measured table, the amount that is looked up in it, and what counts as weak."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_face.errors import SettingsError
from edge_face.privacy import strengths
from edge_face.privacy.options import MASKS
from edge_face.privacy.strengths import VEILS, WEAK, leaves_nothing, power_for, rising, seen_through, variant, weakness
from edge_face.settings import ANONYMIZERS, PrivacySettings
from edge_face.settings_file import parse_settings

TABLE = json.loads(files("edge_face.privacy").joinpath("strengths.json").read_text(encoding="utf-8"))
ALL = [*((name, "") for name in ANONYMIZERS), *(("mask", option) for option in MASKS), ("replace", "face"), ("replace", "#102030"),
       ("replace", "dog.png")]


@pytest.mark.parametrize(("name", "option"), ALL)
def test_every_way_of_hiding_was_measured_from_its_least_to_its_most(name: str, option: str) -> None:
    row = TABLE[variant(name, option)]
    amounts = [amount for amount, _ in row["removed"]]
    assert amounts == sorted(amounts) and amounts[0] == 0 and amounts[-1] == 1
    assert all(0 <= removed <= 1 for _, removed in row["removed"])
    assert row["faces"] >= 2 * row["people"] > 0 and row["clear_auc"] > 0.95


def test_no_row_is_left_of_a_method_that_is_gone() -> None:
    assert set(TABLE) == {variant(name, option) for name, option in ALL}


@given(rows=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=12,
                     unique_by=lambda row: row[0]))
def test_a_stronger_amount_never_promises_less(rows: list[tuple[float, float]]) -> None:
    found = rising(rows)
    assert [a for a, _ in found] == sorted(a for a, _ in rows)
    assert all(x[1] <= y[1] for x, y in pairwise(found))
    # Nothing is promised that any stronger measurement denies.
    assert all(removed <= min(r for a, r in rows if a >= amount) for amount, removed in found)


@pytest.mark.parametrize(("name", "option"), ALL)
@settings(max_examples=20)
@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_more_strength_is_more_amount_and_removes_what_was_asked_if_it_can(name: str, option: str, low: float, high: float) -> None:
    low, high = sorted((low, high))
    less, more = power_for(name, low, option), power_for(name, high, option)
    assert 0 <= less.amount <= more.amount <= 1 and less.removed <= more.removed <= more.most
    assert more.removed >= min(high, more.most) - 1e-9


def test_the_least_amount_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strengths, "_table", lambda: {"mean": ((0.0, 0.1), (0.5, 0.6), (0.8, 0.55), (1.0, 0.9))})
    assert power_for("mean", 0.05) == strengths.Power(0.0, 0.1, 0.9)
    # At 0.5 a lucky measurement: 0.55 is what is believed, and beyond it the way to 0.9 begins at 0.8.
    assert power_for("mean", 0.55).amount == pytest.approx(0.5) and power_for("mean", 0.725).amount == pytest.approx(0.9)
    assert power_for("mean", 0.95) == strengths.Power(1.0, 0.9, 0.9) == power_for("mean", 1.0)
    assert power_for("gaussian", 0.3) == strengths.Power(1.0, 0.0, 0.0), "never measured: its most, and trusted with nothing"
    assert "0% of identity at most" in str(weakness("gaussian", 1.0))


def test_weak_is_what_attacks_see_through() -> None:
    assert "removes 50% of identity" in str(weakness("pixelate", 0.5)) and weakness("pixelate", WEAK) is None
    assert weakness("solid", 0.3) is None, "removes all whatever is asked"
    for name in VEILS:
        assert "through what is laid over it" in str(weakness(name, 0.85)) and weakness(name, 1.0) is None
    assert [name for name in ANONYMIZERS if leaves_nothing(name, 0.9)] == ["crop", "replace", "solid"]
    assert [name for name in ANONYMIZERS if leaves_nothing(name, 1.0)] == ["crop", "mask", "noise", "replace", "solid"]
    default = PrivacySettings()
    assert leaves_nothing(default.method, default.strength, default.option)
    assert weakness(default.method, default.strength, default.option) is None


def test_what_keeps_colours_is_seen_through_by_who_trains() -> None:
    stopped = {strength: [name for name in ANONYMIZERS if seen_through(name, strength) is None] for strength in (0.9, 1.0)}
    assert stopped[0.9] == ["crop", "replace", "solid"]
    assert [name for name in ANONYMIZERS if name not in stopped[1.0]] == ["neural", "pixelate"]
    assert "strength 1 stops that" in str(seen_through("median", 0.9)) and "choose crop, replace or solid" in str(seen_through("neural", 1))


@pytest.mark.parametrize(("lines", "words"), [
    ('method = "pixelate"', "line 2.*pixelate at 0.9 keeps colours.*choose crop, replace or solid.*privacy.allow_weak = true"),
    ('method = "median"\nstrength = 0.9', "line 3.*median at 0.9 keeps colours.*strength 1 stops that"),
    ('method = "median"\nstrength = 0.5', "line 3.*median at 0.5 removes 50%.*privacy.allow_weak = true"),
    ('method = "noise"', "noise at 0.9 lets the face through"),
    ('method = "solid"\noption = "red"', 'line 3.*privacy.option = "red" does not fit privacy.method = "solid"'),
    ('method = "mask"\noption = "nose"', "matrix, shapes, eyes"),
    ('method = "crop"\noption = "to"', "edge-face blur"),
    ('method = "replace"\noption = "#12"', "six digits")])
def test_the_door_refuses_weak_hiding_and_options_that_mean_nothing(lines: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        parse_settings(f"[privacy]\n{lines}\n")


def test_whoever_insists_may_hide_weakly() -> None:
    found = parse_settings('[privacy]\nmethod = "median"\nstrength = 0.5\nallow_weak = true\n')
    assert (found.privacy.method, found.privacy.strength) == ("median", 0.5)


def test_reading_settings_loads_nothing_heavy() -> None:
    code = "import sys; from edge_face.settings_file import parse_settings; parse_settings(''); print('cv2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False", done.stderr


def test_the_table_is_written_a_line_for_each_method() -> None:
    """The benchmark's own text gives back what it was made from."""
    from importlib.util import module_from_spec, spec_from_file_location

    path = Path(__file__).parents[2] / "benchmarks" / "anonymizer_strengths.py"
    spec = spec_from_file_location("anonymizer_strengths", path)
    assert spec is not None and spec.loader is not None
    benchmark = module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    measured = {"solid": [{"amount": 1.0, "removed": 0.99}]}
    text = benchmark.table(TABLE, {"people": 2, "faces": 4, "clear_auc": 0.98, "embedder": "e"}, measured)
    again = json.loads(text)
    assert again["solid"]["removed"] == [[0.0, 0.99], [1.0, 0.99]] and again["solid"]["people"] == 2
    assert {k: v for k, v in again.items() if k != "solid"} == {k: v for k, v in TABLE.items() if k != "solid"}
    assert text.count("\n") == len(TABLE) + 2


def test_the_documents_say_what_was_measured() -> None:
    text = (Path(__file__).parents[2] / "docs" / "blur.md").read_text(encoding="utf-8")
    found = {row[0].strip("` "): row[2].strip() for line in text.splitlines() if line.startswith("| `") and "|" in line[2:]
             for row in [line.strip("| ").split(" | ")] if len(row) == 6}
    assert found == {name: f"{100 * power_for(name, 1.0).most:.0f} %" for name in ANONYMIZERS}
