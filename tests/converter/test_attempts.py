"""What is tried in which order, and which file is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.attempts import ALIKE, PLAIN, Attempt, best_failure, choose, search
from converter.contract import Candidate, Check, LayerDamage, Verdict


def made(precision="int8", size=100, passed=True, ms=1.0, kept=(), tuned=False, failed=1):
    checks = tuple(Check("accuracy_lost", 0.1, 0.5, False, passed, "") for _ in range(failed))
    return Attempt(Candidate(precision, bytes(size), "", kept), Verdict("classifier", precision, passed, checks, 10, True), ms, tuned)


def record(passes):
    """An attempt function that passes where `passes(precision, kept, tuned)` says so, and the list of calls."""
    calls = []

    def attempt(precision, kept, tuned):
        calls.append((precision, kept, tuned))
        return made(precision, passed=passes(precision, kept, tuned), kept=kept, tuned=tuned)

    return attempt, calls


DAMAGES = [LayerDamage("head", "DENSE", 0.5, 10), LayerDamage("stem", "CONV_2D", 0.1, 10)]


def sets(damages):
    return [tuple(d.layer for d in damages[:count]) for count in (1, 2)]


def run(passes, rescue=True, tunable=True, precisions=("int8", "float16")):
    attempt, calls = record(passes)
    asked = []
    found = list(search(attempt, precisions, rescue, lambda: asked.append(1) or DAMAGES, sets, lambda: tunable))
    return found, calls, asked


def test_an_int8_file_that_passes_costs_no_measuring_of_layers():
    _, calls, asked = run(lambda *_: True)
    assert calls == [("int8", (), False), ("float16", (), False)] and not asked


def test_layers_are_kept_in_float_from_few_to_many_until_it_passes():
    found, calls, asked = run(lambda precision, kept, tuned: precision == "float16" or len(kept) == 2)
    assert calls == [("int8", (), False), ("int8", ("head",), False), ("int8", ("head", "stem"), False), ("float16", (), False)]
    assert [a.passed for a in found] == [False, False, True, True] and asked == [1]


def test_fine_tuning_is_the_last_resort():
    _, calls, _ = run(lambda precision, kept, tuned: tuned and bool(kept))
    assert calls[-3:] == [("int8", (), True), ("int8", ("head", "stem"), True), ("float16", (), False)]
    _, calls, _ = run(lambda *_: False, tunable=False)
    assert not any(tuned for _, _, tuned in calls)


def test_without_rescue_each_precision_is_tried_once():
    _, calls, asked = run(lambda *_: False, rescue=False)
    assert calls == [("int8", (), False), ("float16", (), False)] and not asked


def test_the_smallest_that_passed_is_kept_and_the_faster_of_alike():
    small, big = made("int8", 100), made("float32", 400)
    assert choose([big, small]) is small
    assert choose([made("int8", 100, passed=False), big]) is big
    slow, fast = made("int8", 100, ms=2.0), made("float16", 109, ms=1.0)
    assert choose([slow, fast]) is fast
    assert choose([slow, made("float16", 111, ms=1.0)]) is slow
    assert choose([made(passed=False)]) is None
    first = made("int8", 100, ms=1.05)
    assert choose([made("float16", 100, ms=1.0), first]) is first


def test_dynamic_competes_only_where_no_int8_passed():
    dynamic = made("dynamic", 50, ms=0.5)
    assert choose([dynamic, made("int8", 100)]).candidate.precision == "int8"
    assert choose([dynamic, made("int8", 100, passed=False), made("float32", 400)]) is dynamic


def test_of_failures_the_nearest_is_reported():
    near = made(passed=False, failed=1)
    assert best_failure([made(passed=False, failed=3), near, made(passed=False, failed=1)]) is near


attempts = st.lists(st.builds(made, precision=st.sampled_from(PLAIN), size=st.integers(1, 500), passed=st.booleans(),
                              ms=st.none() | st.floats(0.1, 9)), max_size=8)


@given(attempts)
def test_what_is_chosen_passed_and_is_never_much_larger_than_the_smallest(found):
    best = choose(found)
    passed = [a for a in found if a.passed]
    if any(a.candidate.precision == "int8" for a in passed):
        passed = [a for a in passed if a.candidate.precision != "dynamic"]
    assert (best is None) == (not passed)
    if best is not None:
        assert best.passed and best.bytes <= ALIKE * min(a.bytes for a in passed)


def test_an_unmeasured_file_loses_against_a_measured_one():
    known = made("int8", 100, ms=5.0)
    assert choose([made("float16", 100, ms=None), known]) is known


@pytest.mark.parametrize("passes", [True, False])
def test_attempts_come_out_as_they_are_made(passes):
    attempt, calls = record(lambda *_: passes)
    first = next(iter(search(attempt, ("int8",), True, lambda: DAMAGES, sets, lambda: True)))
    assert len(calls) == 1 and first.candidate.precision == "int8"
