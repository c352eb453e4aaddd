"""A process that lets go of what it does not need: real processes, as unmapping concerns the whole of one."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_face import memory
from edge_face.cli.main import COMMANDS, SECRETIVE
from edge_face.people import Consent, Gallery, Given, Template
from edge_face.people.person import Person, State
from edge_face.vision.bundle import load_bundle

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


def test_no_other_process_of_the_user_may_look_in_and_no_core_is_dumped() -> None:
    code = ("import ctypes, resource; from edge_face.memory import keep_to_itself; keep_to_itself(); "
            "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE)[0])")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == ["0", "0"]


def test_every_command_that_holds_secrets_is_one_of_ours() -> None:
    assert {module for module, _ in COMMANDS.values()} >= SECRETIVE
    assert {"edge_face.cli.run", "edge_face.cli.people", "edge_face.cli.store"} <= SECRETIVE


def test_numbers_are_wiped_with_their_owner_and_not_before() -> None:
    class Owner: ...

    rows = np.ones((3, 4), np.float32)
    rows.flags.writeable = False
    owner = Owner()
    memory.wipe_with(owner, rows)
    assert rows.all()
    del owner
    gc.collect()
    assert not rows.any()
    theirs = np.frombuffer(b"cannot be changed", np.uint8)
    memory.wipe(theirs)
    assert theirs.tobytes() == b"cannot be changed"


def test_a_gallery_that_nobody_uses_any_more_holds_no_face() -> None:
    vector = np.zeros(128, np.float32)
    vector[5] = 1.0
    given = Given(0.0, "in a test")
    person = Person("0123456789abcdef", "Ben", State.ACTIVE, Consent(given), 0.0, (Template(vector, "m"),))
    gallery = Gallery.build([person], "m", 1e-4, load_bundle("", "embedder").thresholds)
    rows = gallery._index.arrays()[0]
    assert gallery.match(vector, 0.0).score == 1.0 and rows.any()
    del gallery
    gc.collect()
    assert not rows.any()


def test_no_unit_of_ours_may_dump_core() -> None:
    units = sorted((Path(__file__).parent.parent / "systemd").glob("*.service"))
    assert len(units) >= 7 and [unit.name for unit in units if "\nLimitCORE=0\n" not in unit.read_text()] == []
