"""The systemd files: systemd itself has nothing to say about them, they give little away, and what they start exists."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge_face.cli.main import COMMANDS
from edge_face.service.protocol import web_socket_path
from edge_face.service.unit_files import CHROMIUM, DROP_INS
from edge_face.settings import Settings

UNITS = Path(__file__).parents[2] / "systemd"
SERVICE = UNITS / "edge-face.service"
ALL = sorted(path.name for path in UNITS.iterdir() if path.suffix in (".service", ".path", ".timer"))
EXPOSURE = {"edge-face.service": 10, "edge-face-failed.service": 5, "edge-face-hooks.service": 15, "edge-face-kiosk.service": 10,
            "edge-face-maintenance.service": 5, "edge-face-screen.service": 25, "edge-face-screen-night.service": 15}
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
    for service in DROP_INS[drop_in.stem]:
        (tmp_path / "units" / f"{service}.d").mkdir()
        shutil.copy(drop_in, tmp_path / "units" / f"{service}.d")
        done = subprocess.run(["systemd-analyze", "verify", str(tmp_path / "units" / service)], capture_output=True, text=True, check=False)
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
    assert {"edge-face", "edge-face-hooks", "edge-face-kiosk", "edge-face-screen"} <= users
    assert groups["gpio"] == "edge-face" and set(groups["video"].split(",")) == {"edge-face", "edge-face-screen"}
    # Whoever is in this group may ask the control socket: the pages and the screen may not.
    assert groups["edge-face"] == "edge-face-hooks" and groups["render"] == "edge-face-screen"


@pytest.mark.parametrize("unit", sorted(set(EXPOSURE) - {"edge-face-screen-night.service"}))
def test_what_the_units_start_is_a_command_of_ours(unit: str) -> None:
    text = (UNITS / unit).read_text()
    lines = [shlex.split(line) for line in re.findall(r"^Exec\w+=[-+]*(.*)$", text, re.MULTILINE)]
    commands = [words[words.index("edge-face") + 1:] for words in lines if "edge-face" in words]
    assert commands and all(words[0] == "/usr/bin/env" for words in lines if words[0] != "/usr/bin/sleep")
    for words in commands:
        module = importlib.import_module(COMMANDS[words[0]][0])
        parser = argparse.ArgumentParser()
        module.add_arguments(parser)
        asked = parser.parse_args(words[1:])
        if unit == "edge-face-screen.service":
            assert (asked.page, asked.profile) == ("${PAGE}", "%t/edge-face-screen/profile")
        else:
            # The pages get theirs from systemd: their user may not read it where it lies.
            assert asked.config == ("%d/edge-face.toml" if unit == "edge-face-kiosk.service" else "/etc/edge-face/edge-face.toml")


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
        text = (UNITS / unit).read_text()
        alone = re.search(r"^PrivateNetwork=yes$", text, re.MULTILINE) is not None
        here = "IPAddressDeny=any\nIPAddressAllow=localhost\n" in text
        assert here == (unit in ("edge-face-kiosk.service", "edge-face-screen.service")), unit
        assert alone == (unit != "edge-face-hooks.service" and not here), unit
    sender = (UNITS / "edge-face-hooks.service").read_text()
    assert "User=edge-face-hooks\n" in sender
    assert "TemporaryFileSystem=/var/lib/edge-face:ro\nBindPaths=/var/lib/edge-face/hooks\n" in sender


def test_the_pages_see_neither_people_nor_the_control_socket() -> None:
    for unit in ("edge-face-kiosk.service", "edge-face-screen.service"):
        text = (UNITS / unit).read_text()
        user = unit.removesuffix(".service")
        assert f"User={user}\nGroup={user}\n" in text and "InaccessiblePaths=-/run/edge-face\n" in text
        assert re.search(r"^TemporaryFileSystem=.*/var/lib/edge-face:ro", text, re.MULTILINE)
        groups = re.findall(r"^SupplementaryGroups=(.*)$", text, re.MULTILINE)
        assert "edge-face" not in " ".join(groups).split()
    # Only the folder of the web socket comes back, and that takes the group of the pages.
    assert re.findall(r"^Bind\w+=(.*)$", (UNITS / "edge-face-kiosk.service").read_text(), re.MULTILINE) == ["-/var/lib/edge-face/web"]
    assert "\nd /var/lib/edge-face/web 2750 edge-face edge-face-kiosk -\n" in (UNITS / "tmpfiles.d" / "edge-face.conf").read_text()


def test_the_web_socket_lies_where_the_units_put_it() -> None:
    assert web_socket_path(Settings()) == Path("/var/lib/edge-face/web/web.sock")


def test_chromium_beside_the_door_may_go_nowhere_else() -> None:
    rules = json.loads((UNITS / "chromium" / "edge-face.json").read_text())
    assert (rules["URLBlocklist"], rules["URLAllowlist"], rules["DeveloperToolsAvailability"]) == (["*"], ["http://127.0.0.1"], 2)
    text = (UNITS / "edge-face-screen.service").read_text()
    assert f"BindReadOnlyPaths={Path(CHROMIUM).parent}:/etc/chromium/policies/managed\n" in text
    assert "Environment=PAGE=http://127.0.0.1:8090/\n" in text and Settings().kiosk.port == 8090


def test_a_screen_comes_back_and_has_its_hours() -> None:
    text = (UNITS / "edge-face-screen.service").read_text()
    assert "Restart=always\n" in text and "StartLimitIntervalSec=0\n" in text and "edge-face-screen-night.service" in text
    night, day = ((UNITS / f"edge-face-screen-{name}.timer").read_text() for name in ("night", "day"))
    assert "OnCalendar=" in night and "Unit=edge-face-screen.service\n" in day and "OnCalendar=" in day
    assert "Conflicts=edge-face-screen.service\n" in (UNITS / "edge-face-screen-night.service").read_text()


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
