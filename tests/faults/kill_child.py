"""What runs in the processes that are killed: `edge-face` itself, started by forking a process that has its imports.

Real: settings, daemon, threads, store, audit log, socket, pins on a board that outlives the process. Spared: starting Python and
importing, a second or two each, 2,000 times. `wrong` makes the door wrong on purpose: "endless" (no release ends), "glitch" (the
lock's pin begins released), "ghost" (the door is released on nobody's word), "store" (what is answered is not committed).
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

IMPORTS = ["edge_face.cli.main", "edge_face.cli.run", "edge_face.service.daemon", "edge_face.people.codes", "edge_face.people.commands",
           "edge_face.people.schedule_commands", "edge_face.door.mock", "gpiozero", "cryptography.hazmat.primitives.ciphers.aead",
           "edge_face.cli.door"]


def command(arguments: Sequence[str], environment: Mapping[str, str], log: str, wrong: str = "") -> None:
    """`edge-face ARGUMENTS`, with its output appended to a file; ends the process with its exit code."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(environment)
    from edge_face.cli.main import main

    if wrong:
        _break(wrong)
    if "FAULTS_ROOT" in environment:
        import ctypes

        armed = ctypes.CDLL(None).faults_arm
        armed(environment["FAULTS_ROOT"].encode(), ctypes.c_long(int(environment.get("FAULTS_SLOW", "0"))),
              environment.get("FAULTS_ERROR", "").encode())
    if "FAULTS_RETRY" in environment:
        from edge_face.service import audit_thread, upkeep

        # Pauses until the next try, of a minute and half a minute: what happens then is the same.
        setattr(upkeep, "RETRY", float(environment["FAULTS_RETRY"]))  # noqa: B010
        setattr(audit_thread, "AGAIN", float(environment["FAULTS_RETRY"]))  # noqa: B010
    code = main(list(arguments))
    sys.stdout.flush()
    if "FAULTS_CODE" in environment:
        Path(environment["FAULTS_CODE"]).write_text(str(code), encoding="ascii")
    os._exit(code)


def _break(wrong: str) -> None:
    from edge_face.door.lock import Lock
    from edge_face.people.database import Database
    from edge_face.service import daemon

    opened = vars(daemon)["open_lock"]
    if wrong == "endless":
        setattr(Lock, "tick", lambda self, now=None: False)  # noqa: B010
    elif wrong == "glitch":
        setattr(daemon, "open_lock", lambda settings, factory, *rest: _glitching(opened, settings, factory, *rest))  # noqa: B010
    elif wrong == "ghost":
        setattr(daemon, "open_lock", lambda *given: _haunted(opened(*given)))  # noqa: B010
    elif wrong == "store":
        setattr(Database, "transaction", _uncommitted)  # noqa: B010


def _glitching(opened: Any, settings: Any, factory: Any, *rest: Any) -> Any:
    from gpiozero import OutputDevice

    OutputDevice(int(settings.lock_pin.removeprefix("GPIO")), active_high=settings.active_high, initial_value=settings.fail == "secure",
                 pin_factory=factory).close()
    return opened(settings, factory, *rest)


def _haunted(lock: Any) -> Any:
    threading.Timer(0.05, lambda: lock.release(0.2, "nobody")).start()
    return lock


@contextlib.contextmanager
def _uncommitted(database: Any) -> Iterator[None]:
    if not database._open.in_transaction:
        database._open.execute("BEGIN IMMEDIATE")
    yield
