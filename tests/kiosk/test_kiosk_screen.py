"""Chromium beside the door: where it may go, how its page is watched, a profile that is nobody else's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge_face.errors import ServiceError, UsageError
from edge_face.kiosk import screen


@pytest.mark.parametrize("page", ["https://example.org/", "http://example.org:8090/", "file:///etc/passwd", "http://127.0.0.1:99999/",
                                  "nonsense", "http://user@127.0.0.1:8090/", "javascript:alert(1)", "http://127.0.0.1.evil.example/"])
def test_the_screen_goes_nowhere_else(page: str) -> None:
    with pytest.raises(UsageError, match="this machine's own page"):
        screen.page_port(page)


def test_where_it_goes() -> None:
    assert (screen.page_port("http://127.0.0.1:8090/"), screen.page_port("http://localhost/?lang=zh")) == (8090, 80)
    words = screen.command("/usr/bin/chromium", "http://127.0.0.1:8090/", Path("/run/x"), ["--headless=new"])
    assert words[-1] == "http://127.0.0.1:8090/" and {"--kiosk", "--user-data-dir=/run/x", "--headless=new"} <= set(words)
    assert "--no-sandbox" not in words


def test_a_connection_is_seen_while_it_lasts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert screen.connections(port) == (True, 0)
        with socket.create_connection(("127.0.0.1", port)):
            assert screen.connections(port) == (True, 1)
        assert screen.connections(port) == (True, 0)
    assert screen.connections(port) == (False, 0)


def test_a_table_that_is_odd_says_nothing(tmp_path: Path) -> None:
    assert screen.connections(8090, tmp_path / "none") == (False, 0)
    odd = tmp_path / "tcp"
    odd.write_bytes(b"head\n0: nonsense\n\xff\xfe\n 1: 0100007F:1F9A 00000000:0000 0A 0 0 0 x\n")
    assert screen.connections(8090, odd) == (False, 0)


def test_a_page_without_a_connection_is_dead_and_one_that_waits_for_its_pages_is_not() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            assert "no connection for 0.3 s" in screen.watch(child, port, [], patience=0.3, look=0.05)
        told: list[int] = []
        # Nobody listens: it waits until it is told to end.
        threading.Timer(0.6, told.append, (15,)).start()
        assert screen.watch(child, port, told, patience=0.3, look=0.05) == ""
    finally:
        child.kill()
        child.wait()
    assert "ended with code -9" in screen.watch(child, port, [], look=0.05)


def test_only_a_profile_is_emptied(tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    assert screen._emptied(profile).is_dir() and profile.stat().st_mode & 0o777 == 0o700
    (profile / "Default").mkdir()
    (profile / "SingletonLock").symlink_to("nowhere")
    assert list(screen._emptied(profile).iterdir()) == []
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("mine")
    with pytest.raises(ServiceError, match="something else"):
        screen._emptied(tmp_path / "home")
    (tmp_path / "link").symlink_to(tmp_path / "home")
    with pytest.raises(ServiceError, match="is a link"):
        screen._emptied(tmp_path / "link")
    assert (tmp_path / "home" / "letter.txt").read_text() == "mine"


def test_without_a_browser_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServiceError, match="sudo apt install chromium"):
        screen.find_browser()
    (tmp_path / "chromium-browser").write_text("#!/bin/sh\n")
    (tmp_path / "chromium-browser").chmod(0o755)
    assert screen.find_browser() == os.fspath(tmp_path / "chromium-browser")
