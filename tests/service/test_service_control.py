"""The control socket with its client, over real unix sockets."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_face.errors import PeopleError, ServiceError, UsageError
from edge_face.service import control
from edge_face.service.client import Client, daemon_for
from edge_face.service.control import ControlSocket, Peer, may_ask, peer_of
from edge_face.service.protocol import LONGEST_REQUEST
from edge_face.settings import Settings, StoreSettings


def forget(arguments: dict[str, Any], peer: Peer) -> Any:
    raise PeopleError(f"there is no {arguments['name']}")


def crash(arguments: dict[str, Any], peer: Peer) -> Any:
    raise ZeroDivisionError("secret detail")


HANDLERS = {"echo": lambda arguments, peer: arguments, "who": lambda arguments, peer: peer.pid, "forget": forget,
            "crash": crash, "odd": lambda arguments, peer: object()}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(store=StoreSettings(folder=str(tmp_path / "store")))


@pytest.fixture
def path(settings: Settings) -> Path:
    return Path(settings.store.folder) / "control.sock"


@pytest.fixture
def server(path: Path) -> Iterator[ControlSocket]:
    server = ControlSocket(path, HANDLERS)
    server.open()
    server.start()
    yield server
    server.close()


def test_a_command_and_its_result(server: ControlSocket, settings: Settings, path: Path) -> None:
    client = daemon_for(settings)
    assert client is not None
    assert client.call("echo", name="Zoë", command="odd", self=1) == {"name": "Zoë", "command": "odd", "self": 1}
    assert client.call("who") == os.getpid()
    assert stat.S_IMODE(path.stat().st_mode) == 0o660


def test_opening_leaves_the_umask_of_the_whole_process_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other thread makes files under it: two sockets opened at one time once left it so that no folder could be entered."""
    born: list[int] = []
    chmod = Path.chmod
    monkeypatch.setattr(Path, "chmod", lambda self, mode: (born.append(stat.S_IMODE(self.stat().st_mode)), chmod(self, mode))[1])
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("the umask was set"))
    server = ControlSocket(path, HANDLERS)
    server.open()
    try:
        assert born == [0o600], "nobody else's for a moment, whatever the umask is"
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    finally:
        server.close()


def test_errors_come_back_as_they_are(server: ControlSocket, path: Path) -> None:
    client = Client(path)
    with pytest.raises(PeopleError, match="there is no ben"):
        client.call("forget", name="ben")
    with pytest.raises(UsageError, match="no command 'steal': it has crash, echo"):
        client.call("steal")
    with pytest.raises(ServiceError, match="met ZeroDivisionError while it did that") as caught:
        client.call("crash")
    assert "secret" not in str(caught.value)
    with pytest.raises(UsageError, match="cannot be sent"):
        client.call("odd")
    assert client.call("echo") == {}


def test_nobody_runs(settings: Settings, path: Path, tmp_path: Path) -> None:
    assert daemon_for(settings) is None
    with pytest.raises(ServiceError, match="is not running"):
        Client(path).call("status")
    (tmp_path / "store").write_text("a file")
    assert daemon_for(settings) is None


def test_a_second_daemon_is_refused_and_hurts_nobody(server: ControlSocket, path: Path) -> None:
    with pytest.raises(ServiceError, match=f"already running .process {os.getpid()}."):
        ControlSocket(path, {}).open()
    assert Client(path).call("echo", a=1) == {"a": 1}


def test_the_socket_of_a_killed_daemon_is_stale(settings: Settings, path: Path) -> None:
    code = ("import os, signal, sys; from pathlib import Path; from edge_face.service.control import ControlSocket;"
            "s = ControlSocket(Path(sys.argv[1]), {}); s.open(); os.kill(os.getpid(), signal.SIGKILL)")
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert path.exists()
    assert daemon_for(settings) is None
    server = ControlSocket(path, HANDLERS)
    server.open()
    server.start()
    assert Client(path).call("echo") == {}
    server.close()
    assert not path.exists()
    server.close()


def test_what_is_in_the_way_is_not_deleted(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("precious")
    with pytest.raises(ServiceError, match="in the way and no socket"):
        ControlSocket(path, {}).open()
    assert path.read_text() == "precious"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServiceError, match="cannot be made"):
        ControlSocket(tmp_path / "file" / "control.sock", {}).open()


def converse(path: Path, data: bytes, close: bool = True) -> bytes:
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(30)
        channel.connect(str(path))
        try:
            channel.sendall(data)
            if close:
                channel.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server has heard enough already
        answer = b""
        try:
            while piece := channel.recv(1 << 16):
                answer += piece
        except ConnectionResetError:
            pass
        return answer


@pytest.mark.parametrize("data", [b"\x00" * 100 + b"\n", b"{}\n", b"[[[[\n", b"[" * 50_000 + b"\n", b"\xff\n", b"GET / HTTP/1.1\r\n\r\n"])
def test_hostile_lines_get_an_error_and_the_daemon_lives(server: ControlSocket, path: Path, data: bytes) -> None:
    assert b'"ok": false' in converse(path, data)
    assert Client(path).call("echo", a=1) == {"a": 1}


def test_a_line_without_an_end_is_cut_off(server: ControlSocket, path: Path) -> None:
    assert b"at most" in converse(path, b"x" * (LONGEST_REQUEST + (1 << 18)), close=False)
    assert Client(path).call("echo") == {}


def test_half_a_request_and_gone(server: ControlSocket, path: Path) -> None:
    assert converse(path, b'{"command": "ec') == b""
    assert Client(path).call("echo") == {}


def test_several_requests_on_one_connection(server: ControlSocket, path: Path) -> None:
    answers = converse(path, b'{"command": "echo"}\n\n{"command": "nothing"}\n{"command": "who"}\n').splitlines()
    assert [b'"ok": true' in answer for answer in answers] == [True, False, True]


def test_a_silent_connection_is_closed_and_makes_room(path: Path) -> None:
    server = ControlSocket(path, HANDLERS, idle_seconds=0.2)
    server.open()
    server.start()
    assert converse(path, b"", close=False) == b""
    server.close()


def test_too_many_at_once(server: ControlSocket, path: Path) -> None:
    held = []
    for _ in range(control.CONNECTIONS):
        channel = socket.socket(socket.AF_UNIX)
        channel.connect(str(path))
        channel.sendall(b'{"command": "who"}\n')
        assert channel.recv(4096)
        held.append(channel)
    with pytest.raises(ServiceError, match="too many are asking"):
        Client(path).call("echo")
    for channel in held:
        channel.close()
    for _ in range(100):
        try:
            assert Client(path).call("echo") == {}
            break
        except ServiceError:
            threading.Event().wait(0.05)
    else:
        pytest.fail("room never came back")


def test_a_daemon_that_does_not_answer(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(path))
        deaf.listen()
        with pytest.raises(ServiceError, match="did not answer 'status' within"):
            Client(path, answer_seconds=0.1).call("status")


def test_a_daemon_that_breaks_off(path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as rude:
        rude.bind(str(path))
        rude.listen()

        def serve() -> None:
            channel, _ = rude.accept()
            channel.recv(100)
            channel.sendall(b'{"ok": tr')
            channel.close()

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(ServiceError, match="broke off"):
            Client(path).call("status")
        thread.join()


def test_who_may_ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "control.sock"
    place.touch()
    group = place.stat().st_gid or 4242
    monkeypatch.setattr(Path, "stat", lambda self: os.stat_result((0, 0, 0, 0, 0, group, 0, 0, 0, 0)))
    stranger = max(os.geteuid(), 1000) + 1
    assert may_ask(Peer(1, 0, 0), place)
    assert may_ask(Peer(1, os.geteuid(), 77), place)
    assert may_ask(Peer(1, stranger, group), place)
    assert may_ask(Peer(1, stranger, 77, frozenset({group})), place)
    assert not may_ask(Peer(1, stranger, 77, frozenset({group + 1})), place)
    assert not Peer(1, stranger, group).owner


def test_the_group_root_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "stat", lambda self: os.stat_result((0, 0, 0, 0, 0, 0, 0, 0, 0, 0)))
    assert not may_ask(Peer(1, os.geteuid() + 1000, 0), tmp_path)


def test_the_kernel_says_who_asks() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        peer = peer_of(one)
    assert (peer.pid, peer.uid, peer.gid) == (os.getpid(), os.geteuid(), os.getegid())
    assert peer.groups == frozenset(os.getgroups())


def test_a_stranger_is_told_so(server: ControlSocket, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "may_ask", lambda peer, path: False)
    with pytest.raises(ServiceError, match="you may not ask"):
        Client(path).call("echo")


def test_memory_that_runs_out_costs_one_connection_and_not_the_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    control = ControlSocket(tmp_path / "control.sock", {"status": lambda arguments, peer: "fine"})
    control.open()
    control.start()

    def fails(self: ControlSocket, channel: object, peer: object) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(ControlSocket, "_converse", fails)
        for _ in range(20):
            with pytest.raises(ServiceError):
                Client(tmp_path / "control.sock").call("status")
    assert Client(tmp_path / "control.sock").call("status") == "fine"
    control.close()
