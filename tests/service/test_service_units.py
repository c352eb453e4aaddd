"""The systemd files: systemd itself has nothing to say about them, they give little away, and what they start exists."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge_face.cli.main import COMMANDS

UNITS = Path(__file__).parents[2] / "systemd"
SERVICE = UNITS / "edge-face.service"
ALL = sorted(path.name for path in UNITS.iterdir() if path.suffix in (".service", ".path", ".timer"))
EXPOSURE = {"edge-face.service": 10, "edge-face-failed.service": 5, "edge-face-hooks.service": 15, "edge-face-maintenance.service": 5}
"""Tenths that systemd-analyze security may count at most."""
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")


@needs_systemd
@pytest.mark.parametrize("unit", ALL)
def test_systemd_finds_nothing_to_say(unit: str) -> None:
    # It exits 0 on bad values too: any word is a failure.
    done = subprocess.run(["systemd-analyze", "verify", str(UNITS / unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
@pytest.mark.parametrize("drop_in", sorted((UNITS / "drop-ins").iterdir()), ids=lambda path: path.stem)
def test_systemd_finds_nothing_to_say_of_drop_ins(drop_in: Path, tmp_path: Path) -> None:
    shutil.copytree(UNITS, tmp_path / "units")
    (tmp_path / "units" / "edge-face.service.d").mkdir()
    shutil.copy(drop_in, tmp_path / "units" / "edge-face.service.d")
    unit = tmp_path / "units" / SERVICE.name
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@needs_systemd
@pytest.mark.parametrize("unit", sorted(EXPOSURE))
def test_the_services_are_locked_in(unit: str) -> None:
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE[unit]}", str(UNITS / unit)],
                          capture_output=True, text=True, check=False)
    if "Unknown" in done.stderr or "unrecognized" in done.stderr:
        pytest.skip("this systemd cannot judge a unit file")
    assert done.returncode == 0, done.stdout[-400:]


@needs_systemd
def test_users_and_groups_can_be_made(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/sysusers.d"
    folder.mkdir(parents=True)
    shutil.copy(UNITS / "sysusers.d" / "edge-face.conf", folder)
    (tmp_path / "etc").mkdir()
    done = subprocess.run(["systemd-sysusers", f"--root={tmp_path}"], capture_output=True, text=True, check=False)
    if "Operation not permitted" in done.stderr or "Permission denied" in done.stderr:
        pytest.skip("systemd-sysusers needs root here")
    assert done.returncode == 0, done.stderr
    users = {line.split(":")[0] for line in (tmp_path / "etc/passwd").read_text().splitlines()}
    groups = {line.split(":")[0]: line.rsplit(":", 1)[1] for line in (tmp_path / "etc/group").read_text().splitlines()}
    assert {"edge-face", "edge-face-hooks"} <= users
    assert groups["gpio"] == groups["video"] == "edge-face" and groups["edge-face"] == "edge-face-hooks"


@pytest.mark.parametrize("unit", sorted(EXPOSURE))
def test_what_the_units_start_is_a_command_of_ours(unit: str) -> None:
    text = (UNITS / unit).read_text()
    commands = [words for line in re.findall(r"^Exec\w+=-?(.*)$", text, re.MULTILINE) if (words := shlex.split(line))[0] == "/usr/bin/env"]
    assert commands
    for words in commands:
        assert words[:2] == ["/usr/bin/env", "edge-face"] and words[2] in COMMANDS
        module = importlib.import_module(COMMANDS[words[2]][0])
        parser = argparse.ArgumentParser()
        module.add_arguments(parser)
        assert parser.parse_args(words[3:]).config == "/etc/edge-face/edge-face.toml"


def test_the_lock_is_made_safe_after_every_end() -> None:
    assert re.search(r"^ExecStopPost=/usr/bin/env edge-face (run --safe|door safe)\b", SERVICE.read_text(), re.MULTILINE)
    failed = (UNITS / "edge-face-failed.service").read_text()
    assert re.search(r"^ExecStart=-/usr/bin/env edge-face (run --safe|door safe)\b", failed, re.MULTILINE)


def test_what_libcamera_and_gpio_need_is_allowed() -> None:
    text = SERVICE.read_text()
    for device in ("char-video4linux", "char-media", "char-dma_heap", "char-gpiochip"):
        assert f"DeviceAllow={device} rw" in text
    for group in ("video", "gpio"):
        assert re.search(rf"^SupplementaryGroups=.*\b{group}\b", text, re.MULTILINE)
        assert re.search(rf"^m edge-face {group}$", (UNITS / "sysusers.d" / "edge-face.conf").read_text(), re.MULTILINE)


def test_only_the_sender_of_events_has_a_network_and_it_sees_no_people() -> None:
    for unit in EXPOSURE:
        alone = re.search(r"^PrivateNetwork=yes$", (UNITS / unit).read_text(), re.MULTILINE) is not None
        assert alone == (unit != "edge-face-hooks.service"), unit
    sender = (UNITS / "edge-face-hooks.service").read_text()
    assert "User=edge-face-hooks\n" in sender
    assert "TemporaryFileSystem=/var/lib/edge-face:ro\nBindPaths=/var/lib/edge-face/hooks\n" in sender


def test_the_networks_run_without_memory_that_can_be_written_and_run() -> None:
    # MemoryDenyWriteExecute=yes by the kernel's own switch (PR_SET_MDWE, Linux 6.3), which needs neither root nor systemd.
    code = """
import ctypes, mmap, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0:
    sys.exit(77)
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    sys.exit("writable memory can be run")
except PermissionError:
    pass
import numpy as np
from edge_face.service.models import load_models
from edge_face.settings import Settings
models = load_models(Settings().vision)
models.detector.detect(np.zeros((480, 640, 3), np.uint8), 0.5)
assert np.isfinite(models.embedder.embed(np.zeros((112, 112, 3), np.uint8))).all()
import gpiozero
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
AESGCM(bytes(32)).encrypt(bytes(12), b"x", b"")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("this kernel has no PR_SET_MDWE")
    assert done.returncode == 0, done.stderr
