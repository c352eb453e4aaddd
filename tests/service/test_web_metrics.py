"""The door's numbers: for whom, and what stands in them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from web_house import WebHouse

from edge_face.access import Decision, Kind
from edge_face.errors import LoginNeededError, UsageError
from edge_face.kiosk.metrics_pages import exposition
from edge_face.service.web import metrics as module
from edge_face.service.web.metrics import TOKEN_FILE, Counts, kept_key, metrics

LINE = re.compile(r'[a-z_]+(\{[a-z]+="[a-z_ ]+"\})? (-?[0-9.e+-]+|NaN)')


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    made = WebHouse(tmp_path_factory.mktemp("metrics"))
    yield made
    made.stop()


@pytest.fixture
def key(house: WebHouse) -> Iterator[str]:
    path, made = house.folder / TOKEN_FILE, secrets.token_hex(32)
    path.write_text(made + "\n")
    path.chmod(0o640)
    yield made
    path.unlink()


def test_without_a_login_and_without_a_key_there_are_none(house: WebHouse) -> None:
    for secret in ("", "x" * 64, "0" * 32):
        with pytest.raises(LoginNeededError, match=TOKEN_FILE):
            house.web.call("metrics.read", secret=secret)
    with pytest.raises(UsageError):
        house.web.call("metrics.read", secret=5)


def test_with_the_key_they_are_read_and_with_another_not(house: WebHouse, key: str) -> None:
    answer = house.web.call("metrics.read", secret=key)
    assert any(metric["name"] == "edge_face_healthy" for metric in answer["metrics"])
    for wrong in ("", key[:-1], key + "0", key.upper() if key.upper() != key else "x", "é" * 32):
        with pytest.raises(LoginNeededError):
            house.web.call("metrics.read", secret=wrong)


@pytest.mark.parametrize(("text", "mode"), [("a" * 31, 0o600), ("", 0o600), ("a" * 257, 0o600), ("a" * 40, 0o644), ("a" * 40, 0o602)])
def test_a_file_that_is_no_good_key_opens_nothing(tmp_path: Path, text: str, mode: int, caplog: pytest.LogCaptureFixture) -> None:
    module._tell.cache_clear()
    path = tmp_path / TOKEN_FILE
    path.write_text(text)
    path.chmod(mode)
    assert kept_key(path) is None and kept_key(path) is None
    assert len(caplog.records) == 1 and "opens nothing" in caplog.text and "a" * 31 not in caplog.text


def test_what_is_no_file_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "good").write_text("a" * 40)
    (tmp_path / "good").chmod(0o600)
    (tmp_path / "link").symlink_to(tmp_path / "good")
    assert kept_key(tmp_path / "good") == "a" * 40
    assert kept_key(tmp_path / "folder") is None and kept_key(tmp_path / "link") is None and kept_key(tmp_path / "none") is None


def test_every_line_is_one_that_prometheus_reads(house: WebHouse) -> None:
    found = [{"name": name, "type": kind, "help": words, "samples": [[dict(labels), value] for labels, value in samples]}
             for name, kind, words, samples in metrics(house.daemon)]
    lines = exposition(found).splitlines()
    assert all(line.startswith(("# HELP edge_face_", "# TYPE edge_face_")) or LINE.fullmatch(line) for line in lines)
    names = [metric["name"] for metric in found]
    assert len(set(names)) == len(names)
    assert all((metric["type"] == "counter") is str(metric["name"]).endswith("_total") for metric in found)
    assert "edge_face_door_released 0" in lines and 'edge_face_alarm{alarm="tamper"} 0' in lines


def test_decisions_are_counted_and_duress_is_not() -> None:
    counts = Counts()
    for kind in (Kind.GRANT, Kind.GRANT, Kind.DURESS, Kind.PROMPT, Kind.DENY):
        counts.hear(Decision(kind, 0.0, 0.0, (), person="ann"))
    found = counts.read()
    assert (found[Kind.GRANT], found[Kind.DENY], found[Kind.EXIT]) == (2, 1, 0)
    assert Kind.DURESS not in found and Kind.PROMPT not in found


def test_odd_values_do_not_break_the_text() -> None:
    text = exposition([{"name": "edge_face_x", "type": "gauge", "help": "a\nb\\", "samples": [[{"k": 'q"\n\\'}, float("nan")], [{}, 0.5]]}])
    assert text == '# HELP edge_face_x a\\nb\\\\\n# TYPE edge_face_x gauge\nedge_face_x{k="q\\"\\n\\\\"} NaN\nedge_face_x 0.5\n'
