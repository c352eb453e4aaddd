"""The systemd files: systemd itself has nothing to say about them, and what they start exists."""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from edge_face.cli import run
from edge_face.cli.main import COMMANDS

UNITS = Path(__file__).parents[2] / "systemd"
SERVICE = UNITS / "edge-face.service"
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")


@needs_systemd
def test_systemd_finds_nothing_to_say() -> None:
    # It exits 0 on bad values too: any word is a failure.
    done = subprocess.run(["systemd-analyze", "verify", str(SERVICE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
def test_the_service_is_locked_in() -> None:
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=20", str(SERVICE)],
                          capture_output=True, text=True, check=False)
    if "Unknown" in done.stderr or "unrecognized" in done.stderr:
        pytest.skip("this systemd cannot judge a unit file")
    assert done.returncode == 0, done.stdout[-400:]


def test_what_the_unit_starts_is_a_command_of_ours() -> None:
    commands = re.findall(r"^Exec\w+=(.*)$", SERVICE.read_text(), re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        words = shlex.split(command)
        assert words[:2] == ["/usr/bin/env", "edge-face"] and words[2] in COMMANDS

        parser = argparse.ArgumentParser()
        run.add_arguments(parser)
        assert parser.parse_args(words[3:]).config == "/etc/edge-face/edge-face.toml"
    assert commands[1].split()[3] == "--safe"


def test_what_libcamera_and_gpio_need_is_allowed() -> None:
    text = SERVICE.read_text()
    for device in ("char-video4linux", "char-media", "char-dma_heap", "char-gpiochip"):
        assert f"DeviceAllow={device} rw" in text
    for group in ("video", "gpio"):
        assert re.search(rf"^SupplementaryGroups=.*\b{group}\b", text, re.MULTILINE)
        assert re.search(rf"^m edge-face {group}$", (UNITS / "sysusers.d" / "edge-face.conf").read_text(), re.MULTILINE)
