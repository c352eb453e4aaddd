"""The table of commands: help that costs nothing, exit codes, one sentence for each error."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest

from edge_face.cli import main as cli
from edge_face.errors import EdgeFaceError, UsageError


def install(monkeypatch: pytest.MonkeyPatch, run: object) -> None:
    module = types.ModuleType("edge_face_test_command")
    module.DESCRIPTION, module.EXAMPLES = "d", "  edge-face x"  # type: ignore[attr-defined]
    module.add_arguments = lambda parser: parser.add_argument("--number", type=int)  # type: ignore[attr-defined]
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "edge_face_test_command", module)
    monkeypatch.setitem(cli.COMMANDS, "x", ("edge_face_test_command", "a test"))


def raising(error: BaseException) -> object:
    def run(args: object) -> int:
        raise error
    return run


@pytest.mark.parametrize(("error", "code"), [(EdgeFaceError("the lamp is broken: change it"), 1),
                                             (UsageError("name a lamp"), 2), (KeyboardInterrupt(), 130)])
def test_errors_become_one_sentence_and_an_exit_code(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
                                                     error: BaseException, code: int) -> None:
    install(monkeypatch, raising(error))
    assert cli.main(["x"]) == code
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "Traceback" not in said
    assert (str(error) or "interrupted") in said


def test_a_wrong_option_is_wrong_use(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(monkeypatch, lambda args: 0)
    assert cli.main(["x", "--number", "seven"]) == 2
    assert "seven" in capsys.readouterr().err
    assert cli.main(["x", "--number", "7"]) == 0


def test_an_unknown_command_is_answered_with_a_near_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["dokter"]) == 2
    assert "did you mean 'doctor'" in capsys.readouterr().err
    assert cli.main(["xyzzy"]) == 2
    assert "--help" in capsys.readouterr().err


def test_no_command_at_all_shows_the_overview_and_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "commands:" in capsys.readouterr().out


@pytest.mark.parametrize("command", sorted(cli.COMMANDS))
def test_every_command_has_help_with_examples(command: str) -> None:
    done = subprocess.run([sys.executable, "-m", "edge_face.cli.main", command, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "examples:" in done.stdout and f"edge-face {command}" in done.stdout


@pytest.mark.parametrize("command", sorted(cli.COMMANDS))
def test_help_of_a_command_loads_nothing_heavy(command: str) -> None:
    code = (f"import sys, edge_face.cli.main as m; m.main([{command!r}, '--help']); "
            "print('LOADED', [n for n in ('cv2', 'ai_edge_litert', 'gpiozero', 'cryptography', 'av') if n in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.rstrip().endswith("LOADED []"), done.stdout[-300:] + done.stderr
