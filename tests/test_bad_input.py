"""Wrong use and bad input through the command line: one clear sentence, the right exit code, nothing half-written."""

from __future__ import annotations

import base64
import json
import os
import resource
import shutil
import signal
import sqlite3
import stat
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_face.cli.main import main
from edge_face.demo import clip_path, stills
from edge_face.people.transfer import seal_people
from edge_face.vision.bundle import MODELS

PATIENCE = 60.0
COMMAND = [sys.executable, "-m", "edge_face.cli.main"]
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("EDGE_FACE")}
BEN = str(stills("ben")[0].parent)
PHRASE = "correct horse battery"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty working folder with a settings file whose store is `store/`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EDGE_FACE_CONFIG", raising=False)
    (tmp_path / "edge-face.toml").write_text(f'[store]\nfolder = "{tmp_path / "store"}"\n')
    (tmp_path / "phrase").write_text(PHRASE + "\n")
    yield tmp_path


Told = Callable[..., str]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """Runs a command that must fail: its one sentence."""

    def run(code: int, *arguments: str) -> str:
        capsys.readouterr()
        assert main(arguments) == code
        printed = capsys.readouterr()
        assert printed.err.startswith("edge-face: ") and printed.err.count("\n") == 1, printed.err
        assert printed.out == ""
        return printed.err.removeprefix("edge-face: ").rstrip("\n")

    return run


def process(*arguments: str, **keywords: Any) -> subprocess.CompletedProcess[str]:
    keywords.setdefault("env", ENVIRONMENT)
    if "stdout" not in keywords:
        keywords["stdout"] = subprocess.PIPE
    done = subprocess.run([*COMMAND, *arguments], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False,
                          timeout=PATIENCE, **keywords)
    assert "Traceback" not in f"{done.stdout}{done.stderr}", done.stderr
    return done


def interrupted(arguments: list[str], when: Callable[[], bool], folder: Path) -> str:
    """Ctrl-C as soon as `when` holds; what was said to standard error. The exit code must be 130."""
    said = folder / "said"
    with said.open("w") as log, subprocess.Popen([*COMMAND, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                                                 env=ENVIRONMENT, start_new_session=True) as child:
        until = time.monotonic() + PATIENCE
        while not when():
            assert child.poll() is None and time.monotonic() < until, said.read_text()
            time.sleep(0.005)
        child.send_signal(signal.SIGINT)
        assert child.wait(PATIENCE) == 130, said.read_text()
    text = said.read_text()
    assert text.endswith("edge-face: interrupted\n") and "Traceback" not in text
    return text


def chunk(name: bytes, content: bytes) -> bytes:
    """Of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def bad_files(folder: Path) -> None:
    whole = stills("ben")[0].read_bytes()
    (folder / "empty.jpg").touch()
    (folder / "cut.jpg").write_bytes(whole[:len(whole) // 2])
    (folder / "start.jpg").write_bytes(whole[:30])
    (folder / "text.jpg").write_text("no picture\n" * 40)
    (folder / "page").write_bytes(b"%PDF-1.7\n" + b"x" * 400)
    (folder / "huge.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)) +
                                      chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b""))
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("no film\n" * 40)
    (folder / "esc\x1b[31m\n.jpg").touch()
    (folder / "none").mkdir()
    os.mkfifo(folder / "pipe.jpg")


@pytest.mark.parametrize(("name", "code", "words"), [
    ("", 2, "one of them is empty"), ("missing.jpg", 1, "there is no picture"), ("empty.jpg", 1, "is empty (0 bytes)"),
    ("cut.jpg", 1, "is cut off"), ("start.jpg", 1, "its header states no size"), ("text.jpg", 1, "not a picture of a known kind"),
    ("page", 1, "is a PDF file"), ("huge.png", 1, "20000 x 20000 pixels"), ("empty.mp4", 1, "is empty (0 bytes)"),
    ("text.mp4", 1, "is not a video that can be read"), ("esc\x1b[31m\n.jpg", 1, "esc\\x1b[31m\\n.jpg"),
    ("none", 1, "no picture or video in the folder"), ("pipe.jpg", 1, "is a device or pipe"), ("n" * 300, 1, "too long")])
def test_what_cannot_be_blurred_is_said_and_nothing_is_written(here: Path, told: Told, name: str, code: int, words: str) -> None:
    bad_files(here)
    out = here / "out"
    out.mkdir()
    assert words in told(code, "blur", name, str(out / ("x.mp4" if name.endswith("mp4") else "x.png")))
    assert list(out.rglob("*")) == []


def test_paths_that_cannot_be_written_are_said(here: Path, told: Told) -> None:
    picture, long = str(stills("ben")[0]), "n" * 300
    assert "File name too long" in told(1, "blur", picture, f"{long}.jpg")
    assert "File name too long" in told(2, "config", "init", long)
    assert "File name too long" in told(1, "enroll", "Ben", "--images", "n" * 5000, "--consent", "recognise")
    assert "make it first" in told(2, "bench", "--json", "nowhere/figures.json")
    assert not list(here.glob(f"{long}*"))


def test_a_device_is_never_replaced_by_a_file(here: Path, told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    """Root may rename a file onto /dev/null; every other program would write into that file from then on."""
    os.mkfifo(here / "device")
    assert main(["enroll", "Ben", "--images", BEN, "--consent", "recognise"]) == 0
    capsys.readouterr()
    assert "is no file" in told(1, "people", "export", "device", "--force", "--passphrase-file", "phrase")
    assert "no file name" in told(1, "people", "export", "", "--force", "--passphrase-file", "phrase")
    assert "is no file" in told(2, "config", "init", "device", "--force")
    assert main(["doctor", "--bundle", "device"]) == 1 and "is no file" in capsys.readouterr().err
    os.mkfifo(here / "device.jpg")
    assert "device or pipe" in told(1, "blur", str(stills("ben")[0]), "device.jpg")
    done = process("run", "--source", f"file:{clip_path('door')}", "--fast", "--frames", "20", "--set", "service.preview_fps=30",
                   "--set", "service.preview_file=device.jpg", "--set", "privacy.delay=0")
    assert done.returncode == 0 and "the preview device.jpg cannot be written: it is no file" in done.stdout
    assert stat.S_ISFIFO(Path("device").stat().st_mode) and stat.S_ISFIFO(Path("device.jpg").stat().st_mode)


@pytest.mark.parametrize("name", ["", "  ", "../../etc/passwd", "a\\b", "..", "a\nb", "\x1b[31m", "\u202eneb", "\udce9", "x" * 5000])
def test_names_that_are_none(here: Path, told: Told, name: str) -> None:
    assert told(1, "enroll", name, "--images", BEN, "--consent", "recognise")
    assert not (here / "store").exists()


def test_without_a_store_nobody_is_forgotten_and_none_is_made(here: Path, told: Told) -> None:
    for command in (["forget", "Ben", "--yes"], ["rename", "Ben", "Benno"], ["suspend", "Ben"], ["consent", "Ben", "--give", "show"],
                    ["list"]):
        assert "there is no people store" in told(1, "people", *command)
    assert not (here / "store").exists()


def test_consent_must_be_said(here: Path, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert "--consent recognise" in told(2, "enroll", "Ben", "--images", BEN)
    for consent in ("", "show", "sharp", "recognise,recognise"):
        assert "it takes recognise" in told(2, "enroll", "Ben", "--images", BEN, "--consent", consent)
    assert not (here / "store").exists()


def test_a_store_that_was_only_begun_is_begun_anew(here: Path, told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    """SQLite writes its first page before any table is made: a full disk or a cut can leave just that."""
    (here / "store").mkdir()
    begun = sqlite3.connect(here / "store" / "people.db")
    begun.execute("PRAGMA journal_mode = WAL")
    begun.close()
    assert (here / "store" / "people.db").stat().st_size == 4096
    assert "is empty: nobody is enrolled yet" in told(1, "people", "list")
    assert main(["enroll", "Ben", "--images", BEN, "--consent", "recognise"]) == 0
    capsys.readouterr()
    assert main(["people", "list"]) == 0 and "Ben" in capsys.readouterr().out


def test_a_full_disk_leaves_a_store_that_can_be_used(here: Path) -> None:
    def small() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    enroll = ("enroll", "Ben", "--images", BEN, "--consent", "recognise")
    done = process(*enroll, preexec_fn=small)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "nothing was changed" in done.stderr
    assert process(*enroll).returncode == 0
    assert "Ben" in process("people", "list").stdout


def test_exports_that_are_none(here: Path, told: Told) -> None:
    whole = seal_people([], PHRASE)
    table = json.loads(whole)
    broken = {
        "cut": whole[:len(whole) // 2], "empty": b"", "list": b"[1]", "deep": b"[" * 100_000,
        "newer": json.dumps({**table, "version": 9}).encode(),
        "endless": json.dumps({**table, "kdf": {**table["kdf"], "n": float("inf")}}).encode(),
        "costly": json.dumps({**table, "kdf": {**table["kdf"], "n": 1 << 40}}).encode(),
        "other": json.dumps({**table, "sealed": base64.b64encode(b"x" * 64).decode()}).encode()}
    for name, content in broken.items():
        (here / name).write_bytes(content)
        assert "export" in told(1, "people", "import", name, "--passphrase-file", "phrase")
    (here / "whole").write_bytes(whole)
    (here / "wrong").write_text("wrong horse battery\n")
    assert "the passphrase is wrong" in told(1, "people", "import", "whole", "--passphrase-file", "wrong")
    os.mkfifo(here / "pipe")
    assert "is no file" in told(1, "people", "import", "pipe", "--passphrase-file", "phrase")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge_face.cli.people_common.interactive", lambda: True)
        patch.setattr("getpass.getpass", raising_end)
        assert main(["people", "import", "whole"]) == 2
    assert not (here / "store").exists()


def raising_end(prompt: str) -> str:
    """Ctrl-D."""
    raise EOFError


@pytest.mark.skipif(not Path("/dev/zero").is_char_device(), reason="there is no /dev/zero")
def test_what_has_no_end_is_not_read_to_it(here: Path) -> None:
    (here / "whole").write_bytes(seal_people([], PHRASE))
    assert process("people", "import", "whole", "--passphrase-file", "/dev/zero").returncode == 1
    assert process("people", "import", "/dev/zero", "--passphrase-file", "phrase").returncode == 1
    assert process("config", "check", "/dev/zero").returncode == 2


def test_a_model_that_was_changed_is_not_used(here: Path, told: Told) -> None:
    shutil.copytree(MODELS / "detector", here / "detector")
    net = here / "detector" / "int8-640x480.tflite"
    content = bytearray(net.read_bytes())
    content[len(content) // 2] ^= 0xFF
    net.write_bytes(content)
    with (here / "edge-face.toml").open("a") as file:
        file.write(f'[vision]\ndetector = "{here / "detector"}"\n')
    assert "SHA-256 differs" in told(1, "blur", str(stills("ben")[0]), "x.png")
    net.unlink()
    assert "cannot be read" in told(1, "blur", str(stills("ben")[0]), "x.png")
    (here / "detector" / "manifest.json").write_text("{")
    assert "manifest.json is damaged" in told(1, "blur", str(stills("ben")[0]), "x.png")
    assert not (here / "x.png").exists()


@pytest.mark.parametrize(("source", "words"), [("file:none.mp4", "is not there"), ("file:text.mp4", "not a video that can be read"),
                                               ("dir:none", "has no pictures in it")])
def test_a_film_that_cannot_be_read_ends_the_door(here: Path, source: str, words: str) -> None:
    bad_files(here)
    done = process("run", "--source", source)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and words in done.stderr


def test_ctrl_c_in_the_middle_of_a_video_leaves_nothing(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    out = here / "out"
    out.mkdir()
    interrupted(["blur", str(clip_path("door")), str(out / "x.mp4")], lambda: any(p.stat().st_size for p in out.iterdir()),
                tmp_path_factory.mktemp("said"))
    assert list(out.iterdir()) == []


def test_ctrl_c_in_the_middle_of_an_import_keeps_whole_people(here: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    scratch = tmp_path_factory.mktemp("said")
    log = scratch / "said"
    interrupted(["people", "import", "--tree", str(Path(BEN).parent), "--consent", "recognise"],
                lambda: log.exists() and "4 of 8" in log.read_text(), scratch)
    done = process("people", "list", "--json")
    people = json.loads(done.stdout)["people"]
    assert done.returncode == 0 and 3 <= len(people) < 8
    assert all(person["templates"] == 4 for person in people)
    assert process("people", "import", "--tree", str(Path(BEN).parent), "--consent", "recognise").returncode == 0


def test_any_terminal_shows_any_name(here: Path) -> None:
    assert process("enroll", "Zoë 顔", "--images", BEN, "--consent", "recognise").returncode == 0
    plain = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii"}
    for command in (("people", "list"), ("why", "--last", "5"), ("people", "show", "Nobody 顔")):
        said = process(*command, env=plain)
        assert "\\u9854" in said.stdout + said.stderr


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no /dev/full")
@pytest.mark.parametrize("command", [("--help",), ("config", "show"), ("config", "show", "--json")])
def test_standard_output_on_a_full_disk(here: Path, command: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = process(*command, stdout=full)
    assert done.returncode == 1 and done.stderr.count("\n") == 1 and "No space left" in done.stderr


def test_standard_output_that_is_closed(here: Path) -> None:
    done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "config", "show"], env=ENVIRONMENT, capture_output=True,
                          text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")
