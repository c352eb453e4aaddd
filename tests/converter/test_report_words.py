"""Verdicts in words, allowances, figures, the terminal's lines, the command without the user's folders."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_material import check, classifier, embedder, model, verdict

from converter.contract import Candidate, Plan
from converter.report.content import Attempt, Examples, Footprint, Report
from converter.report.environment import command_line, cpu_model, environment
from converter.report.page import render
from converter.report.record import to_json
from converter.report.terminal import summary
from converter.report.tidying import without_folders
from converter.report.wording import FORCED, UNLABELLED, allowance, change, figure, headline, many, milliseconds, size


def test_passed_names_what_is_in_the_bundle_and_what_fell_through() -> None:
    words = headline(embedder())
    assert words.passed and words.text == "int8 (1 layer in float) passed: nothing lost that matters" and words.next == ""
    assert words.more == ("int8 did not pass. Mean cosine: 0.9620 (at least 0.9800 passes).",)


def test_without_labels_no_more_is_claimed_than_was_shown() -> None:
    attempt = Attempt("int8", "x", verdict(labelled=False), chosen="int8.tflite")
    words = headline(classifier(attempts=(attempt,)))
    assert words.passed and "as far as unlabelled examples can show" in words.text and UNLABELLED in words.more


def test_what_the_gate_says_besides_is_said_once() -> None:
    told = verdict(labelled=False, said=("64 examples are few", "no labels: only agreement could be shown"))
    more = headline(classifier(attempts=(Attempt("int8", "x", told, chosen="int8.tflite"),))).more
    assert more == ("64 examples are few.", "No labels: only agreement could be shown.")
    failed = verdict(False, labelled=False, said=("64 examples are few",))
    assert headline(classifier(attempts=(Attempt("int8", "x", failed),))).more == (UNLABELLED, "64 examples are few.")


def test_failed_names_the_worst_check_and_the_next_thing() -> None:
    words = headline(classifier())
    assert not words.passed and words.text == "Not passed. Accuracy lost: 3.20 points (at most 0.50 points passes)"
    assert words.next == "give more calibration pictures"
    two = (check(figure=0.94, passed=False, text="slightly off"), check("x", 9.0, 1.0, False, False, "far off."))
    assert headline(classifier(attempts=(Attempt("int8", "x", verdict(False, two)),))).text == "Not passed. Far off"


def test_forced_is_said_and_is_no_pass() -> None:
    failed = dataclasses.replace(classifier().attempts[0], chosen="int8.tflite")
    words = headline(classifier(attempts=(failed,), forced=True))
    assert not words.passed and words.text.startswith("Not passed. Accuracy lost") and FORCED in words.more


def test_one_bad_file_of_two_is_no_pass() -> None:
    good = Attempt("float32", "x", verdict(), Footprint(10), chosen="float32.tflite")
    bad = Attempt("int8", "x", classifier().attempts[0].verdict, Footprint(5), chosen="int8.tflite")
    assert not headline(classifier(attempts=(good, bad))).passed


def test_nothing_tried_and_nothing_converted() -> None:
    assert headline(Report("x", model(), Plan("classifier", None), ())).text == "Not passed. Nothing was converted"
    words = headline(classifier(attempts=(Attempt("int8", "x", None, why="unsupported operator Erf in layer gelu."),)))
    assert words.text == "Not passed. Unsupported operator Erf in layer gelu"


def test_the_page_is_about_the_smallest_file_or_the_nearest_failure() -> None:
    small = Attempt("int8", "x", verdict(), Footprint(10), chosen="int8.tflite")
    large = Attempt("float32", "x", verdict(), Footprint(40), chosen="float32.tflite")
    assert classifier(attempts=(large, small)).main is small
    worse = Attempt("int8", "x", verdict(False, (check(passed=False), check(passed=False))))
    nearer = Attempt("int8", "x", verdict(False, (check(), check(passed=False))))
    assert classifier(attempts=(nearer, worse)).main is nearer


def test_an_attempt_takes_size_and_digest_from_the_bytes() -> None:
    attempt = Attempt.of(Candidate("int8", b"abc", "how", ("a", "b"), {"k": 1}, ("said",)), verdict(), ms=1.5, chosen="int8.tflite")
    assert (attempt.cost, attempt.title) == (Footprint(3, 1.5), "int8 (2 layers in float)")
    assert attempt.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(("figure_", "limit", "at_least", "used"), [
    (0.99, 0.98, True, 0.5), (0.96, 0.98, True, 2.0), (0.25, 0.5, False, 0.5), (-0.3, 0.5, False, 0.0), (40.0, 30.0, True, 0.75),
    (1.0, 0.5, False, 2.0), (-0.2, -0.5, True, 0.4), (None, 0.5, False, None), (math.nan, 0.5, False, None), (0.0, 30.0, True, math.inf),
    (-1.0, -0.5, False, 0.0)])
def test_allowance(figure_: float | None, limit: float, at_least: bool, used: float | None) -> None:
    assert allowance(check(figure=figure_, limit=limit, at_least=at_least)) == (used if used is None else pytest.approx(used))


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6), st.floats(0.001, 1000), st.booleans())
def test_an_allowance_is_used_up_exactly_where_the_limit_lies(value: float, limit: float, at_least: bool) -> None:
    used = allowance(check(figure=value, limit=limit, at_least=at_least, passed=value >= limit if at_least else value <= limit))
    assert used is not None and used >= 0
    if abs(value - limit) > 1e-9 * max(abs(value), limit) and not (at_least and limit == 1):
        assert (used < 1) == ((value > limit) if at_least else (value < limit))


def test_figures_as_people_read_them() -> None:
    assert [size(n) for n in (None, 12, 1_364_144, 999_600, 5_000_000_000)] == ["-", "12 bytes", "1.36 MB", "1,000 kB", "5 GB"]
    assert [many(n) for n in (None, 71_204, 139_000_000, 2_500_000_000)] == ["-", "71,204", "139 million", "2.5 billion"]
    assert [milliseconds(n) for n in (None, math.nan, 1.2711, 12345.0)] == ["-", "-", "1.27 ms", "12,345 ms"]
    assert [figure(n) for n in (None, math.inf, 0.99031, 123456.0)] == ["-", "-", "0.9903", "123,456"]
    assert change(5.05, 1.36, "smaller", "larger") == "3.7 times smaller" and change(1, 7.8, "faster", "slower") == "7.8 times slower"
    assert change(None, 1, "a", "b") == change(0, 1, "a", "b") == change(1, math.nan, "a", "b") == change(1e-320, 4e-310, "a", "b") == ""
    assert change(1, 1.001, "a", "b") == "about the same" and change(1234, 1, "less", "more") == "1,234 times less"


def test_the_terminal_says_it_in_a_few_lines() -> None:
    lines = summary(embedder(), Path("bundle.html"))
    assert lines[0] == "int8 (1 layer in float) passed: nothing lost that matters" and lines[-1] == "  report: bundle.html"
    assert "  size    5.05 MB -> 1.36 MB (3.7 times smaller)" in lines and "  speed   1.87 ms -> 0.628 ms (3 times faster)" in lines
    assert "  memory  16 MB -> 9.4 MB (1.7 times less)" in lines and len(lines) <= 8
    failed = summary(classifier())
    assert failed[1] == "  next: give more calibration pictures" and not any("memory" in line for line in failed)


def test_the_terminal_is_sent_no_control_codes() -> None:
    attempt = Attempt("int8", "x", verdict(False, (check(passed=False, text="\x1b[2Jgone"),)))
    assert "\x1b" not in "".join(summary(classifier(attempts=(attempt,))))


def test_a_command_without_the_users_folders() -> None:
    typed = ["edge-face-convert", "quantize", "/home/ana/m.keras", "--calibration", "~/faces", "--out=/srv/x/bundle", "a b/c",
             "C:\\me\\x.h5", "/", "it's"]
    assert command_line(typed) == "edge-face-convert quantize m.keras --calibration faces --out=bundle 'a b/c' x.h5 / 'it'\\''s'"


@pytest.mark.parametrize(("told", "left"), [
    ("150 pictures of /home/ana/pets/pictures", "150 pictures of pictures"), ("~/faces/x.jpg: damaged", "x.jpg: damaged"),
    ("'/var/a b'", "'a b'"), ("/srv/x/: empty, (/etc/passwd)", "x: empty, (passwd)"),
    ("cats/1.jpg and 3/4, 5 km/h", "cats/1.jpg and 3/4, 5 km/h"),
    ("https://example.org/a/b", "https://example.org/a/b"), ("stage3/block/conv; a / b", "stage3/block/conv; a / b")])
def test_sentences_without_the_users_folders(told: str, left: str) -> None:
    assert without_folders(told) == left


def test_no_folder_of_the_users_is_on_the_page_or_in_the_record() -> None:
    path = "/home/ana/secret/x"
    judged = verdict(False, (check(passed=False, text=f"no answer: {path}"),), hint=f"look at {path}", said=(f"said {path}",))
    attempt = Attempt("int8", f"how {path}", judged, delegate=path, said=(path,), why=path)
    report = classifier(attempts=(attempt,), said=(path,), calibration=Examples(3, said=(path,)), gate=Examples(3, said=(path,)),
                        model=dataclasses.replace(model(), said=(path,)), plan=Plan("classifier", None, (), (), (path,)))
    for text in (render(report), json.dumps(to_json(report))):
        assert "secret" not in text and "ana" not in text


def test_the_environment_names_what_takes_part(tmp_path: Path) -> None:
    found = environment("LiteRT 2.3")
    assert found["Runtime"] == "LiteRT 2.3" and found["numpy"] and found["Python"].startswith("3.")
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n")
    assert cpu_model(info, tmp_path / "none") == "Some CPU @ 2 GHz"
    board = tmp_path / "model"
    board.write_bytes(b"Raspberry Pi 5\0")
    assert cpu_model(info, board) == "Raspberry Pi 5"
