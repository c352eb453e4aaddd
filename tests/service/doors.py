"""A real door for tests: ben is enrolled in a store of its own, `edge-face run` is started as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge_face.demo import clip_path, stills
from edge_face.media import read_picture
from edge_face.people import Consent, Enrolment, Given, Store
from edge_face.people.sighting import FaceReader
from edge_face.service.client import Client
from edge_face.service.models import load_models
from edge_face.settings import VisionSettings

PATIENCE = 60.0


def enrol(folder: Path, *names: str) -> dict[str, str]:
    """Enrols bundled people from their stills; their ids by name."""
    models = load_models(VisionSettings())
    reader = FaceReader(models.detector, models.embedder, models.embedder_bundle.model_id)
    enrolment = Enrolment(reader, models.embedder_bundle.thresholds)
    found: dict[str, str] = {}
    with Store(folder) as store:
        for name in names:
            enrolled = enrolment.from_pictures([(path.name, lambda path=path: read_picture(path)) for path in stills(name)], wall=1.7e9)
            given = Given(1.7e9, "in a test")
            found[name] = store.add(name, Consent(given, given), enrolled.templates, wall=1.7e9).id
    return found


def eventually(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)
    return found


class Running:
    """One `edge-face run`, its log lines and the edges of its mock pins."""

    def __init__(self, folder: Path, *options: str, settings: str = "", clip: str = "door",
                 environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.edges_file, self.log_file = folder / "edges.jsonl", folder / "log.jsonl"
        self.edges_file.unlink(missing_ok=True)
        (folder / "edge-face.toml").write_text(settings or f'[store]\nfolder = "{folder}"\n')
        source = [] if any(option.startswith("--source") for option in options) else [f"--source=file:{clip_path(clip)}"]
        if "--source=none" not in options:
            source.append("--set=decision.assurance=face")  # nobody on the clips does what a challenge asks for
        command = [sys.executable, "-m", "edge_face.cli.main", "run", "--config", str(folder / "edge-face.toml"), "--log", "json",
                   *source, *options]
        with self.log_file.open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.PIPE, text=True, cwd=folder,
                                            env={**os.environ, "EDGE_FACE_EDGES": str(self.edges_file), **(environment or {})})

    @property
    def client(self) -> Client:
        return Client(self.folder / "control.sock")

    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log_file.read_text().splitlines() if line.endswith("}")]

    def edges(self, *what: str) -> list[dict[str, Any]]:
        if not self.edges_file.exists():
            return []
        lines = self.edges_file.read_text().split("\n")[:-1]
        return [edge for edge in map(json.loads, lines) if edge["what"] in (what or ("claimed", "edge", "freed"))]

    def levels(self) -> list[int]:
        return [edge["level"] for edge in self.edges("edge")]

    def said(self, words: str) -> bool:
        return any(words in line["message"] for line in self.log())

    def wait_for(self, words: str) -> None:
        eventually(lambda: self.said(words) or self.process.poll() is not None)
        assert self.said(words), self.process.stderr and self.process.stderr.read()

    def end(self, number: signal.Signals | None = None) -> tuple[int, str]:
        """The exit code and what was said on standard error."""
        if number is not None:
            self.process.send_signal(number)
        try:
            _, errors = self.process.communicate(timeout=PATIENCE)
        finally:
            self.process.kill()
        return self.process.returncode, errors

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()


def messages(lines: Sequence[dict[str, Any]], part: str) -> list[str]:
    return [line["message"] for line in lines if line["part"] == part]
