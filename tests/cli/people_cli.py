"""Running commands in the test's own process: a settings file, a terminal or none, what was printed."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge_face.cli.main import main


class Terminal(io.StringIO):
    """Standard input with somebody at it who has these answers."""

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """`run("people", "list")` with the settings of a scratch folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self._capsys, self._monkeypatch = folder, capsys, monkeypatch
        self.store = folder / "store"
        self.config = folder / "edge-face.toml"
        self.config.write_text(f'[store]\nfolder = "{self.store}"\n')

    def __call__(self, *arguments: str, answers: str | None = None, stdin: str = "") -> Outcome:
        self._monkeypatch.setattr("sys.stdin", io.StringIO(stdin) if answers is None else Terminal(answers))
        self._capsys.readouterr()
        code = main([*arguments, "--config", str(self.config)])
        printed = self._capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return Outcome(code, printed.out, printed.err)

    def passphrase(self, text: str = "correct horse battery") -> str:
        path = self.folder / "passphrase"
        path.write_text(text + "\n")
        return str(path)
