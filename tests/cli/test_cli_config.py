"""`edge-face config`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge_face.cli.main import main
from edge_face.settings import Settings
from edge_face.settings_file import load_settings


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EDGE_FACE_CONFIG", raising=False)
    monkeypatch.setattr("edge_face.settings_file.SEARCHED", ("edge-face.toml",))
    return tmp_path


def test_init_check_show(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "init"]) == 0
    assert load_settings() == Settings()
    assert main(["config", "check"]) == 0
    assert "edge-face.toml: no mistakes" in capsys.readouterr().out
    assert main(["config", "init"]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["config", "init", "--force"]) == 0


def test_check_of_a_wrong_file(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (nowhere / "bad.toml").write_text("[door]\npulse = 99\n")
    assert main(["config", "check", "bad.toml"]) == 2
    assert capsys.readouterr().err.startswith("edge-face: bad.toml, line 2: door.pulse")
    assert main(["config", "check", "bad.toml", "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False and "line 2" in answer["error"]


def test_check_of_a_pin_that_is_none(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (nowhere / "edge-face.toml").write_text('[door]\nlock_pin = "GPIO99"\n')
    assert main(["config", "check"]) == 2
    assert 'door.lock_pin = "GPIO99" is out of range' in capsys.readouterr().err


def test_check_without_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"file": None, "ok": True, "error": None, "pages": {}}


def test_show(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (nowhere / "edge-face.toml").write_text("[door]\npulse = 1\n")
    assert main(["config", "show", "--changed"]) == 0
    assert capsys.readouterr().out == "# edge-face.toml\n[door]\npulse = 1.0\n"
    assert main(["config", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["settings"]["door"]["pulse"] == 1.0 and shown["settings"]["camera"]["width"] == 640
    assert main(["config", "show"]) == 0
    (nowhere / "again.toml").write_text(capsys.readouterr().out)
    assert load_settings("again.toml").door.pulse == 1.0


def test_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config"]) == 2
    assert main(["config", "mend"]) == 2
    capsys.readouterr()
