"""Our units, installed by our installer, under a real systemd as PID 1: started, watched, killed, given up, told of, tried again."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import private_systemd
import pytest

from edge_face.service import installing
from edge_face.service.hook_delivery import make_key
from edge_face.service.unit_files import STARTED, UNITS, shipped_files

_WHY_NOT = private_systemd.why_not()
pytestmark = [pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT or "-"), pytest.mark.slow, pytest.mark.timeout(150)]
DOOR, FAILED, MAINTENANCE = "edge-face.service", "edge-face-failed.service", "edge-face-maintenance.service"
WAIT = 40.0
"""Seconds that anything may take."""
SETTINGS = """
[camera]
source = "none"
[door]
pins = "mock"
[hooks]
webhook = "http://127.0.0.1:{port}/door"
secret_file = "/etc/edge-face/hooks.key"
"""
# What the little machine lacks (journal, udev, the targets of an ordinary boot), and haste. All else is the unit as it is shipped.
EVERY = "[Unit]\nDefaultDependencies=no\n"
SERVICE = EVERY + "[Service]\nProtectHome=no\nStandardOutput=append:/var/log/door.log\nStandardError=append:/var/log/door.log\n"
HASTE = ("[Unit]\nStartLimitBurst=3\n[Service]\nWatchdogSec=6\nRestartSec=0.5\n"
         "Environment=EDGE_FACE_EDGES=/var/lib/edge-face/edges.jsonl\n")


class Door:
    """The machine and what was posted by it."""

    def __init__(self, machine: private_systemd.Machine, posted: list[dict[str, object]]) -> None:
        self.machine, self.posted = machine, posted

    def wait(self, seen: Callable[[dict[str, str]], bool], unit: str = DOOR) -> dict[str, str]:
        """The unit's properties as soon as they are so."""
        shown: dict[str, str] = {}
        for _ in self.machine.until(WAIT):
            shown = self.machine.show(unit)
            if seen(shown):
                return shown
        facts = {name: shown.get(name) for name in ("ActiveState", "SubState", "Result", "NRestarts", "StatusText")}
        raise AssertionError(f"{unit}: {facts}\n{self.log()[-3000:]}")

    def running(self, *, but: str = "") -> dict[str, str]:
        return self.wait(lambda shown: shown["SubState"] == "running" and shown["MainPID"] != but)

    def told(self) -> list[dict[str, object]]:
        """What the unit of a failed door has told."""
        return [event for event in self.posted if event["what"] == "told"]

    def log(self) -> str:
        return self.machine.path("/var/log/door.log").read_text()

    def edges(self) -> list[tuple[str, int]]:
        path = self.machine.path("/var/lib/edge-face/edges.jsonl")
        return [(edge["what"], edge["level"]) for edge in map(json.loads, path.read_text().splitlines()) if edge["pin"] == "GPIO17"]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    stage = tmp_path_factory.mktemp("machine")
    content = stage / "content"
    posted: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    prepare(content, server.server_port)
    machine = private_systemd.Machine(content, [DOOR, *(name for name in STARTED if name.endswith(".path"))])
    try:
        machine.start(stage)
        yield Door(machine, posted)
    finally:
        machine.stop()
        server.shutdown()
        server.server_close()


def prepare(content: Path, port: int) -> None:
    (content / "etc").mkdir(parents=True)
    (content / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
    (content / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
    installing.carry_out(installing.plan_install(content, watchdog=False), installing.run_command)
    installing.run_command(["systemd-tmpfiles", f"--root={content}", "--create", "edge-face.conf"])
    (content / "etc/edge-face/edge-face.toml").write_text(SETTINGS.format(port=port))
    make_key(content / "etc/edge-face/hooks.key")
    users = {row.split(":")[0]: int(row.split(":")[2]) for row in (content / "etc/passwd").read_text().splitlines()}
    import os

    os.chown(content / "etc/edge-face/hooks.key", users["edge-face-hooks"], -1)
    units = content / UNITS.lstrip("/")
    for name in (DOOR, FAILED, "edge-face-hooks.service", "edge-face-hooks.path", MAINTENANCE):
        (units / f"{name}.d").mkdir(exist_ok=True)
        (units / f"{name}.d" / "trial.conf").write_text(EVERY if name.endswith(".path") else SERVICE)
    (units / f"{DOOR}.d" / "haste.conf").write_text(HASTE)
    shipped = (units / FAILED).read_text()
    (units / FAILED).write_text(shipped.replace("/usr/bin/sleep 600", "/usr/bin/sleep 3"))
    assert "sleep 3\n" in (units / FAILED).read_text()


def test_it_gets_ready_and_says_how_it_is(door: Door) -> None:
    shown = door.running()
    assert shown["Result"] == "success" and shown["NRestarts"] == "0"
    assert door.wait(lambda shown: "locked" in shown["StatusText"])["ActiveState"] == "active"
    assert door.edges()[0] == ("claimed", 0)


def test_it_is_locked_in(door: Door) -> None:
    pid = door.running()["MainPID"]
    status = dict(row.split(":", 1) for row in door.machine.run("cat", f"/proc/{pid}/status").splitlines())
    assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert "0" not in status["Uid"].split()
    assert door.machine.run("readlink", f"/proc/{pid}/ns/net") != door.machine.run("readlink", "/proc/1/ns/net")


def test_maintenance_asks_the_running_door(door: Door) -> None:
    door.running()
    door.machine.run("systemctl", "start", MAINTENANCE)
    assert door.machine.show(MAINTENANCE)["Result"] == "success" and "the running door" in door.log()


def test_a_door_that_hangs_is_killed_made_safe_and_started_again(door: Door) -> None:
    before = door.running()["MainPID"]
    edges, safe = len(door.edges()), door.log().count("the coil is off")
    door.machine.kill(DOOR, "SIGSTOP")
    ended = door.wait(lambda shown: shown["Result"] == "watchdog")
    assert ended["SubState"] in ("stop-watchdog", "stop-post", "auto-restart", "failed")
    after = door.running(but=before)
    assert after["NRestarts"] == "1" and door.log().count("the coil is off") == safe + 1
    # ExecStopPost claims the pin with the coil off, gives it back, and the next door claims it so too.
    assert [edge for edge in door.edges()[edges:] if edge[0] != "freed"] == [("claimed", 0), ("claimed", 0)]


def test_a_door_that_is_killed_is_made_safe_and_started_again(door: Door) -> None:
    before = door.running()["MainPID"]
    safe = door.log().count("the coil is off")
    door.machine.kill(DOOR, "SIGKILL")
    assert door.running(but=before)["NRestarts"] == "2"
    assert door.log().count("the coil is off") == safe + 1


def test_a_door_that_dies_again_and_again_rests_is_told_of_and_is_tried_again(door: Door) -> None:
    pid = door.running()["MainPID"]
    assert door.told() == []
    door.machine.kill(DOOR, "SIGKILL")  # this was the third start, the last in this interval
    door.wait(lambda shown: shown["ActiveState"] == "failed")
    rests = door.wait(lambda shown: shown["ActiveState"] == "activating", FAILED)
    assert rests["Result"] == "success"
    # The door has no network: the path unit has started the sender, which has.
    for _ in door.machine.until(WAIT):
        if door.told():
            break
    assert door.told()[0]["kind"] == "trouble" and "has failed" in str(door.told()[0]["text"])
    door.wait(lambda shown: (shown["ActiveState"], shown["Result"]) == ("inactive", "success"), "edge-face-hooks.service")
    assert list(door.machine.path("/var/lib/edge-face/hooks").glob("0*.json")) == []
    # The interval of the start limit is over in real life; here it is made to be.
    door.machine.run("systemctl", "reset-failed", DOOR)
    assert door.running(but=pid)["MainPID"] != pid
    door.wait(lambda shown: shown["ActiveState"] == "inactive", FAILED)


def test_an_end_that_was_asked_for_is_in_order_and_final(door: Door) -> None:
    pid = door.running()["MainPID"]
    lines = len(door.log().splitlines())
    door.machine.run("systemctl", "stop", DOOR)
    shown = door.machine.show(DOOR)
    assert (shown["ActiveState"], shown["Result"], shown["ExecMainStatus"], shown["ExecMainPID"]) == ("inactive", "success", "0", pid)
    said = "\n".join(door.log().splitlines()[lines:])
    assert re.search(r"daemon: stopped\n.*the coil is off", said, re.DOTALL), said
    assert door.edges()[-1][0] == "freed" and ("edge", 1) not in door.edges()
    assert door.machine.show(FAILED)["ActiveState"] == "inactive"


def test_a_stop_ends_the_wait_of_a_door_that_has_failed(door: Door) -> None:
    door.machine.path("/etc/edge-face/edge-face.toml").write_text("[door]\npulse = 'wrong'\n")
    door.machine.run("sh", "-c", f"systemctl reset-failed; systemctl start {DOOR} || true")
    door.wait(lambda shown: shown["ActiveState"] == "failed")
    door.wait(lambda shown: shown["ActiveState"] == "activating", FAILED)
    door.machine.run("systemctl", "stop", DOOR)
    door.wait(lambda shown: shown["ActiveState"] in ("inactive", "failed"), FAILED)
    assert door.machine.show(DOOR)["ActiveState"] in ("inactive", "failed")
    assert door.machine.run("systemctl", "list-jobs", "--no-legend").strip() in ("", "No jobs running.")


def test_the_device_key_can_be_a_credential(door: Door) -> None:
    machine = door.machine
    machine.path("/etc/edge-face/edge-face.toml").write_text(SETTINGS.format(port=9))
    sealed = "/etc/credstore.encrypted/edge-face.device.key"
    key = machine.path("/var/lib/edge-face/device.key")
    plain = key.read_bytes()
    machine.run("mkdir", "-p", "/etc/credstore.encrypted", "/var/lib/systemd")
    machine.run("systemd-creds", "encrypt", "--with-key=host", "--name=device.key", "/var/lib/edge-face/device.key", sealed)
    key.unlink()
    for file in shipped_files(drop_ins=("credential",)):
        if file.place.endswith("/credential.conf"):
            machine.path(file.place).write_bytes(file.content)
    machine.run("sh", "-c", f"systemctl daemon-reload; systemctl reset-failed; systemctl start {DOOR}")
    assert door.running()["Result"] == "success"
    assert not key.exists(), "no other key was made"
    assert plain not in machine.path(sealed).read_bytes()


def test_maintenance_looks_over_a_store_whose_door_does_not_run(door: Door) -> None:
    door.machine.run("systemctl", "stop", DOOR)
    door.machine.run("systemctl", "start", MAINTENANCE)
    assert door.machine.show(MAINTENANCE)["Result"] == "success" and "this command" in door.log()
