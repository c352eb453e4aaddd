"""The store on bad ground: locked, read-only, corrupt, foreign, newer, full. One sentence each, and nothing is lost."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from people_fakes import BOTH, template

from edge_face.errors import StoreError
from edge_face.people import Store
from edge_face.people.events import Entry


def _filled(folder: Path, people: int = 1) -> list[str]:
    with Store(folder) as store:
        return [store.add(f"p{k}", BOTH, [template(k)], wall=0.0).id for k in range(people)]


def _one_sentence(error: BaseException) -> None:
    text = str(error)
    assert "\n" not in text and "Traceback" not in text and len(text) > 20


def test_two_writers_do_not_meet(tmp_path: Path) -> None:
    with Store(tmp_path):
        with pytest.raises(StoreError, match=rf"in use by another edge-face \(process {os.getpid()}\)") as caught:
            Store(tmp_path, wait=0.1)
        _one_sentence(caught.value)
    Store(tmp_path).close()


def test_a_writer_waits_for_another_to_finish(tmp_path: Path) -> None:
    first = Store(tmp_path)
    with pytest.raises(StoreError):
        Store(tmp_path, wait=0.0)
    closed = threading.Event()

    def close() -> None:
        closed.set()
        first.close()

    timer = threading.Timer(0.2, close)
    timer.start()
    with Store(tmp_path, wait=10.0) as second:
        assert closed.is_set() and second.people() == []
    timer.join()


def test_readers_read_while_somebody_writes(tmp_path: Path) -> None:
    with Store(tmp_path) as writer:
        writer.add("Ben", BOTH, [template(1)], wall=0.0)
        with Store(tmp_path, read_only=True) as reader:
            assert [p.name for p in reader.people()] == ["Ben"]
            writer.add("Ana", BOTH, [template(2)], wall=0.0)
            assert len(reader.people()) == 2
            with pytest.raises(StoreError, match="reading only"):
                reader.add("Cy", BOTH, [template(3)], wall=0.0)


def test_a_foreign_lock_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_face.people.database.BUSY_SECONDS", 0.05)
    with Store(tmp_path) as store:
        foreign = sqlite3.connect(tmp_path / "people.db", isolation_level=None)
        foreign.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another program"):
            store.add("Ben", BOTH, [template(1)], wall=0.0)
        foreign.close()
        store.add("Ben", BOTH, [template(1)], wall=0.0)


def test_reading_what_is_not_there(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(StoreError, match="edge-face enroll"):
            Store(folder, read_only=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"no database at all", b"SQLite format 3", b"\x00" * 5000])
def test_what_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "people.db").write_bytes(content)
    for read_only in (True, False):
        with pytest.raises(StoreError, match="not a database") as caught:
            Store(tmp_path, read_only=read_only)
        _one_sentence(caught.value)
    assert (tmp_path / "people.db").read_bytes() == content


def test_somebody_elses_database(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "people.db")
    connection.execute("CREATE TABLE cats (name TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="no people store"):
        Store(tmp_path)


def test_a_newer_version(tmp_path: Path) -> None:
    _filled(tmp_path)
    connection = sqlite3.connect(tmp_path / "people.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for read_only in (True, False):
        with pytest.raises(StoreError, match="newer edge-face"):
            Store(tmp_path, read_only=read_only)


def test_a_torn_page(tmp_path: Path) -> None:
    _filled(tmp_path, 30)
    path = tmp_path / "people.db"
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096:page * 4096 + 512] = os.urandom(512)
    path.write_bytes(content)
    for read_only in (True, False):
        with pytest.raises(StoreError, match=r"damaged.*backup") as caught:
            Store(tmp_path, read_only=read_only)
        _one_sentence(caught.value)


def test_a_cut_file(tmp_path: Path) -> None:
    _filled(tmp_path, 30)
    path = tmp_path / "people.db"
    path.write_bytes(path.read_bytes()[:4096 * 3])
    with pytest.raises(StoreError, match="damaged"):
        Store(tmp_path)


@hypothesis_settings(max_examples=40)
@given(st.data())
def test_noise_anywhere_never_crashes_and_never_changes_who_somebody_is(tmp_path_factory: pytest.TempPathFactory,
                                                                        data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("noise")
    ids = set(_filled(folder, 3))
    path = folder / "people.db"
    content = bytearray(path.read_bytes())
    start = data.draw(st.integers(0, len(content) - 1))
    noise = data.draw(st.binary(min_size=1, max_size=64))
    content[start:start + len(noise)] = noise
    path.write_bytes(content[:max(len(content), 1)])
    try:
        with Store(folder, read_only=True) as store:
            for person in store.people(lambda who, error: None):
                assert person.id in ids and person.name in {"p0", "p1", "p2"} and person.consent == BOTH
    except StoreError as error:
        _one_sentence(error)


def test_another_key(tmp_path: Path) -> None:
    _filled(tmp_path)
    key = tmp_path / "device.key"
    key.chmod(0o600)
    key.write_bytes(bytes(32))
    key.chmod(0o400)
    with pytest.raises(StoreError, match="not the key"):
        Store(tmp_path)


def test_a_lost_key_is_never_replaced(tmp_path: Path) -> None:
    _filled(tmp_path)
    (tmp_path / "device.key").unlink()
    with pytest.raises(StoreError, match="missing"):
        Store(tmp_path)
    assert not (tmp_path / "device.key").exists()


def test_a_key_elsewhere(tmp_path: Path) -> None:
    key = tmp_path / "keys" / "door.key"
    with Store(tmp_path / "store", key) as store:
        store.add("Ben", BOTH, [template(1)], wall=0.0)
    assert not (tmp_path / "store" / "device.key").exists()
    with Store(tmp_path / "store", str(key), read_only=True) as store:
        assert store.count() == 1


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        ben = store.add("Ben", BOTH, [template(0)], wall=0.0)
        pages, = store._database.row("PRAGMA page_count") or (0,)
        store._database.row(f"PRAGMA max_page_count = {pages}")
        changes: list[Callable[[], object]] = [
            lambda: store.add("Ana", BOTH, [template(k) for k in range(40)], wall=0.0),
            lambda: store.replace_templates(ben.id, [template(k) for k in range(40)]),
            lambda: store.events.append_all([Entry("grant", 0.0, ben.id, {"t": "x" * 2000}) for _ in range(20)]),
        ]
        for change in changes:
            with pytest.raises(StoreError, match=r"full.*nothing was changed"):
                change()
            person, = store.people()
            assert person.name == "Ben" and len(person.templates) == 1
            assert store.events.count() == 0
        store._database.row("PRAGMA max_page_count = 1000000")
        store.add("Ana", BOTH, [template(k) for k in range(40)], wall=0.0)


def test_a_disk_that_takes_no_more_bytes(tmp_path: Path) -> None:
    """As a quota does it: in a child process, whose files may not grow."""
    _filled(tmp_path)
    code = f"""
import sys
sys.path[:0] = {[str(Path(__file__).parent)]!r}
import resource
from pathlib import Path
from people_fakes import BOTH, template
from edge_face.errors import StoreError
from edge_face.people import Store
folder = Path({str(tmp_path)!r})
with Store(folder) as store:
    size = max(p.stat().st_size for p in folder.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8192, resource.RLIM_INFINITY))
    added = 0
    try:
        for k in range(100):
            store.add(f"more {{k}}", BOTH, [template(j) for j in range(20)], wall=0.0)
            added += 1
    except StoreError as error:
        print(error)
    print(added, [len(p.templates) for p in store.people()] == [20 if p.name.startswith("more") else 1 for p in store.people()])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
                          preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
    assert done.returncode == 0, done.stderr
    message, result = done.stdout.strip().splitlines()
    assert "make room" in message
    added, whole = result.split()
    assert whole == "True" and int(added) < 100
    with Store(tmp_path) as store:
        assert store.count() == int(added) + 1
        store.add("after", BOTH, [template(1)], wall=0.0)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_store_that_may_not_be_written(tmp_path: Path) -> None:
    """Somebody who may read everything and write nothing."""
    _filled(tmp_path)
    tmp_path.chmod(0o755)
    for path in tmp_path.iterdir():
        path.chmod(0o400 if path.name == "device.key" else 0o644)
    os.chown(tmp_path / "device.key", 65534, 65534)

    def outcome(read_only: bool) -> str:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            text = ""
            try:
                for parent in tmp_path.parents:
                    if not parent.stat().st_mode & 0o005:
                        parent.chmod(parent.stat().st_mode | 0o055)
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
                with Store(tmp_path, read_only=read_only, wait=0.0) as store:
                    text = f"{store.count()} people"
            except BaseException as error:
                text = f"{type(error).__name__}: {error}"
            finally:
                os.write(writer, text.encode())
                os._exit(0)
        os.close(writer)
        os.waitpid(child, 0)
        with os.fdopen(reader, "rb") as pipe:
            return pipe.read().decode()

    assert outcome(True) == "1 people"
    assert outcome(False).startswith("StoreError") and "cannot be written" in outcome(False)


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="store"):
        Store(tmp_path / "file")
    with pytest.raises(StoreError):
        Store(tmp_path / "file", read_only=True)


def test_a_start_that_was_cut_short_is_taken_up_again(tmp_path: Path) -> None:
    (tmp_path / "people.db").write_bytes(b"")
    with Store(tmp_path) as store:
        store.add("Ben", BOTH, [template(1)], wall=0.0)
    with Store(tmp_path, read_only=True) as store:
        assert [p.name for p in store.people()] == ["Ben"]
    folder = tmp_path / "second"
    Store(folder).close()
    connection = sqlite3.connect(folder / "people.db")
    with connection:
        connection.execute("DELETE FROM meta")
    connection.close()
    (folder / "device.key").unlink()
    with pytest.raises(StoreError):
        Store(folder, read_only=True)
    with Store(folder) as store:
        store.add("Ana", BOTH, [template(2)], wall=0.0)
    with Store(folder, read_only=True) as store:
        assert [p.name for p in store.people()] == ["Ana"]


def test_killed_while_writing(tmp_path: Path) -> None:
    """A writer that dies leaves whole people and no lock."""
    code = f"""
import sys
sys.path[:0] = {[str(Path(__file__).parent)]!r}
from people_fakes import BOTH, template
from edge_face.people import Store
store = Store({str(tmp_path)!r})
for k in range(10_000):
    store.add(f"p{{k}}", BOTH, [template(j) for j in range(5)], wall=0.0)
    print(k, flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if int(line) >= 5:
            break
    child.kill()
    child.wait()
    child.stdout.close()
    with Store(tmp_path) as store:
        people = store.people()
        assert len(people) >= 6 and all(len(p.templates) == 5 for p in people)


def test_limits_of_this_process_are_untouched() -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
