"""Ctrl-C while a command is only being loaded: no traceback, code 130. Real processes, as signals belong to them."""

from __future__ import annotations

import subprocess
import sys

import pytest

INTERRUPT = "import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(5)"


def _run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("program", ["/usr/bin/edge-face", "edge-face-convert", "-m"])
def test_while_a_command_is_loaded_the_signal_ends_it_quietly(program: str) -> None:
    done = _run(f"import sys; sys.argv = [{program!r}]; import edge_face.cli; {INTERRUPT}")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


def test_the_command_itself_gets_python_s_own_interrupt() -> None:
    done = _run("import sys; sys.argv = ['edge-face']; from edge_face.cli import main; import edge_face.cli.doctor as d\n"
                f"def run(args):\n    {INTERRUPT}\n"
                "d.run = run; sys.exit(main.main(['doctor']))")
    assert (done.returncode, done.stderr) == (130, "edge-face: interrupted\n")


def test_whoever_only_imports_us_keeps_his_own_handling() -> None:
    done = _run(f"import sys; sys.argv = ['somebody-elses-program']; import edge_face.cli.main\ntry: {INTERRUPT}\n"
                "except KeyboardInterrupt: print('caught')")
    assert (done.returncode, done.stdout) == (0, "caught\n")
    ignoring = _run("import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); sys.argv = ['edge-face']; import edge_face.cli; "
                    "print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)")
    assert ignoring.stdout == "True\n"
