"""The measuring tools measure: counts, order of percentiles, memory of a real process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from edge_face.evaluation.process import children_of, help_cost, memory_mb
from edge_face.evaluation.speed import Spread, fastest, timed


def test_a_spread_is_ordered_and_in_milliseconds() -> None:
    spread = Spread.of([0.001, 0.002, 0.003, 0.010])
    assert spread.count == 4
    assert spread.median == pytest.approx(2.5)
    assert spread.median <= spread.p95 <= spread.p99 <= spread.worst == pytest.approx(10)


def test_nothing_measured_is_no_zero() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Spread.of([])


def test_the_warm_up_is_not_counted() -> None:
    calls = []
    assert timed(lambda: calls.append(1), runs=7, warm_up=3).count == 7
    assert len(calls) == 10


def test_memory_of_a_process_and_of_its_children() -> None:
    code = "b = bytearray(60_000_000); print('up', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin and child.stdout
        child.stdout.readline()
        assert memory_mb(child.pid)["resident"] > 55
        assert child.pid in children_of(os.getpid())
        child.stdin.close()
    assert memory_mb(child.pid) == {}


def test_help_cost_is_measured_against_a_bare_python() -> None:
    cost = help_cost(runs=1)
    assert cost["help"] > 0 and cost["ratio"] == pytest.approx(cost["help"] / cost["bare_python"])


def test_help_loads_nothing_heavy() -> None:
    code = ("import sys, edge_face.cli.main as m; m.main(['--help']); "
            "print('LOADED', [n for n in ('numpy', 'cv2', 'ai_edge_litert', 'gpiozero', 'cryptography', 'av') if n in sys.modules])")
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.rstrip().endswith("LOADED []")


def test_the_fastest_file_of_each_model_and_size_is_named() -> None:
    medians = {"detector int8-320x240": 1.0, "detector float32-320x240": 3.0, "detector int8-640x480": 8.0, "detector float32-640x480": 6.0,
               "embedder int8": 0.5, "embedder float16": 2.0, "embedder float32": 1.5, "landmarker int8": 0.1}
    assert fastest(medians) == {"detector 320x240": ("int8", 3.0), "detector 640x480": ("float32", pytest.approx(8 / 6)),
                                "embedder": ("int8", 3.0)}
    assert fastest({}) == {}
