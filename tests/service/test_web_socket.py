"""The socket of the pages: where it lies, whose it is, how much it takes."""

from __future__ import annotations

import contextlib
import grp
import logging
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from web_house import WebHouse

from edge_face.errors import ServiceError, UsageError
from edge_face.service.client import Client
from edge_face.service.control import ControlSocket, Peer, may_ask
from edge_face.service.protocol import Request, request_line, result_of, web_socket_path
from edge_face.service.web.socket import GROUP, KIND, LONGEST
from edge_face.settings import KioskSettings, ServiceSettings, Settings, StoreSettings


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ControlSocket]:
    server = ControlSocket(tmp_path / "web" / "web.sock", {"size": lambda arguments, peer: len(arguments["pixels"])}, kind=KIND)
    yield server
    server.close()


def asked(path: Path, line: bytes) -> Any:
    with socket.socket(socket.AF_UNIX) as channel:
        channel.settimeout(30)
        channel.connect(str(path))
        with contextlib.suppress(OSError):  # refused before all was sent
            channel.sendall(line)
        answer = b""
        while not answer.endswith(b"\n") and (piece := channel.recv(1 << 16)):
            answer += piece
    return result_of(answer)


def test_where_it_lies(tmp_path: Path) -> None:
    settings = Settings(store=StoreSettings(folder=str(tmp_path)))
    assert web_socket_path(settings) == tmp_path / "web" / "web.sock"
    assert web_socket_path(Settings(service=ServiceSettings(socket="/run/x/control.sock"))) == Path("/run/x/web/web.sock")
    assert web_socket_path(Settings(kiosk=KioskSettings(web_socket="/run/y.sock"))) == Path("/run/y.sock")
    with pytest.raises(ServiceError, match=r"\[kiosk\] web_socket"):
        web_socket_path(Settings(kiosk=KioskSettings(web_socket="/" + "x" * 120)))


def test_a_whole_picture_fits_and_more_does_not(server: ControlSocket, tmp_path: Path) -> None:
    server.open()
    server.start()
    path = tmp_path / "web" / "web.sock"
    pixels = "A" * (1280 * 960 * 3 * 4 // 3)
    assert asked(path, request_line(Request("size", {"pixels": pixels}), LONGEST)) == len(pixels)
    with pytest.raises(UsageError, match="at most 8388608 bytes"):
        asked(path, b'{"command": "size", "arguments": {"pixels": "' + b"A" * (LONGEST + (1 << 17)) + b'"}}\n')
    with pytest.raises(UsageError, match="too long"):
        request_line(Request("size", {"pixels": "A" * LONGEST}), LONGEST)
    assert asked(path, b'{"command": "size", "arguments": {"pixels": "AA"}}\n') == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to any group")
def test_it_belongs_to_the_group_of_the_pages(server: ControlSocket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def group_of(name: str) -> Any:
        assert name == GROUP == "edge-face-kiosk"
        return SimpleNamespace(gr_gid=4242)

    monkeypatch.setattr(grp, "getgrnam", group_of)
    server.open()
    place = tmp_path / "web" / "web.sock"
    assert place.stat().st_gid == 4242 and stat.S_IMODE(place.stat().st_mode) == 0o660
    assert stat.S_IMODE(place.parent.stat().st_mode) & 0o027 == 0, "nobody else gets as far as that"
    assert may_ask(Peer(1, 5000, 4242), place) and not may_ask(Peer(1, 5000, 4243), place)


def test_a_group_that_is_not_ours_to_give_is_said(server: ControlSocket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                  caplog: pytest.LogCaptureFixture) -> None:
    def refused(*given: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(grp, "getgrnam", lambda name: SimpleNamespace(gr_gid=4242))
    monkeypatch.setattr(os, "chown", refused)
    with caplog.at_level(logging.WARNING):
        server.open()
    assert "must be a member" in caplog.text and (tmp_path / "web" / "web.sock").exists()


def test_a_folder_that_gives_its_group_by_itself_needs_no_chown(server: ControlSocket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(grp, "getgrnam", lambda name: SimpleNamespace(gr_gid=os.getegid()))
    monkeypatch.setattr(os, "chown", lambda *given: pytest.fail("it has that group already"))
    server.open()
    assert caplog.text == ""


def test_what_is_in_the_way_is_named_with_its_own_setting(server: ControlSocket, tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "web.sock").write_text("precious")
    with pytest.raises(ServiceError, match=r"\[kiosk\] web_socket"):
        server.open()
    assert (tmp_path / "web" / "web.sock").read_text() == "precious"


def test_a_daemon_takes_its_sockets_away_and_makes_them_anew(tmp_path: Path) -> None:
    house = WebHouse(tmp_path)
    assert (tmp_path / "web" / "web.sock").exists() and (tmp_path / "control.sock").exists()
    house.stop()
    assert not (tmp_path / "web" / "web.sock").exists() and not (tmp_path / "control.sock").exists()
    with pytest.raises(ServiceError, match="not running"):
        Client(tmp_path / "web" / "web.sock").call("session.who")
    house.start()
    assert house.web.call("session.who")["role"] == "nobody"
    house.stop()


def test_strangers_at_the_socket_are_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge_face.service import control

    house = WebHouse(tmp_path)
    monkeypatch.setattr(control, "may_ask", lambda peer, path: False)
    with pytest.raises(ServiceError, match="you may not ask"):
        house.web.call("session.who")
    monkeypatch.undo()
    house.stop()
