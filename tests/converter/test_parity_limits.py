"""The gate's limits: documented defaults, what a file of the user's may change, and what is refused on which line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.contract import TASKS
from converter.parity.checks import METRICS, Checks
from converter.parity.limits import SHIPPED, Limits, parse_limits, read_limits
from edge_face.errors import SettingsError

DEFAULTS = read_limits()


def test_every_task_has_limits_and_every_limit_a_metric_and_a_word() -> None:
    assert set(TASKS) | {"examples"} == {table for table in DEFAULTS.tables if "." not in table}
    for table, values in DEFAULTS.tables.items():
        assert values and set(values) <= set(METRICS), table
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    plain = [line for line in lines if "=" in line and not line.startswith("#")]
    first = [line for line in plain if "#" in line]
    assert len(first) >= len({key for table, values in DEFAULTS.tables.items() if "." not in table for key in values}) - 1


def test_float_files_are_never_held_to_less() -> None:
    for task in TASKS:
        loose, strict = DEFAULTS.of(task, "int8"), DEFAULTS.of(task, "float16")
        assert loose.keys() == strict.keys()
        assert all(strict[key] >= loose[key] if METRICS[key].at_least else strict[key] <= loose[key] for key in loose)
    assert DEFAULTS.of("embedder", "dynamic") == DEFAULTS.of("embedder", "int8") != DEFAULTS.of("embedder", "float32")


def test_the_issues_own_figures() -> None:
    embedder, detector = DEFAULTS.of("embedder", "int8"), DEFAULTS.of("detector", "int8")
    assert embedder["cosine_mean"] == 0.98 and embedder["tar_lost_1e-3"] == 0.5
    assert detector["recall_lost_recognise"] == detector["recall_lost_hide"] == 0.5


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[examples]\nfewest = 25\n[embedder]\ncosine_mean = 0.9\n\"tar_lost_1e-3\" = 2\n[classifier.float]\nagreement = 1\n"
                    "accuracy_lost = 0\n")
    found = read_limits(file)
    assert found.fewest == 25 and found.source == "mine.toml"
    assert found.of("embedder", "int8")["cosine_mean"] == 0.9 and found.of("embedder", "int8")["tar_lost_1e-3"] == 2
    assert found.of("embedder", "int8")["cosine_p01"] == DEFAULTS.of("embedder", "int8")["cosine_p01"]
    assert found.of("classifier", "float32")["agreement"] == 1 and found.of("classifier", "int8") == DEFAULTS.of("classifier", "int8")
    assert read_limits().of("embedder", "int8")["cosine_mean"] == 0.98  # the defaults are not touched


@pytest.mark.parametrize(("text", "said"), [
    ("[embedder]\ncosine_mean = 0.9\ncosine_maen = 0.9\n", "line 3: embedder.cosine_maen is not known: did you mean cosine_mean?"),
    ("\n[embeder]\n", "line 2: embeder is not known: did you mean embedder?"),
    ("[embedder]\n[embedder.int8]\ncosine_mean = 1\n", "line 2: embedder.int8 is not known"),
    ("[liveness.float]\npsnr_mean = 3\n", "line 2: liveness.float.psnr_mean is not known"),
    ("[classifier]\nagreement = \"all\"\n", "line 2: classifier.agreement must be a number from 0 on"),
    ("[classifier]\nagreement = true\n", "must be a number"),
    ("[classifier]\n\naccuracy_lost = -1\n", "line 3: classifier.accuracy_lost must be"),
    ("[classifier]\naccuracy_lost = nan\n", "must be a number"),
    ("[classifier]\naccuracy_lost = inf\n", "must be a number"),
    ("[classifier.agreement]\nx = 1\n", "classifier.agreement must be a number"),
    ("classifier = 3\n", "line 1: classifier must be a table: write [classifier]"),
    ("fewest = 3\n", "line 1: fewest is not known"),
    ("[classifier\n", "is no TOML"),
])
def test_what_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as error:
        read_limits(file)
    assert said in str(error.value) and str(error.value).startswith("mine.toml")


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_limits(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_limits(tmp_path / "bytes.toml")


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_limits(text, "mine.toml", DEFAULTS.tables)
    except SettingsError as error:
        assert str(error).startswith("mine.toml")
        return
    assert set(found.tables) == set(DEFAULTS.tables)


keys = st.sampled_from([(table, key) for table, values in DEFAULTS.tables.items() for key in values])


@given(st.dictionaries(keys, st.floats(0, 1e6), max_size=12))
def test_whatever_is_written_is_read_back_and_nothing_else_changes(wanted: dict[tuple[str, str], float]) -> None:
    by_table: dict[str, list[str]] = {}
    for (table, key), value in wanted.items():
        by_table.setdefault(table, []).append(f'"{key}" = {value!r}')
    text = "\n".join(f"[{table}]\n" + "\n".join(lines) for table, lines in sorted(by_table.items()))
    tomllib.loads(text)
    found = parse_limits(text, "mine.toml", DEFAULTS.tables)
    for table, values in DEFAULTS.tables.items():
        for key, value in values.items():
            assert found.tables[table][key] == wanted.get((table, key), value)


@given(st.sampled_from(sorted(METRICS)), st.floats(allow_nan=True, allow_infinity=True), st.floats(0, 100), st.floats(0, 1))
def test_a_check_passes_just_when_its_figure_is_within_its_limit(metric: str, figure: float, limit: float, one: float) -> None:
    checks = Checks({metric: limit})
    checks.add(metric, figure, one=one)
    check = checks.made[0]
    if figure != figure or abs(figure) == float("inf"):
        assert not check.passed and check.figure is None and not checks.passed
        return
    # One example may always be lost, never two.
    margin = 1e-6 * max(1.0, limit)
    assert check.at_least is METRICS[metric].at_least
    if check.at_least:
        assert check.passed or figure < check.limit + margin
        assert not check.passed or figure >= min(limit, 1 - one) - margin
        assert not (figure >= limit) or check.passed
    else:
        assert check.passed or figure > check.limit - margin
        assert not check.passed or figure <= max(limit, one) + margin
        assert not (figure <= limit) or check.passed


def test_nothing_measured_is_nothing_passed() -> None:
    checks = Checks({"agreement": 0.9})
    assert not checks.passed
    checks.cannot("agreement", "nobody knows")
    assert not checks.passed and checks.made[0].passed
    assert isinstance(DEFAULTS, Limits) and DEFAULTS.fewest == 10
