"""The unit of the pages under a real systemd as PID 1, beside the door's: what it can ask, and what it cannot see."""

from __future__ import annotations

import contextlib
import json
import shlex
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import private_systemd
import pytest

from edge_face.service import installing
from edge_face.service.unit_files import UNITS

_WHY_NOT = private_systemd.why_not()
pytestmark = [pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT or "-"), pytest.mark.slow, pytest.mark.timeout(150)]
DOOR, PAGES = "edge-face.service", "edge-face-kiosk.service"
WAIT = 60.0
SETTINGS = """
[camera]
source = "none"
[door]
pins = "mock"
[kiosk]
port = {port}
owner_port = {owner_port}
"""
# What the little machine lacks; all else is the unit as it is shipped.
TRIAL = ("[Unit]\nDefaultDependencies=no\n[Service]\nProtectHome=no\nStandardOutput=append:/var/log/{name}.log\n"
         "StandardError=append:/var/log/{name}.log\n")


class House:
    """The machine, and the ports of its pages."""

    def __init__(self, machine: private_systemd.Machine, port: int, owner_port: int) -> None:
        self.machine, self.port, self.owner_port = machine, port, owner_port

    def running(self, unit: str, *, but: str = "") -> str:
        """The unit's main process, once it is ready."""
        shown: dict[str, str] = {}
        for _ in self.machine.until(WAIT):
            shown = self.machine.show(unit)
            if shown["SubState"] == "running" and shown["MainPID"] != but:
                return shown["MainPID"]
        log = self.machine.path(f"/var/log/{unit}.log")
        raise AssertionError(f"{unit}: {shown['SubState']}, {shown['Result']}\n{log.read_text()[-3000:] if log.exists() else ''}")

    def page(self, port: int, path: str = "/") -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return str(answer.read().decode())

    def as_pages(self, *command: str) -> str:
        """A command as the pages' user, in their view of the machine; its exit code and output."""
        user = "setpriv --reuid=edge-face-kiosk --regid=edge-face-kiosk --init-groups"
        return self.machine.run("sh", "-c", f"nsenter --target={self.running(PAGES)} --mount --wd=/ {user} {shlex.join(command)} 2>&1; "
                                "echo code=$?")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    stage = tmp_path_factory.mktemp("machine")
    content = stage / "content"
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    prepare(content, *ports)
    machine = private_systemd.Machine(content, [DOOR, PAGES])
    try:
        machine.start(stage)
        yield House(machine, *ports)
    finally:
        machine.stop()


def prepare(content: Path, port: int, owner_port: int) -> None:
    (content / "etc").mkdir(parents=True)
    (content / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
    (content / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
    installing.carry_out(installing.plan_install(content, watchdog=False, chosen=("kiosk",)), installing.run_command)
    installing.run_command(["systemd-tmpfiles", f"--root={content}", "--create", "edge-face.conf"])
    (content / "etc/edge-face/edge-face.toml").write_text(SETTINGS.format(port=port, owner_port=owner_port))
    for name in (DOOR, PAGES):
        drop_ins = content / UNITS.lstrip("/") / f"{name}.d"
        drop_ins.mkdir(exist_ok=True)
        (drop_ins / "trial.conf").write_text(TRIAL.format(name=name))


def test_both_listeners_answer_and_the_door_is_behind_them(house: House) -> None:
    house.running(DOOR)
    house.running(PAGES)
    assert "<html" in house.page(house.port) and 'name="code"' in house.page(house.owner_port, "/claim")
    with pytest.raises(urllib.error.HTTPError):
        house.page(house.port, "/claim")
    place = house.machine.path("/var/lib/edge-face/web/web.sock").stat()
    groups = {int(row.split(":")[2]): row.split(":")[0] for row in house.machine.path("/etc/group").read_text().splitlines()}
    assert groups[place.st_gid] == "edge-face-kiosk" and place.st_mode & 0o777 == 0o660


def test_an_owner_is_made_by_the_console_s_code_through_the_pages_own_user(house: House) -> None:
    house.running(DOOR)
    code = json.loads(house.machine.run("env", "PATH=/opt/edge-face/bin:/usr/bin:/bin", "edge-face", "kiosk", "claim", "--json"))["code"]
    asked = json.dumps({"command": "session.claim", "arguments": {"code": code, "name": "Olga", "passphrase": "four random words now"}})
    script = ("import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect('/var/lib/edge-face/web/web.sock'); "
              f"s.sendall({asked!r}.encode()+b'\\n'); print(s.makefile().readline())")
    answer = house.as_pages("/opt/edge-face/bin/python", "-c", script)
    assert json.loads(answer.splitlines()[0])["result"]["role"] == "owner"


def test_the_pages_are_locked_in(house: House) -> None:
    pid = house.running(PAGES)
    status = dict(row.split(":", 1) for row in house.machine.run("cat", f"/proc/{pid}/status").splitlines())
    assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    users = {row.split(":")[0]: row.split(":")[2] for row in house.machine.path("/etc/passwd").read_text().splitlines()}
    groups = {row.split(":")[0]: row.split(":")[2] for row in house.machine.path("/etc/group").read_text().splitlines()}
    assert set(status["Uid"].split()) == {users["edge-face-kiosk"]}
    assert groups["edge-face"] not in status["Groups"].split()


def test_they_see_neither_people_nor_keys_nor_the_control_socket(house: House) -> None:
    house.running(DOOR)
    assert house.machine.path("/var/lib/edge-face/control.sock").exists()
    seen = house.as_pages("ls", "-A", "/var/lib/edge-face")
    assert seen.split() == ["web", "code=0"]
    for place in ("/run/edge-face", "/etc/edge-face/edge-face.toml"):
        assert "code=0" not in house.as_pages("cat" if place.endswith("toml") else "ls", place)
    # Nor may they write anywhere but in their own folder.
    assert "code=0" not in house.as_pages("touch", "/var/lib/edge-face/web/mine")
    assert "code=0" in house.as_pages("touch", "/var/lib/edge-face-kiosk/mine")


def test_pages_that_die_come_back_and_the_door_does_not_mind(house: House) -> None:
    door, pages = house.running(DOOR), house.running(PAGES)
    house.machine.kill(PAGES, "SIGKILL")
    house.running(PAGES, but=pages)
    assert "<html" in house.page(house.port) and house.running(DOOR) == door


def test_a_door_that_is_started_again_is_found_again(house: House) -> None:
    house.running(DOOR)
    pages = house.running(PAGES)
    house.machine.run("systemctl", "restart", DOOR)
    house.running(DOOR)
    for _ in house.machine.until(WAIT):
        with contextlib.suppress(urllib.error.HTTPError):
            if 'name="passphrase"' in house.page(house.owner_port, "/login"):
                break
    else:
        raise AssertionError("the pages did not find the door again")
    assert house.running(PAGES) == pages
