"""Telling events: a real HTTP server, real programs, the commands."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import socket
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge_face.cli.main import main
from edge_face.errors import ServiceError, SettingsError
from edge_face.service.hook_delivery import (
    Outcome,
    Result,
    channels_of,
    make_key,
    post,
    read_key,
    run_command,
    sign,
    verify,
)
from edge_face.service.hooks import event
from edge_face.settings import HookSettings

KEY = b"0123456789abcdef0123456789abcdef"
WALL = 1_790_000_000.0
EVENT = {**event("alarm", "alarm", "the door was opened without a release: naïve", WALL), "id": "00112233445566aa"}


class Receiver:
    """What was posted, and what is answered: (status, headers) in turn, 204 when none are left."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
                status, headers = receiver.answers.pop(0) if receiver.answers else (204, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/door/s3cret-path"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.close()


def send(address: str, timeout: float = 10.0) -> Outcome:
    return post(address, KEY, EVENT, timeout, lambda: WALL)


def test_a_receiver_can_tell_who_sent_it_and_when(receiver: Receiver) -> None:
    assert send(receiver.address).result is Result.TOLD
    headers, body = receiver.got[0]
    assert json.loads(body) == EVENT and headers["Content-Type"] == "application/json"
    assert headers["X-Edge-Face-Event"] == "alarm" and headers["X-Edge-Face-Id"] == EVENT["id"]
    signature = headers["X-Edge-Face-Signature"]
    assert verify(KEY, body, signature, WALL + 299)
    assert not verify(KEY, body, signature, WALL + 301), "an old one, sent again"
    assert not verify(KEY, body.replace(b"without", b"with"), signature, WALL)
    assert not verify(b"another key, also long enough", body, signature, WALL)
    later = signature.replace(f"t={int(WALL)}", f"t={int(WALL) + 400}")
    assert not verify(KEY, body, later, WALL + 400), "the time is signed too"
    for nonsense in ("", "t=,v1=", "t=x,v1=00", f"t={int(WALL)}", "v1=ä", "t=" + "9" * 5000):
        assert not verify(KEY, body, nonsense, WALL)


def test_the_documented_check_is_the_one_that_is_made() -> None:
    body = b'{"kind":"alarm"}'
    page = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
    shown = re.search(r"^    def genuine\(.*?\n\n", page, re.MULTILINE | re.DOTALL)
    assert shown is not None
    names: dict[str, Any] = {"hmac": hmac, "hashlib": hashlib, "time": time}
    exec(textwrap.dedent(shown[0]), names)
    now = time.time()
    assert names["genuine"](KEY, body, sign(KEY, body, now))
    assert not names["genuine"](KEY, body, sign(KEY, body, now - 400)) and not names["genuine"](KEY, b"other", sign(KEY, body, now))
    assert sign(KEY, body, 12.9) == "t=12,v1=" + hmac.new(KEY, b"12." + body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(("status", "headers", "result", "rest"), [
    (200, {}, Result.TOLD, 0), (500, {}, Result.LATER, 0), (503, {"Retry-After": "40"}, Result.LATER, 40),
    (429, {"Retry-After": "99999"}, Result.LATER, 900), (429, {"Retry-After": "Fri, 31 Dec"}, Result.LATER, 0),
    (400, {}, Result.REFUSED, 0),
    (404, {}, Result.REFUSED, 0)])
def test_answers(receiver: Receiver, status: int, headers: dict[str, str], result: Result, rest: float) -> None:
    receiver.answers = [(status, headers)]
    outcome = send(receiver.address)
    assert (outcome.result, outcome.rest) == (result, rest)
    assert "s3cret" not in outcome.text


def test_a_redirection_is_not_followed(receiver: Receiver) -> None:
    receiver.answers = [(302, {"Location": receiver.address})]
    outcome = send(receiver.address)
    assert outcome.result is Result.REFUSED and "points elsewhere" in outcome.text and len(receiver.got) == 1


def test_nobody_there_and_addresses_that_are_none() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert send(f"http://127.0.0.1:{taken.getsockname()[1]}/s3cret").result is Result.AWAY
    for address in ("http://", "https://[::1", "http://127.0.0.1:99999/", "http://a b/", "http://ex\nample/"):
        outcome = send(address)
        assert outcome.result in (Result.REFUSED, Result.AWAY), address


def test_a_certificate_that_nobody_vouches_for_is_not_talked_to(tmp_path: Path) -> None:
    import ssl

    pem = _self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard: list[bytes] = []

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                try:
                    with context.wrap_socket(peer, server_side=True) as secured:
                        heard.append(secured.recv(1000))
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        outcome = send(f"https://localhost:{server.getsockname()[1]}/")
        thread.join(10)
    assert outcome.result is Result.AWAY and "certificate" in outcome.text.lower() and heard in ([], [b""])


def test_a_server_that_drips_is_left_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.service.hook_delivery._GRACE", 0.1)
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            peer, _ = server.accept()
            with peer:
                while not done.wait(0.02):
                    try:
                        peer.send(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        outcome = send(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=0.2)
        done.set()
        thread.join(10)
    assert outcome.result is Result.AWAY and "did not answer" in outcome.text


def test_a_program_gets_the_event_on_its_standard_input(tmp_path: Path) -> None:
    target = tmp_path / "got.json"
    code = f"import sys; open({str(target)!r}, 'w').write(sys.stdin.read())"
    assert run_command([sys.executable, "-c", code], EVENT, 20).result is Result.TOLD
    assert json.loads(target.read_text()) == EVENT
    # No shell: nothing is expanded.
    same = "import sys; sys.exit(sys.argv[1] != '$(true); *')"
    assert run_command([sys.executable, "-c", same, "$(true); *"], EVENT, 20).result is Result.TOLD


def test_a_program_that_fails_is_missing_or_hangs_is_tried_later(tmp_path: Path) -> None:
    assert run_command([sys.executable, "-c", "import sys; sys.exit(3)"], EVENT, 20).text.endswith("exit code 3")
    assert run_command([str(tmp_path / "none")], EVENT, 20).result is Result.LATER
    assert run_command(["nul\0byte"], EVENT, 20).result is Result.LATER
    pid_file = tmp_path / "pid"
    hanging = (f"import os, subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
               f"open({str(pid_file)!r}, 'w').write(str(child.pid)); time.sleep(600)")
    outcome = run_command([sys.executable, "-c", hanging], {**EVENT, "snapshot": "x" * 500_000}, 1.5)
    assert outcome.result is Result.LATER and "killed" in outcome.text
    if pid_file.exists():  # a very slow machine has not come so far
        child = Path(f"/proc/{pid_file.read_text()}/stat")
        assert any(_is_gone(child) or time.sleep(0.01) for _ in range(2000)), "its child lives on"


def test_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "hooks.key"
    make_key(path)
    assert path.stat().st_mode & 0o777 == 0o400
    told = HookSettings(webhook="https://example.org", secret_file=str(path))
    assert len(read_key(told)) == 64 and set(channels_of(told, lambda: 0.0)) == {"webhook"}
    with pytest.raises(ServiceError, match="exists"):
        make_key(path)
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 0400"):
        read_key(told)
    short = tmp_path / "short"
    short.write_text("abc\n")
    short.chmod(0o400)
    with pytest.raises(SettingsError, match="at least 16"):
        read_key(HookSettings(secret_file=str(short)))
    with pytest.raises(SettingsError, match="hooks key"):
        read_key(HookSettings(secret_file=str(tmp_path / "none")))
    os.mkfifo(tmp_path / "fifo", 0o400)
    with pytest.raises(SettingsError):
        read_key(HookSettings(secret_file=str(tmp_path / "fifo")))
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "hooks.key").write_bytes(KEY)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    assert read_key(told) == KEY


def test_the_commands(tmp_path: Path, receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    key, config = tmp_path / "hooks.key", tmp_path / "edge-face.toml"
    assert main(["hooks", "key", str(key)]) == 0
    config.write_text(f'[store]\nfolder = "{tmp_path}"\n[hooks]\nwebhook = "{receiver.address}"\nsecret_file = "{key}"\n')
    assert main(["hooks", "test", "--config", str(config)]) == 0
    assert main(["hooks", "tell", "alarm", "the housing is wet", "--config", str(config)]) == 0
    assert main(["hooks", "tell", "grant", "not asked for", "--config", str(config)]) == 0
    capsys.readouterr()
    assert main(["hooks", "status", "--json", "--config", str(config)]) == 0
    assert json.loads(capsys.readouterr().out)["waiting"] == 1
    assert main(["hooks", "send", "--config", str(config)]) == 0
    assert [json.loads(body)["text"] for _, body in receiver.got] == ["a test: nothing has happened", "the housing is wet"]
    assert all(verify(key.read_bytes().strip(), body, head["X-Edge-Face-Signature"], time.time()) for head, body in receiver.got)
    capsys.readouterr()
    assert main(["hooks", "status", "--config", str(config)]) == 0
    assert "told           1, given up 0" in capsys.readouterr().out


def test_wrong_use_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "edge-face.toml"
    config.write_text(f'[store]\nfolder = "{tmp_path}"\n')
    assert main(["hooks", "test", "--config", str(config)]) == 2
    assert main(["hooks", "send", "--config", str(config)]) == 0, "nothing to send is no fault"
    assert main(["hooks", "tell", "party", "x", "--config", str(config)]) == 2
    config.write_text('[hooks]\nwebhook = "https://example.org"\nsecret_file = "/nonexistent/hooks.key"\n')
    assert main(["hooks", "send", "--config", str(config)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def _is_gone(stat: Path) -> bool:
    try:
        return stat.read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _self_signed(folder: Path) -> Path:
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                   .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
                   .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False).sign(key, hashes.SHA256()))
    path = folder / "server.pem"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
                     + certificate.public_bytes(serialization.Encoding.PEM))
    return path
