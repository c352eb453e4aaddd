"""Power cuts: a worker's writes are recorded once, and the disk is made from them as hundreds of cuts could have left it."""

from __future__ import annotations

import copy
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from edge_face.errors import EdgeFaceError
from edge_face.people import Store

from .audit_side import audit_faults
from .disk import Disk, cuts_of, lay_out, read_recording
from .shim import built_shim
from .truth import Truth, differences, held_by, traces, truth_of
from .verdict import Row, Trial

CUTS = 100
"""Of one recording. The next one starts on a disk that one of these cuts left."""
DEEDS = 45
MODES = {"device.key": 0o400}


def power(trial: Trial, *, wrong: str = "") -> Row:
    """`wrong`: what the worker does wrong on purpose (see store_worker), so that this row must fail."""
    row = Row("power cut", "0 corrupt stores, 0 committed rows lost, 0 erased people back")
    shim = built_shim(trial.folder)
    if isinstance(shim, str):
        row.skipped = shim
        return row
    start, truth = trial.folder / "start", Truth()
    start.mkdir()
    while row.rounds < trial.rounds:
        seed = trial.random.getrandbits(32)
        start, truth = _recording(trial, row, shim, start, truth, seed, min(CUTS, trial.rounds - row.rounds), wrong)
        trial.say(f"power cut {row.rounds} of {trial.rounds}")
    return row


def _recording(trial: Trial, row: Row, shim: Path, start: Path, truth: Truth, seed: int, cuts: int, wrong: str) -> tuple[Path, Truth]:
    """Records one run, cuts it often; a disk from which the next run starts, and what it holds."""
    luck = random.Random(seed)
    root, log = trial.folder / "root", trial.folder / "recording"
    for old in (root, log):
        shutil.rmtree(old, ignore_errors=True)
        log.unlink(missing_ok=True)
    start.rename(root)
    root = root.resolve()
    disk = Disk(root)
    done = subprocess.run([sys.executable, "-m", "faults.store_worker", str(root), str(seed), str(DEEDS)], capture_output=True, text=True,
                          timeout=300, check=False, env={**os.environ, "PYTHONPATH": _python_path(), "LD_PRELOAD": str(shim),
                                                         "FAULTS_ROOT": str(root), "FAULTS_LOG": str(log), "FAULTS_BREAK": wrong})
    if done.returncode:
        row.fails(f"the worker of seed {seed} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    records = list(read_recording(log))
    row.count("records of the disk", len(records))
    points = [luck.randint(0, len(records)) for _ in range(cuts)]
    chosen, following = luck.randrange(cuts), (start, truth)
    for index, (point, left, notes) in enumerate(cuts_of(records, points, disk, luck)):
        place = trial.folder / "cut"
        shutil.rmtree(place, ignore_errors=True)
        lay_out(left, root, place, MODES)
        if index == chosen:
            start = trial.folder / "start"
            shutil.copytree(place, start)
        must, pending = truth_of(notes, truth)
        row.rounds += 1
        held = _judge(row, place, must, pending, f"seed {seed}, cut after record {point}")
        if index == chosen:
            # What the cut left of a deed that was under way is the truth from now on.
            settled = copy.deepcopy(held)
            settled.forgotten |= must.forgotten
            settled.audit = must.audit
            if pending and pending["do"] == "prune":
                settled.audit = {}
            following = (start, settled)  # and no backup: the next run makes its own
    return following


def _judge(row: Row, place: Path, truth: Truth, pending: dict[str, object] | None, where: str) -> Truth:
    held = Truth()
    try:
        with Store(place) as store:
            held = held_by(store)
            wrong = differences(truth, pending, held)
            if pending and pending["do"] == "forget" and pending["id"] not in held.people:
                held.forgotten.add(str(pending["id"]))
            for who in truth.forgotten:
                if not store.is_forgotten(who):
                    wrong.append(f"{who} was erased, and an import would bring them back")
            wrong += audit_faults(place / "audit", store, truth.audit, pending)
        with closing(sqlite3.connect(place / "people.db")) as raw:
            answer = raw.execute("PRAGMA integrity_check").fetchone()[0]
            if answer != "ok":
                wrong.append(f"the database is corrupt: {answer}")
        wrong += traces(truth, place)
    except (EdgeFaceError, sqlite3.Error) as error:
        wrong = [f"the store does not open: {error}"]
    if wrong:
        row.count("cuts that broke something")
    for sentence in wrong:
        row.fails(f"{where}: {sentence}")
    return held


def _python_path() -> str:
    tests = str(Path(__file__).parent.parent)
    return os.pathsep.join([tests, str(Path(tests).parent), os.environ.get("PYTHONPATH", "")])
