"""What `make arm64` calls near enough, and how it reads pytest's results: made-up outputs and files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from arm64_figures import compare, markdown, read_junit  # noqa: E402
from arm64_roots import missing  # noqa: E402

STEP = 0.04


def outputs(quanta: Any = None, drift: float = 0.0) -> dict[str, Any]:
    """An embedder at both precisions: `quanta` are added to its int8 outputs, `drift` to its float32 ones."""
    exact = np.random.default_rng(4).normal(size=(20, 100))
    rounded = np.round(exact / STEP) * STEP
    return {"embedder/float32.tflite/embedding": exact + drift,
            "embedder/int8.tflite/embedding": rounded + (0 if quanta is None else np.asarray(quanta) * STEP),
            "about": np.array(json.dumps({"quanta": {"embedder/int8.tflite/embedding": STEP}}))}


def test_same_outputs() -> None:
    floats, ints = compare(outputs(), outputs())
    assert floats.good and floats.largest == 0 and floats.quanta is None and floats.values == 2000
    assert ints.good and ints.quanta == 0 and ints.worse == pytest.approx(1)


def test_one_value_far_off_and_many_a_little() -> None:
    spike = np.zeros((20, 100))
    spike[3, 7] = 15
    assert compare(outputs(), outputs(spike))[1].quanta == pytest.approx(15) and compare(outputs(), outputs(spike))[1].most == 0
    spike[3, 7] = 17
    assert not compare(outputs(), outputs(spike))[1].good


def test_error_against_float32_counts() -> None:
    """Everything one quantum off is within the few LSB, and still worse than what rounding does."""
    noise = np.random.default_rng(5).choice([-1.0, 1.0], (20, 100))
    found = compare(outputs(), outputs(noise))[1]
    assert found.most == pytest.approx(1) and found.worse is not None and found.worse > 3 and not found.good


def test_float32_that_drifts() -> None:
    assert compare(outputs(), outputs(drift=9e-4))[0].good
    assert not compare(outputs(), outputs(drift=2e-3))[0].good


@pytest.mark.parametrize(("change", "words"), [
    (lambda o: o.pop("embedder/int8.tflite/embedding"), "different outputs"),
    (lambda o: o.update({"embedder/int8.tflite/embedding": np.zeros((20, 99))}), "has shape"),
    (lambda o: o.update({"embedder/float32.tflite/embedding": np.full((20, 100), np.nan)}), "no numbers")])
def test_what_cannot_be_compared(change: Any, words: str) -> None:
    other = outputs()
    change(other)
    with pytest.raises(ValueError, match=words):
        compare(outputs(), other)


def test_int8_without_its_quantum() -> None:
    ours = outputs()
    ours["about"] = np.array('{"quanta": {}}')
    with pytest.raises(ValueError, match="quantum is not known"):
        compare(ours, outputs())


def test_junit(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text('<testsuites><testsuite><testcase classname="t" name="a"/><testcase classname="t" name="b"><failure/></testcase>'
                    '<testcase classname="t" name="c"><skipped/></testcase><testcase classname="t" name="d"><error/></testcase>'
                    "</testsuite></testsuites>")
    found = read_junit(path)
    assert (found.passed, found.skipped, found.failed) == (1, 1, ("t::b", "t::d")) and not found.good
    path.write_text("<testsuites>")
    for broken in (path, tmp_path / "none.xml"):
        with pytest.raises(ValueError, match="pytest left no results"):
            read_junit(broken)


def test_no_test_at_all_is_not_good(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<testsuites/>")
    assert not read_junit(tmp_path / "a.xml").good


def test_table_is_aligned() -> None:
    lines = markdown(["a", "long head"], [["some text", "1"]]).splitlines()
    assert len({len(line) for line in lines}) == 1 and len(lines) == 3


def test_what_is_missing_is_one_sentence_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", "/nowhere")
    found = missing(None)
    assert len(found) == 4 and all("sudo" in sentence and "\n" not in sentence for sentence in found)


def test_probe_finds_the_quantum_of_every_shipped_int8_file() -> None:
    import arm64_outputs

    from edge_face.vision.bundle import load_bundle
    from edge_face.vision.runtime import Interpreter

    for task in arm64_outputs.TASKS:
        bundle = load_bundle("", task)
        for entry in bundle.files:
            interpreter = Interpreter(bundle.read(entry))
            steps = arm64_outputs.steps(interpreter)
            assert set(steps) == ({tensor.name for tensor in interpreter.outputs} if entry.precision == "int8" else set())
            # A painting's values are grey levels, those of the others lie about 1.
            assert all(0 < step < (2.0 if task == "anonymizer" else 0.1) for step in steps.values())


def test_every_shipped_bundle_is_tried() -> None:
    source = (SCRIPTS / "arm64_outputs.py").read_text(encoding="utf-8")
    shipped = sorted(folder.name for folder in (SCRIPTS.parent / "edge_face/models").iterdir() if (folder / "manifest.json").exists())
    tried = next(line for line in source.splitlines() if line.startswith("TASKS = "))
    assert all(f'"{name}"' in tried for name in shipped), f"{shipped} are shipped, {tried} are compared on arm64"
