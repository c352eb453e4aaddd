"""`edge-face kiosk claim`, `edge-face owner reset` and `edge-face audit show --names`, against a daemon that runs in this process."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from web_house import PASSPHRASE, WebHouse

from edge_face.cli.main import main
from edge_face.settings import KioskSettings
from edge_face.settings_file import to_toml

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[WebHouse]:
    house = WebHouse(tmp_path / "store")
    yield house
    house.stop()


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def shell(*words: str, answers: str | None = None, settings: str = "") -> tuple[int, str, str]:
        config = tmp_path / "edge-face.toml"
        config.write_text(settings or f'[store]\nfolder = "{tmp_path / "store"}"\n')
        monkeypatch.setattr("sys.stdin", io.StringIO() if answers is None else Terminal(answers))
        capsys.readouterr()
        code = main([*words, "--config", str(config)])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return code, said.out, said.err

    return shell


def test_a_claim_code_is_printed_once_there_is_no_owner(house: WebHouse, run: Shell) -> None:
    code, out, _ = run("kiosk", "claim")
    assert code == 0 and "within 60 minutes" in out
    printed = out.split()[2]
    assert house.web.call("session.claim", code=printed, name="Olga", passphrase=PASSPHRASE)["role"] == "owner"
    code, out, error = run("kiosk", "claim")
    assert code == 1 and out == "" and "has an owner already" in error and "owner reset" in error


def test_as_json(house: WebHouse, run: Shell) -> None:
    code, out, _ = run("kiosk", "claim", "--json")
    assert code == 0 and set(json.loads(out)) == {"code", "seconds"}
    code, out, _ = run("owner", "reset", "--yes", "--json")
    assert code == 0 and set(json.loads(out)) == {"removed", "code", "seconds"}


def test_a_reset_asks_first(house: WebHouse, run: Shell) -> None:
    token = house.claimed()
    code, _, error = run("owner", "reset")
    assert code == 2 and "--yes" in error
    code, _, error = run("owner", "reset", answers="n\n")
    assert code == 2 and "nothing was done" in error
    assert house.web.call("session.who", token=token)["role"] == "owner"
    code, out, _ = run("owner", "reset", answers="y\n")
    assert code == 0 and "1 login was removed" in out
    assert house.web.call("session.who", token=token)["role"] == "nobody"
    printed = out.split("claim code")[1].split()[0]
    assert house.web.call("session.claim", code=printed, name="Otto", passphrase=PASSPHRASE)["role"] == "owner"


def test_the_audit_log_names_logins_for_whoever_has_the_key(house: WebHouse, run: Shell) -> None:
    house.everybody()
    house.records()
    assert "Olga" in run("audit", "show", "--kind", "login", "--names")[1] and "Olga" not in run("audit", "show")[1]
    rows = json.loads(run("audit", "show", "--kind", "pages", "--names", "--json")[1])
    assert [row["name"] for row in rows] == ["Olga", "Olga"]


@pytest.mark.parametrize("words", [("kiosk", "claim"), ("owner", "reset", "--yes")])
def test_without_a_running_door(run: Shell, words: tuple[str, ...]) -> None:
    code, out, error = run(*words)
    assert (code, out) == (1, "") and "the door is not running" in error


def test_the_fingerprint_of_the_certificate(run: Shell, tmp_path: Path) -> None:
    code, _, error = run("kiosk", "fingerprint")
    assert code == 1 and "owner_listen" in error
    from edge_face.clock import SystemClock
    from edge_face.kiosk.tls import Certificates
    from edge_face.settings import Settings

    settings = to_toml(Settings(kiosk=KioskSettings(owner_listen="lan", folder=str(tmp_path / "pages"))), only_changed=True)
    code, _, error = run("kiosk", "fingerprint", settings=settings)
    assert code == 1 and "no certificate" in error and not (tmp_path / "pages").exists(), "what root makes the pages could not read"
    Certificates(tmp_path / "pages", lambda: ["door.local"], SystemClock().wall).renew()
    code, out, _ = run("kiosk", "fingerprint", settings=settings)
    assert code == 0 and len(out.strip().split(":")) == 32
    assert json.loads(run("kiosk", "fingerprint", "--json", settings=settings)[1])["sha256"] == out.strip()


@pytest.mark.parametrize("package", ["uvicorn", "jinja2"])
def test_pages_without_their_packages_name_the_extra(tmp_path: Path, package: str) -> None:
    (tmp_path / "edge-face.toml").write_text(f'[store]\nfolder = "{tmp_path}"\n[kiosk]\nport = 0\nowner_port = 0\nfolder = "{tmp_path}"\n')
    code = (f"import sys; sys.modules['{package}'] = None; from edge_face.cli.main import main; "
            "sys.exit(main(['kiosk', 'run', '--config', 'edge-face.toml']))")
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "") and package in done.stderr and "edge-face[kiosk]" in done.stderr, done.stderr
