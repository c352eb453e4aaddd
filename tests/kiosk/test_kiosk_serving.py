"""The web process itself: two listeners, ports that are taken, TLS on the network, an end in order while streams are open."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kiosk_house import House

from edge_face.errors import ServiceError
from edge_face.kiosk import serving
from edge_face.kiosk.serving import UNSENT, _bound, serve
from edge_face.settings import Settings
from edge_face.settings_file import apply_overrides, to_toml


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def settings_in(folder: Path, **changes: object) -> Settings:
    return apply_overrides(Settings(), {
        "store.folder": str(folder / "store"), "kiosk.folder": str(folder / "pages"), "kiosk.port": free_port(),
        "kiosk.owner_port": free_port(), **{f"kiosk.{name}": value for name, value in changes.items()}})


class Pages:
    """A web process."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.settings, config = settings, folder / "pages.toml"
        config.write_text(to_toml(settings, only_changed=True))
        environment = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
        self.process = subprocess.Popen([sys.executable, "-m", "edge_face.cli.main", "kiosk", "run", "--config", str(config)],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
        for port in (settings.kiosk.port, settings.kiosk.owner_port if settings.kiosk.owner_listen != "off" else settings.kiosk.port):
            self._until_open(port)

    def _until_open(self, port: int) -> None:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                assert self.process.poll() is None, self.process.stdout and self.process.stdout.read()
                time.sleep(0.05)
        raise AssertionError("the pages do not listen")

    def get(self, port: int, path: str = "/", **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", path, headers=headers)
        return connection.getresponse()

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        self.process.send_signal(number)
        said, _ = self.process.communicate(timeout=20)
        return self.process.returncode, said


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Callable[[Settings], Pages]]:
    made: list[Pages] = []

    def make(settings: Settings) -> Pages:
        made.append(Pages(tmp_path, settings))
        return made[-1]

    yield make
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


def test_each_listener_has_its_own_pages_and_nothing_of_the_other(tmp_path: Path, pages: Callable[[Settings], Pages]) -> None:
    settings = settings_in(tmp_path)
    running = pages(settings)
    kiosk, owner = settings.kiosk.port, settings.kiosk.owner_port
    assert running.get(kiosk).status == 200, "also while no daemon runs"
    assert running.get(kiosk, "/notice").status == 200
    for path in ("/login", "/people", "/settings", "/api/v1/people", "/trust", "/claim", "/join/x"):
        assert running.get(kiosk, path).status == 404, path
    assert running.get(owner, "/trust").status == 200 and running.get(owner, "/people").status == 503
    for path in ("/state", "/notice", "/picture.mjpeg"):
        assert running.get(owner, path).status == 404
    assert running.get(owner, "/trust", Host="evil.example").status == 421
    code, said = running.end()
    assert code == 0 and f"http://127.0.0.1:{kiosk}/" in said and "GET" not in said, "and no request is logged"


def test_it_listens_on_this_machine_alone(tmp_path: Path, pages: Callable[[Settings], Pages]) -> None:
    settings = settings_in(tmp_path)
    pages(settings)
    listening = {line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"}
    for port in (settings.kiosk.port, settings.kiosk.owner_port):
        assert f"0100007F:{port:04X}" in listening and f"00000000:{port:04X}" not in listening


def test_the_owners_pages_may_be_off(tmp_path: Path, pages: Callable[[Settings], Pages]) -> None:
    settings = settings_in(tmp_path, owner_listen="off")
    pages(settings)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", settings.kiosk.owner_port), 1)


def test_on_the_network_there_is_tls_and_nothing_else(tmp_path: Path, pages: Callable[[Settings], Pages]) -> None:
    settings = settings_in(tmp_path, owner_listen="lan")
    running = pages(settings)
    trusting = ssl.create_default_context(cafile=tmp_path / "pages" / "authority.pem")
    secure = http.client.HTTPSConnection("localhost", settings.kiosk.owner_port, timeout=10, context=trusting)
    secure.request("GET", "/trust")
    answer = secure.getresponse()
    cookie = answer.getheader("set-cookie") or ""
    assert answer.status == 200 and cookie.startswith("__Host-") and "Secure" in cookie
    answer.read()
    secure.request("GET", "/trust/authority.crt")
    file = secure.getresponse()
    assert file.getheader("content-type") == "application/x-x509-ca-cert" and file.read()[:1] == b"\x30"
    with pytest.raises((OSError, http.client.HTTPException)):
        running.get(settings.kiosk.owner_port)
    old = ssl.create_default_context()
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python says itself that it is old
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", settings.kiosk.owner_port), 5) as channel:
        old.wrap_socket(channel).close()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        settings = settings_in(tmp_path, port=port)
        with pytest.raises(ServiceError, match=rf"port {port} .*set \[kiosk\] port"):
            asyncio.run(serve(settings))
        settings = settings_in(tmp_path, owner_port=port)
        with pytest.raises(ServiceError, match=r"set \[kiosk\] owner_port"):
            asyncio.run(serve(settings))


def test_it_ends_in_order_while_pages_look_on(tmp_path: Path, pages: Callable[[Settings], Pages], new_house: Callable[..., House]) -> None:
    house = new_house()
    settings = apply_overrides(house.settings, {"kiosk.port": free_port(), "kiosk.owner_port": free_port()})
    running = pages(settings)
    stream = running.get(settings.kiosk.port, "/state")
    assert stream.status == 200 and stream.readline().startswith(b"retry")
    begun = time.monotonic()
    code, said = running.end()
    assert code == 0 and "the pages ended" in said and "Traceback" not in said
    assert time.monotonic() - begun < 10


def test_ctrl_c_ends_it_too(tmp_path: Path, pages: Callable[[Settings], Pages]) -> None:
    code, said = pages(settings_in(tmp_path)).end(signal.SIGINT)
    assert code == 130 and "Traceback" not in said


def test_answers_are_not_held_back_for_the_browsers_acknowledgement() -> None:
    with _bound("127.0.0.1", 0, "port") as listening, socket.create_connection(listening.getsockname()), listening.accept()[0] as channel:
        assert channel.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), "Nagle's algorithm costs 40 ms a page"
        assert channel.getsockopt(socket.IPPROTO_TCP, 25) == UNSENT, "old pictures wait in the kernel"


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: a"])
def test_a_request_that_never_comes_whole_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(serving, "HEAD_SECONDS", 1.0)
    settings = settings_in(tmp_path)
    asked = f"GET /notice HTTP/1.1\r\nHost: 127.0.0.1:{settings.kiosk.port}\r\n\r\n".encode()

    async def run() -> None:
        running = asyncio.create_task(serve(settings))
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", settings.kiosk.port)
                break
            except OSError:
                await asyncio.sleep(0.02)
        writer.write(begun)
        assert await asyncio.wait_for(reader.read(), 10) == b"", "it is closed without a word"
        whole, other = await asyncio.open_connection("127.0.0.1", settings.kiosk.port)
        for _ in range(2):  # and a connection that is used is kept, also when a head comes in two pieces
            other.write(asked[:20])
            await asyncio.sleep(0.05)
            other.write(asked[20:])
            head = await asyncio.wait_for(whole.readuntil(b"\r\n\r\n"), 10)
            assert head.startswith(b"HTTP/1.1 200")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await whole.readexactly(length)
            await asyncio.sleep(0.5)
        writer.close()
        other.close()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    asyncio.run(run())
