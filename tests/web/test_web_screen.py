"""`edge-face kiosk screen` with the real Chromium: it ends with its browser and with a page that is dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from walking import until

from edge_face.demo.house import House
from edge_face.kiosk.screen import connections


def started(house: House, profile: Path) -> subprocess.Popen[str]:
    flags = [f"--flag={flag}" for flag in ("--headless=new", "--no-sandbox", "--disable-gpu")]
    process = subprocess.Popen([sys.executable, "-m", "edge_face.cli.main", "kiosk", "screen", "--page", house.kiosk_url, "--profile",
                                str(profile), *flags], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    until(lambda: connections(house.settings.kiosk.port)[1] > 0, 60, "the page does not come")
    return process


def children(pid: int) -> dict[int, str]:
    """All processes below one, with their command lines."""
    found: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) in {pid, *found}:
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, ValueError):
            continue
    return found


def test_it_ends_in_order_when_it_is_told_to(house: House, tmp_path: Path) -> None:
    process = started(house, tmp_path / "profile")
    below = children(process.pid)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below), 10, "something of Chromium is left")


def test_it_ends_with_its_browser(house: House, tmp_path: Path) -> None:
    process = started(house, tmp_path / "profile")
    os.kill(next(iter(children(process.pid))), signal.SIGKILL)
    assert process.wait(30) == 1
    assert process.stderr and "Chromium ended" in process.stderr.read()


@pytest.mark.timeout(180)
def test_it_ends_with_a_page_that_is_dead(house: House, tmp_path: Path) -> None:
    process = started(house, tmp_path / "profile")
    killed = [pid for pid, words in children(process.pid).items() if "--type=renderer" in words]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    assert killed and process.wait(120) == 1
    assert process.stderr and "it is dead" in process.stderr.read()
