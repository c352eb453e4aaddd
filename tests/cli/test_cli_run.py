"""`edge-face run`: its options become settings; `--safe` switches the coil off. (The running door: tests/service.)"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from edge_face.cli import run as command
from edge_face.cli.main import main
from edge_face.errors import SettingsError, UsageError
from edge_face.settings import Settings


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EDGE_FACE_CONFIG", raising=False)
    monkeypatch.delenv("EDGE_FACE_EDGES", raising=False)
    return tmp_path


def changed(*options: str) -> Settings:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command._changed(Settings(), parser.parse_args(options))


def test_options_become_settings() -> None:
    settings = changed("--source", "usb:2", "--pins", "mock", "--log", "json", "--fast", "--set", "door.pulse=1.5",
                       "--set", "decision.assurance=face", "--set", "door.active_high=false", "--set", 'door.fail = "safe"',
                       "--set", "camera.privacy_masks=[[0, 0, 0.5, 1]]", "--set", "service.preview_file=a=b.jpg")
    assert settings.camera.source == "usb:2" and settings.service.log == "json" and not settings.camera.paced
    assert settings.door.pulse == 1.5 and settings.door.active_high is False and settings.door.fail == "safe"
    assert settings.decision.assurance == "face" and settings.camera.privacy_masks == [[0.0, 0.0, 0.5, 1.0]]
    assert settings.service.preview_file == "a=b.jpg"
    assert changed() == Settings()


@pytest.mark.parametrize(("text", "kind", "words"), [
    ("door.pulse", UsageError, "write SECTION.KEY=VALUE"), ("pulse=3", UsageError, "write SECTION.KEY=VALUE"),
    ("door.pulse=fast", SettingsError, "is not a number"), ("door.pulze=3", SettingsError, "did you mean pulse"),
    ("=", UsageError, "write SECTION"), ("door.lock_pin=a\nb=1", SettingsError, "control character"),
    ("door.pulse=nan", SettingsError, "the command line: door.pulse")])
def test_what_cannot_be_set(text: str, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        changed("--set", text)


@pytest.mark.parametrize("options", [["--frames", "0"], ["--frames", "many"], ["--pins", "real"], ["--nothing"]])
def test_wrong_use(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *options]) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(("high", "level"), [("true", 0), ("false", 1)])
def test_safe_switches_the_coil_off(nowhere: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
                                    high: str, level: int) -> None:
    monkeypatch.setenv("EDGE_FACE_EDGES", "edges.jsonl")
    assert main(["run", "--safe", "--set", f"door.active_high={high}"]) == 0
    edges = [json.loads(line) for line in (nowhere / "edges.jsonl").read_text().splitlines()]
    assert [(edge["what"], edge["level"]) for edge in edges if edge["what"] != "input"] == [("claimed", level), ("freed", level)]
    assert capsys.readouterr().out.startswith("the coil is off: GPIO17")


def test_safe_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--safe", "--set", "door.lock_pin=GPIO99"]) == 2
    assert capsys.readouterr().err == ('edge-face: the command line: door.lock_pin = "GPIO99" is out of range: the header has '
                                       "GPIO2 to GPIO27 (lock_pin: pin of the lock's relay)\n")


def test_help_has_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--help"]) == 0
    assert "edge-face run --source usb:0 --pins mock" in capsys.readouterr().out
