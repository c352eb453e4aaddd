"""A process that lets go of what it does not need: real processes, as unmapping concerns the whole of one."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import Any

import pytest

from edge_face import memory

MEASURE = """
import json, os
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
import cv2; cv2.setNumThreads(1)
import numpy as np
from edge_face.evaluation.process import memory_mb
from edge_face import memory
picture = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
def work():
    rows = np.linspace(0, 1, 4096, dtype=np.float32).reshape(64, 64)
    turned = cv2.warpAffine(cv2.GaussianBlur(picture, (7, 7), 2.0), np.float32([[0.9, 0.1, 3], [-0.1, 0.9, 5]]), (160, 120))
    return [int(turned.astype(np.int64).sum()), round(float((rows @ rows.T).sum()), 1)]
first, before = work(), memory_mb()["resident"]
freed = memory.unmap_unused_libraries()
after = memory_mb()["resident"]
print(json.dumps({"before": before, "after": after, "freed": freed, "first": first, "second": work()}))
"""


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_what_only_loading_needed_is_unmapped(measured: dict[str, Any]) -> None:
    assert measured["before"] - measured["after"] > 5.0
    assert measured["freed"] >= (measured["before"] - measured["after"]) * 0.9 * (1 << 20)


def test_everything_works_as_before(measured: dict[str, Any]) -> None:
    assert measured["second"] == measured["first"]


def test_with_a_second_thread_nothing_is_unmapped() -> None:
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    try:
        assert memory.unmap_unused_libraries() == 0
    finally:
        stop.set()
        thread.join()
