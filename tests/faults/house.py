"""A door to be killed: its folder, its board of pins, who lives there, and its process."""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import random
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, cast

from edge_face.cli.main import COMMANDS
from edge_face.door.board import Board
from edge_face.door.wiegand import frame_bits
from edge_face.errors import EdgeFaceError
from edge_face.people import Store
from edge_face.people.codes import CodeCommands
from edge_face.service.client import Client

from . import kill_child
from .shim import built_shim
from .store_worker import CONSENT, templates

LOCK, EXIT, D0, D1 = "GPIO17", "GPIO27", "GPIO23", "GPIO24"
PATIENCE = 30.0
CARD = (17, 4242)
PEOPLE = ("Ada", "Ben", "Cem", "Dea")


@dataclass(frozen=True, slots=True)
class Kind:
    """A lock and its wiring. `released`: the level of its pin at which the door is open."""

    name: str
    settings: str
    off: int
    released: int


KINDS = (Kind("strike", "", 0, 1),
         Kind("magnet", 'kind = "maglock"\nfail = "safe"\nrelock_on_open = false\n', 0, 0),
         Kind("strike, active low", "active_high = false\n", 1, 0))
LONGEST, PULSE = 4.0, 0.4
SAFE = ["door", "safe", "--config"] if "door" in COMMANDS else ["run", "--safe", "--config"]
"""What ExecStopPost runs."""


class House:
    """`start`, then `kill` or `stop`; `make_safe` is what systemd's ExecStopPost runs. Edges lie in `edges` files by number of
    the run, so that each process's own can be told from the others'."""

    def __init__(self, folder: Path, kind: Kind, context: Any, wrong: str = "", longest: float = LONGEST, *,
                 store: Path | None = None, audit: str = "wait = 2.0\nbatch = 0.05\nreserve = 64\n",
                 environment: Mapping[str, str] | None = None) -> None:
        self.folder, self.kind, self.wrong, self.longest = folder, kind, wrong, longest
        folder.mkdir(parents=True)
        self._context, self.run = context, 0
        self._process: BaseProcess | None = None
        self.board = Board(folder / "board")
        self.board.resist(LOCK, kind.off)
        self.store = store or folder / "store"
        self._environment = dict(environment or {})
        with Store(self.store) as opened:
            luck = random.Random(1)
            self.people = {name: opened.add(name, CONSENT, templates(luck, 2), wall=1.0e9).id for name in PEOPLE}
            CodeCommands(opened).run("codes.add", {"who": "Ada", "card": f"{CARD[0]:03d}{CARD[1]:05d}"})
        self.config = folder / "edge-face.toml"
        self.config.write_text(
            f'[camera]\nsource = "none"\n[door]\nexit_pin = "{EXIT}"\npulse = {PULSE}\nmax_release = {longest}\n{kind.settings}'
            f'[inputs]\nwiegand_d0 = "{D0}"\nwiegand_d1 = "{D1}"\n[audit]\n{audit}'
            f'[store]\nfolder = "{self.store}"\n[service]\nsocket = "{folder / "control.sock"}"\n')
        self.client = Client(folder / "control.sock", answer_seconds=20.0)

    @property
    def pid(self) -> int:
        assert self._process is not None and self._process.pid is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.is_alive()

    @property
    def edges(self) -> Path:
        return self.folder / f"edges-{self.run}"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def start(self) -> None:
        """Begins a process and does not wait for it."""
        self.run += 1
        self.log.unlink(missing_ok=True)
        self._process = self._begun(["run", "--config", str(self.config), "--log", "json"], self.edges, self.wrong)

    def wait_up(self) -> bool:
        """True once the daemon answers; false when it ended instead."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with contextlib.suppress(EdgeFaceError):
                self.client.call("status")
                return True
            assert self._process is not None
            if not self._process.is_alive():
                return False
            time.sleep(0.005)
        return False

    def call(self, command: str, **arguments: Any) -> Any:
        return self.client.call(command, **arguments)

    def press(self) -> None:
        """The exit button, for a moment."""
        self.board.press(EXIT)
        time.sleep(0.06)
        self.board.let_go(EXIT)

    def show_card(self) -> None:
        self.board.send_bits(D0, D1, frame_bits(*CARD))

    def kill(self, kernel: str) -> float:
        """SIGKILL, and what the kernel then does to the pins. When the process was gone."""
        process = self._process
        assert process is not None and process.pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.join(PATIENCE)
        self._process = None
        gone = time.monotonic()
        self.board.let_go(EXIT)
        self.board.killed(kernel)
        return gone

    def stop(self) -> float:
        """SIGTERM, as systemd sends it first. When the process was gone."""
        process = self._process
        assert process is not None and process.pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)
        process.join(PATIENCE)
        return self.kill("keeps")

    def make_safe(self) -> tuple[int, float]:
        """ExecStopPost: its exit code, and when the pin was safe."""
        # multiprocessing's own exit code is not for threads: whoever starts a process polls all others, and one of two gets 255.
        ended = self.folder / "safe-ended"
        ended.unlink(missing_ok=True)
        process = self._begun([*SAFE, str(self.config)], self.folder / "edges-safe", "", FAULTS_CODE=str(ended))
        process.join(PATIENCE)
        return int(ended.read_text()) if ended.exists() else -1, time.monotonic()

    def close(self) -> None:
        if self._process is not None:
            self.kill("drops")
        self.board.close()

    def _begun(self, arguments: list[str], edges: Path, wrong: str, **more: str) -> BaseProcess:
        environment = {"EDGE_FACE_BOARD": str(self.folder / "board"), "EDGE_FACE_EDGES": str(edges), **self._environment, **more}
        process = self._context.Process(target=kill_child.command, args=(arguments, environment, str(self.log), wrong), daemon=True)
        process.start()
        return cast(BaseProcess, process)


def nursery(folder: Path) -> Any:
    """A process with all imports done, from which daemons are forked; one for all rows of a run. power.c is preloaded in it where
    there is a compiler: it does nothing until a child arms it."""
    context, shim, before = mp.get_context("forkserver"), built_shim(folder), os.environ.get("LD_PRELOAD")
    context.set_forkserver_preload(kill_child.IMPORTS)
    if isinstance(shim, Path):
        os.environ["LD_PRELOAD"] = str(shim)
    try:
        forkserver.ensure_running()
    finally:
        os.environ.pop("LD_PRELOAD", None) if before is None else os.environ.update(LD_PRELOAD=before)
    return context
