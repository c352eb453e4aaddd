"""A whole house on one laptop: a scratch store with bundled people, the door on a bundled clip with mock pins, the pages. Door and pages
are two processes, as on a real door."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from edge_face.demo import clip_path, stills
from edge_face.errors import EdgeFaceError, ServiceError
from edge_face.service.client import Client
from edge_face.service.protocol import socket_path
from edge_face.settings import Settings
from edge_face.settings_file import apply_overrides, load_settings, to_toml

PATIENCE = 60.0
"""Seconds within which a process must answer after its start."""
AGAIN = 75
"""The door's exit code when it wants to be started again."""
_LOOK = 0.05


class House:
    """`folder` gets everything: settings, store, logs. A folder in which a house was made before is used again. `port`, `owner_port`:
    0 for any that is free. `changes`: keys of the settings beside the demo's own, as {"door.pulse": 1.5}."""

    def __init__(self, folder: Path, *, clip: str = "door", port: int = 0, owner_port: int = 0,
                 changes: Mapping[str, Any] | None = None) -> None:
        self.folder, self.config = folder, folder / "edge-face.toml"
        self.edges = folder / "edges.jsonl"
        """Every edge of the mock pins, a JSON line each."""
        self._wanted = {"camera.source": f"file:{clip_path(clip)}", "camera.loop": True, "door.pins": "mock",
                        # Nobody on the clip types a code or does what a challenge asks for.
                        "decision.assurance": "face", "kiosk.pad": True, "store.folder": str(folder / "store"),
                        "kiosk.folder": str(folder / "pages"), **(changes or {})}
        self._ports = port, owner_port
        self.settings = Settings()
        self._door: subprocess.Popen[bytes] | None = None
        self._pages: subprocess.Popen[bytes] | None = None

    # What is there

    @property
    def kiosk_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.kiosk.port}/"

    @property
    def owner_url(self) -> str:
        secure = "s" if self.settings.kiosk.owner_listen == "lan" else ""
        return f"http{secure}://127.0.0.1:{self.settings.kiosk.owner_port}/"

    @property
    def client(self) -> Client:
        """The control socket, as the console of a real door has it."""
        return Client(socket_path(self.settings))

    @property
    def door_log(self) -> Path:
        return self.folder / "door.log"

    @property
    def pages_log(self) -> Path:
        return self.folder / "pages.log"

    # Making it

    def prepare(self, names: Sequence[str] = ("ben",)) -> None:
        """Writes the settings and enrols bundled people, both consents given. Raises `EdgeFaceError`."""
        try:
            for place in (self.folder, self.folder / "store", self.folder / "pages"):
                place.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ServiceError(f"{error.filename} cannot be made ({error.strerror}): name another folder") from error
        kiosk, owner = (port or free_port() for port in self._ports)
        wanted = {**self._wanted, "kiosk.port": kiosk, "kiosk.owner_port": owner}
        self.settings = apply_overrides(Settings(), wanted, "the demo")
        try:
            self.config.write_text(to_toml(self.settings, only_changed=True), encoding="utf-8")
        except OSError as error:
            raise ServiceError(f"{self.config} cannot be written ({error.strerror}): name another folder") from error
        self.settings = load_settings(str(self.config))
        enrol(self.settings, names)

    def start_door(self) -> None:
        """Returns when the door answers. Raises `ServiceError` with what it said when it does not."""
        self._door = self._started("run", "--config", str(self.config), log=self.door_log)
        self._until(self._door, self.door_log, "the door", lambda: self.client.call("status"))
        # A laptop knows the hour; a door without a network has to be told that it does.
        self.client.call("clock.set", wall=time.time())

    def start_pages(self) -> None:
        """Returns when both listeners answer."""
        self._pages = self._started("kiosk", "run", "--config", str(self.config), log=self.pages_log)
        ports = [self.settings.kiosk.port, *([self.settings.kiosk.owner_port] if self.settings.kiosk.owner_listen != "off" else [])]
        for port in ports:
            self._until(self._pages, self.pages_log, "the pages", partial(_knock, port))

    def claim_code(self) -> str:
        """A new claim code, as `edge-face kiosk claim` prints it on the device's own console. Raises `ForbiddenError` when the house has
        an owner."""
        return str(self.client.call("kiosk.claim")["code"])

    def stop_door(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        """Its exit code; None when it does not run."""
        self._door, code = None, _ended(self._door, number)
        return code

    def stop_pages(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        self._pages, code = None, _ended(self._pages, number)
        return code

    def close(self) -> None:
        """Ends both. What is in the folder stays."""
        self.stop_pages()
        self.stop_door()

    def ended(self) -> str:
        """Which of the two has ended by itself, and what it said last; empty while all is well. A door that ended to be started again
        (after a restore, with other settings) is started again, as systemd would."""
        if self._door is not None and self._door.poll() == AGAIN:
            self.start_door()
        for name, process, log in (("the door", self._door, self.door_log), ("the pages", self._pages, self.pages_log)):
            if process is not None and process.poll() is not None:
                return f"{name} ended: {_last_line(log)}"
        return ""

    def pids(self) -> dict[str, int]:
        """Process ids of "door" and "pages", as far as they run."""
        return {name: process.pid for name, process in (("door", self._door), ("pages", self._pages)) if process is not None}

    def __enter__(self) -> House:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _started(self, *words: str, log: Path) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "EDGE_FACE_EDGES": str(self.edges), "PYTHONUNBUFFERED": "1"}
        with log.open("ab") as output:
            # A session of its own: Ctrl-C reaches this process alone, which ends both in order.
            return subprocess.Popen([sys.executable, "-m", "edge_face.cli.main", *words], stdin=subprocess.DEVNULL, stdout=output,
                                    stderr=output, env=environment, cwd=self.folder, start_new_session=True)

    def _until(self, process: subprocess.Popen[bytes], log: Path, name: str, answers: Any) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            if process.poll() is not None:
                raise ServiceError(f"{name} did not start: {_last_line(log)}")
            with contextlib.suppress(EdgeFaceError, OSError):
                answers()
                return
            if time.monotonic() > until:
                raise ServiceError(f"{name} did not answer within {PATIENCE:g} s: see {log}")
            time.sleep(_LOOK)


def enrol(settings: Settings, names: Sequence[str]) -> dict[str, str]:
    """Enrols bundled people from their stills into the settings' store, unless they are there; ids by name. Raises `EdgeFaceError`."""
    from edge_face.media import read_picture
    from edge_face.people import Consent, Enrolment, Given, Store
    from edge_face.people.sighting import FaceReader
    from edge_face.service.models import load_models

    with Store(Path(settings.store.folder)) as store:
        found = {person.name: person.id for person in store.people()}
        missing = [name for name in names if name not in found]
        if missing:
            models = load_models(settings.vision)
            reader = FaceReader(models.detector, models.embedder, models.embedder.model_id)
            enrolment = Enrolment(reader, models.embedder_bundle.thresholds)
            given = Given(time.time(), "a synthetic person: nobody exists who could be asked")
            for name in missing:
                made = enrolment.from_pictures([(path.name, partial(read_picture, path)) for path in stills(name)], wall=time.time())
                found[name] = store.add(name, Consent(given, given), made.templates, wall=time.time()).id
    return found


def free_port(wanted: int = 0) -> int:
    """`wanted`, or one that the system gives. Raises `ServiceError` for one that another program has."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except (OSError, OverflowError) as error:
            raise ServiceError(f"port {wanted} cannot be used (another program has it, or it is none): choose another, or name none"
                               ) from error
        return int(probe.getsockname()[1])


def _knock(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=2.0):
        pass


def _ended(process: subprocess.Popen[bytes] | None, number: signal.Signals) -> int | None:
    if process is None:
        return None
    process.send_signal(number)
    try:
        return process.wait(15.0)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _last_line(log: Path) -> str:
    try:
        lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    except OSError:
        lines = []
    return lines[-1].removeprefix("edge-face: ") if lines else "it said nothing"
