"""systemd's protocol against a real socket."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from edge_face.service.notify import Notifier, watchdog_seconds


@pytest.mark.parametrize("abstract", [False, True])
def test_what_systemd_hears(tmp_path: Path, abstract: bool) -> None:
    name = f"@edge-face-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0" + name[1:] if abstract else name)
        notifier = Notifier({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": str(os.getpid())})
        assert notifier.active and notifier.watchdog == 10.0
        notifier.ready("two\nlines")
        notifier.alive()
        notifier.status("well")
        notifier.stopping("bye")
        heard = [manager.recv(4096).decode() for _ in range(4)]
    assert heard == ["READY=1\nSTATUS=two lines", "WATCHDOG=1", "STATUS=well", "STOPPING=1\nSTATUS=bye"]


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "relative"}])
def test_nobody_listens(environment: dict[str, str]) -> None:
    notifier = Notifier({**environment, "WATCHDOG_USEC": "1000"})
    assert not notifier.active and notifier.watchdog is None
    assert not notifier.send(READY="1")


def test_a_manager_that_is_gone_is_no_error(tmp_path: Path) -> None:
    assert not Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).send(READY="1")


@pytest.mark.parametrize(("environment", "seconds"), [
    ({"WATCHDOG_USEC": "30000000"}, 30.0), ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
    ({"WATCHDOG_USEC": "0"}, None), ({"WATCHDOG_USEC": "soon"}, None), ({}, None)])
def test_the_watchdog_is_ours_only_if_it_says_so(environment: dict[str, str], seconds: float | None) -> None:
    assert watchdog_seconds(environment) == seconds
